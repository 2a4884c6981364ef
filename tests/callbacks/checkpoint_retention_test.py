import os

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_seq2seq import checkpoint
from keras_seq2seq.callbacks.bleu_early_stopping import BleuEarlyStopping
from keras_seq2seq.callbacks.checkpoint_retention import CheckpointRetention
from keras_seq2seq.callbacks.corpus_score import CorpusScore
from keras_seq2seq.callbacks.learning_rate_decay import LearningRateDecay
from keras_seq2seq.callbacks.plateau_reduction import PlateauReduction
from keras_seq2seq.errors import StorageError, UserError

STEPS = 6
X = np.linspace(-1, 1, 2 * STEPS, dtype="float32").reshape(STEPS, 2)


class Stop(Exception):
    """Stands for a process that ends."""


class StopAfter(keras.callbacks.Callback):
    """Ends training in the middle of things, after `steps` batches."""

    def __init__(self, steps):
        super().__init__()
        self.left = steps

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise Stop


class Epochs(keras.callbacks.Callback):
    """A callback with state."""

    seen = 0

    def on_epoch_end(self, epoch, logs=None):
        self.seen += 1

    def get_state(self):
        return {"seen": self.seen}

    def set_state(self, state):
        self.seen = state["seen"]


def new_model():
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(3), keras.layers.Dropout(0.5)]
    model = keras.Sequential(
        [keras.Input((2,)), *layers, keras.layers.Dense(1)]
    )
    model.compile(
        keras.optimizers.Adam(0.1), "mse", metrics=["mae"], run_eagerly=True
    )
    return model


def train(model, callbacks, epochs=1, skip=0, validation=None):
    return model.fit(
        X[skip:],
        X[skip:, :1],
        batch_size=1,
        shuffle=False,
        epochs=epochs,
        verbose=0,
        callbacks=callbacks,
        validation_data=validation,
    )


def weights(model):
    return [np.asarray(variable) for variable in model.weights]


def equal(first, second):
    return all(map(np.array_equal, weights(first), weights(second)))


def steps_in(directory):
    return list(checkpoint.checkpoints(directory))


class Score(keras.callbacks.Callback):
    """Logs given values as `val_bleu`."""

    def __init__(self, values):
        super().__init__()
        self.values = iter(values)

    def on_epoch_end(self, epoch, logs=None):
        logs["val_bleu"] = next(self.values)


def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path):
    whole, first, second = new_model(), new_model(), new_model()
    train(whole, [])
    with pytest.raises(Stop):
        train(
            first,
            [StopAfter(5), CheckpointRetention(tmp_path, save_every_n_steps=2)],
        )
    retention = CheckpointRetention(tmp_path, save_every_n_steps=2)
    restored = retention.restore(second)
    assert restored["step"] == 4 and restored["mid_epoch"]
    train(second, [retention], skip=4)
    assert equal(whole, second)


def test_a_mirrored_training_resumes_exactly(tmp_path):
    def new():
        with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
            return new_model()

    def data(skip=0):
        rows = tf.data.Dataset.from_tensor_slices((X, X[:, :1]))
        return rows.batch(1, drop_remainder=True).skip(skip)

    whole, first, second = new(), new(), new()
    whole.fit(data(), verbose=0, shuffle=False)
    retention = CheckpointRetention(tmp_path, save_every_n_steps=4)
    with pytest.raises(Stop):
        first.fit(
            data(),
            verbose=0,
            shuffle=False,
            callbacks=[StopAfter(5), retention],
        )
    CheckpointRetention(tmp_path).restore(second)
    second.fit(data(4), verbose=0, shuffle=False)
    assert equal(whole, second)


def test_running_metrics_go_on_after_a_resume_in_mid_epoch(tmp_path):
    whole, first, second = new_model(), new_model(), new_model()
    expected = train(whole, []).history["loss"]
    with pytest.raises(Stop):
        train(
            first,
            [StopAfter(5), CheckpointRetention(tmp_path, save_every_n_steps=2)],
        )
    retention = CheckpointRetention(tmp_path)
    retention.restore(second)
    history = train(second, [retention], skip=4).history
    assert history["loss"] == expected


