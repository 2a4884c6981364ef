"""The metrics of a run's evaluations, as tables that others read."""

import csv
import io
import json
import re

from keras_seq2seq.config.yaml_reader import parse_json
from keras_seq2seq.data.lines import read_all
from keras_seq2seq.errors import UserError

NUMBER = re.compile(r"\d{1,18}", re.ASCII)

# Names of ours that Sockeye spelled otherwise, of neither side of the data.
SOCKEYE_NAMES = {
    "seconds": "time-elapsed",
    "step": "updates",
    "epoch": "epoch",
    "learning_rate": "learning-rate",
    "gradient_norm": "gradient-norm-train",
}
OF_BOTH_SIDES = ("loss", "perplexity", "accuracy", "tokens")
PERCENT = ("bleu", "multi_bleu", "chrf")  # there between 0 and 1
SOCKEYE_BLEU = "sockeye_bleu"  # there it is the only one, and called bleu


def read_metrics(path):
    """The evaluations that `metrics.jsonl` holds.

    Returns:
        list of dict, oldest first; a value that is no finite number is None.

    Raises:
        UserError: a damaged line, by its number.
    """
    records = []
    for number, line in enumerate(read_all(path), start=1):
        record = parse_json(line, f"{path}:{number}")
        if not isinstance(record, dict):
            raise UserError(
                f"{path}:{number}: expected a JSON object. Received: "
                f"{line[:60]!r}"
            )
        records.append(record)
    return records


def to_json(records):
    """JSON lines."""
    return "".join(json.dumps(record) + "\n" for record in records)


def to_csv(records):
    """A table with a column for every name, empty where there is no value."""
    names = list(dict.fromkeys(name for each in records for name in each))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def to_sockeye(records):
    """Lines `number<TAB>name=value<TAB>...`, numbered from 1, names sorted.

    Names are Sockeye's: `perplexity-train`, `perplexity-val`, `bleu-val`,
    `learning-rate`, `time-elapsed`; BLEU and chrF lie between 0 and 1 as there.
    `sockeye_bleu` is called `bleu` and stands in the place of another `bleu`.
    What is no finite number is left out.
    """
    lines = []
    for number, record in enumerate(records, start=1):
        given = dict(
            _renamed(name, value)
            for name, value in record.items()
            if not (_twice(name, record) or _outdone(name, record))
        )
        fields = [
            f"{name}={value}"
            for name, value in sorted(given.items())
            if value is not None
        ]
        lines.append("\t".join([str(number), *fields]) + "\n")
    return "".join(lines)


def from_sockeye(text):
    """What a metrics file of Sockeye says.

    Returns:
        list of dict `{"checkpoint": int, name: number or text}`.

    Raises:
        UserError: a line of another form, by its number.
    """
    records = []
    for number, line in enumerate(text.splitlines(), start=1):
        first, *fields = line.split("\t")
        pairs = [field.partition("=") for field in fields]
        counted = NUMBER.fullmatch(first)
        if not counted or not all(equals for _, equals, _ in pairs):
            raise UserError(
                f"line {number}: expected `number<TAB>name=value<TAB>...`. "
                f"Received: {line[:60]!r}"
            )
        values = {name: _number(value) for name, _, value in pairs}
        records.append({"checkpoint": int(first), **values})
    return records


def _renamed(name, value):
    """Sockeye's name and value of one of ours."""
    if name in SOCKEYE_NAMES:
        return SOCKEYE_NAMES[name], value
    bare = name.removeprefix("val_")
    side = "train" if bare == name else "val"
    if bare.startswith(PERCENT) and value is not None:
        value = value / 100
    bare = bare.replace(SOCKEYE_BLEU, "bleu")
    return f"{bare.replace('_', '-')}-{side}", value


def _twice(name, record):
    """Whether a score of the development set stands there as `val_` too."""
    twin = record.get(f"val_{name}")
    return name not in OF_BOTH_SIDES and twin == record[name] is not None


def _outdone(name, record):
    """Whether it is a BLEU beside Sockeye's own of the same texts."""
    bare = name.removeprefix("val_")
    own = name.replace("bleu", SOCKEYE_BLEU)
    return bare in ("bleu", "bleu_teacher_forced") and own in record


def _number(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
