"""Batches of training pairs."""

from keras_seq2seq.callbacks import (
    Bucketing,
)
from keras_seq2seq.data.parallel_buckets import PairBuckets

FILL_UP_SEED = 42  # Sockeye's


def bucketing(config, pairs, replicas=1, share=None):
    """The `Bucketing` of training pairs."""
    return Bucketing(
        pairs,
        config.batch_size,
        boundaries=_boundaries(config),
        batch_type=config.batch_type,
        shuffle=config.input_pipeline_train.params.shuffle,
        seed=config.tf_random_seed or 0,
        replicas=replicas,
        share=share,
        fill_up=config.fill_up,
        fill_up_seed=FILL_UP_SEED,
    )


def _boundaries(config):
    given, params = config.buckets, config.model_params
    if given is None or isinstance(given, str | tuple):
        return given
    return PairBuckets(
        **given.model_dump(),
        max_source=params.source_max_seq_len,
        max_target=params.target_max_seq_len,
    )
