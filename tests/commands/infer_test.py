import json

import numpy as np
import pytest

from keras_seq2seq.__main__ import main
from tests.commands.small_run import LINES, small_run

pytestmark = pytest.mark.usefixtures("eagerly")

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


def test_unknown_words_are_replaced_along_the_beam(infer, tmp_path):
    """Each by the word that the best hypothesis looks at most."""
    params = {"output_dir": str(tmp_path), "dump_plots": False}
    tasks = [
        {"class": "DecodeText"},
        {"class": "DecodeText", "params": {"unk_replace": True}},
        {"class": "DumpAttention", "params": params},
    ]
    sources = SOURCES[:9]
    flags = ["--model_params", BEAM, "--tasks", json.dumps(tasks)]
    found = infer(*flags, lines=sources)
    assert any("<unk>" in line for line in found[::2])
    with np.load(tmp_path / "attention_scores.npz") as file:
        looks = [file[f"arr_{i}"] for i in range(len(sources))]
    for source, plain, line, attention in zip(
        sources, found[::2], found[1::2], looks, strict=True
    ):
        words = source.split()
        most = attention[:, : len(words)].argmax(axis=1)  # never the end
        expected = [
            words[most[i]] if word == "<unk>" else word
            for i, word in enumerate(plain.split())
        ]
        assert line.split() == expected


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


def test_a_historical_name_of_a_checkpoint_means_ours(infer):
    path = small_run() / "model.ckpt-20"
    expected = infer("--n_best", 1, "--checkpoint", 20)
    assert infer("--n_best", 1, "--checkpoint_path", path) == expected
    assert infer("--n_best", 1, "--checkpoint", "ckpt-20") == expected


def test_several_tasks_share_one_pass(infer, tmp_path):
    tasks = [
        {"class": "DecodeText"},
        {"class": "DumpAttention", "params": {"output_dir": str(tmp_path)}},
        {"class": "DumpBeams", "params": {"file": str(tmp_path / "b.npz")}},
        {"class": "DecodeText", "params": {"delimiter": "+"}},
    ]
    lines = ["a a", "b b", "c c c", "", "笑 笑 笑"]
    flags = ["--model_params", BEAM, "--tasks", json.dumps(tasks)]
    found = infer(*flags, lines=lines)
    plain = infer("--model_params", BEAM, lines=lines)
    assert found[::2] == plain
    assert found[1::2] == [line.replace(" ", "+") for line in plain]
    with np.load(tmp_path / "attention_scores.npz") as file:
        shapes = [file[f"arr_{i}"].shape for i in range(5)]
        attention = file["arr_2"]
    assert [width for _, width in shapes] == [3, 3, 4, 0, 4]
    np.testing.assert_allclose(attention.sum(1), 1, rtol=1e-5)
    assert (tmp_path / "00004.png").exists()
    with np.load(tmp_path / "b.npz") as file:
        assert file["predicted_ids"].shape[::2] == (5, 4)
        assert file["lengths"][3] == 0


def test_tasks_without_text_write_nothing_to_standard_output(infer, tmp_path):
    params = {"output_dir": str(tmp_path)}
    tasks = json.dumps([{"class": "DumpAttention", "params": params}])
    assert infer("--tasks", tasks, lines=LINES[:2]) == []


def test_a_task_of_ones_own_needs_permission(infer, capsys):
    name = "tests.commands.own_task"
    tasks = json.dumps([{"class": f"{name}.Count", "params": {"unit": "x"}}])
    model = ["--model_dir", str(small_run())]
    assert main(["infer", *model, "--tasks", tasks]) == 2
    assert f"--allow_import {name}" in capsys.readouterr().err
    found = infer("--tasks", tasks, "--allow_import", name, lines=LINES[:2])
    best = [
        each["text"]
        for each in ranked(infer("--n_best", 2, lines=LINES[:2]))
        if each["rank"] == 1
    ]
    assert found == [f"{len(text.split()) + 1} x of 1" for text in best]


@pytest.mark.parametrize(
    ("tasks", "told"),
    [
        ("{class: tests.commands.own_task.Count, params: {u: 1}}", "params: "),
        ("{class: tests.commands.own_task.NoTask}", "inherits"),
        ("{class: tests.commands.own_task.Nothing}", "cannot be imported"),
        ("{class: DumpBeams, params: {file: b.npz}}", "beam_width: 5"),
    ],
)
def test_tasks_that_cannot_be_are_explained(capsys, tasks, told):
    model = ["--model_dir", str(small_run())]
    allow = ["--allow_import", "tests.commands.own_task"]
    assert main(["infer", *model, *allow, "--tasks", tasks]) == 2
    assert told in capsys.readouterr().err


def test_a_model_averaged_with_itself_is_itself(infer, tmp_path):
    run = str(small_run())
    expected = ranked(infer("--n_best", 2))
    found = ranked(infer("--n_best", 2, "--model_dir", run))
    for one, other in zip(found, expected, strict=True):
        assert one["text"] == other["text"]
        assert one["log_prob"] == pytest.approx(other["log_prob"], abs=1e-4)


def test_weights_of_the_last_checkpoints_are_averaged(infer):
    newest = ranked(infer("--n_best", 1, "--checkpoint", "latest"))
    assert ranked(infer("--n_best", 1, "--checkpoint", "last:1")) == newest
    assert ranked(infer("--n_best", 1, "--checkpoint", "last:3")) != newest


