import pytest

from keras_seq2seq.data import caption_records
from keras_seq2seq.data.caption_records import unpack, write_caption_records
from keras_seq2seq.data.captions import Captions, captions_of_records
from keras_seq2seq.data.picture_store import ListedPictures
from keras_seq2seq.errors import UserError

DOG, CAT, CAR = (b"\xff\xd8" + name for name in (b"dog", b"cat", b"car"))


def captions(pictures, texts):
    return Captions(ListedPictures(pictures), texts, range(len(texts)))


def test_a_record_that_nobody_could_read_is_named_and_left_out(
    tmp_path, monkeypatch, caplog
):
    given = captions([DOG, b"\xff\xd8" + bytes(500)], ["a dog", "a cat"])
    monkeypatch.setattr(caption_records, "MOST_BYTES", 500)
    write_caption_records(tmp_path / "r", given)
    assert captions_of_records(tmp_path / "r").texts == ["a dog"]
    assert "Left out: a picture of 502 bytes" in caplog.text


def test_no_picture_is_unpacked_over_another(tmp_path):
    out = tmp_path / "out"
    unpack(captions([DOG, CAT], ["a dog", "a cat"]), out, tmp_path / "train")
    others = captions([DOG, CAR, CAT], ["a dog", "a car", "a cat"])
    with pytest.raises(UserError, match="000002.jpg.*an empty --image_dir"):
        unpack(others, out, tmp_path / "dev")
    found = {path.name: path.read_bytes() for path in out.iterdir()}
    assert found == {"000001.jpg": DOG, "000002.jpg": CAT}
    assert not (tmp_path / "dev").exists()


def test_pictures_that_are_there_already_stay(tmp_path):
    out, given = tmp_path / "out", captions([DOG], ["a dog"])
    unpack(given, out, tmp_path / "one.tsv")
    before = (out / "000001.jpg").stat().st_mtime_ns
    assert unpack(given, out, tmp_path / "two.tsv") == 1
    assert (out / "000001.jpg").stat().st_mtime_ns == before


def test_ids_without_words_are_refused_before_a_picture_is_written(tmp_path):
    with pytest.raises(UserError, match="ids without words"):
        unpack(captions([DOG], [[4, 0]]), tmp_path / "out", tmp_path / "tsv")
    assert not list(tmp_path.iterdir())
