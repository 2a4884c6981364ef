"""Document 004's dialect. The rules have a file of their own."""

import copy

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from keras_seq2seq.config import sagemaker
from keras_seq2seq.config.sagemaker import parse, to_hyperparameters, upgrade
from keras_seq2seq.config.sagemaker_places import BUILT_IN, EXTRA_PLACES, PLACES
from keras_seq2seq.config.sagemaker_schema import EXTRAS, Hyperparameters
from keras_seq2seq.config.sagemaker_schema import ROWS as NAMES
from keras_seq2seq.errors import UserError
from tests.config.sagemaker_rows import BLEU, CNN, ROWS, UNSET, placed

CELL = "model_params/encoder.params/rnn_cell"
CNN_ENCODER = "model_params/encoder.params"
CNN_DECODER = "model_params/decoder.params"
EXTRA_VALUES = {
    "seed": ("7", {"tf_random_seed": 7}),
    "label_smoothing": ("0.1", {"label_smoothing": 0.1}),
    "weight_tying": ("true", {"model_params/embedding.share": "target_output"}),
    "weight_tying_type": (
        "src_trg_softmax",
        {"model_params/embedding.share": "none"},
    ),
    "rnn_dropout_inputs": (
        "0.2",
        {
            f"{CELL}/dropout_input_keep_prob": 0.8,
            f"{CELL}/dropout_recurrent_keep_prob": 1.0,
            f"{CELL}/variational": True,
        },
    ),
    "rnn_dropout_states": (
        "0.3",
        {f"{CELL}/dropout_recurrent_keep_prob": 0.7},
    ),
    "rnn_forget_bias": ("1.0", {f"{CELL}/cell_params/forget_bias": 1.0}),
    "batch_type": ("word", {"batch_type": "tokens"}),
    "min_num_epochs": ("2", {"min_passes": 2}),
    "keep_last_params": ("-1", {"keep_checkpoint_max": None}),
    "learning_rate_warmup": (
        "400",
        {"model_params/optimizer.lr_warmup_steps": 400},
    ),
    "learning_rate_decay_param_reset": (
        "true",
        {"model_params/optimizer.lr_plateau_weights": "best"},
    ),
    "learning_rate_decay_optimizer_states_reset": (
        "initial",
        {"model_params/optimizer.lr_plateau_slots": "initial"},
    ),
    "gradient_clipping_type": (
        "norm",
        {
            "model_params/optimizer.clip_gradients": 1.0,
            "model_params/optimizer.clip_value": None,
        },
    ),
    "length_penalty_alpha": (
        "0.1",
        {"model_params/inference.beam_search.length_penalty_weight": 0.1},
    ),
    "length_penalty_beta": (
        "5",
        {"model_params/inference.beam_search.length_penalty_offset": 5.0},
    ),
    "overlength": ("drop", {"overlength": "drop"}),
    "loss_normalization_type": ("batch", {"loss_normalization": "batch"}),
    "cnn_positional_embedding_type": (
        "fixed",
        {
            f"{CNN_ENCODER}/position_embeddings.kind": "sinusoid",
            f"{CNN_DECODER}/position_embeddings.kind": "sinusoid",
        },
    ),
    "cnn_project_qkv": ("true", {f"{CNN_DECODER}/project_qkv": True}),
    "cnn_project_encoder": ("true", {f"{CNN_DECODER}/project_memory": True}),
    "cnn_encoder_hidden_dropout": (
        "0.2",
        {
            f"{CNN_ENCODER}/dropout_keep_prob": 0.8,
            f"{CNN_DECODER}/dropout_keep_prob": 1.0,
        },
    ),
    "weight_normalization": (
        "true",
        {
            f"{CNN_ENCODER}/weight_norm": True,
            f"{CNN_DECODER}/weight_norm": True,
        },
    ),
}


def errors(hyperparameters, **options):
    with pytest.raises(UserError) as caught:
        parse(hyperparameters, **options)
    return str(caught.value).splitlines()


def settings_of(hyperparameters):
    return upgrade(hyperparameters)[0]


# Row by row ---------------------------------------------------------------


def test_every_row_is_tested_and_has_a_place():
    assert tuple(ROWS) == NAMES and len(NAMES) == 48
    assert tuple(PLACES) == NAMES
    assert {n for n, row in ROWS.items() if not row.places} == set(BUILT_IN)