@pytest.mark.parametrize("which", ["last:99", "best:0"])
def test_an_average_needs_so_many_checkpoints(capsys, which):
    model = ["--model_dir", str(small_run())]
    assert main(["infer", *model, "--checkpoint", which]) == 2
    assert str(small_run()) in capsys.readouterr().err


def test_one_checkpoint_makes_no_ensemble(capsys):
    run = small_run()
    models = f"{run},{run}"
    flags = ["--model_dir", models, "--checkpoint_path", str(run / "ckpt-20")]
    assert main(["infer", *flags]) == 2
    assert "2 models" in capsys.readouterr().err


def test_each_line_is_answered_before_the_next_is_read(capsys, monkeypatch):
    answers = []

    class Terminal:
        """Standard input that looks at the output whenever it is read."""

        lines = [b"a b\n", b"c\n", b"d e\n"]

        def __iter__(self):
            for line in self.lines:
                answers.append(capsys.readouterr().out.count("\n"))
                yield line

        buffer = property(lambda self: self)

        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    assert main(["infer", "--model_dir", str(small_run())]) == 0
    assert answers == [0, 1, 1]


def test_a_pipe_may_ask_for_answers_at_once(infer):
    assert infer("--interactive") == infer()


def ranked(lines):
    return [json.loads(line) for line in lines]


def test_settings_may_come_from_a_file_and_flags_win(infer, written):
    text = ["n_best: 3", f"model_params: {BEAM}"]
    path = written(text, "infer.yml")
    assert infer("--config_path", path, "--n_best", 2) == infer(
        "--model_params", BEAM, "--n_best", 2
    )


SOCKEYE = [*LINES[:4], "", "unheard of"]
PENALTY = ["--beam_size", 3, "--length_penalty_alpha", 1]


def test_sockeyes_scores_are_ours_with_another_sign(infer):
    ours = ranked(infer(*PENALTY, "--n_best", 1, lines=SOCKEYE))
    flags = [*PENALTY, "--output_type", "translation_with_score"]
    for line, one in zip(infer(*flags, lines=SOCKEYE), ours, strict=True):
        score, text = line.split("\t")
        assert text == one["text"]
        if one["text"]:
            assert float(score) == pytest.approx(-one["score"], abs=6e-4)
            mean = one["log_prob"] / (len(text.split()) + 1)
            assert one["score"] == pytest.approx(mean, abs=1e-4)


def test_json_lines_pass_what_they_hold_through(infer):
    lines = [json.dumps({"text": x, "id": [x]}) for x in SOCKEYE]
    flags = [*PENALTY, "--json_input", "--output_type", "json"]
    found = ranked(infer(*flags, "--chunk_size", 2, lines=lines))
    assert [each["id"] for each in found] == [[x] for x in SOCKEYE]
    texts = infer(*PENALTY, lines=SOCKEYE)
    assert [each["translation"] for each in found] == texts


def test_what_json_lines_hold_is_passed_to_one_task(tmp_path, capsys):
    flags = ["--json_input", "--output_type", "json"]
    flags += ["--tasks", "[{class: DecodeText}, {class: DecodeText}]"]
    assert main(["infer", "--model_dir", str(tmp_path), *flags]) == 2
    assert "goes with one DecodeText. Received: 2" in capsys.readouterr().err


def test_a_bad_json_line_is_named(capsys, standard_input):
    standard_input('{"text": "a"}\n{"txt": "a"}\n')
    model = ["--model_dir", str(small_run())]
    assert main(["infer", *model, "--json_input"]) == 2
    assert "standard input:2" in capsys.readouterr().err


def test_long_sources_are_translated_in_pieces(infer):
    words = " ".join("abcdefgh")
    pieces = ["a b c", "d e f", "g h"]
    (whole,) = infer("--max_input_len", 3, lines=[words])
    found = infer(lines=pieces)
    assert whole.split() == " ".join(found).split()


def test_an_output_may_be_a_file(infer, tmp_path):
    path = tmp_path / "out.txt"
    assert infer("--output", path, lines=SOCKEYE) == []
    assert path.read_text().split("\n")[:-1] == infer(lines=SOCKEYE)


def test_beams_are_stored_as_json(infer):
    found = ranked(
        infer(*PENALTY, "--output_type", "beam_store", lines=SOCKEYE)
    )
    assert [each["id"] for each in found] == [1, 2, 3, 4, 6]
    for each in found:
        assert len(each["predicted_tokens"]) == each["number_steps"]
        assert len(each["scores"][0]) == 3


def test_samples_are_those_of_the_seed(infer):
    flags = ["--sample", "--softmax_temperature", 2]
    lines = SOCKEYE[:4] * 3
    one, other = (infer(*flags, "--seed", seed, lines=lines) for seed in (1, 2))
    assert one != other
    # Asked in another way, since what was asked before is remembered.
    assert infer(*flags, "--seed", 1, "--chunk_size", 99, lines=lines) == one
    assert infer("--sample", 1, lines=lines) == infer(lines=lines)


def test_in_a_log_linear_ensemble_a_model_with_itself_is_itself(infer):
    twins = ["--model_dir", small_run(), "--ensemble_mode", "log_linear"]
    assert infer(*twins, lines=SOCKEYE) == infer(lines=SOCKEYE)


def test_a_checkpoint_is_named_once(capsys):
    named = ["--checkpoint", "best", "--checkpoint_path", "run/ckpt-5"]
    assert main(["infer", "--model_dir", "run", *named]) == 2
    assert "Received: best and run/ckpt-5" in capsys.readouterr().err
