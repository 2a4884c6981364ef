import numpy as np
import pytest
from keras import ops

from keras_seq2seq.search import BeamHistory, BeamSearch, GreedySearch, Limits
from keras_seq2seq.search.compaction import (
    Collected,
    end_of_segment,
    pick,
    pick_trail,
)
from tests.search.conftest import TinyModel

SEARCHES = [
    GreedySearch(with_attention=True),
    BeamSearch(3, n_best=2, with_attention=True, coverage_penalty=0.2),
    BeamSearch(4, length_penalty=1.0),
]
BATCH, LONGEST = 9, 8


def as_a_whole(model, search):
    limits = Limits(np.full(BATCH, LONGEST, "int32"))
    return search(model.step, model.memory(), model.carry(), limits)


def in_segments(model, search, divide):
    """The search, going on without what is done after each segment."""
    collected, rows = Collected(BATCH), np.arange(BATCH)
    maxima, segments = np.full(BATCH, LONGEST, "int32"), 0
    memory = model.memory()
    trail = search.start(model.step, memory, model.carry(), Limits(maxima))
    while len(rows):
        limits, until = Limits(maxima[rows]), divide(len(rows))
        trail = search.extend(model.step, memory, trail, limits, until)
        live = ops.convert_to_numpy(trail.state.live)
        assert live.sum() <= until
        done, left = np.flatnonzero(~live), np.flatnonzero(live)
        collected.add(rows[done], search.finish(pick_trail(trail, done)))
        memory, trail = pick(memory, left), pick_trail(trail, left)
        rows, segments = rows[left], segments + 1
    return collected.found, segments


@pytest.mark.parametrize("search", SEARCHES, ids=["greedy", "beam", "alpha"])
def test_segments_find_what_the_whole_search_finds(search):
    model = TinyModel(batch=BATCH, seed=3)
    expected = as_a_whole(model, search)
    found, segments = in_segments(model, search, lambda count: count - 1)
    assert segments > 2
    for one, other in zip(found[:5], expected[:5], strict=True):
        if other is not None:
            np.testing.assert_allclose(one, np.asarray(other), atol=1e-6)


def test_segments_keep_the_history_of_each_source():
    model = TinyModel(batch=BATCH, seed=3)
    search = BeamSearch(3, length_penalty=0.6, with_history=True)
    whole = as_a_whole(model, search).history
    whole = BeamHistory(*map(ops.convert_to_numpy, whole))
    found, segments = in_segments(model, search, lambda count: count - 1)
    assert segments > 2
    for row in range(BATCH):
        pairs = zip(found.history.of(row), whole.of(row), strict=True)
        for one, other in pairs:
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_small_batches_are_never_divided():
    assert end_of_segment(15) == 0
    assert end_of_segment(64) == 44


def test_sources_that_were_not_added_stay_blank():
    collected = Collected(3)
    model = TinyModel(batch=2)
    found = GreedySearch()(
        model.step, model.memory(), model.carry(), Limits(LONGEST)
    )
    collected.add(np.array([2, 0]), found)
    assert collected.found.lengths[1] == 0
    assert collected.found.lengths[2] == np.asarray(found.lengths)[0]
    assert collected.found.attention is None
