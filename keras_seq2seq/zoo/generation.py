"""From source strings to target strings."""

import dataclasses
import threading
from typing import Any

import numpy as np
from keras import ops

from keras_seq2seq.data.line_encoder import LineEncoder
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.search import GreedySearch, Limits
from keras_seq2seq.search.compaction import (
    Collected,
    end_of_segment,
    pick,
    pick_trail,
)
from keras_seq2seq.search.top_tokens import BLOCK
from keras_seq2seq.tokens import PAD, UNKNOWN

BATCH_SIZE = 128  # sources: large products are faster than many small ones


@dataclasses.dataclass(frozen=True)
class Generation:
    """What a model wrote for one source.

    Attributes:
        text: str. Detokenised.
        tokens: tuple of str. Target pieces, END included where written.
        source_tokens: tuple of str. Source pieces as the model read them, but
            unknown ones as they stand in the text; for a picture the places
            of its cells.
        log_prob: float. Nats, the sum over `tokens`.
        score: float. What the search ranked by.
        attention: float array `(len(tokens), len(source_tokens))` or None.
        history: `BeamHistory` of this source, arrays `(steps, K)`, or None.
        alternatives: tuple of `Generation`. The next best ones.
        picture: `Picture` that was read, or None for text.
    """

    text: str
    tokens: tuple
    source_tokens: tuple
    log_prob: float
    score: float
    attention: Any = None
    history: Any = None
    alternatives: tuple = ()
    picture: Any = None


class Generator:
    """Feeds a search in batches of similar length and reads its results.

    Safe to call from several threads once built: it keeps only compiled
    functions between calls, under a lock.

    Args:
        model: `Seq2Seq`.
        tokenizers: pair of tokenizers (source, target) or None.
        append_end: bool. Whether sources end with END.
        max_source_length: int or None. Tokens read of a source, END apart.
        max_target_length: int. Most tokens written, END included.
        search: what `generate` uses by default. None: greedy.
    """

    def __init__(
        self,
        model,
        tokenizers=None,
        append_end=True,
        max_source_length=None,
        max_target_length=100,
        search=None,
    ):
        self.model = model
        self.tokenizers = tokenizers
        self.append_end = append_end
        self.max_source_length = max_source_length
        self.max_target_length = max_target_length
        self.default_search = search or GreedySearch()
        self._compiled = {}
        self._lock = threading.Lock()

    def generate(
        self,
        sources,
        search=None,
        max_length=None,
        min_length=0,
        batch_size=BATCH_SIZE,
    ):
        """Writes a target for each source.

        Args:
            sources: list of str. Raw text; blank ones get blank results.
            search: a search of `keras_seq2seq.search`. Default: the model's.
            max_length: int or None. Most tokens written, END included; None:
                what the model was made with.
            min_length: int. Fewest words before END.
            batch_size: int. Sources decoded at once. No result depends on it
                in float32; bfloat16 rounds a little differently.

        Returns:
            list of `Generation`, in the order of `sources`.
        """
        if isinstance(sources, str):
            raise TypeError(
                "`sources` must be a list of strings. "
                f"Received: the string {sources!r}"
            )
        if self.tokenizers is None:
            raise ValueError(
                "`generate` needs tokenizers: give the model "
                "`tokenizers=(source, target)`."
            )
        search = search or self.default_search
        limits = (max_length or self.max_target_length, min_length)
        results = [BLANK] * len(sources)
        for inputs, told in self.batches(sources, batch_size):
            found = self.search(inputs, search, *limits)
            for row, (index, about) in enumerate(told.items()):
                results[index] = self._read(about, found, row)
        return results

    def batches(self, sources, batch_size):
        """What `encode` is given, some sources at a time.

        Yields:
            the inputs, a mapping of arrays `(B, ...)`, and for each row the
            index of its source and the fields of its `Generation` that tell
            what was read, as a dict. Blank sources are in none.
        """
        encode = self._encoder().ids
        encoded = [encode(text) for text in sources]
        filled = [i for i, text in enumerate(sources) if text.strip()]
        order = sorted(filled, key=lambda i: len(encoded[i]))
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            told = {
                i: {
                    "source_tokens": self._source_tokens(sources[i], encoded[i])
                }
                for i in chosen
            }
            yield {"source": padded([encoded[i] for i in chosen])}, told

    def search(self, inputs, search, max_length=100, min_length=0):
        """Hypotheses, as numpy arrays.

        Args:
            inputs: ids `(B, S)`, or a mapping of arrays `(B, ...)` as
                `encode` takes it.
            search: a search of `keras_seq2seq.search`.
            max_length: int. Most tokens written, END included.
            min_length: int. Fewest words before END.
        """
        if not isinstance(inputs, dict):
            inputs = {"source": inputs}
        with self._lock:
            run = self._compiled.get(search)
            if run is None:
                run = self._compiled[search] = _Run(self.model, search)
        count = len(next(iter(inputs.values())))
        bounds = np.full((2, count), [[max_length], [min_length]])
        return run(inputs, bounds.astype(np.int32))

    def pairs(self, sources, targets, max_source_length=None):
        """Given sources and targets, encoded for teacher forcing.

        Args:
            sources: list as `generate` takes it.
            targets: list of str, as many.
            max_source_length: int or None. Tokens read of a source.

        Returns:
            what `data.batches.assemble` takes.
        """
        return ParallelText.from_texts(
            sources,
            targets,
            source_tokenizer=self.tokenizers[0],
            target_tokenizer=self.tokenizers[1],
            source_max_length=max_source_length,
            append_end=self.append_end,
        )

    def _encoder(self):
        return LineEncoder(
            self.tokenizers[0],
            self.max_source_length,
            append_end=self.append_end,
            never_empty=True,
        )

    def _source_tokens(self, text, ids):
        tokenizer = self.tokenizers[0]
        pieces, words = tokenizer.pieces(ids), tokenizer.split(text)
        for index, word in enumerate(words[: len(pieces)]):
            if ids[index] == UNKNOWN:
                pieces[index] = word
        return tuple(pieces)

    def _read(self, about, found, row):
        ranks = [
            self._read_one(about, found, row, rank)
            for rank in range(found.ids.shape[1])
            if found.lengths[row, rank]
        ]
        return dataclasses.replace(
            ranks[0],
            history=found.history and found.history.of(row),
            alternatives=tuple(ranks[1:]),
        )

    def _read_one(self, about, found, row, rank):
        length = found.lengths[row, rank]
        ids = found.ids[row, rank, :length].tolist()
        attention = None
        if found.attention is not None:
            attention = found.attention[row, rank, :length]
            attention = attention[:, : len(about["source_tokens"])]
        return Generation(
            text=self.tokenizers[1].decode(ids),
            tokens=tuple(self.tokenizers[1].pieces(ids)),
            log_prob=float(found.log_probs[row, rank]),
            score=float(found.scores[row, rank]),
            attention=attention,
            **about,
        )


