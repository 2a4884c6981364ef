"""Which pairs form which batch, as a pure function of seed and epoch."""

import numpy as np


def epoch_plan(
    seed,
    epoch,
    buckets,
    batch_sizes,
    shuffle=True,
    resample=False,
    resample_seed=None,
):
    """Batches of one pass over the data; each holds pairs of one bucket.

    Every pair occurs exactly once, unless batches are filled up. The plan
    depends on the arguments only, so batch k of any epoch can be made at once;
    that is how a run resumes. The number of batches is the same in every epoch.

    Args:
        seed, epoch: int, not negative.
        buckets: int array `(N,)`. The bucket of each pair.
        batch_sizes: sequence of int. Pairs in a batch, for each bucket.
        shuffle: bool. If False, pairs keep their order inside a bucket, a
            batch comes where its last pair stands, incomplete batches last.
        resample: bool. If True, incomplete batches are filled with pairs drawn
            from their bucket, so some occur twice.
        resample_seed: int or None. Draws them, the same in every pass; None
            draws others in every pass.

    Returns:
        list of int32 arrays: the pairs of each batch.
    """
    generator = np.random.Generator(
        np.random.Philox(key=np.array([seed, epoch], np.uint64))
    )
    order = np.arange(len(buckets), dtype=np.int32)
    if resample and resample_seed is not None:
        extra = _drawn(resample_seed, buckets, batch_sizes)
        order = np.concatenate([order, extra])
    if shuffle:
        generator.shuffle(order)
    order = order[np.argsort(buckets[order], kind="stable")]
    counts = np.bincount(buckets[order], minlength=len(batch_sizes))
    batches = []
    for members, size in zip(
        np.split(order, np.cumsum(counts)[:-1]), batch_sizes, strict=True
    ):
        if resample and len(members):
            extra = generator.integers(len(members), size=-len(members) % size)
            members = np.concatenate([members, members[extra]])
        batches += _cut(members, size)
    if shuffle:
        places = generator.permutation(len(batches))
    else:
        places = _completion_order(batches, counts, batch_sizes)
    return [batches[place] for place in places]


def _drawn(seed, buckets, batch_sizes):
    """Pairs that make the batches of every bucket full, int32."""
    generator = np.random.default_rng(seed)
    found = [np.zeros(0, np.int32)]
    for bucket, size in enumerate(batch_sizes):
        members = np.flatnonzero(buckets == bucket).astype(np.int32)
        if len(members):
            missing = -len(members) % size
            found.append(generator.choice(members, missing))
    return np.concatenate(found)


def count_batches(buckets, batch_sizes):
    """Number of batches of every `epoch_plan` with these buckets and sizes."""
    counts = np.bincount(buckets, minlength=len(batch_sizes))
    return int(np.sum(-(-counts // np.asarray(batch_sizes))))


def _cut(members, size):
    begins = range(0, len(members), size)
    return [members[begin : begin + size] for begin in begins]


def _completion_order(batches, counts, batch_sizes):
    last = [batch[-1] for batch in batches]
    position = -1
    for count, size in zip(counts, batch_sizes, strict=True):
        position += -(-count // size)
        if count % size:
            last[position] = np.iinfo(np.int32).max
    return np.argsort(last, kind="stable")
