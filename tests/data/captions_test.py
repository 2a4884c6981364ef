import gzip
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from keras_seq2seq.data.caption_records import unpack, write_caption_records
from keras_seq2seq.data.captions import (
    NO_CAPTION,
    NO_PICTURE,
    NO_TEXT,
    UNREADABLE,
    captions_of_records,
    captions_of_tsv,
    plain_words,
)
from keras_seq2seq.data.example_proto import (
    read_sequence_example,
    write_sequence_example,
)
from keras_seq2seq.data.picture_store import ListedPictures, pictures_in
from keras_seq2seq.data.pictures import read_picture
from keras_seq2seq.data.records import frame
from keras_seq2seq.errors import UserError

LINES = [
    "image\tcaption",
    "b.png\tA Dog, running .",
    "a.png#1\ttwo dogs",
    "b.png\ta dog",
    "c.png\tnobody has seen it",
    "d.png\t ",
]


@pytest.fixture
def folder(tmp_path):
    for index, name in enumerate("abde"):
        pixels = np.full((4, 6, 3), 60 * index, "uint8")
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    (tmp_path / "captions.tsv").write_text("".join(f"{x}\n" for x in LINES))
    return tmp_path


def read(folder, **options):
    return captions_of_tsv(folder, folder / "captions.tsv", **options)


def test_captions_belong_to_pictures_and_the_rest_is_told(folder):
    found = read(folder)
    assert found.pictures.names == ["b.png", "a.png"]
    assert found.texts == ["A Dog, running .", "two dogs", "a dog"]
    assert found.owners.tolist() == [0, 1, 0]
    assert found.left_out == {
        NO_PICTURE: ["c.png"],
        NO_TEXT: ["d.png"],
        NO_CAPTION: ["d.png", "e.png"],
    }
    assert found.by_picture() == [["A Dog, running .", "a dog"], ["two dogs"]]
    told = "\n".join(found.told())
    assert f"1 {NO_PICTURE}: c.png" in told
    assert f"2 {NO_CAPTION}: d.png, e.png" in told


def test_a_split_takes_some_and_counts_those_that_it_names(folder):
    (folder / "split.txt").write_text("a.png\n\nz.png\nc.png\n")
    found = read(folder, split_file=folder / "split.txt")
    assert found.pictures.names == ["a.png"] and found.texts == ["two dogs"]
    assert found.left_out == {NO_PICTURE: ["c.png"], NO_CAPTION: ["z.png"]}


def test_a_picture_has_one_name_however_its_path_is_written(folder):
    lines = "./b.png\ta dog\nb.png\tdogs\nx/..//b.png\ttwo dogs\n"
    (folder / "captions.tsv").write_text(lines)
    for split in ("b.png", ".//b.png"):
        (folder / "split.txt").write_text(f"{split}\n")
        found = read(folder, split_file=folder / "split.txt")
        assert found.pictures.names == ["b.png"]
        assert found.texts == ["a dog", "dogs", "two dogs"]


def test_other_columns_and_plain_words(folder):
    (folder / "captions.tsv").write_text("Dogs — it's A dog!\tx\tb.png\n")
    found = read(folder, image_column=2, caption_column=0, normalize=True)
    assert found.texts == ["dogs its a dog"]
    assert plain_words(" An  eye-catching, «blue» T-shirt ") == (
        "an eyecatching blue tshirt"
    )


def test_the_first_picture_may_have_no_suffix(folder):
    (folder / "a.png").rename(folder / "a")
    (folder / "captions.tsv").write_text("a\ttwo dogs\nb.png\ta dog\n")
    found = read(folder)
    assert found.pictures.names == ["a", "b.png"]
    assert found.texts == ["two dogs", "a dog"]


def test_names_that_are_no_utf_8_are_written_with_backslashes(folder):
    (folder / os.fsdecode(b"caf\xe9.png")).write_bytes(b"")
    (folder / "captions.tsv").write_text("b.png\ta dog\n")
    names = read(folder).left_out[NO_CAPTION]
    pictures = ListedPictures(pictures_in([folder]))
    names += [pictures.name(index) for index in range(len(pictures))]
    assert "caf\\udce9.png" in names
    assert f"{folder}/caf\\udce9.png" in names


def test_a_picture_whose_name_is_too_long_for_a_file_is_missing(folder):
    long = "x" * 300 + ".png"
    lines = f"{long[:-4]}\tthis\n{long}\tthat\nb.png\ta dog\n"
    (folder / "captions.tsv").write_text(lines)
    found = read(folder)
    assert found.texts == ["a dog"]
    assert found.left_out[NO_PICTURE] == [long]
    assert pictures_in([long]) == [long]


def test_a_lost_picture_whose_name_is_no_utf_8_has_a_fingerprint():
    lost = ListedPictures([os.fsdecode(b"caf\xe9.png")])
    assert lost.fingerprint() != ListedPictures(["caf.png"]).fingerprint()


def test_without_those_that_cannot_be_read(folder):
    found = read(folder).without({0: "b.png: damaged"})
    assert found.pictures.names == ["a.png"]
    assert (found.texts, found.owners.tolist()) == (["two dogs"], [0])
    assert found.left_out[UNREADABLE] == ["b.png: damaged"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("only one column\n", "captions.tsv:1: expected a picture in column 0"),
        ("c.png\ta dog\n", "expected captions of pictures.*c.png"),
    ],
)
def test_files_without_captions_are_refused(folder, text, error):
    (folder / "captions.tsv").write_text(text)
    with pytest.raises(UserError, match=f"(?s){error}"):
        read(folder)


