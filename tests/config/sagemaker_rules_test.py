"""What hyperparameters demand of each other: one row per rule."""

import pytest

from keras_seq2seq.config.sagemaker import parse, remarks, upgrade
from keras_seq2seq.config.sagemaker_rules import ERROR, RULES, check_data
from keras_seq2seq.errors import UserError
from tests.config.sagemaker_rows import CNN

QUIET = {"checkpoint_threshold": "8"}  # no remark at all
INVERSE_TIME = {"lr_scheduler_type": "fixed_rate_inv_t"}
UNIFORM = {"weight_init_type": "uniform", "weight_init_scale": "0.1"}
RESIDUAL = {"rnn_residual_connections": "true", "num_layers_decoder": "2"}
MIXED = {"encoder_type": "rnn", "decoder_type": "cnn"}

# What breaks the rule, what is said, what is like it and keeps the rule.
ERRORS = [
    (
        {"rnn_num_hidden": "7"},
        "rnn_num_hidden must be a multiple of 2",
        {"rnn_num_hidden": "7", "encoder_type": "cnn"},
    ),
    (
        {**CNN, "cnn_kernel_width_encoder": "4"},
        "cnn_kernel_width_encoder must be odd: the encoder's convolutions are "
        "centred. Received: 4. Type 3 or 5",
        {"cnn_kernel_width_encoder": "4"},
    ),
    (
        MIXED,
        "cnn_num_hidden is 512, but a cnn decoder on an rnn encoder needs the "
        "encoder's width, rnn_num_hidden 1024. Type cnn_num_hidden: 1024, or "
        "rnn_num_hidden: 512, or let it be projected: cnn_project_encoder: "
        "true",
        {**MIXED, "rnn_num_hidden": "512"},
    ),
    (
        {**RESIDUAL, "rnn_first_residual_layer": "1"},
        "rnn_first_residual_layer must be at least 2",
        {"rnn_first_residual_layer": "1"},
    ),
    (
        {"momentum": "0.9"},
        "momentum goes with optimizer_type sgd alone, not with adam",
        {"momentum": "0.9", "optimizer_type": "sgd"},
    ),
    (
        {"min_num_epochs": "3", "max_num_epochs": "2"},
        "min_num_epochs must be at most max_num_epochs 2. Received: 3",
        {"min_num_epochs": "2", "max_num_epochs": "2"},
    ),
    (
        {
            "weight_tying": "true",
            "weight_tying_type": "src_trg",
            "num_embed_source": "5",
        },
        "weight_tying of src_trg needs num_embed_source and num_embed_target "
        "to be equal. Received: 5 and 512",
        {"weight_tying": "true", "num_embed_source": "5"},
    ),
]
REMARKS = [
    (
        {"rnn_residual_connections": "true"},
        "rnn_residual_connections changes nothing: they begin at layer 2, and "
        "there are 1",
        RESIDUAL,
    ),
    (
        {"rnn_attention_in_upper_layers": "true"},
        "rnn_attention_in_upper_layers changes nothing",
        {"rnn_attention_in_upper_layers": "true", "num_layers_decoder": "2"},
    ),
    (
        {"rnn_attention_num_hidden": "8", "rnn_attention_type": "fixed"},
        "rnn_attention_num_hidden is not used by rnn_attention_type fixed",
        {"rnn_attention_num_hidden": "8"},
    ),
    (
        {"weight_init_type": "uniform"},
        "weight_init_scale is 2.34: weights uniform in plus or minus that "
        "saturate every gate. With weight_init_type uniform try 0.07 to 0.1",
        UNIFORM,
    ),
    (
        {**UNIFORM, "xavier_factor_type": "in"},
        "xavier_factor_type is not used by weight_init_type uniform",
        {"xavier_factor_type": "in"},
    ),
    (
        {"learning_rate": "1.5"},
        "learning_rate is 1.5",
        {"learning_rate": "1"},
    ),
    (
        {"plateau_reduce_lr_factor": "1"},
        "plateau_reduce_lr_factor is 1: the learning rate stays as it is",
        {"plateau_reduce_lr_factor": "0.9"},
    ),
    (
        {"checkpoint_threshold": "3"},
        "checkpoint_threshold is 3 and plateau_reduce_lr_threshold 3: training "
        "ends where the learning rate would be cut first. Type "
        "checkpoint_threshold: 8",
        {"checkpoint_threshold": "3", "max_num_epochs": "2"},
    ),
    (
        {"max_num_batches": "999"},
        "max_num_batches is 999, less than checkpoint_frequency_num_batches "
        "1000",
        {"max_num_batches": "1000"},
    ),
    (
        {"fixed_rate_lr_half_life": "10"},
        "lr_scheduler_type plateau_reduce does not use fixed_rate_lr_half_life",
        {**INVERSE_TIME, "fixed_rate_lr_half_life": "10"},
    ),
    (
        {"cnn_num_hidden": "512", "cnn_activation_type": "relu"},
        "encoder_type and decoder_type are rnn, which does not use "
        "cnn_num_hidden, cnn_activation_type",
        {"cnn_num_hidden": "512", "encoder_type": "cnn"},
    ),
    (
        {"rnn_attention_type": "dot", "rnn_attention_num_hidden": "8"},
        "rnn_attention_num_hidden is 8 and rnn_num_hidden 1024: dot attention "
        "projects",
        {"rnn_attention_type": "dot"},
    ),
    (
        {"optimized_metric": "bleu"},
        "bleu_sample_size is 0: BLEU is computed on the whole validation set",
        {"optimized_metric": "bleu", "bleu_sample_size": "5"},
    ),
]
# The other half of rules that have two.
MORE_REMARKS = [
    ({"bleu_sample_size": "5"}, "bleu_sample_size is 5: BLEU is shown"),
    ({**CNN, "rnn_cell_type": "lstm"}, "decoder_type are cnn, which does not"),
    (
        {**INVERSE_TIME, "plateau_reduce_lr_factor": "0.5"},
        "does not use plateau_reduce_lr_factor",
    ),
    (
        {**RESIDUAL, "rnn_first_residual_layer": "3"},
        "they begin at layer 3, and there are 2",
    ),
    (
        {**CNN, "rnn_attention_in_upper_layers": "true"},
        "it needs decoder_type rnn",
    ),
    (
        {"rnn_attention_type": "bilinear", "rnn_attention_num_hidden": "5"},
        "not used by rnn_attention_type bilinear",
    ),
]