@pytest.mark.parametrize("name", NAMES)
def test_default_is_the_documents(name):
    written = to_hyperparameters(parse({}), defaults=True)
    assert written.get(name) == ROWS[name].default


@pytest.mark.parametrize("name", NAMES)
def test_wrong_value_is_refused_by_name(name):
    row = ROWS[name]
    (said,) = errors({name: row.wrong})
    assert said.startswith(f"hyperparameters: {name} ")
    assert row.says in said
    assert "Received: " in said


@pytest.mark.parametrize("name", NAMES)
def test_row_lands_on_our_settings(name):
    row = ROWS[name]
    values = settings_of(row.given)
    for place, value in row.places.items():
        assert placed(values, place) == value, place


@pytest.mark.parametrize("name", [n for n in NAMES if n not in BUILT_IN])
def test_without_the_row_our_settings_are_others(name):
    row = ROWS[name]
    rest = {key: v for key, v in row.given.items() if key != name}
    rest = rest if name not in ("encoder_type", "decoder_type") else {}
    values, other = settings_of(row.given), settings_of(rest)
    changed = [
        place
        for place in row.places
        if placed(values, place) != placed(other, place)
    ]
    assert changed


def test_built_in_rows_change_nothing():
    given = {name: ROWS[name].given[name] for name in BUILT_IN}
    assert settings_of(given) == settings_of({})


# All errors, names --------------------------------------------------------


def test_all_errors_are_told_at_once():
    told = errors(
        {
            "run_num_hidden": "512",
            "batch_size": "0",
            "rnn_num_hidden": "7",
            "momentum": ".9",
        },
        where="h.json",
    )
    assert [line.split()[1] for line in told] == [
        "batch_size",
        "there",
        "rnn_num_hidden",
        "momentum",
    ]
    assert all(line.startswith("h.json: ") for line in told)


def test_an_unknown_name_brings_the_nearest_to_mind():
    assert errors({"run_num_hidden": "512"}) == [
        "hyperparameters: there is no hyperparameter 'run_num_hidden'. Did "
        "you mean 'rnn_num_hidden'?"
    ]
    assert "docs/sagemaker.md" in errors({"qqq": "1"})[0]


def test_a_rule_about_a_wrong_value_is_silent():
    """No second complaint about a value that was not meant."""
    told = errors({"encoder_type": "cmm", "cnn_kernel_width_encoder": "4"})
    assert len(told) == 1 and "encoder_type" in told[0]


@pytest.mark.parametrize("given", [None, [], "batch_size", 3])
def test_hyperparameters_must_be_a_mapping(given):
    assert "must be a mapping" in errors(given)[0]


@pytest.mark.parametrize("value", [True, 64.0, "64.0", "1e2", " 64", None, []])
def test_whole_numbers_are_written_as_such(value):
    assert POSITIVE_INTEGER in errors({"batch_size": value})[0]


POSITIVE_INTEGER = "batch_size must be an integer >= 1. Received: "


@pytest.mark.parametrize("value", [True, "nan", "inf", "1e999", "", "0,1"])
def test_numbers_are_finite(value):
    assert "learning_rate must be" in errors({"learning_rate": value})[0]


@pytest.mark.parametrize("unset", [None, "None", ""])
@pytest.mark.parametrize(
    "name", ["max_num_epochs", "momentum", "rnn_attention_num_hidden"]
)
def test_three_rows_may_be_unset(name, unset):
    assert getattr(parse({name: unset}), name) is None


@pytest.mark.parametrize("text", ["true", "True", "TRUE", True])
def test_booleans_are_spelt_in_any_case(text):
    assert parse({"rnn_residual_connections": text}).rnn_residual_connections


def test_what_a_tuning_job_adds_is_let_pass():
    added = {"_tuning_objective_metric": "validation:bleu"}
    assert parse(added) == parse({})


# There and back -----------------------------------------------------------


