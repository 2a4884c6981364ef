"""What a training says before its first step."""

from keras_seq2seq.distribution import describe


def start_banner(run, strategy):
    """Lines about sizes, batches and data, for people.

    Args:
        run: `Run`.
        strategy: the `tf.distribute.Strategy`.
    """
    config, bucketing = run.config, run.bucketing
    statistics = bucketing.pairs.statistics
    waste = bucketing.waste()
    cells = sum(bucket["cells"] for bucket in waste)
    real = sum(bucket["real"] for bucket in waste)
    unit = "tokens" if config.batch_type == "tokens" else "pairs"
    steps = bucketing.steps_per_epoch
    sides = [side for side in ("source", "target") if side in statistics]
    lines = [
        f"Model:      {config.model}, {run.model.count_params():,} parameters, "
        f"{config.precision}",
        f"Devices:    {describe(strategy)}",
        f"Batch:      {config.batch_size} {unit} over all replicas, "
        f"{real / len(sides) / steps:.0f} real tokens a side, "
        f"{1 - real / cells:.1%} padding, {len(waste)} buckets",
        f"Pass:       {statistics['pairs']:,} pairs, {steps:,} steps",
    ]
    if config.subword_sampling is not None:
        copies = config.subword_sampling.copies
        lines[-1] += f" ({copies} segmentations of each line)"
    if "pictures" in statistics:
        lines.append(f"Pictures:   {statistics['pictures']:,}")
    for side in sides:
        one = statistics[side]
        lines.append(
            f"{side.capitalize()}:     {one['tokens']:,} tokens, "
            f"{one['truncated_share']:.2%} cut off, "
            f"{one['unknown_share']:.2%} unknown"
        )
    lines.append(f"Seed:       {config.tf_random_seed}")
    return lines
