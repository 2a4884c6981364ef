"""The files of a run directory beside its checkpoints."""

import contextlib
import json
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import keras_seq2seq
from keras_seq2seq.checkpoint import replace_text
from keras_seq2seq.checkpoint.lock import LOCK_FILE
from keras_seq2seq.checkpoint.storage import storage_errors
from keras_seq2seq.config.files import PRESENT, from_json, to_json
from keras_seq2seq.config.yaml_reader import parse_json
from keras_seq2seq.data.length_ratio import LengthRatio
from keras_seq2seq.data.tokenizer import load_tokenizer
from keras_seq2seq.errors import UserError

CONFIG_FILE = "config.json"
OPTIONS_FILE = "train_options.json"
LEFT_OUT_FILE = "left_out.txt"  # of the data
TOKENIZER_FILE = "tokenizers.json"
DATA_FILE = "data.json"
ASIDE = ".overwritten"  # in a run directory: the run that was there
MOVING = ".overwriting"  # a part of that run, on the way there or back
SET_ASIDE = (ASIDE, MOVING)
# What may differ when a run goes on; everything else must be as it was.
MAY_CHANGE = frozenset(
    {
        "train_steps",
        "train_passes",
        "min_passes",
        "early_stopping.patience",
        "dev_decoding.write_files",
        "schedule",
        "input_pipeline_train.params.num_epochs",
        "minutes",
        "output_dir",
        "data_dir",
        "nan_policy",
        "threads",
        "save_checkpoints_secs",
        "save_checkpoints_steps",
        "keep_checkpoint_max",
        "keep_checkpoint_every_n_hours",
        "keep_best",
        "average",
        "prepare",
        "published",
        "hooks",
        "init_from",  # read once, before the first step
        "strict",
        "gpu_memory_fraction",
        "gpu_allow_growth",
        "log_device_placement",
        "tensorboard_histograms",
    }
)
# Paths, whose content is compared instead: texts by the state of the training,
# vocabularies by `check_tokenizers`.
MAY_MOVE = frozenset(
    {
        "input_pipeline_train.params.directory",
        "input_pipeline_train.params.files",
        "input_pipeline_train.params.source_files",
        "input_pipeline_train.params.target_files",
        "input_pipeline_dev.params.files",
        "input_pipeline_dev.params.source_files",
        "input_pipeline_dev.params.target_files",
        "input_pipeline_train.params.image_dir",
        "input_pipeline_train.params.captions_files",
        "input_pipeline_train.params.split_file",
        "input_pipeline_dev.params.image_dir",
        "input_pipeline_dev.params.captions_files",
        "input_pipeline_dev.params.split_file",
        "model_params.encoder.params.weights",  # checkpoints hold them
        "model_params.encoder.params.feature_cache",
        "model_params.vocab_source",
        "model_params.vocab_target",
    }
)
SIDES = ("source", "target")
LIBRARIES = ("keras", "tensorflow", "numpy", "sentencepiece")


class StoredRun(NamedTuple):
    """What a run directory says about its model.

    Attributes:
        config: the resolved `Config`.
        tokenizers: pair (source, target); the source's is None where a model
            reads no text.
        length_ratio: `LengthRatio` of the training pairs, or None in old runs.
    """

    config: Any
    tokenizers: tuple
    length_ratio: Any = None


def write_run(run_dir, config, tokenizers, dialect=PRESENT, length_ratio=None):
    """Writes configuration, historical options and vocabularies.

    Args:
        run_dir: path.
        config: Config.
        tokenizers: pair (source, target).
        dialect: str. In which the configuration was written.
        length_ratio: `LengthRatio` of the training pairs, or None.
    """
    run_dir = Path(run_dir)
    run_dir.mkdir(parents=True, exist_ok=True)
    if length_ratio is not None:
        known = {"length_ratio": length_ratio._asdict()}
        replace_text(run_dir / DATA_FILE, _pretty(known))
    write_tokenizers(run_dir, tokenizers, [f"vocab.{side}" for side in SIDES])
    params = config.model_params.model_dump(mode="json", by_alias=True)
    options = {"model_class": config.model, "model_params": params}
    replace_text(run_dir / OPTIONS_FILE, _pretty(options))
    # Last: a directory with a configuration is complete.
    text = to_json(config, dialect, library_versions())
    replace_text(run_dir / CONFIG_FILE, text)


