"""Encoded captions with their pictures, for batches."""

import functools
import hashlib
import logging

import numpy as np

from keras_seq2seq.data.captions import plain_words
from keras_seq2seq.data.line_encoder import LineEncoder
from keras_seq2seq.data.picture_check import threads
from keras_seq2seq.data.pictures import (
    PictureError,
    random_view,
    read_picture,
)
from keras_seq2seq.data.token_table import TokenTable
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import FIRST_WORD, UNKNOWN

TEXTS_AT_ONCE = 10_000
logger = logging.getLogger("keras_seq2seq")


class CaptionedPictures:
    """Pairs of a picture and one of its captions, as `ParallelText` of text.

    Pictures are read when their batch is made, unless their features are
    given; only names and captions are kept in memory.

    Args:
        captions: `Captions`.
        tokenizer: `Tokenizer` of the captions.
        height, width: int. Size that pictures are brought to, in pixels.
        max_length: int or None. Most tokens kept of a caption, START and END
            not counted.
        augment: bool. If True, each pass sees another crop of a picture, and
            every other time its mirror image.
        seed: int. Of these views.

    Attributes:
        features: `FeatureTable` or None. Set it before the first batch, and
            no picture is read.
        unit: str. What is counted in messages.
    """

    unit = "caption"
    length_ratio = None  # a picture has no tokens

    def __init__(
        self,
        captions,
        tokenizer,
        height,
        width,
        max_length=None,
        augment=False,
        seed=0,
    ):
        self.captions = captions
        self.height = height
        self.width = width
        self.augment = augment
        self.seed = seed
        self.features = None
        self.targets = _encoded(
            captions, tokenizer, LineEncoder(tokenizer, max_length)
        )
        self._told = set()

    def __len__(self):
        return len(self.targets)

    @property
    def source_lengths(self):
        """Zeros `(N,)`: a picture has no tokens."""
        return np.zeros(len(self), np.int32)

    @property
    def target_lengths(self):
        """Lengths as fed, int32 `(N,)`; they count START, or END in labels."""
        return self.targets.lengths + 1

    @property
    def unsliced_source_lengths(self):
        """The targets' lengths, which decide over buckets here."""
        return self.target_lengths

    @functools.cached_property
    def fingerprint(self):
        """Hexadecimal sha256 of all pairs, in their order."""
        told = [
            self.targets.fingerprint,
            self.captions.fingerprint(),
            [self.height, self.width, self.augment],
        ]
        return hashlib.sha256(repr(told).encode()).hexdigest()

    @property
    def remarks(self):
        """Lines about what was left out, for people."""
        return self.captions.told()

    @property
    def left_out(self):
        """Lines about all that was left out, a line each."""
        return [
            f"{reason}: {name}"
            for reason, names in self.captions.left_out.items()
            for name in names
        ]

    @property
    def statistics(self):
        """`pairs`, `pictures`, and of the `target` as `ParallelText` has it."""
        return {
            "pairs": len(self),
            "pictures": len(self.captions.pictures),
            "target": self.targets.statistics,
        }

    def places(self, indices):
        """Pictures of pairs, as `ParallelText.places` tells lines.

        Returns:
            dict from names to the numbers of captions, from 1 on.
        """
        found = {}
        for index in sorted(map(int, indices)):
            name = self.captions.pictures.name(self.captions.owners[index])
            found.setdefault(name, []).append(index + 1)
        return found

    @property
    def input_specs(self):
        """Shape and type of each input of a batch, by name."""
        if self.features is None:
            return {"image": ((None, self.height, self.width, 3), "uint8")}
        return {
            "features": ((None, *self.features.shape), self.features.dtype.name)
        }

    @property
    def calls(self):
        """Batches that are made at once, in threads."""
        return 1 if self.features is not None else threads()

    def inputs(self, indices, rows, epoch=0, width=None):
        """What a batch shows of its pictures.

        Args:
            indices: int array `(n,)`.
            rows: int, at least n. The rest is black.
            epoch: int. Draws the views of an augmented pass.
            width: None. Pictures have one size.

        Returns:
            `{"image": uint8 (rows, H, W, 3)}` or `{"features": (rows, C, D)}`,
            and bool `(n,)`, False where a picture can't be read: it is black.
        """
        owners = self.captions.owners[indices]
        ((name, (shape, dtype)),) = self.input_specs.items()
        shown = np.zeros((rows, *shape[1:]), dtype)
        if self.features is not None:
            shown[: len(indices)] = self.features.take(owners)
            return {name: shown}, self.features.readable[owners]
        readable = np.ones(len(indices), bool)
        for row, (index, owner) in enumerate(zip(indices, owners, strict=True)):
            pixels = self._pixels(owner, index, epoch)
            readable[row] = pixels is not None
            if pixels is not None:
                shown[row] = pixels
        return {name: shown}, readable

    def _pixels(self, owner, index, epoch):
        view = None
        if self.augment:
            view = random_view(self.seed, epoch, int(index))
        try:
            return read_picture(
                self.captions.pictures[owner], self.height, self.width, view
            )
        except PictureError as error:
            if owner not in self._told:  # once, not in every pass
                self._told.add(owner)
                logger.warning("Left out: %s", error)
            return None


def _encoded(captions, tokenizer, encoder):
    blocks = []
    for begin in range(0, len(captions), TEXTS_AT_ONCE):
        some = captions.texts[begin : begin + TEXTS_AT_ONCE]
        texts = [as_text(each, tokenizer, captions.normalize) for each in some]
        blocks.append(encoder(texts))
    return TokenTable.join(blocks)


def as_text(caption, tokenizer, normalize=False):
    """The text of a caption; a record's own ids by the vocabulary's lines.

    google/seq2seq counted words from 0 and put the special tokens behind them.

    Args:
        caption: str, or list of ids.
        tokenizer: `Tokenizer`.
        normalize: bool. If True, what ids say becomes `plain_words`.

    Raises:
        UserError: ids, and a vocabulary without words for them.
    """
    if isinstance(caption, str):
        return caption
    words = tokenizer.vocabulary_size - FIRST_WORD
    ids = [
        i + FIRST_WORD if 0 <= i < words else UNKNOWN
        for i in caption
        if i not in (words + 1, words + 2)
    ]
    try:
        text = tokenizer.decode(ids)
    except (ValueError, IndexError) as error:
        raise UserError(
            f"vocab_target has no words for the ids of a record: {error}. "
            "Write records with words in them."
        ) from error
    return plain_words(text) if normalize else text
