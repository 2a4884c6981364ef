"""A tiny random language model, and the same in plain numpy."""

import itertools
from typing import Any, NamedTuple

import numpy as np
import pytest
from keras import ops

from keras_seq2seq.tokens import END, START, UNKNOWN

STATES = 97


class Carry(NamedTuple):
    states: Any  # (B, K) int32
    trails: Any  # {"last": (B, K, 2)}


class TinyModel:
    """Its logits depend on every token of the prefix, through the carry."""

    def __init__(self, seed=0, size=6, batch=3, positions=5):
        random = np.random.default_rng(seed)
        self.size, self.batch, self.positions = size, batch, positions
        self.table = random.normal(0, 2, (STATES, size)).astype("float32")
        self.looks = random.normal(0, 2, (STATES, positions)).astype("float32")
        self.sources = random.integers(0, STATES, batch).astype("int32")
        # Padding at the end of the source, one word at least.
        self.widths = 1 + np.arange(batch, dtype="int32") % positions

    def memory(self, rows=slice(None)):
        return {
            "source": ops.convert_to_tensor(self.sources[rows]),
            "width": ops.convert_to_tensor(self.widths[rows]),
        }

    def carry(self, rows=slice(None)):
        batch = len(self.sources[rows])
        return Carry(
            ops.zeros((batch, 1), dtype="int32"),
            {"last": ops.zeros((batch, 1, 2))},
        )

    def step(self, tokens, memory, carry):
        states = (
            carry.states * 31 + tokens * 7 + memory["source"][:, None]
        ) % STATES
        # What was two steps ago has its say as well.
        trail = carry.trails["last"]
        logits = ops.take(ops.convert_to_tensor(self.table), states, axis=0)
        logits = logits + trail[..., :1] * 0.1
        trail = ops.stack([trail[..., 1], ops.cast(tokens, "float32")], axis=-1)
        looks = ops.take(ops.convert_to_tensor(self.looks), states, axis=0)
        valid = ops.arange(self.positions) < memory["width"][:, None]
        looks = ops.where(valid[:, None], looks, -1e9)
        return logits, Carry(states, {"last": trail}), ops.softmax(looks)

    def rescore(self, row, tokens):
        """Teacher forcing in numpy: log-probability and attention rows."""
        state, trail, total, rows = 0, [0.0, 0.0], 0.0, []
        for before, token in zip([START, *tokens], tokens, strict=False):
            state = (state * 31 + before * 7 + self.sources[row]) % STATES
            logits = self.table[state] + np.float32(trail[0] * 0.1)
            total += log_softmax(logits)[token]
            trail = [trail[1], float(before)]
            look = np.zeros(self.positions)
            width = self.widths[row]
            look[:width] = np.exp(log_softmax(self.looks[state][:width]))
            rows.append(look)
        return total, np.array(rows)

    def ranked(self, row, search, max_length, min_length=0):
        """All hypotheses there are: `(score, log_prob, tokens)`, best first."""
        words = [UNKNOWN] * (not search.ban_unknown) + [*range(4, self.size)]
        every = []
        for count in range(max_length + 1):
            closing = [END] if count < max_length else []
            if closing and count < min_length:
                continue
            for prefix in itertools.product(words, repeat=count):
                tokens = [*prefix, *closing]
                log_prob, looks = self.rescore(row, tokens)
                length = count + (len(closing) if search.count_end else 0)
                offset = search.penalty_offset
                penalty = (offset + length) / (offset + 1)
                score = log_prob / penalty**search.length_penalty
                seen = looks.sum(axis=0)[: self.widths[row]]
                score += search.coverage_penalty * np.sum(
                    np.log(np.minimum(seen, 1.0))
                )
                every.append((score, log_prob, tokens))
        return sorted(every, key=lambda item: -item[0])


def log_softmax(logits):
    logits = logits.astype("float64")
    largest = logits.max()
    return logits - largest - np.log(np.sum(np.exp(logits - largest)))


def unpack(hypotheses):
    """`[[(score, log_prob, tokens), ...], ...]` of a result."""
    ids, lengths, log_probs, scores = map(ops.convert_to_numpy, hypotheses[:4])
    for row, ends in zip(ids, lengths, strict=True):
        for tokens, end in zip(row, ends, strict=True):
            assert (tokens[:end] != 0).all() and (tokens[end:] == 0).all()
    return [
        [
            (scores[b, n], log_probs[b, n], ids[b, n, : lengths[b, n]].tolist())
            for n in range(ids.shape[1])
        ]
        for b in range(ids.shape[0])
    ]


@pytest.fixture
def tiny_model():
    return TinyModel


@pytest.fixture
def results():
    """Runs a search on a TinyModel and returns numpy tuples."""

    def run(search, model, limits, rows=slice(None)):
        return unpack(
            search(model.step, model.memory(rows), model.carry(rows), limits)
        )

    return run


@pytest.fixture
def scripted():
    """A step function over next-token probabilities of given prefixes.

    `{(): {5: 0.4, END: 0.6}, (5,): ...}`; the carry holds the prefix as a
    number in base 10. Prefixes that are not listed are certain to end.
    """

    def build(table, size=8):
        logits = np.full((10**4, size), -30.0, "float32")
        logits[:, END] = 0.0
        for prefix, following in table.items():
            index = int("".join(map(str, prefix)) or 0)
            logits[index] = -30.0
            for token, probability in following.items():
                logits[index, token] = np.log(probability)
        logits = ops.convert_to_tensor(logits)

        def step(tokens, memory, carry):
            digit = ops.where(tokens == START, 0, tokens)
            prefix = ops.minimum(carry * 10 + digit, 9999)
            return ops.take(logits, prefix, axis=0), prefix, None

        return step, (), ops.zeros((1, 1), dtype="int32")

    return build
