import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_seq2seq.data.batches import assemble, dataset, evaluation_dataset
from keras_seq2seq.data.captioned_pictures import CaptionedPictures, as_text
from keras_seq2seq.data.captions import Captions
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.feature_cache import FeatureTable
from keras_seq2seq.data.picture_store import FolderPictures
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.distribution import Share

ROOT = Path(__file__).resolve().parents[2]
WORDS = DelimiterTokenizer(Vocabulary("abcd"))
H, W = 3, 5
TEXTS, OWNERS = ["a b c", "d", "a", "b b", "c"], [0, 1, 0, 2, 2]


@pytest.fixture
def captions(tmp_path):
    names = []
    for index in range(3):
        names.append(f"{index}.png")
        pixels = np.full((6, 10, 3), 50 * (index + 1), "uint8")
        Image.fromarray(pixels).save(tmp_path / names[-1])
    return Captions(FolderPictures(tmp_path, names), TEXTS, OWNERS)


@pytest.fixture
def pairs(captions):
    return CaptionedPictures(captions, WORDS, H, W)


def test_a_batch_shows_the_picture_of_each_caption(pairs):
    inputs, labels, weights = assemble(pairs, np.array([3, 0]), 3)
    assert inputs["image"].shape == (3, H, W, 3)
    assert inputs["image"][:, 0, 0, 0].tolist() == [150, 50, 0]
    assert inputs["target"].tolist() == [
        [2, 5, 5, 0],
        [2, 4, 5, 6],
        [2, 0, 0, 0],
    ]
    assert labels.tolist() == [[5, 5, 3, 0], [4, 5, 6, 3], [3, 0, 0, 0]]
    assert weights.sum(1).tolist() == [3, 4, 0]


def test_features_take_the_pictures_place(pairs, captions):
    features = np.arange(3 * 2 * 4, dtype="float16").reshape(3, 2, 4)
    pairs.features = FeatureTable(captions.pictures, features, unreadable=[1])
    inputs, _, weights = assemble(pairs, np.array([4, 1]))
    assert set(inputs) == {"features", "target"}
    assert (inputs["features"] == features[[2, 1]]).all()
    assert weights.sum(1).tolist() == [2, 0]
    (batch,) = evaluation_dataset(pairs, 8)
    assert batch[0]["features"].shape == (8, 2, 4)


def test_a_picture_that_is_lost_meanwhile_has_no_weight(
    pairs, tmp_path, caplog
):
    (tmp_path / "1.png").write_bytes(b"cut")
    for _ in range(2):
        inputs, _, weights = assemble(pairs, np.array([1, 2]))
        assert inputs["image"][0].max() == 0
        assert weights.sum(1).tolist() == [0, 2]
    assert caplog.text.count("1.png") == 1


def plans(epoch):
    random = np.random.default_rng(epoch)
    order = random.permutation(len(TEXTS)).astype(np.int32)
    return [order[:2], order[2:4], order[4:]]


def as_arrays(batch):
    inputs, labels, weights = batch
    return [*(inputs[k].numpy() for k in sorted(inputs)), labels, weights]


def assert_same(first, second):
    for one, other in zip(first, second, strict=True):
        for a, b in zip(as_arrays(one), as_arrays(other), strict=True):
            np.testing.assert_array_equal(a, b)


def test_batches_of_threads_keep_their_order(pairs):
    found = list(dataset(pairs, plans, 4, limit=9))
    for number, batch in enumerate(found):
        epoch, step = divmod(number, 3)
        expected = assemble(pairs, plans(epoch)[step], 4)
        np.testing.assert_array_equal(batch[0]["image"], expected[0]["image"])
        np.testing.assert_array_equal(batch[1], expected[1])
    assert_same(dataset(pairs, plans, 4, (1, 1), 4), found[4:8])


