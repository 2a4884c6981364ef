"""Saves the whole training state, and keeps the right part of the past."""

import concurrent.futures
import math
import signal
import time
from pathlib import Path

import keras
import numpy as np

from keras_seq2seq import checkpoint
from keras_seq2seq.callbacks.kept_checkpoints import (
    Kept,
    best,
    delete_steps,
    kept_checkpoints,
    known_checkpoints,
)
from keras_seq2seq.callbacks.monitored import direction
from keras_seq2seq.callbacks.saved_training import (
    collect,
    give_back,
    read_training,
    write_training,
)
from keras_seq2seq.callbacks.step_counter import StepCounter
from keras_seq2seq.checkpoint.model_state import (
    read_metrics,
    read_model,
    snapshot,
    write_state,
)
from keras_seq2seq.checkpoint.storage import make_directory
from keras_seq2seq.checkpoint.variable_value import steps_made
from keras_seq2seq.errors import NotFiniteError, StorageError


class CheckpointRetention(keras.callbacks.Callback):
    """Writes `ckpt-<step>` directories and deletes those no longer wanted.

    A checkpoint holds the weights, the optimizer, the random generators, the
    running metrics in mid-epoch, and the state of `callbacks`. List this
    callback last, so that the others have seen what it saves.

    A save that falls due waits for the next batch to begin or the epoch to
    end. The last batch's save so comes after the epoch's evaluation, which a
    resumed training need not repeat. The end of the last epoch is saved too.

    Args:
        directory: path of the run. Made if missing.
        callbacks: callbacks with `get_state` and `set_state`, whose state is
            saved; optionally `get_arrays` and `set_arrays`.
        save_every_n_steps: int or None. Saves after so many updates.
        save_every_n_seconds: float or None. Saves after so many seconds. With
            neither, saves at the end of each epoch.
        keep_max: int or None. The newest to keep; None or 0 for all.
        keep_every_n_hours: float or None. Keeps one per such span of training
            time for good.
        keep_best: int. The best to keep; an evaluation among them is saved
            even if no save is due.
        monitor: str. The value in the epoch's logs that tells the best.
        mode: `"max"`, `"min"`, or None to tell by the name of `monitor`.
        state: callable or None. Its JSON value is saved and given back by
            `restore` as `"extra"`.
        background: bool. If True, a thread writes while training goes on.
        workers: `distribution.Workers` or None. Several workers save, stop and
            leave after the same step, whichever of them wants to; the chief
            alone writes.

    Raises:
        StorageError: from `fit`, if a checkpoint cannot be written. Older
            ones are untouched.
        NotFiniteError: from `fit`, if a weight is no finite number: it is not
            saved.
    """

    def __init__(
        self,
        directory,
        callbacks=(),
        save_every_n_steps=None,
        save_every_n_seconds=None,
        keep_max=5,
        keep_every_n_hours=None,
        keep_best=1,
        monitor="val_loss",
        mode=None,
        state=None,
        background=False,
        workers=None,
    ):
        super().__init__()
        self.directory = Path(directory)
        self.callbacks = tuple(callbacks)
        self.save_every_n_steps = save_every_n_steps
        self.save_every_n_seconds = save_every_n_seconds
        self.keep_max = keep_max
        self.keep_every_n_hours = keep_every_n_hours
        self.keep_best = keep_best
        self.monitor = monitor
        self.mode = direction(monitor, mode)
        self.state = state
        self.background = background
        self.workers = workers if workers and workers.count > 1 else None
        self._writes = workers is None or workers.is_chief
        self._agreed = False
        self._counter = StepCounter()
        self._clock = time.monotonic  # never goes back
        self._earlier_seconds = 0.0
        self._began = self._saved_at = self._clock()
        self._saved_step = None
        self._scored = (None, None)  # step and score
        self._due = False
        self._mid_epoch = False
        self._after_save = None
        self._metrics_from = None
        self._executor = None
        self._writing = None

    # -- What a user's script calls

    @property
    def step(self):
        """Updates made so far."""
        return self._counter.step

    def restore(self, model, callbacks=None, path=None):
        """Continues from a checkpoint.

        Call it before `fit`, with a built and compiled model, or during
        `fit` to go back.

        Args:
            model: the `keras.Model` of the run.
            callbacks: the callbacks to restore; None for the constructor's.
            path: a checkpoint; None for the newest intact one.

        Returns:
            dict with `"step"`, `"seconds"`, `"mid_epoch"`, `"extra"` and
            `"path"`, or None if the directory has no checkpoint.

        Raises:
            UserError: if all are damaged, or do not fit the model.
        """
        self.wait()
        if path is None:
            path = checkpoint.recover(self.directory)
            if path is None:
                return None
        else:
            checkpoint.verify(path)
        path = Path(path)
        stored, arrays = read_training(path)
        read_model(model, path)
        callbacks = self.callbacks if callbacks is None else callbacks
        give_back(callbacks, stored.pop("callbacks"), arrays)
        self._metrics_from = path if stored["mid_epoch"] else None
        self._earlier_seconds = stored["seconds"]
        self._began = self._saved_at = self._clock()
        self._saved_step = stored["step"]
        self._counter.start(model.optimizer)
        self._due = False
        return {**stored, "path": path}

    def save_now(self):
        """Saves at once, between two batches, and waits for the disk.

        Returns:
            Path of the checkpoint.
        """
        make_directory(self.directory)
        self._save()
        self.wait()
        return self.directory / f"ckpt-{self._saved_step}"

    def request_save(self, then=None):
        """Saves before the next batch, or after the epoch's evaluation.

        Safe in a signal handler: it only leaves a note.

        Args:
            then: callable or None. Called once the checkpoint is on disk,
                for example to leave the process.
        """
        self._after_save = then
        self._due = True

    def wait(self):
        """Waits for the thread that writes, and raises what it met."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    # -- What Keras calls

    def on_train_begin(self, logs=None):
        if self._writes:
            make_directory(self.directory)
        self._counter.start(self.model.optimizer)
        self._began = self._saved_at = self._clock()

    def on_epoch_begin(self, epoch, logs=None):
        if self._metrics_from is not None:
            read_metrics(self.model, self._metrics_from)
            self._metrics_from = None
        self._mid_epoch = False

    def on_train_batch_begin(self, batch, logs=None):
        if self._due if self.workers is None else self._agreed:
            self._save()
        self._counter.begin(batch)

    def on_train_batch_end(self, batch, logs=None):
        before = self._counter.step
        step = self._counter.end(batch)
        self._mid_epoch = True
        every = self.save_every_n_steps
        if every and step // every > before // every:
            self._due = True
        seconds = self.save_every_n_seconds
        if seconds and self._clock() - self._saved_at >= seconds:
            self._due = True
        self._agree()

    def on_epoch_end(self, epoch, logs=None):
        self._agree()
        self._mid_epoch = False
        score = self._score(logs or {})
        self._scored = (self._counter.step, score)
        if self._due or self._always_saved(epoch) or self._among_best(score):
            self._save()

    def on_train_end(self, logs=None):
        # By now `fit` or others may have exchanged the weights for averages
        # or the best ones: too late to save a state to go on from.
        self._earlier_seconds = self._seconds()
        self._began = self._clock()
        self.wait()
        if self._executor is not None:
            self._executor.shutdown()
            self._executor = None

    def _agree(self):
        """Makes what any worker wants what all do after this step.

        A signal, a clock and a score may reach them at different steps, and
        one that stops, or reads the metrics of all, alone waits for ever.
        """
        if self.workers is None:
            return
        self._agreed, leave, self.model.stop_training = self.workers.agree(
            (self._due, self._after_save is not None, self.model.stop_training)
        )
        self._due = self._agreed
        if leave and self._after_save is None:
            self._after_save = leave_with_the_others

    # -- Saving

    def _save(self):
        self.wait()
        state, arrays = self._collect()
        model_state = snapshot(self.model, metrics=state["mid_epoch"])
        _check_finite(model_state.weights, state["step"])
        job = (state, arrays, model_state, self._record(state))
        self._due = self._agreed = False
        self._saved_step = state["step"]
        if self._writes:
            self._hand_over(job)
        self._saved_at = self._clock()
        then, self._after_save = self._after_save, None
        if then is not None:
            then()

    def _hand_over(self, job):
        """Writes, or lets the thread write while training goes on."""
        if self.background and self._after_save is None:
            self._writing = self._thread().submit(self._write, *job)
        else:
            self._write(*job)

    def _always_saved(self, epoch):
        """Whether the end of this epoch is to be saved in any case."""
        scheduled = self.save_every_n_steps or self.save_every_n_seconds
        ends = epoch + 1 == (self.params or {}).get("epochs")
        return not scheduled or ends or self.model.stop_training

    def _record(self, state):
        step, score = self._scored
        return {
            "seconds": state["seconds"],
            "score": score if step == state["step"] else None,
            "monitor": self.monitor,
            "mode": self.mode,
        }

    def _collect(self):
        states, arrays = collect(self.callbacks)
        state = {
            "step": steps_made(self.model.optimizer),
            "seconds": self._seconds(),
            "mid_epoch": self._mid_epoch,
            "callbacks": states,
            "extra": None if self.state is None else self.state(),
        }
        return state, arrays

    def _write(self, state, arrays, model_state, record):
        def fill(directory):
            variables = write_state(model_state, directory)
            write_training(directory, state, arrays)
            return variables

        if not self.directory.is_dir():
            # Made anew it would lack all that a run needs beside weights.
            raise StorageError(
                f"{self.directory} has vanished while it was trained into. "
                "Put it back and start the same command again: it goes on "
                "from the newest checkpoint in it."
            )
        checkpoint.write_checkpoint(self.directory, state["step"], fill, record)
        self._retain()

    def _retain(self):
        known = known_checkpoints(self.directory, self.monitor)
        first = best(known, 1, self.mode)
        if first and self.keep_best:
            checkpoint.point(self.directory, "best", first[0].step)
        kept = kept_checkpoints(
            known,
            self.keep_max,
            self.keep_every_n_hours,
            self.keep_best,
            self.mode,
        )
        # Only what was read: a damaged one is the user's to look into.
        delete_steps(self.directory, {item.step for item in known} - kept)

    def _score(self, logs):
        score = logs.get(self.monitor)
        if score is None or not math.isfinite(score):
            return None
        if any(getattr(each, "went_back", False) for each in self.callbacks):
            return None  # other weights were scored than are here by now
        return float(score)

    def _among_best(self, score):
        if score is None or not self.keep_best or not self._writes:
            return False
        candidate = Kept(self._counter.step, self._seconds(), score)
        known = known_checkpoints(self.directory, self.monitor)
        known = [item for item in known if item.step != candidate.step]
        return candidate in best([*known, candidate], self.keep_best, self.mode)

    def _seconds(self):
        return self._earlier_seconds + self._clock() - self._began

    def _thread(self):
        if self._executor is None:
            self._executor = concurrent.futures.ThreadPoolExecutor(1)
        return self._executor


def leave_with_the_others():
    """Ends this process because another worker was asked to end."""
    raise SystemExit(128 + signal.SIGTERM)


def _check_finite(weights, step):
    broken = [name for name, w in weights.items() if not np.isfinite(w).all()]
    if broken:
        raise NotFiniteError(
            f"At step {step} weights are not finite numbers, so they are not "
            f"saved: {', '.join(broken)}."
        )