def test_a_missing_folder_and_an_empty_split_are_refused(folder):
    with pytest.raises(UserError, match="nowhere.*folder of pictures"):
        captions_of_tsv("nowhere", folder / "captions.tsv")
    (folder / "split.txt").write_text("\n")
    with pytest.raises(UserError, match="split.txt.*one per line"):
        read(folder, split_file=folder / "split.txt")


def test_a_copy_has_the_same_fingerprint(folder, tmp_path_factory):
    copy = tmp_path_factory.mktemp("copies") / "of"
    shutil.copytree(folder, copy, copy_function=shutil.copyfile)
    assert read(copy).fingerprint() == read(folder).fingerprint()
    stores = [read(each).pictures.fingerprint() for each in (copy, folder)]
    assert stores[0] != stores[1]  # by which features are kept


def test_fingerprints_tell_other_captions_and_pictures(folder):
    before = read(folder).fingerprint()
    assert read(folder).fingerprint() == before
    (folder / "b.png").write_bytes((folder / "e.png").read_bytes() + b" ")
    changed = read(folder).fingerprint()
    (folder / "captions.tsv").write_text("b.png\tdog\n")
    assert len({before, changed, read(folder).fingerprint()}) == 3


# Records ------------------------------------------------------------------


def test_sequence_examples_read_back():
    context = {"image/data": b"\x00\xff" * 100, "image/id": 300, "name": "é"}
    lists = {"words": ["a", "dög"], "ids": [0, 127, 128, 2**40]}
    one, several = read_sequence_example(write_sequence_example(context, lists))
    assert one == {
        "image/data": [b"\x00\xff" * 100],
        "image/id": [300],
        "name": ["é".encode()],
    }
    assert several["words"] == [[b"a"], ["dög".encode()]]
    assert several["ids"] == [[0], [127], [128], [2**40]]


def test_tensorflow_reads_what_is_written_and_the_other_way_round():
    tf = pytest.importorskip("tensorflow")
    content = write_sequence_example(
        {"image/data": b"x"}, {"image/caption": ["a"], "ids": [7, 300]}
    )
    theirs = tf.train.SequenceExample.FromString(content)
    assert theirs.context.feature["image/data"].bytes_list.value == [b"x"]
    steps = theirs.feature_lists.feature_list["ids"].feature
    assert [step.int64_list.value[0] for step in steps] == [7, 300]
    assert read_sequence_example(theirs.SerializeToString()) == (
        read_sequence_example(content)
    )


def test_a_folder_becomes_records_and_a_folder_again(folder):
    found = read(folder)
    paths = write_caption_records(folder / "all.tfrecord", found, shards=2)
    assert [path.name for path in paths] == [
        "all.tfrecord-00000-of-00002",
        "all.tfrecord-00001-of-00002",
    ]
    again = captions_of_records([str(folder / "all.tfrecord-*")])
    assert again.texts == found.texts
    assert again.owners.tolist() == found.owners.tolist()
    for index in range(2):
        assert (
            read_picture(again.pictures[index])
            == read_picture(found.pictures[index])
        ).all()
    out = folder / "out"
    unpack(again, out, out / "captions.tsv")
    last = captions_of_tsv(out, out / "captions.tsv")
    assert last.texts == found.texts
    assert last.owners.tolist() == found.owners.tolist()
    assert last.pictures.names == ["000001.png", "000002.png"]


def record(path, context, lists):
    path.write_bytes(frame([write_sequence_example(context, lists)]))
    return path


def test_marks_of_start_and_end_are_no_words(tmp_path):
    words = ["SEQUENCE_START", "a", "dog", "SEQUENCE_END"]
    path = record(tmp_path / "r", {"i": b"x"}, {"w": words})
    found = captions_of_records(path, "i", "ids", "w", "_")
    assert found.texts == ["a_dog"]


def test_ids_count_where_there_are_no_words(tmp_path):
    lists = {"image/caption_ids": [4, 0]}
    path = record(tmp_path / "r", {"image/data": b"x"}, lists)
    assert captions_of_records(path).texts == [[4, 0]]


def test_a_record_without_a_picture_is_told_and_left_out(tmp_path):
    words = {"image/caption": ["dog"]}
    contents = [
        write_sequence_example(context, words)
        for context in ({"a": b"x"}, {"image/data": b"x"}, {})
    ]
    path = tmp_path / "r"
    path.write_bytes(frame(contents))
    found = captions_of_records(path)
    assert found.texts == ["dog"]
    lost = [f"{path}, record {number}" for number in (1, 3)]
    assert found.left_out == {NO_PICTURE: lost}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (frame([b"\xff\xff"]), "record 1: expected a tf.SequenceExample"),
        (frame([write_sequence_example({"a": b"x"}, {})]), "context has 'a'"),
        (frame([b"x" * 50])[:-7], "record 1: expected a TFRecord"),
        (gzip.compress(frame([b""]), mtime=0), "gunzip"),
    ],
)
def test_damaged_records_are_named(tmp_path, content, error):
    (tmp_path / "bad.tfrecord").write_bytes(content)
    with pytest.raises(UserError, match=f"bad.tfrecord.*{error}"):
        captions_of_records(tmp_path / "bad.tfrecord")
