import json

import pytest

from keras_seq2seq.__main__ import main
from tests.commands.small_run import LINES, small_run

BEAM = "{inference.beam_search.beam_width: 4}"
SOURCES = [*LINES[:9], "", "   ", "h", "unheard of", "a\u2028b"]


@pytest.fixture(scope="module")
def answers():
    """What was asked before, and the answer: decoding takes seconds."""
    return {}


@pytest.fixture
def infer(capsys, standard_input, answers):
    """Lines of `infer` over lines of standard input."""

    def run(*flags, lines=SOURCES):
        asked = (*map(str, flags), *lines)
        if asked not in answers:
            standard_input("".join(f"{line}\n" for line in lines))
            model = ["--model_dir", str(small_run())]
            assert main(["infer", *model, *map(str, flags)]) == 0
            answers[asked] = capsys.readouterr().out.split("\n")[:-1]
        return answers[asked]

    return run


@pytest.fixture
def written(tmp_path):
    """A file of given lines."""

    def write(lines, name="source.txt"):
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    return write


def task(**params):
    return json.dumps([{"class": "DecodeText", "params": params}])


def pipeline(path):
    params = {"source_files": [str(path)]}
    return json.dumps({"class": "ParallelTextInputPipeline", "params": params})


def test_there_is_one_line_per_line_and_blank_ones_stay_blank(infer):
    found = infer()
    assert len(found) == len(SOURCES)
    assert found[9:11] == ["", ""]
    assert all(found[:9])


def test_no_lines_give_no_lines(infer):
    assert infer(lines=[]) == []


def test_a_pipeline_says_the_same_as_standard_input(infer, written):
    path = written(SOURCES)
    assert infer("--input_pipeline", pipeline(path), lines=[]) == infer()


def test_standard_input_must_be_utf_8(capsys, standard_input):
    standard_input(b"a b\n\xff\n")
    assert main(["infer", "--model_dir", str(small_run())]) == 2
    assert "standard input:2: expected UTF-8" in capsys.readouterr().err


def test_neither_batch_size_nor_order_matters(infer):
    expected = infer()
    assert infer("--batch_size", 1) == expected
    assert infer("--batch_size", 3, lines=SOURCES[::-1]) == expected[::-1]


def test_n_best_gives_ranked_json_lines(infer):
    found = [json.loads(line) for line in infer("--n_best", 3)]
    assert set(found[0]) == {"line", "rank", "text", "log_prob", "score"}
    numbers = [(each["line"], each["rank"]) for each in found]
    assert numbers == sorted(numbers)
    by_line = {}
    for each in found:
        by_line.setdefault(each["line"], []).append(each)
    assert set(by_line) == set(range(1, len(SOURCES) + 1))
    for ranks in (by_line[1], by_line[2]):
        scores = [each["score"] for each in ranks]
        assert len({each["text"] for each in ranks}) == 3
        assert scores == sorted(scores, reverse=True)


def test_a_blank_line_has_one_blank_hypothesis(infer):
    (found,) = infer("--n_best", 3, lines=[""])
    assert json.loads(found)["text"] == ""


def test_a_beam_finds_no_less_than_greedy_search(infer):
    greedy = infer("--n_best", 1)
    beam = infer("--n_best", 1, "--model_params", BEAM)
    for one, other in zip(greedy, beam, strict=True):
        assert (
            json.loads(other)["log_prob"] >= json.loads(one)["log_prob"] - 1e-4
        )


def test_a_wide_beam_prints_its_best_line(infer):
    best = infer("--model_params", BEAM)
    ranked = infer("--model_params", BEAM, "--n_best", 1)
    assert best == [json.loads(line)["text"] for line in ranked]


def test_unknown_words_become_the_source_word_with_most_attention(infer):
    plain, replaced = infer(), infer("--tasks", task(unk_replace=True))
    assert any("<unk>" in line for line in plain)
    found = list(zip(SOURCES, plain, replaced, strict=True))
    for source, one, other in found[:-1]:  # the last has no plain words
        for word, instead in zip(one.split(), other.split(), strict=True):
            expected = source.split() if word == "<unk>" else [word]
            assert instead in expected


def test_words_that_no_vocabulary_knows_are_copied(infer):
    names = ["Zaphod", "Zaphod Trillian", "Marvin Zaphod Trillian"]
    found = infer("--tasks", task(unk_replace=True), lines=names)
    for source, line in zip(names, found, strict=True):
        assert set(line.split()) <= {*source.split(), "a", "b"}
    assert any("Zaphod" in line for line in found)


def test_unknown_words_are_mapped(infer, written):
    mapping = written([f"{word}\t{word * 2}\t0.5" for word in "abcdefgh"])
    found = infer("--tasks", task(unk_replace=True, unk_mapping=str(mapping)))
    copied = infer("--tasks", task(unk_replace=True))
    for one, other in zip(found[:9], copied[:9], strict=True):
        for word, alone in zip(one.split(), other.split(), strict=True):
            assert word in (alone, alone * 2)
    assert any(len(word) == 2 for word in found[1].split())


def test_unknown_words_are_replaced_along_the_beam(infer):
    flags = ["--model_params", BEAM, "--tasks", task(unk_replace=True)]
    assert not any("<unk>" in line for line in infer(*flags))


def test_a_delimiter_joins_the_tokens(infer):
    found = infer("--tasks", task(delimiter="+"))
    assert found == [line.replace(" ", "+") for line in infer()]


def test_post_processing_comes_last(infer):
    found = infer("--tasks", task(delimiter="@@ ", postproc_fn="strip_bpe"))
    assert found == [line.replace(" ", "") for line in infer()]


def test_functions_of_ones_own_need_permission(infer, capsys):
    flags = ["--tasks", task(postproc_fn="textwrap.dedent")]
    model = ["--model_dir", str(small_run())]
    assert main(["infer", *model, *flags]) == 2
    assert "--allow_import textwrap" in capsys.readouterr().err
    assert infer(*flags, "--allow_import", "textwrap") == infer()


def test_the_best_checkpoint_is_the_default(infer):
    assert (small_run() / "best").read_text() == "ckpt-60\n"
    path = small_run() / "ckpt-60"
    expected = infer("--n_best", 1)
    assert infer("--n_best", 1, "--checkpoint_path", path) == expected


def test_a_step_names_a_checkpoint(infer):
    assert infer("--n_best", 1, "--checkpoint", 20) != infer("--n_best", 1)


def test_settings_may_come_from_a_file_and_flags_win(infer, written):
    text = ["n_best: 3", f"model_params: {BEAM}"]
    path = written(text, "infer.yml")
    assert infer("--config_path", path, "--n_best", 2) == infer(
        "--model_params", BEAM, "--n_best", 2
    )