def test_the_last_batch_is_saved_after_the_evaluation(tmp_path):
    epochs = Epochs()
    retention = CheckpointRetention(
        tmp_path, [epochs], save_every_n_steps=STEPS
    )
    train(new_model(), [epochs, retention])
    fresh = Epochs()
    restored = CheckpointRetention(tmp_path, [fresh]).restore(new_model())
    assert fresh.seen == 1 and not restored["mid_epoch"]


def test_without_a_schedule_each_epoch_is_saved(tmp_path):
    train(new_model(), [CheckpointRetention(tmp_path)], epochs=2)
    assert steps_in(tmp_path) == [STEPS, 2 * STEPS]


def test_the_end_is_saved_whatever_the_schedule(tmp_path):
    train(new_model(), [CheckpointRetention(tmp_path, save_every_n_steps=4)])
    assert steps_in(tmp_path) == [4, 6]


def test_the_end_is_saved_before_best_weights_are_restored(tmp_path):
    class Exchange(keras.callbacks.Callback):
        def on_train_end(self, logs=None):
            for variable in self.model.weights:
                variable.assign(0 * variable)

    plain, model = new_model(), new_model()
    train(plain, [])
    train(model, [Exchange(), CheckpointRetention(tmp_path)])
    CheckpointRetention(tmp_path).restore(model)
    assert equal(plain, model)


def test_saving_again_at_an_evaluated_step_keeps_its_score(tmp_path):
    retention = CheckpointRetention(tmp_path, monitor="val_bleu")
    train(new_model(), [Score([7.0]), retention])
    assert checkpoint.verify(retention.save_now()).record["score"] == 7


def test_weights_that_came_back_have_no_score_of_others(tmp_path):
    plateau = PlateauReduction(
        LearningRateDecay("constant"),
        patience=1,
        monitor="val_bleu",
        weights="best",
    )
    scores = Score([10.0, 30.0, 20.0])
    retention = CheckpointRetention(tmp_path, [plateau], monitor="val_bleu")
    model = new_model()
    train(model, [scores, plateau.decay, plateau, retention], epochs=3)
    paths = checkpoint.checkpoints(tmp_path).values()
    found = [checkpoint.verify(path).record["score"] for path in paths]
    assert found == [10, 30, None]


def test_only_the_newest_are_kept(tmp_path):
    retention = CheckpointRetention(tmp_path, save_every_n_steps=1, keep_max=2)
    train(new_model(), [retention])
    assert steps_in(tmp_path) == [5, 6]
    assert (tmp_path / "latest").read_text() == "ckpt-6\n"


def test_the_best_is_kept_and_pointed_at(tmp_path):
    retention = CheckpointRetention(
        tmp_path, save_every_n_steps=100, keep_max=1, monitor="val_bleu"
    )
    train(new_model(), [Score([10.0, 30.0, 20.0]), retention], epochs=3)
    assert steps_in(tmp_path) == [2 * STEPS, 3 * STEPS]
    assert checkpoint.find(tmp_path, "best").name == f"ckpt-{2 * STEPS}"


def test_the_best_is_remembered_by_a_resumed_training(tmp_path):
    def new():
        return CheckpointRetention(
            tmp_path, save_every_n_steps=100, keep_max=1, monitor="val_bleu"
        )

    train(new_model(), [Score([30.0]), new()])
    model, retention = new_model(), new()
    retention.restore(model)
    train(model, [Score([20.0]), retention])
    assert checkpoint.find(tmp_path, "best").name == f"ckpt-{STEPS}"


def test_a_score_that_is_no_number_is_never_the_best(tmp_path):
    retention = CheckpointRetention(tmp_path, monitor="val_bleu")
    train(new_model(), [Score([float("nan"), 1.0]), retention], epochs=2)
    assert checkpoint.find(tmp_path, "best").name == f"ckpt-{2 * STEPS}"


def test_a_full_disk_ends_training_and_keeps_the_previous(
    tmp_path, monkeypatch
):
    model, retention = new_model(), CheckpointRetention(tmp_path)
    train(model, [retention])

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        train(model, [retention])
    assert checkpoint.newest_valid(tmp_path)[0].name == f"ckpt-{STEPS}"


def test_a_thread_writes_the_same_as_the_training_itself(tmp_path):
    for background in (False, True):
        retention = CheckpointRetention(
            tmp_path / str(background),
            save_every_n_steps=2,
            background=background,
        )
        train(new_model(), [retention])
    for step in (2, 4, 6):
        paths = [tmp_path / str(b) / f"ckpt-{step}" for b in (False, True)]
        first, second = (checkpoint.verify(path).files for path in paths)
        assert first["model.weights.h5"] == second["model.weights.h5"]
        assert first["training.npz"] == second["training.npz"]


