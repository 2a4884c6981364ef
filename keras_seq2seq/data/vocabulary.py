"""The words of a model and their ids, read from and written to a file."""

import collections
import hashlib

from keras_seq2seq.data.lines import one_file, read_lines
from keras_seq2seq.data.splitting import splitter
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import (
    FIRST_WORD,
    HISTORICAL_NAMES,
    SPECIAL_NAMES,
    UNKNOWN,
)

RESERVED = frozenset(SPECIAL_NAMES + HISTORICAL_NAMES)


class Vocabulary:
    """Table between tokens and ids; the four specials come first.

    Args:
        words: sequence of str. The tokens in order of their ids, which begin
            at 4. Neither empty nor double nor a name of a special token.
        counts: sequence of numbers, or None. How often each word was seen.

    Raises:
        ValueError: a word that may not be one.

    Source:
        google/seq2seq, `data/vocab.py`, which put the specials last.
    """

    reserved = RESERVED  # no words of these names
    suffix = ".txt"  # of files

    def __init__(self, words, counts=None):
        words = tuple(words)
        if counts is not None and len(counts) != len(words):
            raise ValueError(
                f"`counts` needs one number per word. Received: {len(words)} "
                f"words and {len(counts)} counts"
            )
        self.words = words
        self.counts = None if counts is None else tuple(counts)
        self._ids = {word: FIRST_WORD + i for i, word in enumerate(words)}
        self._names = SPECIAL_NAMES + words
        wrong = next((w for w in words if self.fault(w)), None)
        if wrong is not None:
            raise ValueError(f"A word {self.fault(wrong)}. Received: {wrong!r}")
        if len(self._ids) != len(words):
            double = collections.Counter(words).most_common(1)[0][0]
            raise ValueError(f"Words must differ. Received twice: {double!r}")

    @classmethod
    def fault(cls, word):
        """Why a str may not be a word; None if it may."""
        if word == "":
            return "must not be empty"
        if word in cls.reserved:
            return "must not have a special token's name"
        if "\n" in word:
            return "must not hold a line end"
        return None

    def __len__(self):
        """Size of the whole table, the four specials included."""
        return len(self._names)

    def ids(self, tokens):
        """Ids of tokens; what is not a word of the table is UNKNOWN."""
        find = self._ids.get
        return [find(token, UNKNOWN) for token in tokens]

    def tokens(self, ids):
        """Tokens of ids; an id outside the table reads as UNKNOWN's name."""
        names = self._names
        inside = range(len(names))
        return [names[i if i in inside else UNKNOWN] for i in map(int, ids)]

    @property
    def fingerprint(self):
        """Hexadecimal sha256 of the words in order."""
        return hashlib.sha256("\n".join(self.words).encode()).hexdigest()

    def write(self, path):
        """Writes one token per line, with TAB and count if counts are known.

        Returns:
            The path.
        """
        if self.counts is None:
            lines = self.words
        else:
            pairs = zip(self.words, self.counts, strict=True)
            lines = [f"{word}\t{count}" for word, count in pairs]
        return write_file(path, "".join(f"{line}\n" for line in lines))

    @classmethod
    def read(cls, path):
        """Reads a vocabulary file: one token per line, or token TAB count.

        The first line decides whether there are counts; all must agree.

        Raises:
            UserError: with file and line: no such file, a directory, invalid
                UTF-8, no line, a blank line, a token that occurs twice or is
                a special token's name, a missing or superfluous count.
        """
        path = one_file(path)
        lines = list(read_lines(path))
        if not lines:
            raise UserError(
                f"{path}: expected one token per line. Received: no line. "
                "Build it with `keras-seq2seq vocab`."
            )
        counted = "\t" in lines[0][1:]
        rows = [_row(path, i, line, counted) for i, line in enumerate(lines, 1)]
        words = [word for word, _ in rows]
        _check(path, words)
        return cls(words, [count for _, count in rows] if counted else None)


def _row(path, number, line, counted):
    if ("\t" in line[1:]) != counted:
        form = "`token<TAB>count`" if counted else "a token without count"
        raise UserError(
            f"{path}:{number}: expected {form} as on line 1. Received: {line!r}"
        )
    if not counted:
        return line, None
    word, count = line.rsplit("\t", 1)
    try:
        return word, int(count) if count.isdigit() else float(count)
    except ValueError:
        raise UserError(
            f"{path}:{number}: expected a number after the TAB. "
            f"Received: {count!r}"
        ) from None


def _check(path, words):
    first = {}
    for number, word in enumerate(words, 1):
        if word == "":
            raise UserError(
                f"{path}:{number}: expected a token. Received: a blank line. "
                "Delete the line."
            )
        if word in RESERVED:
            raise UserError(
                f"{path}:{number}: {word!r} is a special token, which every "
                "vocabulary has without naming it. Delete the line."
            )
        if first.setdefault(word, number) != number:
            raise UserError(
                f"{path}:{number}: the token {word!r} is already on line "
                f"{first[word]}. Delete one of the two lines."
            )


def count_tokens(lines, delimiter=" ", lowercase=False):
    """Counts the tokens of lines.

    Args:
        lines: iterable of str.
        delimiter: str. As in `splitter`; `""` counts Unicode characters.
        lowercase: bool. If True, counts lower-cased text.

    Returns:
        `collections.Counter` from token to int.
    """
    split = splitter(delimiter)
    counter = collections.Counter()
    for line in lines:
        counter.update(split(line.lower() if lowercase else line))
    return counter


def select(counter, min_frequency=0, max_size=None, kind=Vocabulary):
    """Chooses the words of a vocabulary from counted tokens.

    The most frequent come first; of equally frequent ones the last in order of
    code points comes first. Names of special tokens are left out.

    Args:
        counter: mapping from token to count.
        min_frequency: int. Least count of a word, inclusive.
        max_size: int or None. Most words kept, the specials not counted.
        kind: class of the result.

    Returns:
        `Vocabulary` with counts.

    Raises:
        UserError: if no word is left.

    Source:
        google/seq2seq, `bin/tools/generate_vocab.py`, which kept strictly
        greater counts only.
    """
    kept = [
        (count, token)
        for token, count in counter.items()
        if count >= min_frequency and not kind.fault(token)
    ]
    kept.sort(reverse=True)
    kept = kept[:max_size]
    if not kept:
        raise UserError(
            f"No token is left of {len(counter)} different ones with a minimum "
            f"frequency of {min_frequency} and a maximum size of {max_size}. "
            "Lower the frequency, or check that the text is not empty."
        )
    return kind([t for _, t in kept], [c for c, _ in kept])
