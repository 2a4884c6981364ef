import shutil

import numpy as np
import pytest

from keras_seq2seq.__main__ import main
from keras_seq2seq.checkpoint.array_files import read_hdf5
from keras_seq2seq.checkpoint.model_state import copy_weights
from keras_seq2seq.data.sentence_piece_tokenizer import SentencePieceTokenizer
from keras_seq2seq.data.tokenizer_training import train_tokenizer
from keras_seq2seq.errors import UserError
from keras_seq2seq.initial_weights import restore, shortened, start_from
from keras_seq2seq.run_files import stored_config
from tests.commands.small_run import basic_flags
from tests.run_directories import new_model, untrained_run, words

pytestmark = pytest.mark.usefixtures("eagerly")

OLD = words("a b c d e"), words("p q r s")
NEW = words("e x a y"), words("s p z q w")
SOURCE, TARGET = "embed_source/table", "embed_target/table"


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A run directory and its weights."""
    run = tmp_path_factory.mktemp("old") / "run"
    return run, copy_weights(untrained_run(run, OLD))


def changed(model, before):
    """Names of the variables that are not as they were."""
    after = copy_weights(model)
    return {
        name for name in after if not np.array_equal(after[name], before[name])
    }


def test_with_equal_vocabularies_all_weights_are_taken(old):
    run, weights = old
    model = new_model(OLD)
    told = start_from(model, OLD, run)
    assert changed(model, weights) == set()
    assert (
        told[0] == f"Weights:    from {run}/ckpt-1, of {len(weights)} variables"
    )
    assert f"{SOURCE} 9 of 9," in "\n".join(told)


def test_embeddings_are_matched_by_token(old):
    run, weights = old
    model = new_model(NEW)
    begun = copy_weights(model)
    told = "\n".join(start_from(model, NEW, run))
    now = copy_weights(model)
    # Specials, then e, x, a, y; there a to e.
    origins = [0, 1, 2, 3, 8, None, 4, None]
    for row, origin in enumerate(origins):
        expected = (
            begun[SOURCE][row] if origin is None else weights[SOURCE][origin]
        )
        np.testing.assert_array_equal(now[SOURCE][row], expected)
    assert f"{SOURCE} 6 of 8 (there 9)" in told


def test_the_output_projection_is_matched_by_token(old):
    run, weights = old
    model = new_model(NEW)
    begun = copy_weights(model)
    start_from(model, NEW, run)
    now = copy_weights(model)
    # s p z q w; there p q r s.
    for here, there in ((4, 7), (5, 4), (7, 5), (3, 3)):
        for name in ("to_logits/kernel", "to_logits/bias", TARGET):
            axis = -1 if name != TARGET else 0
            np.testing.assert_array_equal(
                now[name].take(here, axis), weights[name].take(there, axis)
            )
    for new in (6, 8):
        kernel = "to_logits/kernel"
        np.testing.assert_array_equal(
            now[kernel][:, new], begun[kernel][:, new]
        )


def test_other_shapes_are_left_and_told(old):
    run, weights = old
    cell = {"cell_class": "GRUCell", "cell_params": {"num_units": 5}}
    model = new_model(OLD, **{"decoder.params": {"rnn_cell": cell}})
    begun = copy_weights(model)
    told = "\n".join(start_from(model, OLD, run))
    loaded = changed(model, begun)
    assert SOURCE in loaded and "encoder/recurrence/cells/0/kernel" in loaded
    assert "to_logits/kernel" not in loaded
    assert "of another shape, so as initialised: " in told
    assert "to_logits/kernel (here (5, 8), there (8, 8))" in told


def test_a_shared_table_takes_rows_of_both_sides(old):
    run, weights = old
    both = (words("q a z r"),) * 2
    model = new_model(both, **{"embedding.share": "source_target"})
    begun = copy_weights(model)
    start_from(model, both, run)
    now = copy_weights(model)[TARGET]
    np.testing.assert_array_equal(now[4], weights[TARGET][5])  # q
    np.testing.assert_array_equal(now[5], weights[SOURCE][4])  # a
    np.testing.assert_array_equal(now[6], begun[TARGET][6])  # z
    np.testing.assert_array_equal(now[7], weights[TARGET][6])  # r


def test_rows_come_from_a_shared_table(tmp_path):
    both = (words("a b c"),) * 2
    params = {"embedding.share": "source_target"}
    weights = copy_weights(untrained_run(tmp_path, both, **params))
    model = new_model((words("c"), words("b")))
    start_from(model, model.tokenizers, tmp_path)
    now = copy_weights(model)
    np.testing.assert_array_equal(now[SOURCE][4], weights[TARGET][6])
    np.testing.assert_array_equal(now[TARGET][4], weights[TARGET][5])


def test_subwords_are_matched_by_piece(tmp_path):
    text = tmp_path / "text"
    text.write_text("the cat sat on the mat\nthat hat is the best hat\n" * 9)
    small, large = (
        SentencePieceTokenizer(
            train_tokenizer(
                [text], "bpe", tmp_path / f"{size}.model", size=size
            )
        )
        for size in (20, 26)
    )
    weights = copy_weights(untrained_run(tmp_path / "run", (small, small)))
    model = new_model((large, large))
    start_from(model, (large, large), tmp_path / "run")
    now = copy_weights(model)[SOURCE]
    old = small.pieces(range(20))
    shared = [piece for piece in large.pieces(range(26)) if piece in old]
    assert len(shared) == 20
    for piece in shared:
        row = large.pieces(range(26)).index(piece)
        np.testing.assert_array_equal(
            now[row], weights[SOURCE][old.index(piece)]
        )


def test_a_checkpoint_may_be_named(old):
    run, weights = old
    model = new_model(OLD)
    start_from(model, OLD, run / "ckpt-1")
    assert changed(model, weights) == set()


@pytest.mark.parametrize(
    ("path", "told"),
    [("", "init_from is required"), ("none", "no such directory")],
)
def test_what_is_no_run_is_refused(path, told):
    with pytest.raises(UserError, match=told):
        start_from(new_model(OLD), OLD, path)


def test_a_run_of_which_nothing_fits_is_refused(old):
    cell = {"cell_class": "GRUCell", "cell_params": {"num_units": 5}}
    other = (words("k"), words("l"))
    changes = {
        f"{p}.params": {"rnn_cell": cell} for p in ("encoder", "decoder")
    }
    model = new_model(other, **changes, **{"embedding.dim": 3})
    with pytest.raises(UserError, match="nothing in .* fits this model"):
        start_from(model, other, old[0])


def test_other_vocabularies_than_the_weights_are_refused(old, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(old[0], run)
    (run / "vocab.source.txt").write_text("a\n")
    with pytest.raises(
        UserError, match="has 5 source tokens, and weights of 9"
    ):
        start_from(new_model(OLD), OLD, run)


def test_long_lines_are_shortened_for_the_banner():
    assert shortened("short") == "short"
    line = shortened("names, " * 100)
    assert len(line) < 500
    assert line.endswith("(all of it: initial_weights.txt)")


# VariableRestoreHook --------------------------------------------------------


def test_variables_are_restored_by_prefix(old):
    run, weights = old
    model = new_model(OLD)
    begun = copy_weights(model)
    told = restore(model, "encoder/", run)
    names = {name for name in weights if name.startswith("encoder/")}
    now = copy_weights(model)
    for name in weights:
        expected = weights if name in names else begun
        np.testing.assert_array_equal(now[name], expected[name])
    assert f"{len(names)} variables that begin with 'encoder/'" in told


def test_the_empty_prefix_restores_everything(old):
    run, weights = old
    model = new_model(OLD)
    restore(model, "", run / "ckpt-1")
    assert changed(model, weights) == set()


def test_shapes_that_do_not_fit_are_listed_and_nothing_is_changed(old):
    model = new_model(NEW)
    begun = copy_weights(model)
    with pytest.raises(UserError) as error:
        restore(model, "", old[0])
    assert f"{SOURCE}: here (8, 8), there (9, 8)" in str(error.value)
    assert f"{TARGET}: here (9, 8), there (8, 8)" in str(error.value)
    assert changed(model, begun) == set()


def test_a_prefix_of_no_variable_is_refused_with_those_there_are(old):
    with pytest.raises(UserError, match="begin with .*encoder"):
        restore(new_model(OLD), "encode_/", old[0])


def test_a_checkpoint_path_is_required():
    with pytest.raises(UserError, match="checkpoint_path is required"):
        restore(new_model(OLD), "", "")


# From the command line ------------------------------------------------------


def tuning(run, **changes):
    flags = {
        "freeze": "encoder/*,embed_target/*",
        "train_steps": 2,
        "eval_every_n_steps": 2,
        **changes,
    }
    return main(basic_flags(run, **flags))


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A run that began with the weights of one that is gone, and these."""
    directory = tmp_path_factory.mktemp("tuned")
    other, run = directory / "other", directory / "run"
    sides = words("h x b a"), words("b z a")
    weights = copy_weights(untrained_run(other, sides))
    assert tuning(run, init_from=other) == 0
    shutil.rmtree(other)
    return run, weights