def test_an_error_of_the_thread_ends_training(tmp_path, monkeypatch):
    (tmp_path / "run").write_text("a file where a directory must be")
    retention = CheckpointRetention(tmp_path / "run", background=True)
    with pytest.raises(StorageError):
        train(new_model(), [retention])


def test_a_requested_save_is_on_disk_before_what_follows(tmp_path):
    retention = CheckpointRetention(tmp_path, background=True)
    found = []

    def leave():
        found.append(checkpoint.newest_valid(tmp_path)[0].name)
        raise Stop

    class Ask(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                retention.request_save(then=leave)

    with pytest.raises(Stop):
        train(new_model(), [Ask(), retention])
    assert found == ["ckpt-3"]


def test_a_damaged_newest_one_is_passed_over_with_a_warning(tmp_path, caplog):
    train(new_model(), [CheckpointRetention(tmp_path)], epochs=2)
    os.truncate(tmp_path / f"ckpt-{2 * STEPS}" / "training.npz", 50)
    restored = CheckpointRetention(tmp_path).restore(new_model())
    assert restored["step"] == STEPS
    assert "damaged" in caplog.text and f"ckpt-{STEPS}" in caplog.text


def test_nothing_but_damage_is_an_error_and_no_new_beginning(tmp_path):
    train(new_model(), [CheckpointRetention(tmp_path)])
    (tmp_path / f"ckpt-{STEPS}" / "state.json").unlink()
    with pytest.raises(UserError, match="Delete them"):
        CheckpointRetention(tmp_path).restore(new_model())


def test_retention_leaves_damaged_ones_to_the_user(tmp_path):
    train(new_model(), [CheckpointRetention(tmp_path)], epochs=2)
    os.truncate(tmp_path / f"ckpt-{STEPS}" / "manifest.json", 50)
    model, retention = new_model(), CheckpointRetention(tmp_path, keep_max=1)
    retention.restore(model)
    train(model, [retention])
    assert steps_in(tmp_path) == [STEPS, 3 * STEPS]


def test_an_empty_directory_is_a_beginning(tmp_path):
    assert CheckpointRetention(tmp_path / "new").restore(new_model()) is None


def test_best_weights_of_early_stopping_survive_a_resume(tmp_path):
    def stopping(values):
        values = iter(values)
        scorer = CorpusScore(
            lambda model, sources: sources, ["a"], ["a"],
            lambda hypotheses, references: next(values),
        )  # fmt: skip
        return BleuEarlyStopping(scorer, patience=9)

    def run(model, stopping, restore=False):
        retention = CheckpointRetention(
            tmp_path, [stopping], monitor="val_bleu"
        )
        if restore:
            retention.restore(model)
        train(model, [stopping, retention])

    first, best = stopping([50.0]), new_model()
    run(best, first)
    second, model = stopping([40.0]), new_model()
    run(model, second, restore=True)
    assert second.rule.best == 50.0
    assert equal(best, model)


def test_free_form_state_of_the_run_comes_back(tmp_path):
    retention = CheckpointRetention(tmp_path, state=lambda: {"seed": 7})
    train(new_model(), [retention])
    restored = CheckpointRetention(tmp_path).restore(new_model())
    assert restored["extra"] == {"seed": 7}


def test_training_time_adds_up_over_resumes(tmp_path):
    train(new_model(), [CheckpointRetention(tmp_path)])
    model, retention = new_model(), CheckpointRetention(tmp_path)
    before = retention.restore(model)["seconds"]
    train(model, [retention])
    after = CheckpointRetention(tmp_path).restore(new_model())["seconds"]
    assert after > before > 0


def test_seconds_make_a_save_fall_due(tmp_path):
    retention = CheckpointRetention(
        tmp_path, save_every_n_seconds=1e-9, keep_max=None
    )
    train(new_model(), [retention])
    assert steps_in(tmp_path) == [1, 2, 3, 4, 5, 6]


def test_a_monitor_that_does_not_tell_its_mode_is_refused(tmp_path):
    with pytest.raises(ValueError, match="'max' or 'min'"):
        CheckpointRetention(tmp_path, monitor="val_quality")
