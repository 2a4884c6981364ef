"""What a user should know about settings that are valid and yet odd."""

from keras_seq2seq.data.parallel_buckets import MANY


def training_remarks(config, bucketing, ruled=False):
    """Lines about settings that do not do what one would think.

    Args:
        config: Config.
        bucketing: `Bucketing` of the training pairs.
        ruled: bool. Whether the rules of SageMaker's hyperparameters were
            asked: what they tell, too, is left to them.

    Returns:
        list of str.
    """
    remarks = [
        *_stopping_remarks(config),
        *_period_remarks(config, bucketing.steps_per_epoch),
        *_bucket_remarks(bucketing),
    ]
    if ruled:
        return remarks
    return [
        *remarks,
        *_plateau_remarks(config),
        *_end_remarks(config),
        *_copy_remarks(config, bucketing),
    ]


def _stopping_remarks(config):
    if config.early_stopping is not None and config.train_passes is not None:
        yield (
            "train_passes is given, so early stopping is off; its metric "
            f"{config.early_stopping.metric} tells the best checkpoint."
        )


def _plateau_remarks(config):
    params = config.model_params
    if params.optimizer_lr_decay_type != "plateau_reduce":
        return
    if params.optimizer_lr_plateau_factor == 1:
        yield (
            "optimizer.lr_plateau_factor is 1, so plateau_reduce leaves the "
            "learning rate as it is."
        )
    elif (
        config.patience is not None
        and config.patience <= params.optimizer_lr_plateau_patience
    ):
        yield (
            f"early_stopping.patience {config.patience} is not more than "
            "optimizer.lr_plateau_patience "
            f"{params.optimizer_lr_plateau_patience}: training ends when the "
            "learning rate is reduced, or before."
        )


def _ends_before_an_evaluation(config):
    steps = config.train_steps
    return steps is not None and steps < config.eval_every_n_steps


def _end_remarks(config):
    if _ends_before_an_evaluation(config):
        yield (
            f"train_steps {config.train_steps} comes before the first of the "
            f"evaluations, one every {config.eval_every_n_steps} steps: there "
            "is one at the end."
        )


def _period_remarks(config, steps):
    every = config.eval_every_n_steps
    if every > steps and not _ends_before_an_evaluation(config):
        yield (
            f"A pass has {steps:,} steps, so the {every:,} of "
            f"eval_every_n_steps are {every / steps:.1f} passes."
        )


def _bucket_remarks(bucketing):
    count = len(bucketing.batch_sizes)
    if bucketing.shapes is not None and count > MANY:
        yield (
            f"{count} buckets: each has a shape of its own, and batches that "
            "are not full. Type --buckets '{max_buckets: 32}', or a larger "
            "width."
        )


def _copy_remarks(config, bucketing):
    pairs = len(bucketing.pairs)
    if (
        config.fill_up == "resample"
        and config.batch_type == "sentences"
        and config.batch_size > pairs
    ):
        yield (
            f"batch_size {config.batch_size} is more than the {pairs} pairs "
            "there are: most of a batch are copies."
        )
