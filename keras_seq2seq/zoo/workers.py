"""Batches that several threads decode side by side."""

import collections
import concurrent.futures
import math

TRIED = 8  # numbers of batches for each worker
HALVINGS = 20


def batch_sizes(costs, most, workers, extra=0):
    """Sizes of batches with which all workers likely end at the same time.

    Batches cost the same as far as `most` allows. More of them let workers end
    together and fill up fewer sources; fewer have less to do besides.

    Args:
        costs: sequence of float above 0, the greatest first: what each source
            costs. In a batch all cost as much as its first, to whose length
            they are filled up.
        most: int. Most sources of a batch.
        workers: int. Each begins a batch as soon as it has ended one.
        extra: float. Sources that cost as much as what a batch costs besides.

    Returns:
        list of int from 1 to `most`.
    """
    least = max(1, math.ceil(len(costs) / (most * workers))) * workers
    plans = [
        _alike(costs, most, count)
        for count in range(least, least + TRIED * workers)
    ]
    return min(plans, key=lambda sizes: _time(costs, sizes, workers, extra))


def _alike(costs, most, count):
    """Sizes of at most `count` batches whose costs are nearly the same."""
    low, high = 0.0, most * max(costs, default=0.0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if len(_up_to(costs, most, middle)) <= count:
            high = middle
        else:
            low = middle
    return _up_to(costs, most, high)


def _up_to(costs, most, cost):
    """Sizes of batches that cost no more, unless of a single source."""
    sizes, first = [], 0
    while first < len(costs):
        size = min(int(cost / costs[first]), most, len(costs) - first)
        sizes.append(max(size, 1))
        first += sizes[-1]
    return sizes


def _time(costs, sizes, workers, extra):
    """When the last worker ends."""
    busy_until, first = [0.0] * workers, 0
    for size in sizes:
        free = min(busy_until)
        busy_until[busy_until.index(free)] += costs[first] * (size + extra)
        first += size
    return max(busy_until)


def side_by_side(run, batches, workers):
    """`run` of each batch's inputs, in threads where there are several.

    Args:
        run: callable.
        batches: iterable of inputs and what was told about them.
        workers: int. Batches at once.

    Yields:
        what was told, and what `run` gave, in the order of the batches.
    """
    if workers == 1:
        for inputs, told in batches:
            yield told, run(inputs)
        return
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        begun = collections.deque()
        for inputs, told in batches:
            begun.append((told, pool.submit(run, inputs)))
            if len(begun) > workers:
                told, future = begun.popleft()
                yield told, future.result()
        for told, future in begun:
            yield told, future.result()
