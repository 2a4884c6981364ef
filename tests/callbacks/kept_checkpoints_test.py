import pytest

from keras_seq2seq.callbacks.kept_checkpoints import Kept, kept_checkpoints

HOUR = 3600


def written(hours, scores=None):
    scores = scores or [None] * len(hours)
    return [
        Kept(step, hour * HOUR, score)
        for step, (hour, score) in enumerate(zip(hours, scores, strict=True))
    ]


@pytest.mark.parametrize(
    ("keep_max", "kept"),
    [(2, {3, 4}), (None, {0, 1, 2, 3, 4}), (9, set(range(5)))],
)
def test_so_many_of_the_newest_stay(keep_max, kept):
    assert kept_checkpoints(written([0, 1, 2, 3, 4]), keep_max) == kept


def test_one_per_span_stays_however_the_rest_is_deleted():
    known, survivors = [], []
    for item in written([0.5 * n for n in range(1, 20)]):
        known = [*survivors, item]
        kept = kept_checkpoints(known, 1, keep_every_n_hours=2)
        survivors = [item for item in known if item.step in kept]
    hours = [item.seconds / HOUR for item in survivors]
    assert hours == [2, 4, 6, 8, 9.5]


@pytest.mark.parametrize(("mode", "best"), [("min", {1, 3}), ("max", {0, 2})])
def test_the_best_stay_beside_the_newest(mode, best):
    known = written(range(6), [9.0, 1.0, 8.0, 2.0, 5.0, None])
    kept = kept_checkpoints(known, 1, keep_best=2, mode=mode)
    assert kept == best | {5}
