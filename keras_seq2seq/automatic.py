"""Training without a configuration: two files and a time limit.

What `keras-seq2seq train --source A --target B --minutes M` does before it
trains: it holds out development pairs, looks at the text, chooses settings,
measures this machine, and writes all of it as a configuration file.
"""

import collections
import json
import math
import tempfile
from pathlib import Path

import keras
import numpy as np

from keras_seq2seq import recipe
from keras_seq2seq.checkpoint.lock import locked
from keras_seq2seq.config import automatic as rules
from keras_seq2seq.config.files import lay_over, load
from keras_seq2seq.config.yaml_writer import block
from keras_seq2seq.data.hold_out import hold_out
from keras_seq2seq.data.lines import one_file, read_lines
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.distribution import configure_for, has_bfloat16
from keras_seq2seq.errors import UserError
from keras_seq2seq.run_files import (
    CONFIG_FILE,
    SET_ASIDE,
    unwritten_if_refused,
)
from keras_seq2seq.set_up import compiled_model
from keras_seq2seq.step_timing import time_steps

CONFIGURATION = "automatic.yml"
ORIGIN = "automatic.json"
DATA = "automatic_data"
SAMPLE_LINES = 200_000
PERCENTILE = 99.5
TIMED_STEPS = 24
# Flags that the configuration does not repeat: where it lies, and the limit
# that `schedule` writes.
ELSEWHERE = ("output_dir", "minutes")


def automatic(source, target, minutes, flags, allowed=(), say=print):
    """Chooses a configuration, or takes the one chosen before.

    Args:
        source, target: paths of text files; line i belongs to line i.
        minutes: float or None. For the training; None sets no limit.
        flags: mapping of settings that the user gave, as `load` has it; they
            win over what is chosen, and what follows from them is chosen
            accordingly.
        allowed: modules of the user's own that may be imported.
        say: callable that shows a line to the user.

    Returns:
        Config.

    Raises:
        UserError: files that don't fit each other, or a run directory that
            belongs to another training.
    """
    flags = dict(flags)
    if not flags.get("output_dir"):
        flags["output_dir"] = tempfile.mkdtemp(prefix="keras_seq2seq-")
        say(f"Run directory: {flags['output_dir']}")
    directory = Path(flags["output_dir"]).absolute()
    origin = _origin(source, target)
    path = directory / CONFIGURATION
    if path.exists():
        _check_origin(directory / ORIGIN, origin)
        say(f"Going on with {path}.")
        return load([path], flags)
    _check_untouched(directory, origin)
    existed = directory.exists()
    with locked(directory), unwritten_if_refused(directory, existed):
        text = _choose(directory, origin, minutes, flags, allowed, say)
        write_file(directory / ORIGIN, json.dumps(origin, indent=1))
        write_file(path, text)  # last: with it the choice is made
    say(f"Chosen, in {path}; edit it and type `train --config_paths {path}`:")
    for line in text.splitlines():
        say(f"  {line}")
    return load([path], flags)


def _choose(directory, origin, minutes, flags, allowed, say):
    """Holds out, looks, measures; returns the text of a configuration."""
    data = directory / DATA
    began_before = data.is_dir()
    split = hold_out(origin["source"], origin["target"], data, seed=1)
    say(
        f"Held out {split.dev:,} of {split.train + split.dev:,} pairs for "
        f"development. Left out: {split.blank:,} with a blank side, "
        f"{split.repeated:,} that repeat a held-out pair."
    )
    facts = look_at(data, split)
    model = flags.get("model") or rules.MODEL
    chosen = {**rules.settings(facts, model), **_pipelines(data)}
    own = {name: flags[name] for name in flags if name not in ELSEWHERE}
    laid = rules.reconciled(lay_over(chosen, own))
    untimed = write_file(data / "untimed.yml", block(laid))
    config = load([untimed])
    for one in config.prepare:
        path = directory / one.output
        if path.exists() and not began_before:
            raise UserError(
                f"{path} is there already, and would be replaced. Type "
                "another --output_dir."
            )
        path.unlink(missing_ok=True)
    say("Timing some steps on this machine.")
    pace = measure(config, directory, allowed)
    schedule = rules.schedule(facts, pace, minutes, config.train_steps)
    untimed.unlink()
    chosen = rules.reconciled(lay_over(_merged(chosen, schedule), own))
    return _comment(origin, facts, pace) + block(chosen)


