"""Writes a run's results on a test split into the recipe it came from.

    python benchmarks/publish.py RUN_DIR zoo/quickstart.yml \\
        --metric wer,per --source test.words --target test.phones

    python benchmarks/publish.py RUN_DIR zoo/image2seq_flickr8k.yml \\
        --metric bleu_4 --input_pipeline '{class: ..., params: {...}}'

The metric `perplexity` is that of the split's targets, per token, END counted.

Replaces the recipe's `published:` block, comments elsewhere stay, and writes
`zoo/<name>.metrics.jsonl`. The numbers belong to a commit, so nothing outside
`zoo/` may differ from it, the run must be younger than the commit, and the
run's settings must be those of the recipe.
"""

import argparse
import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from keras_seq2seq import inference
from keras_seq2seq.config.files import load
from keras_seq2seq.config.inference_flags import checked_pipeline
from keras_seq2seq.config.yaml_writer import block
from keras_seq2seq.data.lines import read_lines
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.errors import UserError
from keras_seq2seq.metrics import score
from keras_seq2seq.metrics.corpus import as_sets
from keras_seq2seq.recipe import texts
from keras_seq2seq.run_files import CONFIG_FILE, check_unchanged, read_run

# The key, and all lines up to the next one that begins at the margin.
BLOCK = re.compile(r"^published:.*\n(?:[ -].*\n|\n)*", re.MULTILINE)

PERPLEXITY = "perplexity"
PLACES, SHARE_PLACES = 2, 4  # decimal places: of ROUGE, which is at most 1
PER_TOKEN = "tokens of the target vocabulary, END counted"

# What may change when a run goes on, but not before it is published.
ENDING = ("train_steps", "minutes", "average")


def main(argv=None):
    arguments = _parser().parse_args(argv)
    of_files = arguments.source and (
        arguments.target or arguments.target_column is not None
    )
    if bool(of_files) == bool(arguments.input_pipeline):
        sys.exit(
            "publish: give either --input_pipeline, or --source with --target "
            "or --target_column, which says what to expect."
        )
    try:
        commit = clean_commit(arguments.recipe, arguments.run_dir)
        check_recipe(arguments.recipe, arguments.run_dir)
        results = measure(arguments, commit)
        publish(arguments.recipe, arguments.run_dir, results)
    except UserError as error:
        sys.exit(f"publish: {error}")
    print(described(results), end="")


def clean_commit(recipe, run_dir):
    """The commit checked out, if the run can be one of its own.

    Args:
        recipe: path of the recipe, inside the repository.
        run_dir: path of the run.

    Returns:
        str: the whole hash.

    Raises:
        UserError: files outside `zoo/` that are changed or not committed, or
            a run that began before the commit was made.
    """
    folder = Path(recipe).resolve().parent
    root = Path(_git(folder, "rev-parse", "--show-toplevel"))
    changed = _git(root, "status", "--porcelain", "--", ".", ":!zoo")
    if changed:
        raise UserError(
            "Numbers belong to a commit, but the tree differs from it:\n"
            f"{changed}\nCommit or stash, train again, then publish."
        )
    commit, made = _git(root, "log", "-1", "--format=%H %ct").split()
    if (Path(run_dir) / CONFIG_FILE).stat().st_mtime < int(made):
        raise UserError(
            f"{run_dir} began before commit {commit[:12]} was made. Train "
            "again, or check out the commit of the run."
        )
    return commit


def _git(folder, *arguments):
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True
    )
    if done.returncode:
        raise UserError(done.stderr.strip())
    return done.stdout.rstrip()


def check_recipe(recipe, run_dir):
    """Refuses a run with other settings than the recipe's."""
    stored = read_run(run_dir).config
    places = {"data_dir": stored.data_dir, "output_dir": stored.output_dir}
    described = load([recipe], places)
    if described.batch_shards is None:  # as many as the machine has cores
        update = {"batch_shards": stored.batch_shards}
        described = described.model_copy(update=update)
    check_unchanged(stored, described, run_dir)
    for name in ENDING:
        has, says = getattr(stored, name), getattr(described, name)
        if has != says:
            raise UserError(
                f"{run_dir} was trained with {name} {has}, but {recipe} says "
                f"{says}. Train again as the recipe says."
            )


