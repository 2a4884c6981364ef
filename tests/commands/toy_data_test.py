from keras_seq2seq.__main__ import main


def toy(directory, *flags):
    flags = ["--output_dir", directory, "--num_examples", 30, *flags]
    assert main(["toy-data", *map(str, flags)]) == 0
    return {
        str(path.relative_to(directory)): path.read_text()
        for path in directory.rglob("*.txt")
    }


def test_a_corpus_and_its_vocabularies_are_written(tmp_path):
    found = toy(tmp_path, "--type", "reverse", "--min_len", 2, "--max_len", 5)
    splits = ("train", "dev", "test")
    sides = ("sources", "targets")
    assert set(found) == {
        *(f"{split}/{side}.txt" for split in splits for side in sides),
        *(f"train/vocab.{side}.txt" for side in sides),
    }
    sources = found["train/sources.txt"].splitlines()
    targets = found["train/targets.txt"].splitlines()
    assert len(sources) == 30
    for source, target in zip(sources, targets, strict=True):
        assert source.split()[::-1] == target.split()
        assert 2 <= len(source.split()) <= 5


def test_copying_is_the_default(tmp_path):
    found = toy(tmp_path)
    assert found["dev/sources.txt"] == found["dev/targets.txt"]


def test_the_seed_decides(tmp_path):
    first = toy(tmp_path / "1", "--seed", 1)
    assert toy(tmp_path / "2", "--seed", 1) == first
    assert toy(tmp_path / "3", "--seed", 2) != first
