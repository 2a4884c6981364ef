"""Several models that write one target together."""

import functools

from keras import ops

from keras_seq2seq.tokens import END, PAD, UNKNOWN
from keras_seq2seq.zoo.generation import Generator

SIDES = ("source", "target")


class Ensemble:
    """Averages the next token's probability over models.

    The members may differ in everything but their tokenizers: in kind, size,
    the direction in which they read, and in whether their sources end with
    END. It has the verbs of a model that searches and tasks use: `encode`,
    `search_memory`, `stepper`, `step`, `generate`. Attention is the mean over
    the members that have it.

    Args:
        members: sequence of `Seq2Seq` with equal tokenizers. The first one's
            search and longest target hold for all; of the greatest source
            lengths, the least does.

    Raises:
        ValueError: no member, or tokenizers that differ.

    Source:
        The mean of probabilities, as in Sockeye (`linear`) and OpenNMT;
        [Sutskever et al., 2014](https://arxiv.org/abs/1409.3215), section 3.
    """

    def __init__(self, members):
        self.members = tuple(members)
        _check(self.members)
        first = self.members[0]
        bounds = [each.max_source_length for each in self.members]
        bounds = [bound for bound in bounds if bound is not None]
        self.append_end = any(each.append_end for each in self.members)
        self.max_source_length = min(bounds, default=None)
        self.generator = Generator(
            self,
            first.tokenizers,
            self.append_end,
            self.max_source_length,
            first.max_target_length,
            first.generator.default_search,
        )

    @property
    def tokenizers(self):
        """The pair (source, target) that all members have."""
        return self.generator.tokenizers

    @property
    def has_attention(self):
        """Whether `step` returns attention."""
        return any(each.has_attention for each in self.members)

    def as_graph(self, function):
        """The function as the members' backend compiles it."""
        return self.members[0].as_graph(function)

    def encode(self, inputs):
        """Reads the source with each member.

        Args:
            inputs: mapping with int `"source" (B, S)`.

        Returns:
            tuples of the members' memories and of their carries.
        """
        source = ops.convert_to_tensor(inputs["source"])
        encoded = [
            each.encode({"source": self._as_read_by(each, source)})
            for each in self.members
        ]
        return tuple(zip(*encoded, strict=True))

    def search_memory(self, memory):
        """The memories with what a search makes once."""
        pairs = zip(self.members, memory, strict=True)
        return tuple(each.search_memory(own) for each, own in pairs)

    def stepper(self, memory, multiple=1):
        """Returns `step(tokens, carry)` over one memory; see `Seq2Seq`."""
        pairs = zip(self.members, memory, strict=True)
        steps = [each.stepper(own, multiple) for each, own in pairs]

        def step(tokens, carry):
            outcomes = [
                advance(tokens, own)
                for advance, own in zip(steps, carry, strict=True)
            ]
            logits, carry, looks = zip(*outcomes, strict=True)
            looks = [each for each in looks if each is not None]
            attention = sum(looks) / len(looks) if looks else None
            return mean_of_probabilities(logits), carry, attention

        return step

    def step(self, tokens, memory, carry):
        """One token of K hypotheses a sentence; see `Seq2Seq.step`.

        Returns:
            float32 log-probabilities `(B, K, V)`, the carry, and attention
            weights `(B, K, S)` or None.
        """
        return self.stepper(memory)(tokens, carry)

    def generate(self, sources, search=None, **options):
        """Writes the targets of source strings; see `Generator.generate`."""
        return self.generator.generate(sources, search, **options)

    def _as_read_by(self, member, source):
        """The ids of sources as a member was trained to see them."""
        if member.append_end or not self.append_end:
            return source
        shorter = ops.where(source == END, PAD, source)
        # No model may see a row without a real token.
        alone = ops.concatenate(
            [source[:, :1] == END, ops.zeros_like(source[:, 1:], "bool")],
            axis=1,
        )
        return ops.where(alone, UNKNOWN, shorter)


def mean_of_probabilities(logits):
    """The logarithm of the mean of what each of the logits says.

    Args:
        logits: sequence of float tensors `(B, K, V)`.

    Returns:
        float32 tensor `(B, K, V)`, normalised.
    """
    logs = [
        ops.log_softmax(ops.cast(each, "float32"), axis=-1) for each in logits
    ]
    total = functools.reduce(ops.logaddexp, logs)
    return total - ops.log(float(len(logs)))


def _check(members):
    if not members:
        raise ValueError("An ensemble must have members. Received: none")
    for number, each in enumerate(members, start=1):
        if each.tokenizers is not None and each.tokenizers[0] is None:
            raise ValueError(
                "The members of an ensemble must read text. Received: "
                f"{type(each).__name__}, number {number}"
            )
        if each.tokenizers is None:
            raise ValueError(
                "The members of an ensemble must have tokenizers. Received "
                f"none in number {number}"
            )
    for index, side in enumerate(SIDES):
        first, *rest = (each.tokenizers[index] for each in members)
        for number, other in enumerate(rest, start=2):
            if other.fingerprint != first.fingerprint:
                raise ValueError(
                    f"The models of an ensemble must have one vocabulary of "
                    f"the {side}, in one order. Received: number {number} has "
                    f"another ({other.vocabulary_size} entries) than number 1 "
                    f"({first.vocabulary_size})"
                )
