import json
import multiprocessing
import os

import numpy as np
import pytest

from keras_seq2seq.data import feature_cache
from keras_seq2seq.data.feature_cache import load_or_compute
from keras_seq2seq.data.picture_store import FolderPictures
from keras_seq2seq.errors import StorageError

COUNT, SHAPE = 7, (2, 3)


@pytest.fixture
def pictures(tmp_path):
    names = [f"{i}.png" for i in range(COUNT)]
    for name in names:
        (tmp_path / name).write_text(name)
    return FolderPictures(tmp_path, names)


class Network:
    """Features that tell their picture; counts what it is asked for."""

    def __init__(self, stops_after=None, bad=()):
        self.seen = []
        self.stops_after = stops_after
        self.bad = bad

    def __call__(self, sources):
        if self.stops_after is not None and (
            len(self.seen) + len(sources) > self.stops_after
        ):
            raise KeyboardInterrupt
        self.seen += [int(source[-5]) for source in sources]
        return [
            None if n in self.bad else np.full(SHAPE, n + 0.25, "float32")
            for n in self.seen[-len(sources) :]
        ]


def table(pictures, network, cache, described="net", **options):
    return load_or_compute(
        pictures, network, described, SHAPE, cache_dir=cache, **options
    )


def test_features_are_computed_once(pictures, tmp_path):
    network = Network()
    first = table(pictures, network, tmp_path / "cache")
    again = table(pictures, network, tmp_path / "cache")
    assert network.seen == list(range(COUNT))
    for found in (first, again):
        assert found.dtype == "float16" and found.shape == SHAPE
        assert found.take([5, 0])[:, 1, 2].tolist() == [5.25, 0.25]
        assert isinstance(found.features, np.memmap)
        assert found.get(pictures[3])[0, 0] == 3.25
        assert found.get("other.png") is None
        assert found.get(np.zeros((2, 2, 3), "uint8")) is None


@pytest.mark.parametrize(
    "change", ["network", "picture", "order", "type", "damage"]
)
def test_whatever_changes_them_makes_them_anew(pictures, tmp_path, change):
    cache, network, options = tmp_path / "cache", Network(), {}
    table(pictures, Network(), cache)
    described = "net"
    if change == "network":
        described = "another"
    elif change == "picture":
        (tmp_path / "2.png").write_text("another")
    elif change == "order":
        pictures = pictures.some(range(COUNT - 1, -1, -1))
    elif change == "type":
        options["dtype"] = "float32"
    else:
        (path,) = cache.glob("*.features/features.npy")
        path.write_bytes(path.read_bytes()[:-3])
    found = table(pictures, network, cache, described, **options)
    assert sorted(network.seen) == list(range(COUNT))
    assert found.get(pictures[2])[0, 0] == int(pictures[2][-5]) + 0.25


def test_an_interrupted_computation_goes_on(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(feature_cache, "AT_ONCE", 2)
    cache = tmp_path / "cache"
    with pytest.raises(KeyboardInterrupt):
        table(pictures, Network(stops_after=5), cache)
    (directory,) = cache.glob("*.features")
    noted = json.loads((directory / "progress.json").read_text())
    assert noted["computed"] == 4
    with (directory / "features.npy").open("ab") as file:
        file.write(b"half a row")  # written, but not noted
    network = Network()
    found = table(pictures, network, cache)
    assert network.seen == [4, 5, 6]
    assert found.take(range(COUNT))[:, 0, 0].tolist() == [
        n + 0.25 for n in range(COUNT)
    ]
    assert not (directory / "progress.json").exists()


def test_an_interrupted_computation_whose_file_was_cut_begins_anew(
    pictures, tmp_path, monkeypatch
):
    monkeypatch.setattr(feature_cache, "AT_ONCE", 2)
    cache = tmp_path / "cache"
    with pytest.raises(KeyboardInterrupt):
        table(pictures, Network(stops_after=5), cache)
    (path,) = cache.glob("*.features/features.npy")
    os.truncate(path, path.stat().st_size - 1)
    found = table(pictures, Network(), cache)
    assert found.take(range(COUNT))[:, 1, 2].tolist() == [
        n + 0.25 for n in range(COUNT)
    ]


def test_a_bad_picture_is_remembered(pictures, tmp_path):
    for tried in (list(range(COUNT)), [2]):
        network = Network(bad=[2])
        found = table(pictures, network, tmp_path / "cache")
        assert network.seen == tried
        assert found.readable.tolist() == [n != 2 for n in range(COUNT)]
        assert found.get(pictures[2]) is None
        assert (np.asarray(found.take([2])) == 0).all()


def test_a_picture_that_can_be_read_later_gets_its_features(pictures, tmp_path):
    table(pictures, Network(bad=[2, 4]), tmp_path / "cache")
    for network, tried in ((Network(bad=[4]), [2, 4]), (Network(), [4])):
        found = table(pictures, network, tmp_path / "cache")
        assert network.seen == tried
        assert found.get(pictures[2])[0, 0] == 2.25
    assert found.readable.all()
    assert found.take(range(COUNT))[:, 0, 0].tolist() == [
        n + 0.25 for n in range(COUNT)
    ]


def test_features_never_become_infinite(pictures, tmp_path):
    def huge(sources):
        return [np.full(SHAPE, 1e9, "float32") for _ in sources]

    found = table(pictures, huge, tmp_path / "cache")
    assert np.isfinite(found.take(range(COUNT))).all()


def test_no_space_is_told_before_anything_is_computed(
    pictures, tmp_path, monkeypatch
):
    network = Network()
    monkeypatch.setattr(
        feature_cache.shutil,
        "disk_usage",
        lambda path: type("", (), {"free": 9}),
    )
    with pytest.raises(StorageError, match="are free"):
        table(pictures, network, tmp_path / "cache")
    assert network.seen == []


def compute_slowly(folder, cache, queue):
    store = FolderPictures(folder, [f"{i}.png" for i in range(COUNT)])
    network = Network()
    table(store, network, cache)
    queue.put(len(network.seen))


def test_of_two_processes_one_computes(pictures, tmp_path):
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    workers = [
        context.Process(
            target=compute_slowly, args=(tmp_path, tmp_path / "cache", queue)
        )
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    counts = sorted(queue.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join(60)
    assert counts == [0, COUNT]
