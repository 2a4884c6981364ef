"""One line of text per source."""

from keras_seq2seq.data.lines import expand_files, read_lines
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import END_NAME, UNKNOWN_NAME


class DecodeText:
    """Turns a `Generation` into a line.

    Args:
        delimiter: str or None. Joins the target's tokens; None detokenises.
        unk_replace: bool. Replace unknown words by the source word that had
            most attention.
        unk_mapping: path or None. Lines `source<TAB>target`: what such a
            source word becomes; words without a line are copied.
        postproc_fn: callable or None. From text to text, applied last.
    """

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

    @property
    def needs_attention(self):
        """Whether the search has to return attention."""
        return self.unk_replace

    def __call__(self, generation):
        """The line of one generation, never with a line break in it."""
        if self.delimiter is None and not self.unk_replace:
            text = generation.text
        else:
            tokens = [t for t in self._tokens(generation) if t != END_NAME]
            text = (" " if self.delimiter is None else self.delimiter).join(
                tokens
            )
        if self.postproc_fn is not None:
            text = self.postproc_fn(text)
        return " ".join(text.splitlines()).strip()

    def _tokens(self, generation):
        if not self.unk_replace or generation.attention is None:
            return generation.tokens
        return [
            self._replaced(generation, row) if token == UNKNOWN_NAME else token
            for row, token in enumerate(generation.tokens)
        ]

    def _replaced(self, generation, row):
        words = [t for t in generation.source_tokens if t != END_NAME]
        if not words:
            return UNKNOWN_NAME
        word = words[int(generation.attention[row, : len(words)].argmax())]
        return self.mapping.get(word, word)


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
