"""The tables of SageMaker's hyperparameters in the documentation."""

from keras_seq2seq.config.sagemaker_places import (
    BUILT_IN,
    EXTRA_PLACES,
    PLACES,
)
from keras_seq2seq.config.sagemaker_schema import (
    EXTRAS,
    ROWS,
    Hyperparameters,
)
from keras_seq2seq.config.sagemaker_values import as_text
from keras_seq2seq.config.section import describe

# Between them, these have every setting of ours that a row can decide.
KINDS = tuple(
    Hyperparameters.model_validate(values)
    for values in (
        {"rnn_residual_connections": True, "rnn_dropout_inputs": 0.1},
        {"encoder_type": "cnn", "decoder_type": "cnn"},
        {"lr_scheduler_type": "fixed_rate_inv_t", "optimized_metric": "bleu"},
        {"optimizer_type": "sgd", "momentum": 0.9, "weight_tying": True},
    )
)
DEFAULTS = {"rnn_attention_num_hidden": "`rnn_num_hidden`"}
TESTS = "tests/config/sagemaker_test.py"
ROW_TEST = "test_row_lands_on_our_settings"
EXTRA_TEST = "test_extra_lands_on_our_settings"


def documented_table():
    """Markdown: the 48 rows of document 004."""
    return _table(ROWS, ROW_TEST)


def further_table():
    """Markdown: what hyperparameters may say beyond document 004."""
    return _table(EXTRAS, EXTRA_TEST)


def our_settings(name):
    """Settings of ours that a hyperparameter may decide.

    Args:
        name: str. A hyperparameter.

    Returns:
        list of str, such as `"model_params.source.max_seq_len"`.
    """
    row = {**PLACES, **EXTRA_PLACES}[name]
    paths = (
        ".".join(path)
        for given in KINDS
        for path, _ in row(given, getattr(given, name))
    )
    return list(dict.fromkeys(paths))


def _table(names, test):
    lines = [
        "| name | default | valid | meaning | here | shown by |",
        "|---|---|---|---|---|---|",
        *(f"| {' | '.join(_row(name, test))} |" for name in names),
    ]
    return "".join(f"{line}\n" for line in lines)


def _row(name, test):
    field = Hyperparameters.model_fields[name]
    default = field.default
    default = "none" if default is None else f"`{as_text(default)}`"
    here = ", ".join(f"`{one}`" for one in our_settings(name))
    return (
        f"`{name}`",
        DEFAULTS.get(name, default),
        describe(field.annotation, field.metadata),
        field.description,
        here or BUILT_IN[name],
        f"[{test}](../{TESTS})",
    )