def measure(arguments, commit):
    """Generates for the test split and scores.

    Returns:
        list of dict: one per metric.
    """
    run_dir = Path(arguments.run_dir)
    model = inference.load(run_dir, arguments.checkpoint)
    pipeline = split_of(arguments)
    lines = list(read_lines(run_dir / "metrics.jsonl"))
    records = [json.loads(line) for line in lines]
    seconds = records[-1]["seconds"]
    tokens = sum(record["tokens"] for record in records)
    run = {
        "split": arguments.split,
        "commit": commit,
        "minutes": round(seconds / 60, 1),
        "tokens_per_second": round(tokens / seconds),
        "command": arguments.command or _command(arguments.recipe),
    }
    written, references = None, None
    results = []
    for name in arguments.metric.split(","):
        if name == PERPLEXITY:
            config = read_run(run_dir).config
            measured = inference.evaluate(model, pipeline, config)
            value, signature = measured[name], PER_TOKEN
        else:
            if written is None:
                written, references = answers(model, pipeline)
            found = score(name, written, references, arguments.tokenize)
            value, signature = found.value, found.signature
        places = SHARE_PLACES if name.startswith("rouge") else PLACES
        result = {"metric": name, "value": round(value, places)}
        results.append(result | {"signature": signature} | run)
    return results


def split_of(arguments):
    """The test split as a section `{class, params}`."""
    if arguments.input_pipeline:
        return checked_pipeline(arguments.input_pipeline)
    params = {
        "source_files": arguments.source,
        "target_files": arguments.target,
        "source_column": arguments.source_column,
        "target_column": arguments.target_column,
    }
    given = {name: value for name, value in params.items() if value is not None}
    section = {"class": "ParallelTextInputPipeline", "params": given}
    return checked_pipeline(json.dumps(section))


def answers(model, pipeline):
    """What the model writes, and references as `score` takes them."""
    sources, references = texts(pipeline, pair=model.tokenizers)
    written = [each.text for each in model.generate(sources)]
    return written, as_sets(references)


def _command(recipe):
    return (
        f"keras-seq2seq train --config_paths zoo/{Path(recipe).name} "
        "--data_dir DATA"
    )


def publish(recipe, run_dir, results):
    """Writes the block and the course of the run beside the recipe."""
    recipe = Path(recipe)
    text = recipe.read_text(encoding="utf-8")
    write_file(recipe, with_block(text, results))
    course = (Path(run_dir) / "metrics.jsonl").read_bytes()
    write_file(recipe.with_suffix(".metrics.jsonl"), course)


def with_block(text, results):
    """A recipe's text with another `published:` block.

    Args:
        text: str. The recipe.
        results: list of dict.

    Returns:
        str. The block stands where it stood, or at the end.
    """
    published, text = described(results), f"{text.rstrip()}\n"
    if BLOCK.search(text):
        return BLOCK.sub(lambda _: published, text, count=1)
    return f"{text}\n{published}"


def described(results):
    """The block as YAML."""
    return f"published:\n{textwrap.indent(block(results), '  ')}"


def _parser():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], allow_abbrev=False
    )
    parser.add_argument("run_dir", help="train's output_dir")
    parser.add_argument("recipe", help="zoo/<name>.yml")
    parser.add_argument("--metric", required=True, help="names with commas")
    parser.add_argument("--source", help="of the test split")
    parser.add_argument(
        "--target", help="its references; default: --source's file"
    )
    parser.add_argument(
        "--input_pipeline", help="YAML of a test split: {class, params}"
    )
    parser.add_argument("--source_column", type=int, help="of a TSV, from 0")
    parser.add_argument("--target_column", type=int, help="of a TSV, from 0")
    parser.add_argument("--split", default="test", help="its name")
    parser.add_argument("--tokenize", default="none", help="for BLEU")
    parser.add_argument("--checkpoint", help="averaged, best, latest or a step")
    parser.add_argument("--command", help="that trained it; default: train")
    return parser


if __name__ == "__main__":
    main()
