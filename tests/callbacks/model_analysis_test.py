import keras
import pytest

from keras_seq2seq.callbacks.model_analysis import (
    ModelAnalysis,
    analysis_lines,
    human_count,
)


def variable(*shape, trainable=True):
    return keras.Variable(
        keras.ops.zeros(shape), trainable=trainable, name="any"
    )


def test_the_text_is_that_of_google_seq2seq():
    assert analysis_lines({"weigths": variable(128, 128)}) == [
        "_TFProfRoot (--/16.38k params)",
        "  weigths (128x128, 16.38k/16.38k params)",
    ]


def test_scopes_have_the_sum_of_what_is_below_them():
    variables = {
        "encoder/cells/0/kernel": variable(2, 3),
        "encoder/cells/0/bias": variable(3),
        "encoder/scale": variable(),
        "decoder/bias": variable(5, trainable=False),
    }
    assert analysis_lines(variables) == [
        "_TFProfRoot (--/15 params)",
        "  decoder (--/5 params)",
        "    decoder/bias (5, 5/5 params, frozen)",
        "  encoder (--/10 params)",
        "    encoder/cells (--/9 params)",
        "      encoder/cells/0 (--/9 params)",
        "        encoder/cells/0/bias (3, 3/3 params)",
        "        encoder/cells/0/kernel (2x3, 6/6 params)",
        "    encoder/scale (scalar, 1/1 params)",
    ]


@pytest.mark.parametrize(
    ("count", "text"),
    [(999, "999"), (1000, "1.00k"), (16384, "16.38k"), (12_814_211, "12.81m")],
)
def test_counts_are_rounded_for_people(count, text):
    assert human_count(count) == text


def test_the_file_is_written_once(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    callback = ModelAnalysis(tmp_path / "run")
    callback.set_model(model)
    callback.on_train_begin()
    path = tmp_path / "run" / "model_analysis.txt"
    assert path.read_text().startswith("_TFProfRoot (--/9 params)\n")
    path.write_text("kept")
    callback.on_train_begin()
    assert path.read_text() == "kept"
    assert [each.name for each in path.parent.iterdir()] == [path.name]
