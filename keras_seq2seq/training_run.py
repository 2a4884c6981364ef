"""A training: what it consists of, and where it ends."""

import dataclasses
from pathlib import Path
from typing import Any

from keras_seq2seq.data.batches import evaluation_dataset


@dataclasses.dataclass(frozen=True)
class Run:
    """All that a training consists of.

    Attributes:
        config: the resolved `Config`.
        directory: Path of the run.
        model: the `Seq2Seq`, compiled.
        workers: `distribution.Workers` that train it together.
        bucketing: `Bucketing` over the training pairs.
        dev: `ParallelText` of the development pairs, or None.
        scores: `DevScores`, or None without development data.
        callbacks: list for `fit`, in their order.
        retention: the `CheckpointRetention` among them.
        last_step: int or None. Where training ends; None for nowhere.
    """

    config: Any
    directory: Path
    model: Any
    workers: Any
    bucketing: Any
    dev: Any
    scores: Any
    callbacks: list
    retention: Any
    last_step: int | None

    @property
    def evaluation(self):
        """Batches of the development set, or None where no evaluation is
        wanted: by the schedule `train` only if something needs one."""
        wanted = self.config.schedule != "train" or self.config.measures_dev
        if self.dev is None or not wanted:
            return None
        batches = evaluation_dataset(
            self.dev,
            self.config.evaluation_batch_size,
            self.replicas,
            self.workers.share,
        )
        return self.workers.distribute(batches)

    @property
    def replicas(self):
        """Replicas of all workers, in step with each other."""
        return self.workers.strategy.num_replicas_in_sync


def last_step(config, bucketing):
    """The earliest of `train_steps` and the ends of the passes."""
    steps = bucketing.steps_per_epoch
    passes = [wanted * steps for _, wanted in wanted_passes(config)]
    return min(filter(None, [config.train_steps, *passes]), default=None)


def wanted_passes(config):
    """Settings that limit the passes, as typed, and how many they allow."""
    given = {
        "train_passes": config.train_passes,
        "num_epochs": config.input_pipeline_train.params.num_epochs,
    }
    return [(name, passes) for name, passes in given.items() if passes]