def look_at(data, split):
    """`Facts` of `train.source` and `train.target` in a directory."""
    every = -(-split.train // SAMPLE_LINES)
    sides, letters = [], []
    for side in ("source", "target"):
        lines = read_lines(data / f"train.{side}")
        one, counts = _side(lines, every)
        sides.append(one)
        letters.append(counts)
    totals = [max(1, sum(counts.values())) for counts in letters]
    shared = sum(
        min(letters[0][each] / totals[0], letters[1][each] / totals[1])
        for each in letters[0]
    )
    return rules.Facts(
        split.train, split.dev, *sides, round(shared, 4), has_bfloat16()
    )


def _side(lines, every):
    """`Side` of a sample, one in `every` lines, and counts of its letters."""
    types, letters = set(), collections.Counter()
    words, characters = [], []
    for number, line in enumerate(lines):
        if number % every:
            continue
        cut = line.split()
        types.update(cut)
        letters.update("".join(cut))
        words.append(len(cut))
        characters.append(len(line))
    side = rules.Side(
        words=every * sum(words),
        types=len(types),
        letters=len(letters),
        characters=every * sum(letters.values()),
        longest_words=int(np.percentile(words, PERCENTILE)),
        longest_characters=int(np.percentile(characters, PERCENTILE)),
    )
    return side, letters


def measure(config, directory, allowed=()):
    """`Pace` of this machine with what a configuration describes."""
    configure_for(config)
    keras.utils.set_random_seed(config.tf_random_seed)
    keras.config.set_dtype_policy(config.precision)
    pair = recipe.tokenizers(config, recipe.prepare(config, directory))
    bucketing = recipe.bucketing(config, recipe.training_pairs(config, pair))
    model, *_ = compiled_model(config, pair, allowed)
    seconds = time_steps(model, bucketing, TIMED_STEPS).seconds
    # The training shall begin as if nothing had been.
    keras.backend.clear_session()
    sampling = config.subword_sampling
    return rules.Pace(
        60 * TIMED_STEPS / seconds,
        math.ceil(
            bucketing.steps_per_epoch / (sampling.copies if sampling else 1)
        ),
    )


def _origin(source, target):
    """What a training is made from, to know it again."""
    files = {}
    for name, given in (("source", source), ("target", target)):
        found = one_file(given)
        files[name] = str(found.resolve())
        files[f"{name}_bytes"] = found.stat().st_size
    return files


def _check_untouched(directory, origin):
    """Demands that nothing of another training or of the user's is hurt."""
    if any((directory / each).exists() for each in (CONFIG_FILE, *SET_ASIDE)):
        raise UserError(
            f"{directory} holds a training with a configuration of its own. "
            "Type another --output_dir."
        )
    folder = (directory / DATA).resolve()
    for side in ("source", "target"):
        if folder in Path(origin[side]).parents:
            raise UserError(
                f"--{side} {origin[side]} lies where the training keeps its "
                "own copies. Type another --output_dir."
            )


def _check_origin(path, origin):
    """Demands that a directory's training is made from the same files."""
    try:
        stored = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        stored = None
    if stored != origin:
        raise UserError(
            f"{path.parent} holds a training of other files. Type another "
            "--output_dir."
        )


def _pipelines(data):
    """The data's part of a configuration."""
    return {
        "data_dir": str(data),
        **{
            f"input_pipeline_{split}": {
                "class": "ParallelTextInputPipeline",
                "params": {
                    "source_files": f"{split}.source",
                    "target_files": f"{split}.target",
                },
            }
            for split in ("train", "dev")
        },
    }


def _merged(chosen, more):
    params = {**chosen["model_params"], **more["model_params"]}
    return {**chosen, **more, "model_params": params}


def _comment(origin, facts, pace):
    """What a configuration was chosen from."""
    sides = [
        f"# {side}: {one.words / facts.pairs:.1f} words of "
        f"{one.characters / max(1, one.words):.1f} letters a line, "
        f"{one.types:,} different,"
        for side, one in (("source", facts.source), ("target", facts.target))
    ]
    lines = [
        f"# Chosen for {origin['source']} and {origin['target']}:",
        f"# {facts.pairs:,} pairs for training, {facts.held_out:,} held out,",
        *sides,
        f"# {facts.shared_letters:.0%} of their letters in common; "
        f"{pace.steps_per_minute:.0f} steps a minute here.",
    ]
    return "".join(f"{line}\n" for line in lines)
