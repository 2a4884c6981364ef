"""Trains variants of a recipe, and tells what each change gives.

    python benchmarks/experiments.py benchmarks/experiments/X.yml \\
        --data_dir DATA --work_dir RUNS

One row per run, same seed and budget. A row that is done already is not run
again. Writes the table of all rows that are done into docs/experiments.md.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

from keras_seq2seq import inference, recipe
from keras_seq2seq.config import yaml_reader
from keras_seq2seq.config.yaml_writer import block
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.errors import UserError
from keras_seq2seq.metrics import score
from keras_seq2seq.metrics.corpus import as_sets

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "experiments.md"
RESULT = "result.json"
HEAD = """# Experiments

What each change to a recipe gave, on its development split. The tables are
written by `benchmarks/experiments.py`, which trains one run per row; the
changes are named as in `benchmarks/experiments/`.
"""


def main(argv=None):
    """Runs what is missing, and writes the table after each row."""
    arguments = _parser().parse_args(argv)
    try:
        plan, _ = yaml_reader.read(arguments.plan)
    except UserError as error:
        sys.exit(f"experiments: {error}")
    name = arguments.plan.stem
    folder = arguments.work_dir / name
    wanted = arguments.rows or plan["rows"]
    unknown = [row for row in wanted if row not in plan["rows"]]
    if unknown:
        sys.exit(f"{arguments.plan} has no row {', '.join(unknown)}.")
    for row in wanted:
        directory = folder / slug(row)
        if not (directory / RESULT).exists():
            train(plan, plan["rows"][row], directory, arguments)
            result = measure(plan, directory)
            write_file(directory / RESULT, json.dumps(result))
        results = known(plan, folder)
        write_file(PAGE, with_table(page(), name, table(plan, results)))
        print(f"{row}: {dict(results)[row]}", flush=True)


def known(plan, folder):
    """Pairs of row and result, as far as they are there, in their order."""
    results = []
    for row in plan["rows"]:
        path = folder / slug(row) / RESULT
        if path.exists():
            results.append((row, json.loads(path.read_text("utf-8"))))
    return results


def train(plan, change, directory, arguments):
    """One run, in a process of its own."""
    base, change = base_of(plan, change)
    layers = [str(ROOT / base)]
    for number, layer in enumerate((plan["budget"], change)):
        path = directory.with_suffix(f".{number}.yml")
        layers.append(str(write_file(path, block(layer))))
    command = [
        *(sys.executable, "-m", "keras_seq2seq", "train"),
        *("--config_paths", ",".join(layers)),
        *("--data_dir", arguments.data_dir, "--output_dir", directory),
    ]
    if arguments.threads:
        command += ["--threads", arguments.threads]
    subprocess.run(list(map(str, command)), check=True)


def base_of(plan, change):
    """What a row changes, its own `recipe` or the plan's, and the change."""
    change = dict(change)
    return change.pop("recipe", plan.get("recipe")), change


def measure(plan, directory):
    """The development split's score with the recipe's search."""
    model = inference.load(directory)
    config = inference.read_run(directory).config
    sources, references = recipe.texts(
        config.input_pipeline_dev, pair=model.tokenizers
    )
    written = [each.text for each in model.generate(sources)]
    found = score(plan["metric"], written, as_sets(references))
    records = (directory / "metrics.jsonl").read_text("utf-8").splitlines()
    return {
        "value": round(found.value, 2),
        "signature": found.signature,
        "parameters": model.count_params(),
        "minutes": round(json.loads(records[-1])["seconds"] / 60, 1),
    }


def table(plan, results):
    """The table as Markdown; changes are against the plan's first row."""
    first = dict(results).get(next(iter(plan["rows"])))
    lines = [
        plan["about"].strip(),
        "",
        f"| {_head(plan)} | dev {plan['metric']} | against the first | "
        "parameters | minutes |",
        "|---|---|---|---|---|",
    ]
    for row, result in results:
        change = f"{result['value'] - first['value']:+.2f}" if first else ""
        lines.append(
            f"| {row} | {result['value']:.2f} | {change} | "
            f"{result['parameters']:,} | {result['minutes']} |"
        )
    return "\n".join([*lines, "", f"Scorer: `{results[0][1]['signature']}`."])


def _head(plan):
    recipe = plan.get("recipe")
    return f"change to `{recipe}`" if recipe else "model"


def page():
    """What the page says now."""
    return PAGE.read_text("utf-8") if PAGE.exists() else HEAD


def with_table(text, name, lines):
    """The page with another section of that name, or one more at the end."""
    section = f"\n## {name}\n\n{lines}\n"
    pattern = re.compile(rf"\n## {re.escape(name)}\n.*?(?=\n## |\Z)", re.DOTALL)
    if pattern.search(text):
        return pattern.sub(lambda _: section, text, count=1)
    return text.rstrip() + "\n" + section


def slug(row):
    """A directory's name for a row."""
    return re.sub(r"[^a-z0-9]+", "_", row.lower()).strip("_")


def _parser():
    made = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    made.add_argument("plan", type=Path)
    made.add_argument("--data_dir", type=Path, required=True)
    made.add_argument("--work_dir", type=Path, required=True)
    made.add_argument("--threads", type=int)
    made.add_argument("--rows", nargs="+", help="only these; default: all")
    return made


if __name__ == "__main__":
    main()