def write_tokenizers(directory, tokenizers, stems):
    """Writes the vocabularies of a model, and which file is which.

    Args:
        directory: path.
        tokenizers: pair (source, target); the source's may be None.
        stems: pair of str. Names of the files, without what tells their kind.
    """
    directory = Path(directory)
    described = {
        side: {
            "file": tokenizer.save(directory / stem).name,
            "options": tokenizer.options or {},
        }
        for side, stem, tokenizer in zip(SIDES, stems, tokenizers, strict=True)
        if tokenizer is not None
    }
    replace_text(directory / TOKENIZER_FILE, _pretty(described))


def write_left_out(run_dir, lines):
    """Writes `left_out.txt`, if there is anything to tell."""
    if lines:
        text = "".join(f"{line}\n" for line in lines)
        replace_text(Path(run_dir) / LEFT_OUT_FILE, text)


def stored_config(run_dir):
    """The configuration in a run directory, or None."""
    path = Path(run_dir) / CONFIG_FILE
    if not path.exists():
        return None
    return from_json(path.read_text(encoding="utf-8"), str(path))


def check_unchanged(stored, config, run_dir):
    """Refuses to go on with settings that would make another run.

    Raises:
        UserError: with both values of every setting that differs.
    """
    before, now = (
        each.model_dump(mode="json", by_alias=True) for each in (stored, config)
    )
    differing = [
        line
        for key in before
        if key not in MAY_CHANGE and not _dev_comes_or_goes(key, before, now)
        for line in _differences(key, before[key], now[key])
    ]
    differing += _moving_averages_differ(before["average"], now["average"])
    if differing:
        raise UserError(
            f"{run_dir} holds a run with other settings:\n  "
            + "\n  ".join(_shortened(line) for line in differing)
            + "\nGo on with the settings of the run, or type another "
            "--output_dir. --overwrite_output deletes the run and begins anew."
        )


def _moving_averages_differ(before, now):
    """Lines about averages that are a part of the optimizer's state."""
    if "ema" not in (before["kind"], now["kind"]):
        return []
    return [
        line
        for key in ("kind", "decay")
        for line in _differences(f"average.{key}", before[key], now[key])
    ]


def _dev_comes_or_goes(key, before, now):
    """Whether one of two schedules needs no development data."""
    return key == "input_pipeline_dev" and None in (before[key], now[key])


def check_tokenizers(run_dir, tokenizers):
    """Refuses to go on with other vocabularies than the run's copies.

    Raises:
        UserError: naming the side that differs.
    """
    if not (Path(run_dir) / TOKENIZER_FILE).exists():
        return
    stored = _read_tokenizers(Path(run_dir))
    for side, own, given in zip(SIDES, stored, tokenizers, strict=True):
        if own is not None and own.fingerprint != given.fingerprint:
            raise UserError(
                f"The vocabulary of the {side} is not the one with which the "
                f"run in {run_dir} began; it holds a copy, vocab.{side}.*. "
                f"Put that into its place, or type another --output_dir."
            )


@contextlib.contextmanager
def unwritten_if_refused(run_dir, existed):
    """Leaves a directory that was empty as it was, if the input is refused.

    Args:
        run_dir: path, locked by this process.
        existed: bool. Whether it was there before it was locked.
    """
    run_dir = Path(run_dir)
    was_empty = [path.name for path in run_dir.iterdir()] == [LOCK_FILE]
    try:
        yield
    except UserError:
        if was_empty:
            _empty(run_dir)
            if not existed:
                run_dir.rmdir()
        raise


@contextlib.contextmanager
def set_aside(run_dir):
    """Puts an older run aside, and deletes it when the block has ended well.

    Args:
        run_dir: path, locked by this process.

    Raises:
        UserError: a directory that holds something else than a run.
    """
    run_dir = Path(run_dir)
    aside = run_dir / ASIDE
    with storage_errors(run_dir):
        put_back(run_dir)
        held = [path for path in run_dir.iterdir() if path.name != LOCK_FILE]
        if held and not (run_dir / CONFIG_FILE).exists():
            raise UserError(
                f"{run_dir} holds no run, so --overwrite_output deletes "
                f"nothing of it. It holds: {held[0].name}. Type another "
                "--output_dir."
            )
        # Under another name until it is whole: see `put_back`.
        moving = run_dir / MOVING
        moving.mkdir()
        for path in held:
            path.rename(moving / path.name)
        moving.rename(aside)
    try:
        yield
    except BaseException:
        _restore(run_dir)
        raise
    shutil.rmtree(aside)


