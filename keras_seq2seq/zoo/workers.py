"""Batches that several threads decode side by side."""

import concurrent.futures
import math

TRIED = 16  # numbers of batches
HALVINGS = 20


def batch_sizes(costs, most, workers, extra=0):
    """Sizes of batches with which all workers likely end at the same time.

    Batches cost the same as far as `most` allows. A single worker gets as few
    as may be. Several get more where that lets them end together, in spite of
    what a batch costs besides.

    Args:
        costs: sequence of int above 0, the greatest first: what each source
            costs. In a batch all cost as much as its first, to whose length
            they are filled up.
        most: int. Most sources of a batch.
        workers: int. Each begins a batch as soon as it has ended one.
        extra: float. Sources that cost as much as what a batch costs besides.

    Returns:
        list of int from 1 to `most`.
    """
    count = len(costs)
    most = min(most, max(count, 1))
    least = max(1, math.ceil(count / (most * workers))) * workers
    tried = min(TRIED, max(count - least, 0) + 1) if workers > 1 else 1
    plans = [
        _alike(costs, most, batches) for batches in range(least, least + tried)
    ]
    return min(plans, key=lambda sizes: _time(costs, sizes, workers, extra))


def _alike(costs, most, batches):
    """Sizes of at most so many batches whose costs are nearly the same."""
    low, high = 0.0, float(most * max(costs, default=0))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if len(_up_to(costs, most, middle)) <= batches:
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
        what was told, and what `run` gave, as the batches end.
    """
    if workers == 1:
        for inputs, told in batches:
            yield told, run(inputs)
        return
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        begun = {}
        for inputs, told in batches:
            begun[pool.submit(run, inputs)] = told
            if len(begun) > workers:  # one waits for the next free worker
                yield from _ended(begun)
        while begun:
            yield from _ended(begun)


def _ended(begun):
    """Takes out what has ended, at least one."""
    ended, _ = concurrent.futures.wait(
        begun, return_when=concurrent.futures.FIRST_COMPLETED
    )
    for future in ended:
        yield begun.pop(future), future.result()
