"""Sentences that wait to be decoded, in an order that is fair to requests."""

import bisect
from typing import Any, NamedTuple

LOOK_AHEAD = 4  # batches among which those of similar length are found


class Waiting(NamedTuple):
    """A sentence of a request, in its place.

    Attributes:
        turn: int. Sentences of lower turns come first.
        arrival: int. The order of requests with the same turn.
        length: int. Source tokens.
        ticket: the request.
        index: int. Which of the request's sentences.
    """

    turn: int
    arrival: int
    length: int
    ticket: Any
    index: int


class WaitingLine:
    """Start-time fair queueing, each request being a flow.

    A request's sentences get successive turns, from the next one on. So a
    request of one sentence is served soon, though one of a thousand came
    before it; and those of one sentence are served as they came. Whoever comes
    waits for the turn that is under way, so that it ends, and the next begins,
    however many come.

    Source:
        [Goyal et al., 1996](https://doi.org/10.1145/248156.248171).
    """

    def __init__(self):
        self._waiting = []  # sorted
        self._turn = 0  # of who comes next
        self._arrivals = 0

    def __len__(self):
        return len(self._waiting)

    def add(self, ticket, lengths):
        """Lets all sentences of a request wait, `lengths` tokens long."""
        self._arrivals += 1
        for index, length in enumerate(lengths):
            place = (self._turn + index, self._arrivals)
            bisect.insort(
                self._waiting,
                Waiting(*place, length, ticket, index),
                key=lambda one: (one.turn, one.arrival),
            )

    def remove(self, ticket):
        """Lets no sentence of this request wait any more."""
        self._waiting = [w for w in self._waiting if w.ticket is not ticket]

    def take(self, count):
        """The next sentences, removed from the line.

        The first in line and those beside it by length, out of some batches:
        what a batch costs is the length of its longest.

        Returns:
            list of at most `count` of `Waiting`.
        """
        near = self._waiting[: LOOK_AHEAD * count]
        if not near:
            return []
        by_length = sorted(range(len(near)), key=lambda i: near[i].length)
        begin = by_length.index(0) - count // 2
        begin = max(0, min(begin, len(near) - count))
        chosen = sorted(by_length[begin : begin + count])
        for position in reversed(chosen):
            del self._waiting[position]
        rest = self._waiting[0].turn if self._waiting else 0
        self._turn = max(near[0].turn + 1, rest)
        return [near[position] for position in chosen]
