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
