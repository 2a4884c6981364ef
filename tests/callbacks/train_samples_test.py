import keras
import numpy as np
import pytest

from keras_seq2seq.callbacks.train_samples import TrainSamples


def shout(model, sources):
    return [source.upper() for source in sources]


def samples(directory, **options):
    return TrainSamples(shout, ["a b", "c"], ["d e", "f"], directory, **options)


def train(callbacks, steps, model=None):
    if model is None:
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=True)
    x = np.ones((steps, 2), "float32")
    model.fit(x, x[:, :1], batch_size=1, verbose=0, callbacks=callbacks)
    return model


def written(directory):
    return sorted(path.name for path in (directory / "samples").iterdir())


def test_it_fires_at_zero_and_ten_and_not_nine(tmp_path):
    train([samples(tmp_path, every_n_steps=10)], 11)
    assert written(tmp_path) == ["decoded_000000.txt", "decoded_000010.txt"]


def test_the_title_tells_decoded_from_teacher_forced_text(tmp_path):
    train([samples(tmp_path, every_n_steps=10)], 1)
    rule = "=" * 100
    assert (tmp_path / "samples" / "decoded_000000.txt").read_text() == (
        f"Decoded text followed by reference @ Step 0\n{rule}\n"
        f"A B\nd e\n\nC\nf\n\n{rule}\n"
    )


def test_a_second_training_goes_on_with_the_rhythm(tmp_path):
    model = train([], 7)
    train([samples(tmp_path, every_n_steps=5)], 4, model)
    assert written(tmp_path) == ["decoded_000010.txt"]


def test_seconds_may_set_the_rhythm(tmp_path):
    train([samples(tmp_path, every_n_seconds=1e-9)], 2)
    assert len(written(tmp_path)) == 3


def test_seconds_go_on_where_they_were(tmp_path):
    resumed = samples(tmp_path, every_n_seconds=100)
    resumed._clock = lambda: 7.0  # stands still
    resumed.set_state({"seconds": 99.0})
    model = train([resumed], 1, train([], 1))
    assert written(tmp_path) == []
    assert resumed.get_state() == {"seconds": 99.0}
    resumed.set_state({"seconds": 100.0})
    train([resumed], 1, model)
    assert written(tmp_path) == ["decoded_000003.txt"]


def test_a_writer_gets_the_lines_and_the_step(tmp_path):
    calls = []
    train(
        [samples(tmp_path, every_n_steps=2, text=lambda *a: calls.append(a))],
        2,
    )
    assert [call[2] for call in calls] == [0, 2]
    assert calls[1][1][2:4] == ["A B", "d e"]


def test_steps_and_seconds_together_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Exactly one"):
        samples(tmp_path, every_n_steps=1, every_n_seconds=1)