def test_views_are_drawn_anew_in_each_pass_and_alike_when_resumed(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), "uint8")
    Image.fromarray(pixels).save(tmp_path / "0.png")
    captions = Captions(FolderPictures(tmp_path, ["0.png"]), TEXTS, [0] * 5)
    pairs = CaptionedPictures(captions, WORDS, 9, 9, augment=True, seed=3)
    images = [
        pairs.inputs(np.array([2]), 1, epoch)[0]["image"].tobytes()
        for epoch in (0, 1, 2, 0)
    ]
    assert len(set(images)) == 3 and images[0] == images[3]
    whole = list(dataset(pairs, plans, 2, limit=6))
    assert_same(dataset(pairs, plans, 2, (1, 0), 3), whole[3:])


def test_workers_get_their_parts_of_each_batch(pairs):
    whole = list(dataset(pairs, plans, 4, limit=3))
    for first in (0, 2):
        parts = list(
            dataset(pairs, plans, 4, limit=3, share=Share(first, 2, 4))
        )
        assert len(parts) == 6
        for number, part in enumerate(parts):
            row = first + number % 2
            for a, b in zip(
                as_arrays(part), as_arrays(whole[number // 2]), strict=True
            ):
                np.testing.assert_array_equal(a, b[row : row + 1])


def test_lengths_are_those_of_captions(pairs):
    assert pairs.target_lengths.tolist() == [4, 2, 2, 3, 2]
    assert pairs.unsliced_source_lengths.tolist() == [4, 2, 2, 3, 2]
    assert not pairs.source_lengths.any()
    assert pairs.places([3, 0]) == {"0.png": [1], "2.png": [4]}
    assert pairs.statistics["pictures"] == 3


def test_ids_of_a_record_are_lines_of_the_vocabulary(captions):
    # Behind the four words: unknown, start and end.
    captions.texts[0] = [5, 0, 4, 3, 6]
    pairs = CaptionedPictures(captions, WORDS, H, W)
    assert pairs.targets.row(0).tolist() == [4, 1, 7]


def test_negative_ids_of_a_record_are_unknown_words():
    unknown = as_text([len("abcd")], WORDS)
    for number in (-1, -2, -3, -4, -9):
        assert as_text([number], WORDS) == unknown


def test_what_ids_of_a_record_say_is_normalised_if_asked_for(captions):
    words = DelimiterTokenizer(Vocabulary(["dog", "Dog", "."]))
    texts = [[1, 2], "dog", "dog", "dog", "dog"]
    plain = Captions(captions.pictures, texts, OWNERS, normalize=True)
    pairs = CaptionedPictures(plain.without({2: "lost"}), words, H, W)
    assert pairs.targets.row(0).tolist() == [4]


LARGE = """
import resource, sys, numpy as np
from keras_seq2seq.data.batches import dataset
from keras_seq2seq.data.captioned_pictures import CaptionedPictures
from keras_seq2seq.data.captions import captions_of_tsv
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.callbacks import Bucketing
folder = sys.argv[1]
captions = captions_of_tsv(folder + "/images", folder + "/captions.tsv")
words = DelimiterTokenizer(Vocabulary("abc"))
pairs = CaptionedPictures(captions, words, 160, 160)
bucketing = Bucketing(pairs, 64, boundaries="auto:4")
for number, batch in enumerate(bucketing.stream):
    if number == 20:
        break
print(len(pairs), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_200_000_pictures_stay_under_2_gb(tmp_path):
    count, images = 200_000, tmp_path / "images"
    images.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (160, 160, 3), "uint8")
    with (tmp_path / "captions.tsv").open("w") as file:
        for number in range(count):
            path = images / f"{number}.jpg"
            # One file has some ten thousand names at most.
            if number % 9000 == 0:
                Image.fromarray(noise).save(path)
                real = path
            else:
                path.hardlink_to(real)
            file.writelines(f"{number}.jpg\ta b c a {i}\n" for i in range(5))
    done = subprocess.run(
        [sys.executable, "-c", LARGE, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    pairs, megabytes = map(int, done.stdout.split())
    assert pairs == 5 * count
    assert megabytes < 2000
