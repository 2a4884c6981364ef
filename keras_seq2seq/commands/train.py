"""`keras-seq2seq train`."""

import json
import sys
import tempfile

from keras_seq2seq.commands.allow_import import add_allow_import
from keras_seq2seq.commands.tensorflow_start import start_tensorflow

DEFAULT_MINUTES = "60"
DATA_FLAGS = (
    "data_dir",
    "input_pipeline_train",
    "input_pipeline_dev",
    "prepare",
)
EVALUATIONS = ("evaluate", "continuous_eval", "continuous_eval_on_train_data")


def add_arguments(parser):
    """Adds every setting of a configuration as a flag, and the old flags."""
    _add_settings(parser)
    parser.add_argument(
        "--source", help="text file; with --target, all settings are chosen"
    )
    parser.add_argument(
        "--target", help="text file, line i belongs to line i of --source"
    )
    parser.add_argument(
        "--checkpoint",
        help="what --schedule evaluate evaluates: latest (default), best, "
        "averaged or a step",
    )
    parser.add_argument(
        "--overwrite_output",
        action="store_true",
        help="delete a run in --output_dir instead of going on with it",
    )
    add_allow_import(parser)


def _add_settings(parser):
    """Adds what a configuration consists of: files, settings, old flags."""
    from keras_seq2seq.config.schema import Config
    from keras_seq2seq.config.wiki import OLD_FLAGS

    parser.add_argument(
        "--config_paths",
        default="",
        help="YAML files, separated by commas, merged in this order; flags win",
    )
    parser.add_argument(
        "--hyperparameters",
        metavar="FILE",
        help="of SageMaker's seq2seq, JSON; files and flags win",
    )
    for name, field in Config.model_fields.items():
        text = field.description.replace("%", "%%")
        alone = {"nargs": "?", "const": "true"}
        options = alone if field.annotation is bool else {}
        parser.add_argument(f"--{name}", metavar="VALUE", help=text, **options)
    for name in OLD_FLAGS:
        text = "of google/seq2seq's wiki, see docs/compatibility.md"
        parser.add_argument(f"--{name}", metavar="VALUE", help=text)


def run(arguments):
    """Trains; the run directory is the result."""
    from keras_seq2seq.config.files import PRESENT, load, load_with_sources

    flags = dict(vars(arguments))
    paths, allowed = flags.pop("config_paths"), flags.pop("allow_import")
    which = flags.pop("checkpoint")
    overwrite = flags.pop("overwrite_output")
    texts = [flags.pop(side) for side in ("source", "target")]
    if texts == [None, None]:
        given = load_with_sources(paths, flags, complete=False)
        schedule = given.config.schedule
        _check_schedule(schedule, which)
        if schedule in EVALUATIONS:
            return _evaluate(given, allowed, which)
        loaded = load_with_sources(paths, flags)
        for line in loaded.told:
            _say(line)
        config, dialect = loaded.config, loaded.dialect
        start_tensorflow(silent=not config.log_device_placement)
        if schedule == "test":
            return _try(config, allowed)
    else:
        _check_texts(texts, paths, flags)
        _check_nothing_is_overwritten(overwrite)
        given = load("", _asked_first(flags), complete=False)
        _check_schedule(given.schedule, which)
        _check_trains(given.schedule)
        _check_model(given)
        start_tensorflow()
        _check_alone(given)
        from keras_seq2seq.automatic import automatic

        config = automatic(*texts, given.minutes, flags, allowed, say=_say)
        dialect = PRESENT
    from keras_seq2seq.training import train

    train(config, allowed, say=_say, dialect=dialect, overwrite=overwrite)


def _say(line):
    print(line, file=sys.stderr)


def _asked_first(flags):
    """The flags that decide whether and how long settings are looked for.

    The others are checked together with what is chosen beside them. The
    default of `minutes` is no flag: it would win over a run's own.
    """
    names = ("minutes", "schedule", "model", "strategy")
    asked = {name: flags[name] for name in names}
    if asked["minutes"] is None:
        asked["minutes"] = DEFAULT_MINUTES
    return asked


def _check_nothing_is_overwritten(overwrite):
    """Refuses to delete what was chosen together with what was trained."""
    from keras_seq2seq.errors import UserError

    if overwrite:
        raise UserError(
            "--overwrite_output goes with --config_paths: what --source and "
            "--target chose lies in the run directory, too. Type another "
            "--output_dir."
        )


