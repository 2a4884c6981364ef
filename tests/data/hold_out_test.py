import pytest

from keras_seq2seq.data.hold_out import hold_out
from keras_seq2seq.errors import UserError

PAIRS = [(f"s{i % 90}", f"t{i % 90}") for i in range(300)]


def files(directory, pairs):
    for index, side in enumerate(("a", "b")):
        text = "".join(f"{pair[index]}\n" for pair in pairs)
        (directory / side).write_text(text, "utf-8")
    return directory / "a", directory / "b"


def split(directory, pairs, seed=1):
    found = hold_out(*files(directory, pairs), directory / "out", seed)
    sides = [
        [
            (directory / "out" / f"{name}.{side}").read_text().splitlines()
            for side in ("source", "target")
        ]
        for name in ("train", "dev")
    ]
    return found, *(list(zip(*each, strict=True)) for each in sides)


def test_every_pair_goes_to_one_side_or_is_counted(tmp_path):
    pairs = [*PAIRS, ("", "x"), ("y", " ")]
    counts, train, dev = split(tmp_path, pairs)
    assert counts.blank == 2
    assert (counts.train, counts.dev) == (len(train), len(dev))
    assert counts.train + counts.dev + counts.repeated == len(PAIRS)
    assert set(train) | set(dev) == set(PAIRS)


def test_no_development_pair_is_trained_on(tmp_path):
    counts, train, dev = split(tmp_path, PAIRS)
    assert not set(train) & set(dev)
    assert counts.repeated > 0


def test_the_order_of_the_training_pairs_is_kept(tmp_path):
    unique = [(f"s{i}", f"t{i}") for i in range(200)]
    _, train, dev = split(tmp_path, unique)
    assert train == [pair for pair in unique if pair not in set(dev)]


def test_the_seed_decides_the_draw(tmp_path):
    unique = [(f"s{i}", f"t{i}") for i in range(200)]
    draws = []
    for index, seed in enumerate((1, 1, 2)):
        (tmp_path / str(index)).mkdir()
        draws.append(split(tmp_path / str(index), unique, seed)[2])
    assert draws[0] == draws[1] != draws[2]


def test_unequal_files_are_named_with_their_counts(tmp_path):
    source, target = files(tmp_path, PAIRS)
    target.write_text("one\n", "utf-8")
    with pytest.raises(UserError, match="a has 300 lines and .*b 1. Line i"):
        hold_out(source, target, tmp_path / "out", 1)
    assert not (tmp_path / "out").exists()


def test_pairs_that_are_all_equal_are_refused(tmp_path):
    with pytest.raises(UserError, match="expected pairs that differ"):
        hold_out(*files(tmp_path, PAIRS[:1] * 100), tmp_path / "out", 1)


def test_too_few_pairs_are_refused(tmp_path):
    with pytest.raises(UserError, match="at least 20 pairs .* Received: 3"):
        hold_out(*files(tmp_path, PAIRS[:3]), tmp_path / "out", 1)
