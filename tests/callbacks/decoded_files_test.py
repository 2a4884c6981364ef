import pytest

from keras_seq2seq.callbacks import DecodedFiles


def test_files_are_written_once_and_at_each_decoding(tmp_path):
    texts = iter([["x", "y z"], ["x", "y"]])
    callback = DecodedFiles(
        tmp_path / "run",
        lambda model: next(texts),
        ["a b", "c"],
        ["d", "e"],
        "val_bleu",
    )
    callback.on_train_begin()
    for epoch, logs in enumerate(({"val_bleu": 1.0}, {}, {"val_bleu": 2.0})):
        callback.on_epoch_end(epoch, logs)
    found = {p.name: p.read_text() for p in (tmp_path / "run").iterdir()}
    assert found == {
        "decode.source": "a b\nc\n",
        "decode.target": "d\ne\n",
        "decode.output.00001": "x\ny z\n",
        "decode.output.00003": "x\ny\n",
    }


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        (
            [("a", "b"), ("c",), ("d", "e")],
            {"target.0": "a\nc\nd\n", "target.1": "b\nc\ne\n"},
        ),
        ([("a",), ("c",), ("d",)], {"target": "a\nc\nd\n"}),
    ],
    ids=["several", "one"],
)
def test_every_set_of_references_has_a_file(tmp_path, references, expected):
    names = ["1.png", "2.png", "3.png"]
    callback = DecodedFiles(tmp_path, None, names, references, "val_bleu")
    callback.on_train_begin()
    found = {p.name: p.read_text() for p in tmp_path.glob("decode.target*")}
    assert found == {f"decode.{end}": x for end, x in expected.items()}


def test_a_line_end_in_a_record_s_text_makes_no_line(tmp_path):
    callback = DecodedFiles(tmp_path, None, ["a\nb", "c"], ["d", "e"], "bleu")
    callback.on_train_begin()
    assert (tmp_path / "decode.source").read_text() == "a b\nc\n"