def stored(run, step):
    return read_hdf5(run / f"ckpt-{step}" / "model.weights.h5")


def check_frozen(before, after):
    for name in before:
        equal = before[name].tobytes() == after[name].tobytes()
        assert equal == name.startswith("encoder/"), name
    np.testing.assert_array_equal(after[TARGET][5], before[TARGET][4])  # b


def test_frozen_weights_of_another_run_stay_equal_to_the_bit(tuned):
    run, weights = tuned
    check_frozen(weights, stored(run, 2))


def test_the_account_is_kept_in_the_run(tuned):
    run, _ = tuned
    account = (run / "initial_weights.txt").read_text()
    assert f"{SOURCE} 7 of 12 (there 8)" in account
    assert "Frozen:     encoder/*, 3 variables" in account


def test_a_run_goes_on_without_the_one_it_came_from(tuned, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(tuned[0], run)
    account = (run / "initial_weights.txt").read_text()
    assert tuning(run, train_steps=3) == 0
    check_frozen(tuned[1], stored(run, 3))
    assert (run / "initial_weights.txt").read_text() == account
    origin = stored_config(run).init_from
    assert origin == str(tuned[0].parent / "other")


def test_what_is_frozen_may_not_change(tuned, capsys):
    assert tuning(tuned[0], freeze="encoder/*", train_steps=3) == 2
    told = capsys.readouterr().err
    assert "freeze: the run has ['encoder/*', 'embed_target/*']" in told


def test_a_failed_start_leaves_nothing(tmp_path, capsys):
    assert tuning(tmp_path / "run", init_from=tmp_path / "none") == 2
    assert "init_from: " in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
