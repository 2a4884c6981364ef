"""A parallel corpus: files or texts in, ids of each pair out."""

import copy
import functools
import hashlib

import numpy as np

from keras_seq2seq.data import corpus_index
from keras_seq2seq.data.encode_spans import encoded_blocks
from keras_seq2seq.data.length_ratio import length_ratio
from keras_seq2seq.data.line_encoder import LineEncoder
from keras_seq2seq.data.lines import LineReader
from keras_seq2seq.data.padding import padded_rows
from keras_seq2seq.data.text_source import TextSource
from keras_seq2seq.data.token_table import TokenTable
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import END

IN_MEMORY_BYTES = 50_000_000
FAR = 2**62  # beyond any pair


class ParallelText:
    """Encoded pairs of source and target lines.

    Line i of all source files together belongs to line i of all target files
    together; so it is with records, where a side is a `TextSource`. A small
    corpus is encoded in memory. A large one is encoded once,
    by several processes, into files that are mapped into memory and found
    again by the next run.

    Args:
        source_files: path, glob, sequence of them, or `TextSource`.
        target_files: the same; None takes the target from `target_column` of
            the source files.
        source_tokenizer: `Tokenizer`.
        target_tokenizer: `Tokenizer`; None takes the source's.
        source_column, target_column: int or None. 0-based column of a TSV;
            None takes whole lines.
        source_max_length, target_max_length: int or None. Most tokens kept of
            a line, START and END not counted; None sets no limit.
        append_end: bool. If True, END follows the source.
        sampling: `SubwordSampling` or None. Its copies follow one another, so
            there are as many times more pairs.
        cache_dir: path or None. Where large corpora are kept; None means
            `$KERAS_SEQ2SEQ_CACHE`, else `~/.cache/keras-seq2seq`.
        in_memory_bytes: int. Text up to this size is not kept in files.

    Attributes:
        unit: str. What the source files hold: `"line"` or `"record"`.
        append_end: bool.

    Raises:
        UserError: a file that is missing, empty or not UTF-8, sides with
            different numbers of lines, a cache that cannot be written.
    """

    def __init__(
        self,
        source_files,
        target_files=None,
        *,
        source_tokenizer,
        target_tokenizer=None,
        source_column=None,
        target_column=None,
        source_max_length=None,
        target_max_length=None,
        append_end=True,
        sampling=None,
        cache_dir=None,
        in_memory_bytes=IN_MEMORY_BYTES,
    ):
        if target_files is None and target_column is None:
            raise UserError(
                "Expected `target_files`, or a `target_column` of the source "
                "files. Received: neither."
            )
        sources = _texts(source_files, source_column)
        targets = _texts(
            source_files if target_files is None else target_files,
            target_column,
        )
        source, target = _encoders(
            source_tokenizer,
            target_tokenizer,
            source_max_length,
            target_max_length,
            append_end,
            sampling,
        )
        seed = 0
        if sampling is not None:
            sources = sources.repeated(sampling.copies)
            targets = targets.repeated(sampling.copies)
            seed = sampling.seed
        sides = (
            corpus_index.Side("source", sources, source, seed),
            corpus_index.Side("target", targets, target, seed),
        )
        if _size(sources, targets) <= in_memory_bytes:
            tables, lines = _encode_in_memory(sides)
        else:
            tables, lines = corpus_index.load_or_build(sides, cache_dir)
        self.sources, self.targets = tables
        names = map(sources.label, sources.files)
        self._files = list(zip(names, lines[0], strict=True))
        self.unit = sources.reader.unit
        self.append_end = append_end
        self._origins = None

    @classmethod
    def from_texts(
        cls,
        sources,
        targets,
        *,
        source_tokenizer,
        target_tokenizer=None,
        source_max_length=None,
        target_max_length=None,
        append_end=True,
    ):
        """Pairs from two equally long sequences of str, in memory."""
        if len(sources) != len(targets):
            raise ValueError(
                "Sources and targets must be equally many. Received: "
                f"{len(sources)} sources and {len(targets)} targets"
            )
        if not len(sources):
            raise ValueError("Expected at least one pair. Received: none")
        source, target = _encoders(
            source_tokenizer,
            target_tokenizer,
            source_max_length,
            target_max_length,
            append_end,
        )
        return cls.of_tables(
            TokenTable.join([source(list(sources))]),
            TokenTable.join([target(list(targets))]),
            append_end,
        )

    @classmethod
    def of_tables(cls, sources, targets, append_end, files=(), unit="line"):
        """Pairs that are encoded already.

        Args:
            sources, targets: `TokenTable`, equally long.
            append_end: bool. Whether END follows each source.
            files: sequence of pairs, the name of a source file and how many
                of the pairs are its, in their order.
            unit: str. What the source files hold.
        """
        pairs = cls.__new__(cls)
        pairs.sources, pairs.targets = sources, targets
        pairs._files = list(files)
        pairs.unit = unit
        pairs.append_end = append_end
        pairs._origins = None
        return pairs

    def take(self, indices):
        """Some of the pairs, whose ids are not copied.

        Args:
            indices: int array `(n,)`, rising.

        Returns:
            `ParallelText`.
        """
        taken = copy.copy(self)
        for name in ("fingerprint", "length_ratio"):
            vars(taken).pop(name, None)
        taken.sources = self.sources.take(indices, int(self.append_end))
        taken.targets = self.targets.take(indices)
        taken._origins = self._positions(indices)
        return taken

    def __len__(self):
        return len(self.sources)

    #: Shape and type of each input of a batch, by name.
    input_specs = {"source": ((None, None), "int32")}
    #: Batches that are made at once.
    calls = 1
    #: Lines about what was left out, for people.
    remarks = ()
    #: The same in full.
    left_out = ()

    def inputs(self, indices, rows, epoch=0, width=None):
        """The sources of a batch.

        Args:
            indices: int array `(n,)`.
            rows: int, at least n. Rows beyond are dummies of one token.
            epoch: int. Every pass shows the same.
            width: int or None. S; None: that of the longest row.

        Returns:
            `{"source": int32 (rows, S)}`, and None: all can be read.
        """
        ids, lengths = self.sources.gather(indices)
        if width is None:
            width = lengths.max(initial=1)
        source = padded_rows(ids, lengths, rows, width)
        source[len(indices) :, 0] = END
        return {"source": source}, None

    def source(self, index):
        """Source ids as fed, int32 `(S,)`; never empty."""
        return self.sources.row(index)

    def target(self, index):
        """Target ids without START and END, int32 `(T,)`."""
        return self.targets.row(index)

    @property
    def source_lengths(self):
        """Lengths as fed, int32 `(N,)`; they count END."""
        return self.sources.lengths

    @property
    def target_lengths(self):
        """Lengths as fed, int32 `(N,)`; they count START, or END in labels."""
        return self.targets.lengths + 1

    @property
    def unsliced_source_lengths(self):
        """Lengths with END before truncation, int32 `(N,)`, for buckets."""
        return self.sources.unsliced_lengths

    @property
    def token_counts(self):
        """Tokens of the text that are kept: sources and targets, `(N,)`."""
        ends = (int(self.append_end), 0)
        return tuple(
            np.minimum(side.lengths, side.unsliced_lengths) - end
            for side, end in zip(self._sides, ends, strict=True)
        )

    @property
    def cut_off(self):
        """Where a side is longer than its limit, bool `(N,)`."""
        source, target = (
            side.unsliced_lengths > side.lengths for side in self._sides
        )
        return source | target

    @functools.cached_property
    def length_ratio(self):
        """The `LengthRatio` of the pairs, without those that are cut off
        unless all are."""
        whole = ~self.cut_off
        if not whole.any():
            whole[:] = True
        return length_ratio(*(counts[whole] for counts in self.token_counts))

    @functools.cached_property
    def fingerprint(self):
        """Hexadecimal sha256 of all pairs, as encoded, in their order."""
        both = f"{self.sources.fingerprint} {self.targets.fingerprint}"
        return hashlib.sha256(both.encode()).hexdigest()

    def places(self, indices):
        """Where pairs stand in the source files.

        Args:
            indices: int array `(B,)`.

        Returns:
            dict `{file: list of numbers}`, from 1 on and rising, of what
            `unit` says; pairs from texts are all of the file `"the given
            texts"`.
        """
        begin, found = 0, {}
        indices = self._positions(np.asarray(indices, np.int64))
        files = self._files or [("the given texts", FAR)]
        for path, count in files:
            own = [i for i in indices if begin <= i < begin + count]
            if own:
                lines = found.setdefault(path, set())
                lines.update(int(i) - begin + 1 for i in own)
            begin += count
        return {path: sorted(lines) for path, lines in found.items()}

    @property
    def _sides(self):
        return self.sources, self.targets

    def _positions(self, indices):
        """Where pairs stand in the text."""
        return indices if self._origins is None else self._origins[indices]

    @property
    def statistics(self):
        """`pairs`, and for `source` and `target` the `tokens` of the text, the
        `longest` line, `truncated_share` of the tokens and `unknown_share` of
        those kept."""
        return {
            "pairs": len(self),
            "source": self.sources.statistics,
            "target": self.targets.statistics,
        }


