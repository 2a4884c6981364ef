"""Evaluates checkpoints of a run, which another process may be training.

Nothing is locked and nothing is written but events and results in a folder of
the run directory that the trainer does not read.
"""

import hashlib
import json
import math
import time
from pathlib import Path

import keras
import tensorflow as tf

from keras_seq2seq import checkpoint, recipe
from keras_seq2seq.checkpoint.model_state import read_model
from keras_seq2seq.checkpoint.storage import make_directory, storage_errors
from keras_seq2seq.data.batches import evaluation_dataset
from keras_seq2seq.dev_scores import dev_scores
from keras_seq2seq.distribution import configure_devices
from keras_seq2seq.errors import UserError
from keras_seq2seq.evaluation_metrics import has_log_perplexity, text_metrics
from keras_seq2seq.run_files import CONFIG_FILE, check_unchanged, read_run

RESULTS_FILE = "metrics.jsonl"
POLL_SECONDS = 5.0
# What an evaluation may have of its own; the rest is the run's.
OWN_SETTINGS = frozenset(
    {"input_pipeline_dev", "input_pipeline_train", "dev_decoding", "metrics"}
    | {"train_steps", "threads", "batch_size", "batch_type"}
    | {"log_device_placement"}
)


def settings_of(run_dir, given, names):
    """The run's configuration with settings of an evaluation laid over it.

    Args:
        run_dir: path of the run.
        given: Config, as the user typed it for the evaluation.
        names: which settings of it the user gave.

    Returns:
        Config.

    Raises:
        UserError: no run, or settings that would make another model.
    """
    stored = read_run(run_dir).config
    typed = {name: getattr(given, name) for name in names}
    others = {k: v for k, v in typed.items() if k not in OWN_SETTINGS}
    check_unchanged(stored, stored.model_copy(update=others), run_dir)
    own = {k: v for k, v in typed.items() if k in OWN_SETTINGS}
    return stored.model_copy(update=own)


def step_of(run_dir, path):
    """Step of a checkpoint; for averaged weights the newest one's."""
    step = checkpoint.verify(path).step
    return step or max(checkpoint.checkpoints(run_dir), default=0)


def wait_for_run(run_dir, say=print, poll=POLL_SECONDS):
    """Waits until a run directory has what a model is built from."""
    path = Path(run_dir) / CONFIG_FILE
    if not path.exists():
        say(f"Waiting for a training in {run_dir}.")
    while not path.exists():
        time.sleep(poll)


class Evaluation:
    """Evaluates the weights of a run's checkpoints, one after the other.

    Args:
        config: Config, see `settings_of`.
        run_dir: path of the run.
        on_training_data: bool. If True, `input_pipeline_train` is evaluated
            instead of `input_pipeline_dev`.
        allowed: modules of the user's own that may be imported.

    Attributes:
        folder: Path of the results: `eval/`, or `eval_train/` for training
            data.
    """

    def __init__(self, config, run_dir, on_training_data=False, allowed=()):
        part = "train" if on_training_data else "dev"
        pipeline = getattr(config, f"input_pipeline_{part}")
        if pipeline is None:
            raise UserError(
                f"The run has no input_pipeline_{part}. Type "
                f"--input_pipeline_{part} YAML"
            )
        # Memory as it is needed: a trainer may share the GPU.
        configure_devices(
            config.threads,
            deterministic=config.deterministic,
            log_placement=config.log_device_placement,
        )
        keras.config.set_dtype_policy(config.precision)
        self.config = config
        self.batch_size = config.evaluation_batch_size
        self.run_dir = Path(run_dir)
        self.folder = self.run_dir / (
            "eval_train" if on_training_data else "eval"
        )
        run = read_run(run_dir)
        self.model = recipe.model(
            recipe.with_length_ratio(config, run.length_ratio),
            run.tokenizers,
            allowed=allowed,
        )
        self.model.compile()
        self.pairs = recipe.evaluation_pairs(
            config,
            pipeline,
            self.model.tokenizers,
            f"input_pipeline_{part}",
            allowed,
        ).pairs
        self.scores = {}
        # Only they need texts, which prepared data do not hold.
        if config.decoding is not None or text_metrics(config, allowed):
            self.scores = dev_scores(
                config.model_copy(update={"input_pipeline_dev": pipeline}),
                self.model.tokenizers,
                allowed,
            ).corpus_scores()
        for score in self.scores.values():
            score.set_model(self.model)
        self.logs_perplexity = has_log_perplexity(config)
        measured = config.model_dump(
            mode="json", include={"dev_decoding", "metrics"}
        )
        of = json.dumps([self.pairs.fingerprint, measured], sort_keys=True)
        self._fingerprint = hashlib.sha256(of.encode()).hexdigest()

    def __call__(self, path, step):
        """Evaluates one checkpoint and records the result.

        Args:
            path: of an intact checkpoint.
            step: int. Where its curves have the point.

        Returns:
            dict: `step`, `checkpoint` and every metric, None for one that is
            not a finite number.
        """
        read_model(self.model, path, training=False)
        # Not before: the network's weights are in the checkpoint.
        recipe.keep_features(self.config, self.model, self.pairs)
        # `DevScores` decodes anew when the optimizer's step is another.
        self.model.optimizer.iterations.assign(step)
        values = self.model.evaluate(
            evaluation_dataset(self.pairs, self.batch_size),
            verbose=0,
            return_dict=True,
        )
        values |= {name: s.evaluate() for name, s in self.scores.items()}
        if self.logs_perplexity:
            values["log_perplexity"] = values["loss"]
        values = {name: float(value) for name, value in values.items()}
        self._write(values, step)
        finite = {k: v if math.isfinite(v) else None for k, v in values.items()}
        result = {"step": step, "checkpoint": Path(path).name, **finite}
        self._record(result)
        return result

    def evaluated(self):
        """Steps whose results of the same evaluation are recorded already."""
        path = self.folder / RESULTS_FILE
        if not path.exists():
            return set()
        found = set()
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                result = json.loads(line)
                if result["of"] == self._fingerprint:
                    found.add(int(result["step"]))
            except (ValueError, TypeError, KeyError):
                continue  # damaged: evaluated again
        return found

    def _write(self, values, step):
        writer = tf.summary.create_file_writer(str(self.folder))
        with writer.as_default(step=step):
            for name, value in values.items():
                tf.summary.scalar(name, value)
        writer.close()

    def _record(self, result):
        path = self.folder / RESULTS_FILE
        make_directory(self.folder)
        line = json.dumps({**result, "of": self._fingerprint})
        with storage_errors(path), path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def evaluate_new(evaluation, last_step=None, say=print, poll=POLL_SECONDS):
    """Evaluates every checkpoint once, in order, as soon as it is there.

    Args:
        evaluation: `Evaluation`.
        last_step: int or None. After a checkpoint of this step or a later one
            the end is reached; None for no end.
        say: callable that shows a line to the user.
        poll: float. Seconds between looks at the directory.

    Yields:
        what `evaluation` returns.
    """
    done = evaluation.evaluated()
    while True:
        for step, path in checkpoint.checkpoints(evaluation.run_dir).items():
            if step in done:
                continue
            done.add(step)
            try:
                checkpoint.verify(path)
                result = evaluation(path, step)
            except (UserError, OSError) as error:
                if path.is_dir():
                    raise
                say(f"{path.name} was deleted before it was read: {error}")
                continue
            yield result
        if last_step is not None and max(done, default=-1) >= last_step:
            return
        time.sleep(poll)
