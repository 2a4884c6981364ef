"""One line of text per source."""

import re

from keras_seq2seq.data.lines import expand_files, read_lines
from keras_seq2seq.errors import UserError
from keras_seq2seq.tasks.task import Task
from keras_seq2seq.tokens import END_NAME, UNKNOWN_NAME

# How unknown words stand in detokenised text: ours, SentencePiece's, which
# has a blank on each side beside those between words.
UNKNOWN_SIGNS = (UNKNOWN_NAME, "\u2047")
BLANKS = re.compile(" +")


class DecodeText(Task):
    """Writes the text of each `Generation` as a line.

    Args:
        delimiter: str or None. Joins the target's tokens; None detokenises.
        unk_replace: bool. Replace unknown words by the source word that had
            most attention.
        unk_mapping: path or None. Lines `source<TAB>target`: what such a
            source word becomes; words without a line are copied.
        postproc_fn: callable or None. From text to text, applied last.
    """

    needs_log_probs = False

    def __init__(
        self,
        delimiter=None,
        unk_replace=False,
        unk_mapping=None,
        postproc_fn=None,
    ):
        if unk_mapping and not unk_replace:
            raise UserError("unk_mapping needs unk_replace: true.")
        self.delimiter = delimiter
        self.unk_replace = unk_replace
        self.mapping = read_mapping(unk_mapping) if unk_mapping else {}
        self.postproc_fn = postproc_fn
        self._bare = str
        self._marked = False

    @property
    def needs_attention(self):
        """Whether the search has to return attention."""
        return self.unk_replace

    def begin(self, model, search):
        if self.unk_replace and (model.tokenizers or ("",))[0] is None:
            raise UserError(
                "unk_replace copies words of the source, and a picture has "
                "none. Leave it out."
            )
        if self.unk_replace and model.tokenizers:
            source, target = model.tokenizers
            self._bare = source.bare
            # Joined pieces need their marks, if both sides have the same.
            alike = type(source) is type(target)
            self._marked = alike and self.delimiter is not None

    def __call__(self, generation):
        """The line of one generation, never with a line break in it."""
        text = self._text(generation)
        if self.postproc_fn is not None:
            text = self.postproc_fn(text)
        return " ".join(text.splitlines()).strip()

    def _text(self, generation):
        tokens = without_end(generation.tokens)
        replaced = tokens
        if self.unk_replace and generation.attention is not None:
            replaced = [
                self._replaced(generation, row) if t == UNKNOWN_NAME else t
                for row, t in enumerate(tokens)
            ]
        if self.delimiter is not None:
            return self.delimiter.join(replaced)
        if tokens == replaced:
            return generation.text
        words = [
            word
            for token, word in zip(tokens, replaced, strict=True)
            if token == UNKNOWN_NAME
        ]
        for sign in UNKNOWN_SIGNS:
            # What stands between unknown words is detokenised already.
            between = generation.text.split(sign)
            if len(between) == len(words) + 1:
                pairs = zip(between, [*words, ""], strict=True)
                text = "".join(part for pair in pairs for part in pair)
                return text if sign == UNKNOWN_NAME else BLANKS.sub(" ", text)
        return " ".join(replaced)

    def _replaced(self, generation, row):
        words = without_end(generation.source_tokens)
        if not words:
            return UNKNOWN_NAME
        word = words[int(generation.attention[row, : len(words)].argmax())]
        bare = self._bare(word)
        found = self.mapping.get(bare, bare)
        return word.replace(bare, found) if self._marked else found


def without_end(tokens):
    """A list of the tokens, END left out where it closes them."""
    return list(tokens[:-1] if tokens[-1:] == (END_NAME,) else tokens)


def read_mapping(path):
    """Reads `source<TAB>target` lines; more columns are ignored."""
    mapping = {}
    for file in expand_files(path):
        for number, line in enumerate(read_lines(file), start=1):
            columns = [part.strip() for part in line.split("\t")]
            if len(columns) < 2:
                raise UserError(
                    f"{file}:{number}: expected `source<TAB>target`. "
                    f"Received: {line[:60]!r}"
                )
            mapping[columns[0]] = columns[1]
    return mapping
