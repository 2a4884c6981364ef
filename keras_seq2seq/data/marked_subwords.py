"""Subwords whose inner ends are marked by `@@`, through subword-nmt."""

import contextlib
import importlib
import io
import random
import re
import sys

from keras_seq2seq.data.lines import one_file, read_lines
from keras_seq2seq.errors import UserError

VERSIONS = ("#version: 0.1", "#version: 0.2")
MERGE = re.compile(r"[^ \r]+ [^ \r]+ *")
COUNTED = re.compile(r"(.+)[ \t]([0-9]{1,18})")


def learn_codes(lines, symbols, min_frequency=2):
    """Learns which pairs of symbols are merged, one after the other.

    Args:
        lines: iterable of str, words between blanks. The lines of two
            languages, one after the other, give joint codes.
        symbols: int >= 1. Merges.
        min_frequency: int. Rarer pairs are not merged.

    Returns:
        str: a codes file, as subword-nmt 0.2 writes it.

    Raises:
        UserError: text of which nothing can be merged, no subword-nmt.

    Source:
        [Sennrich et al., 2016](https://aclanthology.org/P16-1162).
    """
    learn_bpe = _subword_nmt("learn_bpe").learn_bpe
    if symbols < 1:
        raise UserError(f"symbols must be at least 1. Received: {symbols}")
    lines = _Watched(lines)
    codes = io.StringIO()
    with _quiet_unless_terminal():
        try:
            learn_bpe(lines, codes, symbols, min_frequency)
        except ValueError:  # of an empty list of pairs
            if lines.mergeable:
                raise
    if codes.getvalue().count("\n") < 2:
        raise UserError(
            "Expected text with a pair of characters that occurs at least "
            f"{min_frequency} times. Received: "
            + ("rarer ones only." if lines.mergeable else "no such pair.")
        )
    return codes.getvalue()


def segmenter(codes, vocabulary=None, threshold=None, dropout=0.0):
    """Makes the function that cuts lines as a codes file says.

    Args:
        codes: path of a codes file.
        vocabulary: path or None. File of subwords and counts, as `subwords`
            or `keras-seq2seq vocab` counted them; other subwords are cut on.
        threshold: int or None. Rarer subwords count as not in there.
        dropout: float in `[0, 1)`. Chance that a merge is left out; draws
            from Python's `random`.

    Returns:
        callable from a line to a line.

    Raises:
        UserError: files that are none of these, with the line; no subword-nmt.

    Source:
        [Provilkov et al., 2020](https://aclanthology.org/2020.acl-main.170)
        (dropout).
    """
    apply_bpe = _subword_nmt("apply_bpe")
    if not 0 <= dropout < 1:
        raise UserError(f"dropout must lie in [0, 1). Received: {dropout}")
    known = None
    if vocabulary is not None:
        known = _frequent(vocabulary, threshold)
    text = io.StringIO(_checked_codes(codes))
    bpe = apply_bpe.BPE(text, vocab=known)
    return lambda line: bpe.process_line(line, dropout)


@contextlib.contextmanager
def seeded(seed):
    """Python's `random` begins at `seed` and afterwards is as before."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def subwords(lines):
    """Counts the subwords of cut lines, the most frequent first.

    Returns:
        list of `(subword, count)`; equally frequent ones as they came.
    """
    counted = io.StringIO()
    _subword_nmt("get_vocab").get_vocab(lines, counted)
    rows = counted.getvalue().split("\n")[:-1]
    return [(word, int(n)) for word, n in (row.rsplit(" ", 1) for row in rows)]


class _Watched:
    """Lines, of which it is remembered whether a word had two characters."""

    def __init__(self, lines):
        self.lines = lines
        self.mergeable = False

    def __iter__(self):
        for line in self.lines:
            if not self.mergeable:
                self.mergeable = any(len(word) > 1 for word in line.split(" "))
            yield line


def _checked_codes(path):
    path = one_file(path)
    lines = list(read_lines(path))
    versioned = bool(lines) and lines[0].startswith("#version:")
    if versioned and lines[0].strip() not in VERSIONS:
        raise UserError(
            f"{path}:1: expected version 0.1 or 0.2 of codes. "
            f"Received: {lines[0]!r}"
        )
    merges = lines[versioned:]
    if not merges:
        raise UserError(
            f"{path}: expected codes of byte pair encoding. Received: none. "
            "Learn them with `keras-seq2seq bpe learn`."
        )
    for number, line in enumerate(merges, 1 + versioned):
        if not MERGE.fullmatch(line):
            raise UserError(
                f"{path}:{number}: expected two subwords with a blank between "
                f"them. Received: {line[:60]!r}"
            )
    return "".join(f"{line}\n" for line in lines)


def _frequent(path, threshold):
    """Subwords of a file that are as frequent as `threshold`."""
    path = one_file(path)
    found = set()
    for number, line in enumerate(read_lines(path), 1):
        row = COUNTED.fullmatch(line)
        if not row:
            raise UserError(
                f"{path}:{number}: expected `subword count`. Received: "
                f"{line[:60]!r}. Count them with `keras-seq2seq bpe vocab`."
            )
        if threshold is None or int(row[2]) >= threshold:
            found.add(row[1])
    if not found:
        raise UserError(
            f"{path}: expected subwords that occur at least {threshold or 1} "
            "times. Received: none."
        )
    return found


def _subword_nmt(module):
    try:
        return importlib.import_module(f"subword_nmt.{module}")
    except ImportError as error:
        raise UserError(
            "Byte pair encoding with @@ marks needs the package subword-nmt. "
            f"Type pip install 'keras-seq2seq[bpe]' ({error})."
        ) from error


def _quiet_unless_terminal():
    """Keeps a progress bar out of log files."""
    if sys.stderr.isatty():
        return contextlib.nullcontext()
    return contextlib.redirect_stderr(io.StringIO())
