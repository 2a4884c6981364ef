import numpy as np
import pytest

from keras_seq2seq.zoo.workers import batch_sizes


@pytest.mark.parametrize("few", [1, 32, 160])
@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("most", [1, 7, 128])
def test_batches_hold_all_sources_and_none_too_many(most, workers, few):
    for count in range(300):
        sizes = [*batch_sizes(count, most, workers, few)]
        assert sum(sizes) == count
        assert all(0 < size <= most for size in sizes)
        if count >= workers:
            assert len(sizes) >= workers


def test_a_single_worker_gets_as_few_batches_as_may_be():
    assert [*batch_sizes(300, 128, workers=1)] == [100, 100, 100]


@pytest.mark.parametrize("count", [90, 300, 1000, 5000])
def test_workers_end_within_a_small_batch_of_one_another(count):
    # Rows take the longer the earlier they come: from 35 tokens down to 5.
    tokens = np.linspace(35, 5, count)
    loads, begin = [0.0, 0.0], 0
    for size in batch_sizes(count, 128, workers=2, few=32):
        first = loads.index(min(loads))
        loads[first] += tokens[begin : begin + size].sum()
        begin += size
    assert max(loads) - min(loads) <= 2 * tokens[-32:].sum()


def test_small_batches_are_made_only_where_a_worker_had_none():
    assert [*batch_sizes(300, 128, workers=2, few=160)] == [75] * 4
    assert [*batch_sizes(40, 128, workers=2, few=160)] == [20, 20]