def _check_texts(texts, paths, flags):
    """Demands two texts, and nothing that names others."""
    from keras_seq2seq.config.wiki import OLD_FLAGS
    from keras_seq2seq.errors import UserError

    given = dict(zip(("source", "target"), texts, strict=True))
    if None in texts or paths:
        raise UserError(
            "--source and --target go together, and without --config_paths. "
            "Received: " + _typed({**given, "config_paths": paths})
        )
    names = (*DATA_FLAGS, "hyperparameters", *OLD_FLAGS)
    other = {name: flags[name] for name in names if flags[name]}
    if other:
        raise UserError(
            "--source and --target name all the data there are. Received "
            f"beside them: {_typed(other)}. Leave it out, or write a "
            "configuration."
        )


def _typed(flags):
    return ", ".join(
        f"--{name} {value}" for name, value in flags.items() if value
    )


def _check_alone(config):
    """Settings are chosen by one process."""
    import os

    from keras_seq2seq.distribution import CLUSTER, worker_count
    from keras_seq2seq.errors import UserError

    several = worker_count(os.environ.get(CLUSTER)) > 1
    if several or config.strategy == "multi_worker_mirrored":
        raise UserError(
            "--source and --target choose settings on one machine. Type them "
            f"without {CLUSTER}, for a minute, and then train --config_paths "
            "OUTPUT_DIR/automatic.yml --model_params "
            "'{optimizer.lr_decay_by_time: false}' on all workers."
        )


def _check_model(config):
    if config.model in ("", "AttentionSeq2Seq", "BasicSeq2Seq"):
        return
    from keras_seq2seq.errors import UserError

    raise UserError(
        "--source and --target train AttentionSeq2Seq or BasicSeq2Seq. "
        f"Received: --model {config.model}"
    )


def _check_trains(schedule):
    """Demands a schedule that goes with texts alone."""
    from keras_seq2seq.errors import UserError

    if schedule in (*EVALUATIONS, "train", "test"):
        raise UserError(
            "--source and --target train and evaluate. Received: --schedule "
            f"{schedule}. Type it with --config_paths automatic.yml, which "
            "lies in the run directory, instead of the texts."
        )


def _try(config, allowed):
    """Trains one step and evaluates, without a trace."""
    from keras_seq2seq.training import train

    with tempfile.TemporaryDirectory(prefix="keras_seq2seq-") as directory:
        once = {"train_steps": 1, "schedule": "train_and_evaluate"}
        config = config.model_copy(update={**once, "output_dir": directory})
        train(config, allowed, say=_say)
    _say("One step was trained, evaluated and saved; nothing of it was kept.")


def _check_schedule(schedule, which):
    """Refuses what there is no longer, and a checkpoint that is not used."""
    from keras_seq2seq.errors import UserError

    if which is not None and schedule != "evaluate":
        raise UserError(
            "--checkpoint goes with --schedule evaluate. Received: --schedule "
            f"{schedule}"
        )
    if schedule == "run_std_server":
        raise UserError(
            "--schedule run_std_server began a parameter server, of which "
            "there are none here: all devices compute in step. Type --schedule "
            "train_and_evaluate, or nothing."
        )


def _evaluate(loaded, allowed, which):
    """Evaluates checkpoints of a run; prints a JSON object for each."""
    from keras_seq2seq.errors import UserError

    for line in loaded.told:
        _say(line)
    given = loaded.config
    continuous = given.schedule != "evaluate"
    if given.output_dir is None:
        raise UserError(
            f"--schedule {given.schedule} needs --output_dir, the directory of "
            "a run."
        )
    start_tensorflow(silent=not given.log_device_placement)
    from keras_seq2seq import evaluation
    from keras_seq2seq.inference import find_weights

    directory = given.output_dir
    if continuous:
        evaluation.wait_for_run(directory, _say)
    config = evaluation.settings_of(directory, given, loaded.given)
    evaluate = evaluation.Evaluation(
        config,
        directory,
        given.schedule == "continuous_eval_on_train_data",
        allowed,
    )
    if continuous:
        results = evaluation.evaluate_new(evaluate, config.train_steps, _say)
    else:
        path = find_weights(directory, which or "latest")
        results = [evaluate(path, evaluation.step_of(directory, path))]
    for result in results:
        print(json.dumps(result), flush=True)