def told(hyperparameters):
    return remarks(parse({**QUIET, **hyperparameters}))


@pytest.mark.parametrize(("broken", "said", "kept"), ERRORS)
def test_an_error_is_raised_and_its_near_miss_is_not(broken, said, kept):
    with pytest.raises(UserError) as caught:
        parse(broken, where="h.json")
    assert str(caught.value).startswith(f"h.json: {said}")
    assert parse(kept)


@pytest.mark.parametrize(("broken", "said", "kept"), REMARKS)
def test_a_warning_is_told_and_its_near_miss_is_not(broken, said, kept):
    (line,) = told(broken)
    assert line.startswith(said)
    assert told(kept) == []


@pytest.mark.parametrize(("broken", "said"), MORE_REMARKS)
def test_rules_hold_both_ways(broken, said):
    assert any(said in line for line in told(broken))


def test_a_layer_that_there_is_not_changes_no_width():
    given = {**RESIDUAL, "rnn_first_residual_layer": "1"}
    for side in ("encoder_type", "decoder_type"):
        with pytest.raises(UserError, match="rnn_first_residual_layer"):
            parse({**given, **CNN, side: "rnn", "rnn_num_hidden": "512"})
    assert upgrade({**given, **CNN})


def test_every_rule_has_a_row():
    errors = [rule for rule in RULES if rule.kind == ERROR]
    assert len(ERRORS) == len({said.split()[0] for _, said, _ in ERRORS})
    assert len(ERRORS) == len(errors)
    assert len(REMARKS) == len(RULES) - len(errors)
    assert {rule.keys[0] for rule in RULES} == {
        said.split()[0] for _, said, _ in [*ERRORS, *REMARKS]
    }


def test_without_a_plateau_the_thresholds_need_no_order():
    for given in (
        INVERSE_TIME,
        {"plateau_reduce_lr_factor": "1"},
        {"checkpoint_threshold": "-1"},
    ):
        lines = remarks(parse({"checkpoint_threshold": "3", **given}))
        assert not any("training ends" in line for line in lines)


def test_defaults_speak_of_one_trap_only():
    (line,) = remarks(parse({}))
    assert line.startswith("checkpoint_threshold is 3")


def test_attention_in_upper_layers_is_silent_by_default():
    assert told({}) == []


# Data ---------------------------------------------------------------------


def test_a_beam_is_narrower_than_the_vocabulary():
    assert check_data(64, 5, target_vocabulary_size=6) == []
    with pytest.raises(UserError, match="less than the 5 tokens"):
        check_data(64, 5, target_vocabulary_size=5)


def test_devices_share_a_batch_evenly():
    assert check_data(10, 5, devices=5) == []
    with pytest.raises(UserError, match="multiple of the 4 .* Type 8 or 12"):
        check_data(10, 5, devices=4)
    with pytest.raises(UserError, match="Type 4$"):
        check_data(3, 5, devices=4)


def test_a_batch_larger_than_the_data_is_warned_of():
    assert check_data(10, 5, pairs=10) == []
    (line,) = check_data(10, 5, pairs=9)
    assert line.startswith("batch_size is 10, but there are 9")


def test_all_errors_about_the_data_are_told_at_once():
    with pytest.raises(UserError) as caught:
        check_data(64, 5, target_vocabulary_size=4, pairs=1, devices=3)
    assert len(str(caught.value).splitlines()) == 2
