"""The flags that `infer` of google/seq2seq had until March 2017."""

from keras_seq2seq.config.upgrade import Layer, upgrade
from keras_seq2seq.config.values import received
from keras_seq2seq.config.wiki import WIDTH, at_path
from keras_seq2seq.config.yaml_writer import flow
from keras_seq2seq.errors import UserError

# Old flags -> function from their value to a list of pairs (path, value).
FLAGS = {
    "source": at_path("input_pipeline", "params", "source_files"),
    "vocab_source": at_path("model_params", "vocab_source"),
    "vocab_target": at_path("model_params", "vocab_target"),
    "beam_width": at_path("model_params", WIDTH),
}
# Old flags -> task and its argument.
TASKS = {
    "delimiter": ("DecodeText", "delimiter"),
    "unk_replace": ("DecodeText", "unk_replace"),
    "unk_mapping": ("DecodeText", "unk_mapping"),
    "dump_attention_dir": ("DumpAttention", "output_dir"),
    "dump_attention_no_plot": ("DumpAttention", "dump_plots"),
    "dump_atention_no_plot": ("DumpAttention", "dump_plots"),  # as documented
    "dump_beams": ("DumpBeams", "file"),
}
SWITCHES = ("unk_replace", "dump_attention_no_plot", "dump_atention_no_plot")
OLD_FLAGS = (*FLAGS, "hparams", *TASKS)


def upgrade_inference(values, where=None):
    """Flags of `infer` in the present form.

    Args:
        values: mapping of flag names to plain values; None: not given.
        where: path of the file that holds them; None: the command line.

    Returns:
        dict without old flags, and a list with one line per old flag.

    Raises:
        UserError: what is given twice, and as `upgrade.upgrade`.
    """
    values = {key: one for key, one in values.items() if one is not None}
    tasks = {flag: values.pop(flag) for flag in TASKS if flag in values}
    # Scripts pass empty text for "none"; a delimiter may be empty.
    tasks = {k: v for k, v in tasks.items() if v != "" or k == "delimiter"}
    layer = Layer(values, where)
    told, found = [], {"DecodeText": {}}
    for flag, value in tasks.items():
        name, argument = TASKS[flag]
        line = f"{layer.spot(flag)}={value}"
        if flag in SWITCHES:
            value = _switch(line, value) == (flag == "unk_replace")
        found.setdefault(name, {})[argument] = value
        new = flow([{"class": name, "params": {argument: value}}])
        told.append(f"{line} is deprecated, write {layer.spot('tasks')} {new}")
    if tasks and "tasks" in values:
        raise UserError(
            f"{layer.spot(next(iter(tasks)))} and {layer.spot('tasks')} both "
            f"say what to do. Keep {layer.spot('tasks')}"
        )
    if tasks:
        values["tasks"] = [
            {"class": name, "params": params} for name, params in found.items()
        ]
    upgraded = upgrade([Layer(values, where)], FLAGS)
    return upgraded.layers[0].values, [*upgraded.deprecations, *told]


def _switch(line, value):
    """`--unk_replace`, `--unk_replace=true` and `--unk_replace=false`."""
    text = str(value).lower()
    if text not in ("true", "false"):
        raise UserError(f"{line}: must be true or false, not {received(value)}")
    return text == "true"
