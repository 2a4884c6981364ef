"""A mean over tokens that stays exact however many there are."""

import keras
from keras import ops


class WeightedMean(keras.metrics.Metric):
    """Sum of weighted values over the sum of weights.

    A float32 sum stops growing at 16.8 million tokens of weight 1. Each sum
    therefore keeps what rounding took from it in a second variable; float64
    would not do, since JAX has none by default.

    Call arguments:
        values: tensor of any shape.
        sample_weight: tensor of that shape, at least 0, or None for ones.
            Values of weight 0 do not count, not even if they are not finite.

    Returns:
        float32 scalar; 0 before the first value.
    """

    def __init__(self, name="weighted_mean", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self._total = self._sum_variables("total")
        self._weight = self._sum_variables("weight")

    def update_state(self, values, sample_weight=None):
        values = ops.cast(values, "float32")
        weights = ops.ones_like(values)
        if sample_weight is not None:
            weights = weights * ops.cast(sample_weight, "float32")
        weighted = ops.where(weights > 0, values * weights, 0.0)
        _add(self._total, ops.sum(weighted))
        _add(self._weight, ops.sum(weights))

    def result(self):
        return _value(self._total) / ops.maximum(_value(self._weight), 1e-30)

    def _sum_variables(self, name):
        return [
            self.add_variable((), "zeros", dtype="float32", name=name + part)
            for part in ("", "_lost")
        ]


def _add(pair, increment):
    """Adds exactly: `pair` is a sum and what rounding took from it.

    Source:
        Knuth, The Art of Computer Programming, volume 2, 4.2.2 (TwoSum).
    """
    total, lost = pair
    before = ops.convert_to_tensor(total)
    after = before + increment
    added = after - before
    error = (before - (after - added)) + (increment - added)
    total.assign(after)
    # Of an infinite sum nothing is lost, but inf - inf is not a number.
    lost.assign_add(ops.where(ops.isfinite(error), error, 0.0))


def _value(pair):
    return ops.convert_to_tensor(pair[0]) + ops.convert_to_tensor(pair[1])
