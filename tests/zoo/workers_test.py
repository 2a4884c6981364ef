import threading

import numpy as np
import pytest

from keras_seq2seq.zoo.workers import batch_sizes, side_by_side


def ends(costs, sizes, workers=2):
    """When each worker ends that takes a batch whenever it is free."""
    loads, begin = [0.0] * workers, 0
    for size in sizes:
        loads[loads.index(min(loads))] += costs[begin] * size
        begin += size
    return loads


@pytest.mark.parametrize("extra", [0, 4, 20])
@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("most", [1, 7, 128])
def test_batches_hold_all_sources_and_none_too_many(most, workers, extra):
    for count in [*range(40), 127, 128, 129, 300]:
        costs = np.linspace(70, 10, count).tolist()
        sizes = batch_sizes(costs, most, workers, extra)
        assert sum(sizes) == count
        assert all(0 < size <= most for size in sizes)
        assert len(sizes) >= min(workers, count)


def test_a_bound_far_above_the_sources_is_none():
    costs = [70] * 300
    assert batch_sizes(costs, 2**63 - 1, workers=2) == [150, 150]


def test_a_single_worker_gets_as_few_batches_of_equal_costs_as_may_be():
    assert batch_sizes([1] * 300, 128, 1) == [100, 100, 100]
    assert len(batch_sizes([*range(300, 0, -1)], 128, 1)) == 3


def test_batches_of_longer_sources_are_smaller():
    costs = np.linspace(70, 10, 500).tolist()
    sizes = batch_sizes(costs, 500, workers=2, extra=20)
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1] / 2


@pytest.mark.parametrize("count", [90, 300, 1000, 5000])
@pytest.mark.parametrize("shortest", [10, 60])
def test_workers_end_together(count, shortest):
    costs = np.linspace(70, shortest, count).tolist()
    loads = ends(costs, batch_sizes(costs, 128, workers=2, extra=20))
    assert max(loads) < 1.05 * min(loads)


def test_few_sources_that_are_much_longer_fill_up_few_others():
    costs = [100] * 3 + [10] * 297
    sizes = batch_sizes(costs, 128, workers=2)
    assert sum(ends(costs, sizes)) < 1.5 * sum(costs)


def test_a_slow_batch_keeps_no_worker_from_the_others():
    ended = threading.Semaphore(0)

    def run(number):
        if not number:
            return all(ended.acquire(timeout=20) for _ in range(3))
        ended.release()
        return True

    batches = [(number, f"told {number}") for number in range(4)]
    found = dict(side_by_side(run, batches, workers=2))
    assert found == {told: True for _, told in batches}


def test_costly_beginnings_make_batches_few():
    costs = np.linspace(70, 10, 1000).tolist()
    counts = [len(batch_sizes(costs, 128, 2, extra)) for extra in (0, 1000)]
    assert counts[0] > counts[1]
