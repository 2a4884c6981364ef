from keras_seq2seq.data.piece_files import write_piece_files
from keras_seq2seq.data.tokenizer_training import train_tokenizer
from keras_seq2seq.tasks.postprocessing import decode_sentencepiece


def test_every_line_is_cut_and_can_be_joined(tmp_path):
    lines = ["abba baab", "", "ab"]
    path = tmp_path / "train.txt"
    path.write_text("".join(f"{line}\n" for line in lines) * 5)
    model = train_tokenizer(path, "bpe", tmp_path / "m", size=9)
    (written,) = write_piece_files(model, [path])
    assert written.name == "train.bpe.txt"
    found = written.read_text(encoding="utf-8").split("\n")[:-1]
    assert [decode_sentencepiece(line) for line in found] == lines * 5
    assert found[0].count(" ") > lines[0].count(" ")
