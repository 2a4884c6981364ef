import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import keras_seq2seq
from keras_seq2seq.__main__ import COMMANDS, main

REPOSITORY = Path(__file__).parents[1]
LIMIT = 0.3  # seconds


def seconds(code, runs=5):
    """Least processor time of a fresh interpreter: others may be busy."""

    def spent():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    found = []
    for _ in range(runs):
        before = spent()
        command = [sys.executable, "-c", code]
        subprocess.run(command, check=True, capture_output=True, cwd=REPOSITORY)
        found.append(spent() - before)
    return min(found)


def test_importing_the_package_is_fast():
    assert seconds("import keras_seq2seq") < LIMIT


def test_help_is_fast():
    code = "from keras_seq2seq.__main__ import main; main(['--help'])"
    assert seconds(code) < LIMIT


def test_neither_loads_tensorflow():
    code = (
        "import sys, keras_seq2seq.__main__ as m; m.main(['--help']); "
        "sys.exit(bool({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True
    )
    assert done.returncode == 0


def test_help_names_every_command(capsys):
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    assert all(re.search(rf"^  {name} ", told, re.M) for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_help(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"keras-seq2seq {name}" in capsys.readouterr().out


def test_nothing_typed_is_an_error_that_helps(capsys):
    assert main([]) == 2
    assert "usage" in capsys.readouterr().out


def test_an_unknown_command_brings_the_nearest_to_mind(capsys):
    assert main(["trian"]) == 2
    told = capsys.readouterr().err
    assert "`trian`" in told and "Did you mean `train`?" in told


def test_the_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert keras_seq2seq.__version__ in capsys.readouterr().out


def module():
    return [sys.executable, "-m", "keras_seq2seq"]


def script():
    path = Path(sys.executable).parent / "keras-seq2seq"
    if not path.exists():
        pytest.skip("the package is not installed beside this interpreter")
    return [str(path)]


@pytest.mark.parametrize("command", [module, script])
def test_both_ways_to_start_it_agree(command, capsys):
    done = subprocess.run(
        [*command(), "--help"], cwd=REPOSITORY, capture_output=True, text=True
    )
    main(["--help"])
    assert (done.returncode, done.stdout) == (0, capsys.readouterr().out)


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_a_reader_that_leaves_early_is_no_error():
    command = f"'{sys.executable}' -m keras_seq2seq vocab | head -n 1"
    text = "".join(f"word{i}\n" for i in range(50_000))
    done = subprocess.run(
        ["sh", "-c", command],
        input=text,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""


def test_what_is_printed_is_utf_8_whatever_the_locale_says():
    done = subprocess.run(
        [*module(), "vocab"],
        input="笑\n".encode(),
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        cwd=REPOSITORY,
        capture_output=True,
    )
    assert (done.returncode, done.stdout.decode()) == (0, "笑\t1\n")


def test_the_package_has_no_other_attributes():
    with pytest.raises(AttributeError, match="train_everything"):
        keras_seq2seq.train_everything  # noqa: B018


def test_a_mapping_that_is_given_twice_is_refused(capsys):
    twice = ["--model_params", "{embedding.dim: 3}"] * 2
    assert main(["train", *twice]) == 2
    assert "`--model_params` is given 2 times" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "near", "command"),
    [
        ("config show --batch_sise 16", "--batch_size", "config show"),
        ("sagemaker train --overwrit", "--overwrite", "sagemaker train"),
        ("bpe learn --symbol 3", "--symbols", "bpe learn"),
        ("train --batch_sise=16", "--batch_size", "train"),
    ],
)
def test_an_unknown_flag_brings_the_nearest_of_its_verb_to_mind(
    typed, near, command, capsys
):
    assert main(typed.split()) == 2
    told = capsys.readouterr().err
    assert f"did you mean `{near}`?" in told
    assert f"type keras-seq2seq {command} --help" in told


def test_a_stray_word_is_called_no_flag(capsys):
    assert main(["train", "x.yml"]) == 2
    told = capsys.readouterr().err
    assert "there is no flag in front of `x.yml`" in told