def put_back(run_dir):
    """Ends a `set_aside` whose process was killed.

    The older run comes back, unless the new one had been set up.

    Args:
        run_dir: path, locked by this process.
    """
    run_dir = Path(run_dir)
    if (run_dir / MOVING).is_dir():
        _move_back(run_dir)
    elif (run_dir / ASIDE).is_dir():
        if (run_dir / CONFIG_FILE).exists():
            shutil.rmtree(run_dir / ASIDE)
        else:
            _restore(run_dir)


def _restore(run_dir):
    """Puts the older run in the place of what there is of the new one."""
    # Without a configuration `put_back` begins here again.
    (run_dir / CONFIG_FILE).unlink(missing_ok=True)
    for path in run_dir.iterdir():
        if path.name not in (LOCK_FILE, ASIDE):
            _remove(path)
    (run_dir / ASIDE).rename(run_dir / MOVING)
    _move_back(run_dir)


def _move_back(run_dir):
    moving = run_dir / MOVING
    for path in moving.iterdir():
        path.rename(run_dir / path.name)
    moving.rmdir()


def _empty(directory):
    for path in directory.iterdir():
        _remove(path)


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def read_run(run_dir):
    """Reads a run directory.

    Raises:
        UserError: if it is no run directory, or parts are missing.
    """
    run_dir = Path(run_dir)
    if not run_dir.is_dir():
        raise UserError(
            f"{run_dir}: expected the directory of a trained model (train's "
            "output_dir). Received: "
            + ("a file." if run_dir.exists() else "no such directory.")
        )
    config = stored_config(run_dir)
    if config is None:
        held = sorted(path.name for path in run_dir.iterdir())[:8]
        raise UserError(
            f"{run_dir} holds no {CONFIG_FILE}, so it is not the directory of "
            f"a trained model. It holds: {', '.join(held) or 'nothing'}."
        )
    return StoredRun(
        config, _read_tokenizers(run_dir), _read_length_ratio(run_dir)
    )


def _read_length_ratio(run_dir):
    path = run_dir / DATA_FILE
    if not path.exists():
        return None
    try:
        known = parse_json(path.read_text(encoding="utf-8"), str(path))
        found = LengthRatio(**known["length_ratio"])
        if not (found.mean > 0 and found.std >= 0 and found.limit < 1e6):
            raise ValueError(f"a ratio of lengths is {found}")
        return found
    except UserError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} cannot be read ({error}). Copy it again, or delete it: "
            "then inference.max_length_ratio auto has no effect."
        ) from error


def _read_tokenizers(run_dir):
    path = run_dir / TOKENIZER_FILE
    try:
        described = parse_json(path.read_text(encoding="utf-8"), str(path))
        found = {
            side: load_tokenizer(
                run_dir / Path(each["file"]).name, **each["options"]
            )
            for side, each in described.items()
        }
        return found.get("source"), found["target"]
    except UserError:
        raise
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise UserError(
            f"{run_dir} is incomplete: {path.name} cannot be read ({error}). "
            "Copy the whole directory again, or train anew."
        ) from error


def _differences(name, before, now):
    """Lines about settings that differ, each with both values."""
    if isinstance(before, dict) and isinstance(now, dict):
        return [
            line
            for key in {**before, **now}
            for line in _differences(
                f"{name}.{key}", before.get(key), now.get(key)
            )
        ]
    if before == now or name in MAY_MOVE | MAY_CHANGE:
        return []
    return [f"{name}: the run has {before!r}, received {now!r}"]


def _shortened(line, limit=2000):
    return line if len(line) <= limit else line[:limit] + "..."


def library_versions():
    """Versions of the libraries that decide a run's arithmetic."""
    versions = {name: metadata.version(name) for name in LIBRARIES}
    return {"keras-seq2seq": keras_seq2seq.__version__, **versions}


def _pretty(value):
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
