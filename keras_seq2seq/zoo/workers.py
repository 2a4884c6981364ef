"""Batches that several threads decode side by side."""

import collections
import concurrent.futures
import math


def batch_sizes(count, most, workers, few=1):
    """Sizes of batches that let all workers end at nearly the same time.

    Each worker gets as many batches, of one size. Where there are several
    workers, and batches may be smaller, each is a small share of what is left.

    Args:
        count: int. Sources to be divided.
        most: int. Most sources of a batch.
        workers: int.
        few: int. Smaller batches than this are only made where a worker had
            none.

    Yields:
        int from 1 to `most`.

    Source:
        [Polychronopoulos and Kuck, 1987](https://doi.org/10.1109/TC.1987.5009495):
        guided self-scheduling.
    """
    rounds = max(1, math.ceil(count / (most * workers)))
    most = math.ceil(count / (rounds * workers))
    share = 2 * workers if workers > 1 else 1
    while count:
        size = min(most, max(math.ceil(count / share), few))
        if count <= workers * size:
            size, larger = divmod(count, workers)
            sizes = [size + 1] * larger + [size] * (workers - larger)
            yield from filter(None, sizes)
            return
        yield size
        count -= size


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