def _encoders(
    source_tokenizer,
    target_tokenizer,
    source_max_length,
    target_max_length,
    append_end,
    sampling=None,
):
    source = LineEncoder(
        source_tokenizer,
        source_max_length,
        append_end=append_end,
        never_empty=True,
        sampling=sampling.source if sampling else 0.0,
    )
    # Batches add START and END to the target.
    target = LineEncoder(
        target_tokenizer or source_tokenizer,
        target_max_length,
        sampling=sampling.target if sampling else 0.0,
    )
    return source, target


def _texts(given, column):
    if isinstance(given, TextSource):
        return given
    return TextSource.open(given, LineReader(column))


def _size(*sides):
    files = {path for side in sides for path in side.files}
    return sum(path.stat().st_size for path in files)


def _encode_in_memory(sides):
    tables, counts = [], []
    for side in sides:
        texts = side.texts
        encoded = [
            [
                block
                for span in texts.reader.spans(path)
                for block in encoded_blocks(
                    side.encoder,
                    texts.reader,
                    path,
                    span,
                    side.seed_of(place, span),
                )
            ]
            for place, path in enumerate(texts.files)
        ]
        counts.append([sum(len(e.lengths) for e in file) for file in encoded])
        tables.append(TokenTable.join([e for file in encoded for e in file]))
    corpus_index.check_line_counts(sides, counts)
    return tables, counts
