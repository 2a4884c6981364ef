import numpy as np
import pytest

from keras_seq2seq.callbacks import Bucketing, TeacherForcedSamples
from keras_seq2seq.checkpoint.model_state import snapshot
from keras_seq2seq.data.parallel_text import ParallelText
from tests.run_directories import words
from tests.zoo.tiny_models import attention_model

SOURCE, TARGET = words("a b c d e f g"), words("k l m n o p q r s")
SOURCES = ["a b", "c d e f", "g", "b z c"]
TARGETS = ["k l m", "n", "o p", "q z r s"]


@pytest.fixture(scope="module")
def sampled(tmp_path_factory):
    """The callback after it has fired once, its model's state, the text."""
    directory = tmp_path_factory.mktemp("run")
    pairs = ParallelText.from_texts(
        SOURCES, TARGETS, source_tokenizer=SOURCE, target_tokenizer=TARGET
    )
    bucketing = Bucketing(pairs, 3, shuffle=False)
    samples = TeacherForcedSamples(
        bucketing, TARGET, directory, "|", every_n_steps=10
    )
    model = attention_model(embedding_dropout=0.5, seed=1)
    model.compile()
    before = snapshot(model)
    samples.set_model(model)
    samples.on_train_begin()
    (path,) = (directory / "samples").iterdir()
    return samples, model, before, path


def test_the_layout_is_that_of_google_seq2seq(sampled):
    *_, path = sampled
    lines = path.read_text().splitlines()
    assert path.name == "samples_000000.txt"
    assert lines[0] == "Prediction followed by Target @ Step 0"
    assert lines[1] == lines[-1] == "=" * 100
    assert lines[3:-1:3] == [
        "k|l|m|SEQUENCE_END",
        "n|SEQUENCE_END",
        "o|p|SEQUENCE_END",
    ]
    assert lines[4:-1:3] == ["", "", ""]


def test_predictions_are_the_likeliest_words_after_the_right_ones(sampled):
    samples, model, _, path = sampled
    inputs = {
        "source": np.array([[4, 5, 3]]),
        "target": np.array([[2, 4, 5, 6]]),
    }
    ids = np.argmax(np.asarray(model(inputs, training=False))[0], axis=-1)
    pieces = dict(enumerate(TARGET.pieces(range(13))))
    pieces |= {1: "UNK", 2: "SEQUENCE_START", 3: "SEQUENCE_END"}
    expected = "|".join(pieces[i] for i in ids.tolist())
    assert path.read_text().splitlines()[2] == expected


def test_predictions_are_as_long_as_targets(sampled):
    *_, path = sampled
    lines = path.read_text().splitlines()
    for prediction, target in zip(lines[2:-1:3], lines[3:-1:3], strict=True):
        assert len(prediction.split("|")) == len(target.split("|"))


def test_nothing_that_training_remembers_is_changed(sampled):
    _, model, before, _ = sampled
    after = snapshot(model)
    for old, new in zip(before, after, strict=True):
        assert old.keys() == new.keys()
        for name in old:
            np.testing.assert_array_equal(old[name], new[name])
