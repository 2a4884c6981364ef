"""From source strings to target strings."""

import dataclasses
import itertools
import logging
import threading

import numpy as np

from keras_seq2seq.data.length_ratio import longest_target
from keras_seq2seq.data.line_encoder import LineEncoder
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.search import GreedySearch, Limits
from keras_seq2seq.search.top_tokens import BLOCK
from keras_seq2seq.tokens import PAD, UNKNOWN
from keras_seq2seq.zoo.compiled_search import CompiledSearch
from keras_seq2seq.zoo.generated import BLANK, Generation
from keras_seq2seq.zoo.long_sources import joined
from keras_seq2seq.zoo.workers import batch_sizes, side_by_side

LOGGER = logging.getLogger("keras_seq2seq")
BATCH_SIZE = 192  # sources, at most: large products are faster than many
# Hypotheses that cost as much as what a batch costs besides.
EXTRA = 20
# Sources from which on weights are worth being made ready for them.
MANY = 256
TYPICAL = 12  # tokens of a target, when it is not written yet


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
        max_length_ratio: float or None. Most target words per source token,
            in place of `max_target_length`; see `longest_target`.
    """

    def __init__(
        self,
        model,
        tokenizers=None,
        append_end=True,
        max_source_length=None,
        max_target_length=100,
        search=None,
        max_length_ratio=None,
    ):
        self.model = model
        self.tokenizers = tokenizers
        self.append_end = append_end
        self.max_source_length = max_source_length
        self.max_target_length = max_target_length
        self.max_length_ratio = max_length_ratio
        self.default_search = search or GreedySearch()
        self._compiled, self._readers, self._variants = {}, {}, {}
        self._lock = threading.Lock()

    def generate(
        self,
        sources,
        search=None,
        max_length=None,
        min_length=0,
        batch_size=BATCH_SIZE,
        max_input_length=None,
        lexicon=None,
    ):
        """Writes a target for each source.

        Args:
            sources: list of str, raw text, or of sequences of int, ids
                without START and END; blank ones get blank results.
            search: a search of `keras_seq2seq.search`. Default: the model's.
            max_length: int or None. Most tokens written, END included; None:
                what the model was made with, by the length of each source if
                it has a `max_length_ratio`.
            min_length: int. Fewest words before END, less than `max_length`;
                where that depends on a source, END may be out of reach.
            batch_size: int. Most sources decoded at once. No result depends
                on it in float32; bfloat16 rounds a little differently.
            max_input_length: int or None. Sources of more tokens are read in
                pieces of so many, END apart, whose targets are joined, see
                `keras_seq2seq.zoo.long_sources`. None: what is beyond the
                model's greatest source length is not read.
            lexicon: `Lexicon` or None. A source becomes tokens of its
                shortlist alone, which is faster; probabilities are those
                among these tokens.

        Returns:
            list of `Generation`, in the order of `sources`.

        Raises:
            ValueError: no tokenizers, more tokens than the model has learned
                positions for, or lengths or a batch size out of range.
            UserError: a lexicon of other vocabularies.
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
        self._check_sizes(max_length, min_length, batch_size)
        if lexicon is not None:
            lexicon.check(self.tokenizers)
        search = search or self.default_search
        pieces = self.pieces(sources, max_input_length)
        self._check(
            "targets of up to",
            max_length or 0,
            self.model.longest_target,
            "choose a smaller `max_length`",
        )
        flat = [each for own in pieces for each in own]
        if not flat:
            return [BLANK] * len(pieces)
        written = [BLANK] * len(flat)
        # What is drawn at random depends on who else is in a batch, and when.
        workers = 1 if hasattr(search, "seed") else self.model.batch_shards
        extra = EXTRA / getattr(search, "width", 1)
        costs = self._costs(flat, max_length, min_length)
        sizes = batch_sizes(costs, batch_size, workers, extra)
        run = self._searcher(search, lexicon, len(flat))

        def hypotheses(inputs):
            most = self._most(inputs) if max_length is None else max_length
            return run(inputs, most, min_length)

        batches = self.batches(flat, sizes)
        for told, found in side_by_side(hypotheses, batches, workers):
            for row, (index, about) in enumerate(told.items()):
                written[index] = self._read(about, found, row)
        left = iter(written)
        return [
            self._whole([*itertools.islice(left, len(own))], search)
            for own in pieces
        ]

    def pieces(self, sources, max_input_length=None):
        """What is read of each source, at once or bit by bit.

        Returns:
            for each source a list of what `batches` takes, empty if it is
            blank.
        """
        longest = None
        if max_input_length is not None:
            longest = min(
                max_input_length, self.max_source_length or max_input_length
            )
        pieces = [self._pieces(source, longest) for source in sources]
        several = sum(len(own) > 1 for own in pieces)
        if several:
            LOGGER.warning(
                "%d of %d sources have more than %d tokens: each is "
                "translated in pieces, whose targets are joined.",
                several,
                len(sources),
                longest,
            )
        self._check(
            "a source of",
            max((len(ids) for own in pieces for ids, _ in own), default=0),
            self.model.longest_source,
            "give the model a `max_source_length` that cuts sources",
        )
        return pieces

    def _pieces(self, source, length):
        """Pairs of ids and source tokens."""
        if not (source.strip() if isinstance(source, str) else len(source)):
            return []
        encoder, tokenizer = self._encoder(), self.tokenizers[0]
        words, ids = [], source
        if isinstance(source, str):
            words, ids = tokenizer.split(source), tokenizer.encode(source)
        if length is None:
            length = max(len(ids), 1)
        return [
            (row, self._source_tokens(words[place * length :], row))
            for place, row in enumerate(encoder.pieces(ids, length))
        ]

    def batches(self, pieces, sizes):
        """What `encode` is given, some pieces at a time, the longest first.

        Args:
            pieces: list of what `pieces` made of sources.
            sizes: iterable of int. Of each batch; their sum is that of pieces.

        Yields:
            the inputs, a mapping of arrays `(B, ...)`, and for each row the
            index of its piece and the fields of its `Generation` that tell
            what was read, as a dict.
        """
        order = sorted(range(len(pieces)), key=lambda i: -len(pieces[i][0]))
        left = iter(order)
        for size in sizes:
            chosen = [*itertools.islice(left, size)]
            told = {i: {"source_tokens": pieces[i][1]} for i in chosen}
            yield {"source": padded([pieces[i][0] for i in chosen])}, told

    def _costs(self, pieces, max_length, min_length):
        """Tokens read and likely written of each piece, in falling order."""
        most = max_length or self.max_target_length or np.iinfo(np.int32).max
        # As `batches` sorts them.
        lengths = sorted(map(self.length, pieces), reverse=True)
        return [read + min(max(read, min_length + 1), most) for read in lengths]

    def length(self, piece):
        """What reading costs of what `pieces` made, in tokens."""
        return len(piece[0])

    def _check_sizes(self, max_length, min_length, batch_size):
        """Refuses numbers with which nothing sensible can be written."""
        if batch_size < 1:
            raise ValueError(
                "`batch_size` must be at least 1. "
                f"Received: batch_size={batch_size}"
            )
        if max_length is None and self.max_length_ratio is None:
            max_length = self.max_target_length
        if max_length is None:  # each source has a length of its own
            max_length = np.iinfo(np.int32).max
        Limits(max_length, min_length)

    def _check(self, name, length, limit, shorter):
        if limit is not None and length > limit:
            raise ValueError(
                f"The model has learned positions for {limit} tokens. "
                f"Received: {name} {length} tokens, START and END counted."
                f" Use positions that are sinusoids, or {shorter}."
            )

    def _whole(self, parts, search):
        if len(parts) < 2:
            return parts[0] if parts else BLANK
        penalty = search.penalty() if hasattr(search, "penalty") else None
        return joined(parts, self.tokenizers[1].decode, penalty)

    def search(
        self, inputs, search, max_length=100, min_length=0, lexicon=None
    ):
        """Hypotheses, as numpy arrays.

        Args:
            inputs: ids `(B, S)`, or a mapping of arrays `(B, ...)` as
                `encode` takes it.
            search: a search of `keras_seq2seq.search`.
            max_length: int, or int array `(B,)`. Most tokens written, END
                included.
            min_length: int, or int array `(B,)`. Fewest words before END.
            lexicon: `Lexicon` or None. As for `generate`.
        """
        if not isinstance(inputs, dict):
            inputs = {"source": inputs}
        sources = len(next(iter(inputs.values())))
        run = self._searcher(search, lexicon, sources)
        return run(inputs, max_length, min_length)

    def _searcher(self, search, lexicon, sources):
        """`run(inputs, max_length, min_length)` with the weights of now."""
        told, ahead = self._variant(search, lexicon, sources)
        weights = self._reader(told, ahead)()

        def run(inputs, max_length, min_length):
            count = len(next(iter(inputs.values())))
            bounds = np.empty((2, count), np.int32)
            bounds[0], bounds[1] = max_length, min_length
            if lexicon is None:
                compiled = self._compiled_for(search, told, ahead)
                return compiled(inputs, bounds, weights)
            shortlist = lexicon.candidates(inputs["source"])
            compiled = self._compiled_for(search, shortlist.shape[1], ahead)
            found = compiled(inputs, bounds, weights, shortlist)
            return _by_ids(found, shortlist)

        return run

    def _variant(self, search, lexicon, sources):
        """What steps tell, and whether tokens are done ahead.

        A variant for more sources serves fewer, too, once it is there: making
        its weights ready takes less time than compiling another.
        """
        told = self._told_by_steps(search, lexicon, sources)
        wished = told, self._worth_projecting(search, sources)
        with self._lock:
            known = self._variants.setdefault((search, lexicon is None), [])
            if wished in known:
                return wished
            for variant in known:
                if variant[0] in (told, "screened") and variant[1] >= wished[1]:
                    return variant
            known.append(wished)
        return wished

    def _told_by_steps(self, search, lexicon, sources):
        """What steps tell; see `Seq2Seq.search_weights`."""
        if lexicon is not None:
            return "shortlist"
        best_alone = not getattr(search, "with_log_probs", True)
        if best_alone and sources >= MANY and self.model.can_screen:
            return "screened"
        return "logits"

    def _worth_projecting(self, search, sources):
        """Whether far more tokens are likely written than there are."""
        if sources < MANY or self.tokenizers is None:
            return False
        written = TYPICAL * sources * getattr(search, "width", 1)
        return written >= 2 * self.tokenizers[1].vocabulary_size

    def _reader(self, told, ahead):
        """What reads the weights of a variant, compiled."""
        with self._lock:
            reader = self._readers.get((told, ahead))
            if reader is None:
                # Whole blocks of logits: none is copied to find the best.
                reader = self.model.as_graph(
                    lambda: self.model.search_weights(
                        told, multiple=BLOCK, ahead=ahead
                    )
                )
                self.model.trace(reader)
                self._readers[told, ahead] = reader
            return reader

    def _compiled_for(self, *key):
        """What is compiled for a search, and what its steps tell: searches
        read the number of logits where they are made into a graph."""
        with self._lock:
            compiled = self._compiled.get(key)
            if compiled is None:
                compiled = CompiledSearch(self.model, key[0])
                self._compiled[key] = compiled
            return compiled

    def _most(self, inputs):
        """Most tokens to be written for each source, END included."""
        if self.max_length_ratio is None:
            return self.max_target_length
        lengths = np.count_nonzero(inputs["source"] != PAD, axis=1)
        words = [
            longest_target(
                self.max_length_ratio,
                length - self.append_end,
                longest=self.max_source_length,
            )
            for length in lengths.tolist()
        ]
        longest = self.model.longest_target or np.iinfo(np.int32).max
        return np.minimum(np.array(words, np.int32) + 1, longest)

    def pairs(
        self, sources, targets, max_source_length=None, max_target_length=None
    ):
        """Given sources and targets, encoded for teacher forcing.

        Args:
            sources: list as `generate` takes it.
            targets: list of str, as many.
            max_source_length: int or None. Tokens read of a source.
            max_target_length: int or None. Tokens kept of a target, START
                and END not counted.

        Returns:
            what `data.batches.assemble` takes.
        """
        return ParallelText.from_texts(
            sources,
            targets,
            source_tokenizer=self.tokenizers[0],
            target_tokenizer=self.tokenizers[1],
            source_max_length=max_source_length,
            target_max_length=max_target_length,
            append_end=self.append_end,
        )

    def _encoder(self):
        return LineEncoder(
            self.tokenizers[0],
            self.max_source_length,
            append_end=self.append_end,
            never_empty=True,
        )

    def _source_tokens(self, words, ids):
        pieces = self.tokenizers[0].pieces(ids)
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
            log_prob=_number(found.log_probs, row, rank),
            score=_number(found.scores, row, rank),
            attention=attention,
            ids=tuple(ids),
            **about,
        )


def _number(numbers, row, rank):
    return None if numbers is None else float(numbers[row, rank])


def _by_ids(found, shortlist):
    """Hypotheses whose tokens were called by their places in a shortlist."""
    ids = np.take_along_axis(shortlist[:, None], found.ids, axis=-1)
    if found.history is None:
        return found._replace(ids=ids)
    words = found.history.words
    words = np.take_along_axis(shortlist[:, None], words, axis=-1)
    return found._replace(ids=ids, history=found.history._replace(words=words))


def padded(rows):
    """Int32 array `(B, S)` of lists of ids, right-padded."""
    width = max(len(row) for row in rows)
    return np.array(
        [row + [PAD] * (width - len(row)) for row in rows], np.int32
    )
