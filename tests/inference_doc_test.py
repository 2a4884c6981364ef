import argparse
import re
from pathlib import Path

import pytest

from keras_seq2seq.commands import infer
from keras_seq2seq.config.task_schema import TASKS
from keras_seq2seq.config.wiki_inference import OLD_FLAGS

TEXT = (Path(__file__).parents[1] / "docs" / "inference.md").read_text("utf-8")


def first_column(section):
    """What the rows of a section's first table begin with."""
    text = re.split(rf"^#+ {section}\n", TEXT, flags=re.MULTILINE)[1]
    text = re.split(r"^#", text, flags=re.MULTILINE)[0]
    return re.findall(r"^\| `(.*?)` \|", text, re.MULTILINE)


def test_the_page_names_every_flag_but_the_old_ones():
    parser = argparse.ArgumentParser(add_help=False)
    infer.add_arguments(parser)
    flags = {action.option_strings[0] for action in parser._actions}
    flags -= {f"--{name}" for name in OLD_FLAGS}
    assert sorted(first_column("Flags")) == sorted(flags)


@pytest.mark.parametrize("name", TASKS)
def test_the_page_names_every_param_of_a_task(name):
    described = first_column(name)
    params = list(TASKS[name].keys())
    assert described[: len(params)] == params


def test_the_task_on_the_page_is_one(tmp_path):
    (code,) = re.findall(r"```python\n# my_tasks.py\n(.*?)```", TEXT, re.DOTALL)
    found = {}
    exec(code, found)
    blank = argparse.Namespace(text="", tokens=(), log_prob=0.0)
    assert found["Confident"](least=-0.5)(blank) == ""
    assert found["Confident"](least=0.5)(blank) == "?"
