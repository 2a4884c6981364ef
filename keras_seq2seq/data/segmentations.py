"""Words of a SentencePiece model cut at random.

SentencePiece draws segmentations, too, but salts its generator anew in every
process, so that no seed repeats them.
"""

import functools
import math
import random
import re

import numpy as np

from keras_seq2seq.data.subword_sampling import seed_of
from keras_seq2seq.errors import UserError

CANDIDATES = 32  # draws, or best segmentations, of a word
MOST_WORDS = 20_000  # of which the candidates are kept
SPACE = "\u2581"  # which SentencePiece writes for a space
WORD = re.compile(f"{SPACE}[^{SPACE}]+")
NORMAL = 1  # SentencePiece's number for a piece learnt from text
UNIGRAM, BPE = 1, 2  # and for its kinds of models


class Segmentations:
    """Draws pieces, word by word.

    Args:
        processor: `SentencePieceProcessor`.
        strength: float, as `SubwordSampling` has it.

    Raises:
        UserError: a model that is neither BPE nor unigram, or whose pieces
            don't begin with the space.
    """

    def __init__(self, processor, strength):
        from sentencepiece import sentencepiece_model_pb2

        model = sentencepiece_model_pb2.ModelProto.FromString(
            processor.serialized_model_proto()
        )
        _check(model)
        self._processor = processor
        self._strength = strength
        self._scores = {
            one.piece: one.score for one in model.pieces if one.type == NORMAL
        }
        unigram = model.trainer_spec.model_type == UNIGRAM
        self._draw = self._best if unigram else self._merged
        self._candidates = functools.lru_cache(MOST_WORDS)(self._candidates_of)

    def sample(self, texts, seed):
        """Ids of texts, a list of lists; the seed alone decides the draw."""
        generator = np.random.Generator(np.random.Philox(seed))
        rows = []
        for text in self._processor.normalize(texts):
            words, row = WORD.findall(text), []
            draws = generator.random(len(words))
            for word, draw in zip(words, draws, strict=True):
                found, limits = self._candidates(word)
                row += found[int(np.searchsorted(limits, draw, "right"))]
            rows.append(row)
        return rows

    def _candidates_of(self, word):
        """Ids of segmentations, and the cumulated chances but for the last."""
        found, chances = self._draw(word)
        limits = np.cumsum(chances)[:-1] / np.sum(chances)
        return [self._processor.piece_to_id(each) for each in found], limits

    def _best(self, word):
        """The best of a unigram model, by the chances of their pieces."""
        found = self._processor.nbest_encode(
            word.removeprefix(SPACE), nbest_size=CANDIDATES, out_type=str
        )
        if not all(self._learnt(pieces) for pieces in found):
            return found[:1], [1.0]
        scores = [sum(map(self._scores.get, pieces)) for pieces in found]
        return found, [
            math.exp(self._strength * (score - scores[0])) for score in scores
        ]

    def _merged(self, word):
        """BPE with merges left out at random."""
        pieces = self._processor.encode(word.removeprefix(SPACE), out_type=str)
        # Not so with the user's own symbols and with unknown letters.
        if not self._learnt(pieces) or self._merge(word) != pieces:
            return [pieces], [1.0]
        # Of the word alone, so that it does not matter which were before it.
        chance = random.Random(seed_of(word))
        found = [self._merge(word, chance) for _ in range(CANDIDATES)]
        return found, [1.0] * CANDIDATES

    def _merge(self, word, chance=None):
        symbols = list(word)
        while True:
            merges = [
                (-self._scores[both], place)
                for place, both in enumerate(
                    map("".join, zip(symbols, symbols[1:], strict=False))
                )
                if both in self._scores
                and (chance is None or chance.random() >= self._strength)
            ]
            if not merges:
                return symbols
            place = min(merges)[1]
            symbols[place : place + 2] = ["".join(symbols[place : place + 2])]

    def _learnt(self, pieces):
        return all(piece in self._scores for piece in pieces)


def _check(model):
    if model.trainer_spec.model_type not in (UNIGRAM, BPE):
        raise UserError(
            "subword_sampling: expected a SentencePiece model of the kind "
            "unigram or bpe. Received: one of words or characters."
        )
    spaces = model.normalizer_spec
    usual = (
        spaces.add_dummy_prefix
        and spaces.remove_extra_whitespaces
        and spaces.escape_whitespaces
        and not model.trainer_spec.treat_whitespace_as_suffix
    )
    if not usual:
        raise UserError(
            "subword_sampling: expected a SentencePiece model that treats "
            "spaces as spm_train does by itself. Received: one with other "
            "settings of add_dummy_prefix, remove_extra_whitespaces or "
            "treat_whitespace_as_suffix."
        )
