"""What is told and done when a loss is no longer a number."""

import numpy as np

from keras_seq2seq import checkpoint
from keras_seq2seq.callbacks import LearningRateDecay
from keras_seq2seq.checkpoint.model_state import copy_weights
from keras_seq2seq.checkpoint.variable_names import weight_names
from keras_seq2seq.errors import NotFiniteError

NAMED_LINES = 300  # of a batch
NAMED_VARIABLES = 10
MOST_HALVINGS = 8  # in a row, from one checkpoint


def described(run, norms):
    """Tells of a step that was not made.

    Args:
        run: `Run`.
        norms: `tensorflow_step.StepNorms` of the step.

    Returns:
        str: the step, the loss, the norms, and the lines of the batch.
    """
    # The optimizer may have counted the step that it did not make.
    step = run.retention.step + 1
    names = {id(v): name for name, v in weight_names(run.model).items()}
    own = [names[id(v)] for v in run.model.trainable_variables]
    gradients = zip(own, norms.gradients, strict=True)
    broken = [n for n, norm in gradients if not np.isfinite(norm)]
    weights = copy_weights(run.model).values()
    weights = [float(np.linalg.norm(w.astype("float64"))) for w in weights]
    return (
        "The loss or its gradient is not a finite number at step "
        f"{step}: loss {norms.loss:.6g}, norm of the gradient "
        f"{norms.norm:.6g}, norm of the weights before it "
        f"{np.linalg.norm(weights):.6g}. "
        f"No weight was changed by that step. Gradients not finite: "
        f"{_first(broken, NAMED_VARIABLES) or 'none by itself'}. "
        f"The batch: {_lines(run.bucketing)}."
    )


class Rollback:
    """Goes back to the newest checkpoint with half the learning rate.

    Each time in a row that the same checkpoint is gone back to, the rate is
    halved once more. What was saved tells everything, so a run that is
    interrupted and goes on takes the same path.

    Args:
        run: `Run`.
    """

    def __init__(self, run):
        self.run = run
        self._step = None
        self._times = 0

    def __call__(self):
        """Restores the run.

        Returns:
            str: what was done, for people.

        Raises:
            NotFiniteError: if that has not helped often enough.
        """
        restored = self.run.retention.restore(self.run.model)
        if restored is None:
            raise NotFiniteError("There is no checkpoint to go back to.")
        if self.run.scores is not None:
            self.run.scores.forget()
        again = restored["step"] == self._step
        self._times = self._times + 1 if again else 1
        self._step = restored["step"]
        if self._times > MOST_HALVINGS:
            raise NotFiniteError(
                f"{MOST_HALVINGS} times half the learning rate did not help "
                f"from {restored['path'].name} on. Look at the lines of the "
                "batch, or start anew with a lower optimizer.learning_rate."
            )
        decay = next(
            each
            for each in self.run.callbacks
            if isinstance(each, LearningRateDecay)
        )
        decay.scale *= 0.5**self._times
        return (
            f"Going back to {restored['path'].name} with learning rates times "
            f"{decay.scale:g}."
        )


def what_to_do(run):
    """Which checkpoint was kept, and what to type instead."""
    kept = checkpoint.checkpoints(run.directory)
    return (
        "Newest checkpoint: "
        + (f"{list(kept.values())[-1].name}. " if kept else "none. ")
        + "To go on from it with half the learning rate type --nan_policy "
        "rollback; or lower optimizer.learning_rate or "
        "optimizer.clip_gradients and start anew."
    )


def _lines(bucketing):
    """Where the batch comes from that the position points at."""
    indices = bucketing.batch_at_position()
    places = bucketing.pairs.places(indices)
    told, unit = [], bucketing.pairs.unit
    left = NAMED_LINES
    for path, numbers in places.items():
        told.append(f"{path} {unit}s {_first(map(str, numbers), left)}")
        left = max(left - len(numbers), 1)
    return f"{len(indices)} pairs, " + "; ".join(told)


def _first(items, count):
    items = list(items)
    more = f" and {len(items) - count} more" if len(items) > count else ""
    return ", ".join(items[:count]) + more
