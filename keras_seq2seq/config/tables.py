"""Tables of settings in the documentation, written from the schema.

A page holds a table between two comments,

    <!-- table: train -->
    <!-- end of table -->

and `python -m keras_seq2seq.config.tables docs/*.md` fills it.
"""

import json
import re
import sys
from pathlib import Path

from keras_seq2seq.config import (
    conv_schema,
    network_schema,
    optimizer_schema,
    rnn_schema,
    sagemaker_table,
)
from keras_seq2seq.config.component_schema import (
    ImageCaptioningParams,
    ImageCaptionTSVParams,
    OwnPipelineParams,
    ParallelTextParams,
    PreparedParams,
    RecordIOParams,
    TFRecordParams,
)
from keras_seq2seq.config.model_schema import ModelParams
from keras_seq2seq.config.run_schema import (
    Average,
    DevDecoding,
    EarlyStopping,
    PairBuckets,
    Prepare,
    SubwordSampling,
)
from keras_seq2seq.config.schema import Config
from keras_seq2seq.config.section import Section, describe

PLACE = re.compile(
    r"(<!-- table: (\S+) -->\n).*?(<!-- end of table -->)", re.DOTALL
)
CONFIG_PATHS = (
    "config_paths",
    '`""`',
    "paths with commas",
    "YAML or JSON files, merged in this order, mappings key by key; a key in "
    "them is the flag of that name, and flags win.",
)
# Tables by name: the sections whose settings stand in them.
TABLES = {
    "train": Config,
    "ParallelTextInputPipeline": ParallelTextParams,
    "TFRecordInputPipeline": TFRecordParams,
    "RecordIOInputPipeline": RecordIOParams,
    "PreparedInputPipeline": PreparedParams,
    "ImageCaptionTSVInputPipeline": ImageCaptionTSVParams,
    "ImageCaptioningInputPipeline": ImageCaptioningParams,
    "own_pipeline": OwnPipelineParams,
    "buckets": PairBuckets,
    "early_stopping": EarlyStopping,
    "average": Average,
    "dev_decoding": DevDecoding,
    "prepare": Prepare,
    "subword_sampling": SubwordSampling,
    "model_params": ModelParams,
    "recurrent_encoder": rnn_schema.RNNParams,
    "rnn_cell": rnn_schema.RNNCell,
    "GRUCell": rnn_schema.GRUCellParams,
    "LSTMCell": rnn_schema.LSTMCellParams,
    "PoolingEncoder": network_schema.PoolingEncoderParams,
    "ImageEncoder": network_schema.ImageEncoderParams,
    "ConvEncoder": network_schema.ConvEncoderParams,
    "ConvS2SEncoder": conv_schema.ConvS2SEncoderParams,
    "ConvS2SDecoder": conv_schema.ConvS2SDecoderParams,
    "AttentionDecoder": rnn_schema.AttentionDecoderParams,
    "attention": network_schema.DotAttentionParams,
    "InitialStateBridge": network_schema.InitialStateBridgeParams,
    "ConcatInputBridge": network_schema.ConcatInputBridgeParams,
    "EncoderOutputBridge": network_schema.EncoderOutputBridgeParams,
    "Adam": optimizer_schema.AdamParams,
    "SGD": optimizer_schema.SGDParams,
    "Adagrad": optimizer_schema.AdagradParams,
    "RMSprop": optimizer_schema.RMSpropParams,
    "Ftrl": optimizer_schema.FtrlParams,
}
# Tables with columns of their own, by name: functions that write them.
OTHER_TABLES = {
    "document_004": sagemaker_table.documented_table,
    "further_hyperparameters": sagemaker_table.further_table,
}


def settings_table(section, before=()):
    """A Markdown table of a section's settings.

    Args:
        section: subclass of `Section`.
        before: rows that come first, tuples of four texts.

    Returns:
        str: name, default, what it takes and description of each.
    """
    rows = [*before, *(_row(section, name) for name in section.model_fields)]
    lines = ["| name | default | takes | meaning |", "|---|---|---|---|"]
    for name, *cells in rows:
        cells = [cell.replace("|", "\\|") for cell in cells]
        lines.append(" | ".join([f"| `{name}`", *cells]) + " |")
    return "".join(f"{line}\n" for line in lines)


def fill(page):
    """A page with all of its tables written anew.

    Raises:
        KeyError: a table that there is not.
    """
    return PLACE.sub(lambda found: found[1] + _table(found[2]) + found[3], page)


def _table(name):
    if name in OTHER_TABLES:
        return OTHER_TABLES[name]()
    before = [CONFIG_PATHS] if name == "train" else []
    return settings_table(TABLES[name], before)


def _row(section, name):
    field = section.model_fields[name]
    takes = describe(field.annotation, field.metadata)
    return field.alias or name, _default(field), takes, field.description


def _default(field):
    if field.is_required():
        return "required"
    value = field.default
    if isinstance(value, Section):
        return "its own defaults"
    if value in ((), {}):
        return "`[]`" if value == () else "`{}`"
    return f"`{json.dumps(value)}`"


def main(paths):
    """Fills the tables of pages."""
    for path in map(Path, paths):
        path.write_text(fill(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