def text_values():
    """Text for each row that fits the others."""
    whole = st.integers(1, 60).map(str)
    share = st.floats(0, 0.99).map(str)
    one_of = st.sampled_from
    return st.fixed_dictionaries(
        {},
        optional={
            "batch_size": whole,
            "rnn_num_hidden": st.integers(1, 60).map(lambda n: str(2 * n)),
            "rnn_cell_type": one_of(["lstm", "gru"]),
            "rnn_residual_connections": one_of(["true", "false", "True"]),
            "embed_dropout_source": share,
            "learning_rate": st.floats(1e-9, 1e3).map(str),
            "clip_gradient": st.floats(-5, 5).map(str),
            "weight_init_scale": st.floats(0.01, 9).map(str),
            "training_metric": one_of(["accuracy", "accuracy,perplexity"]),
            "max_num_batches": one_of(["-1", "1", "2100"]),
            "max_num_epochs": one_of(["3", "None"]),
            "lr_scheduler_type": one_of(["plateau-reduce", "fixed_rate_inv_t"]),
            "optimized_metric": one_of(["bleu", "accuracy"]),
            "seed": st.integers(0, 9).map(str),
        },
    )


@drawn(text_values())
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read_as_the_same(hyperparameters):
    given = parse(hyperparameters)
    for defaults in (False, True):
        written = to_hyperparameters(given, defaults)
        assert all(type(value) is str for value in written.values())
        again = parse(written)
        assert again == given
        assert to_hyperparameters(again, defaults) == written
    assert settings_of(to_hyperparameters(given)) == settings_of(
        hyperparameters
    )


def test_text_that_sagemaker_would_write_comes_back_as_it_was():
    row_by_row = {n: row.given[n] for n, row in ROWS.items()}
    usual = {
        **row_by_row,
        "optimizer_type": "sgd",
        "rnn_residual_connections": "true",
        "bucketing_enabled": "false",
        "loss_type": "cross-entropy",
        "lr_scheduler_type": "fixed_rate_inv_sqrt_t",
        "learning_rate": "0.001",
        "cnn_kernel_width_encoder": "5",
    }
    assert to_hyperparameters(parse(usual)) == usual


def test_only_what_was_given_is_written():
    assert to_hyperparameters(parse({"batch_size": 64})) == {"batch_size": "64"}


def test_parsed_hyperparameters_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        parse({}).batch_size = 3


# Meanings -----------------------------------------------------------------


def test_width_of_attention_follows_the_rnn():
    place = "model_params/attention.params/num_units"
    assert placed(settings_of({}), place) == 1024
    assert placed(settings_of({"rnn_num_hidden": "8"}), place) == 8
    both = {"rnn_num_hidden": "8", "rnn_attention_num_hidden": "5"}
    assert placed(settings_of(both), place) == 5


def test_the_given_mapping_stays_as_it_was():
    given = {"batch_size": "32", "_tuning_objective_metric": "x"}
    before = copy.deepcopy(given)
    settings_of(given)
    assert given == before


def test_a_network_gets_no_settings_of_the_other_kind():
    cnn, rnn = settings_of(CNN)["model_params"], settings_of({})["model_params"]
    assert "rnn_cell" not in cnn["encoder.params"] | cnn["decoder.params"]
    assert "bridge.class" not in cnn and "attention.class" not in cnn
    assert set(rnn["encoder.params"]) == {"rnn_cell"}
    assert not {"layers", "variant"} & set(rnn["decoder.params"])


def test_a_cnn_encoder_may_have_an_rnn_decoder():
    values = settings_of({"encoder_type": "cnn"})
    assert values["model"] == "AttentionSeq2Seq"
    assert placed(values, "model_params/encoder.class") == "ConvS2SEncoder"
    assert placed(values, "model_params/bridge.class") == "EncoderOutputBridge"


@pytest.mark.parametrize(
    ("given", "sample"),
    [
        ({}, UNSET),
        ({"bleu_sample_size": "-1"}, -1),
        ({"bleu_sample_size": "7"}, 7),
        (BLEU, -1),
        ({**BLEU, "bleu_sample_size": "7"}, 7),
    ],
)
def test_sample_of_bleu(given, sample):
    values = settings_of(given)
    assert placed(values, "dev_decoding/sample") == sample
    assert ("dev_decoding" in values) == (sample is not UNSET)


@pytest.mark.parametrize(
    ("given", "metric", "patience"),
    [
        ({}, "perplexity", 3),
        ({"optimized_metric": "accuracy"}, "accuracy", 3),
        ({"max_num_epochs": "2"}, "perplexity", None),
        ({"checkpoint_threshold": "-1", **BLEU}, "sockeye_bleu", None),
    ],
)
def test_passes_that_are_given_switch_early_stopping_off(
    given, metric, patience
):
    stopping = settings_of(given)["early_stopping"]
    assert stopping == {"metric": metric, "patience": patience}