class _Run:
    """A model and a search, compiled together.

    Args:
        model: `Seq2Seq`.
        search: search; without `start`, `extend` and `finish`, or with a
            call of its own that replaces them, a batch is decoded as a whole.
    """

    def __init__(self, model, search):
        self.model = model
        self.search = search
        graph = model.as_graph
        self.whole = None
        if not _has_segments(search):
            self.whole = graph(self._whole)
            return
        self.start = graph(self._start)
        self.extend = graph(self._extend)
        self.finish = graph(self._finish)
        self.pick = graph(_pick)

    def __call__(self, inputs, bounds):
        """Hypotheses of inputs; `bounds (2, B)` are maxima and minima."""
        count = bounds.shape[1]
        collected, rows = Collected(count), np.arange(count)
        if self.whole is not None:
            collected.add(rows, self.whole(inputs, *bounds))
            return collected.found
        memory, trail = self.start(inputs, *bounds)
        while len(rows):
            until = np.int32(end_of_segment(len(rows)))
            trail = self.extend(memory, trail, *bounds, until)
            live = ops.convert_to_numpy(trail.state.live)
            done = np.flatnonzero(~live).astype(np.int32)
            collected.add(rows[done], self.finish(trail, done))
            left = np.flatnonzero(live).astype(np.int32)
            rows, bounds = rows[left], bounds[:, left]
            if len(left):
                memory, trail = self.pick(memory, trail, left)
        return collected.found

    def _whole(self, inputs, *bounds):
        memory, carry = self._encode(inputs)
        step = self._step(memory)
        return self.search(step, memory, carry, Limits(*bounds))

    def _start(self, inputs, *bounds):
        memory, carry = self._encode(inputs)
        step = self._step(memory)
        trail = self.search.start(step, memory, carry, Limits(*bounds))
        return memory, trail

    def _extend(self, memory, trail, maxima, minima, until):
        limits = Limits(maxima, minima)
        step = self._step(memory)
        return self.search.extend(step, memory, trail, limits, until)

    def _finish(self, trail, rows):
        return self.search.finish(pick_trail(trail, rows))

    def _encode(self, inputs):
        memory, carry = self.model.encode(inputs)
        return self.model.search_memory(memory), carry

    def _step(self, memory):
        # Whole blocks of logits: none is copied to find the best.
        advance = self.model.stepper(memory, multiple=BLOCK)
        return lambda tokens, memory, carry: advance(tokens, carry)


def _has_segments(search):
    """Whether a search's call does no more than `extend` in a loop."""
    owners = [vars(kind) for kind in type(search).__mro__]
    if not any("extend" in own for own in owners):
        return False
    first = next(own for own in owners if "extend" in own or "__call__" in own)
    return "extend" in first


def _pick(memory, trail, rows):
    return pick(memory, rows), pick_trail(trail, rows)


BLANK = Generation("", (), (), 0.0, 0.0)


def padded(rows):
    """Int32 array `(B, S)` of lists of ids, right-padded."""
    width = max(len(row) for row in rows)
    return np.array(
        [row + [PAD] * (width - len(row)) for row in rows], np.int32
    )