@pytest.mark.parametrize("bound", ["0", "-1", "-0.5"])
def test_no_bound_of_gradients_without_a_positive_one(bound):
    params = settings_of({"clip_gradient": bound})["model_params"]
    assert params["optimizer.clip_value"] is None
    # Ours is 5 by default: it must be switched off.
    assert params["optimizer.clip_gradients"] is None


def test_half_life_counts_updates():
    params = settings_of(
        {
            "lr_scheduler_type": "fixed_rate_inv_t",
            "fixed_rate_lr_half_life": "20",
            "checkpoint_frequency_num_batches": "500",
        }
    )["model_params"]
    assert params["optimizer.lr_half_life"] == 10_000
    assert "optimizer.lr_plateau_factor" not in params


def test_the_manner_of_the_original_is_there_without_a_row():
    values = settings_of({})
    assert values["fill_up"] == "resample"
    assert values["overlength"] == "truncate"
    assert placed(values, "model_params/source.append_end") is False
    assert placed(values, "model_params/source.reverse") is False
    assert placed(values, f"{CELL}/cell_params/forget_bias") == 0.0


# Beyond document 004 ------------------------------------------------------


def test_every_extra_is_tested_and_has_a_place():
    assert tuple(EXTRA_VALUES) == tuple(EXTRA_PLACES) == EXTRAS


@pytest.mark.parametrize("name", EXTRAS)
def test_extra_lands_on_our_settings(name):
    text, places = EXTRA_VALUES[name]
    kind = CNN if name.startswith(("cnn_", "weight_norm")) else {}
    values = settings_of({**kind, name: text})
    for place, value in places.items():
        assert placed(values, place) == value


@pytest.mark.parametrize("name", EXTRAS)
def test_extra_is_refused_if_sagemaker_must_take_it(name):
    (said,) = errors({name: EXTRA_VALUES[name][0]}, strict=True)
    assert said.startswith(f"hyperparameters: {name} is not among the 48")


def test_strict_takes_what_sagemaker_took():
    given = {name: row.given[name] for name, row in ROWS.items()}
    given["optimizer_type"] = "sgd"
    assert parse(given, strict=True) == parse(given)
    assert "checkpoint_threshold must be an integer >= 1" in "".join(
        errors({"checkpoint_threshold": "-1"}, strict=True)
    )


@pytest.mark.parametrize(
    ("kind", "share"),
    [
        ("src_trg", "source_target"),
        ("trg_softmax", "target_output"),
        ("src_trg_softmax", "all"),
    ],
)
def test_tying(kind, share):
    given = {"weight_tying": "true", "weight_tying_type": kind}
    place = "model_params/embedding.share"
    assert placed(settings_of(given), place) == share


# What decided a setting ---------------------------------------------------


def test_each_setting_tells_the_row_that_decided_it():
    given = parse({**CNN, "num_layers_encoder": "2"})
    sources = {"num_layers_encoder": "h.json"}
    values, lines = sagemaker.settings(given, sources)
    assert lines[("batch_size",)] == "document 004: batch_size=64"
    layers = lines[("model_params", "encoder.params", "layers")]
    assert "h.json: num_layers_encoder=2; " in layers
    assert "document 004: cnn_num_hidden=512" in layers
    assert lines[("tf_random_seed",)] == "sagemaker: seed=13"
    assert values == upgrade(to_hyperparameters(given))[0]


def test_fields_are_described():
    for name, field in Hyperparameters.model_fields.items():
        assert field.description and field.description.endswith("."), name


def test_bleu_while_training_is_of_the_search_that_serves():
    values, _ = upgrade(
        {"optimized_metric": "bleu", "length_penalty_beta": "5"}
    )
    decoding = values["dev_decoding"]
    assert decoding["length_penalty_offset"] == 5.0
    assert decoding["length_penalty_counts_end"] is True


@pytest.mark.parametrize("value", [[["perplexity"]], [{}]])
def test_metrics_that_are_no_text_are_refused(value):
    with pytest.raises(UserError, match="training_metric must be perplexity"):
        parse({"training_metric": value})
