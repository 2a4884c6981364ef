"""Several models that write one target together."""

import functools

from keras import ops

from keras_seq2seq.tokens import END, PAD, UNKNOWN
from keras_seq2seq.zoo.generation import Generator

SIDES = ("source", "target")


class Ensemble:
    """Averages what models think of the next token.

    The members may differ in everything but their tokenizers: in kind, size,
    the direction in which they read, and in whether their sources end with
    END. It has the verbs of a model that searches and tasks use: `encode`,
    `search_weights`, `search_memory`, `stepper`, `step`, `generate`. Attention
    is the mean over the members that have it.

    Args:
        members: sequence of `Seq2Seq` with equal tokenizers. The first one's
            search holds for all, and its longest target as far as all have
            positions for it; of the greatest source lengths and of what the
            members have positions for, the least holds.
        mode: str. `"linear"`: the mean of probabilities; `"log_linear"`: of
            their logarithms, renormalised, which asks all to agree.

    Raises:
        ValueError: no member, tokenizers that differ, or an unknown mode.

    Attributes:
        batch_shards: int. As for `Seq2Seq`.

    Source:
        The two modes as in Sockeye; OpenNMT has the first;
        [Sutskever et al., 2014](https://arxiv.org/abs/1409.3215), section 3.
    """

    batch_shards = 1
    can_screen = False  # means are made of all logits

    def __init__(self, members, mode="linear"):
        self.members = tuple(members)
        _check(self.members)
        if mode not in MEANS:
            raise ValueError(
                f"`mode` must be one of {', '.join(MEANS)}. Received: {mode!r}"
            )
        self.mean = MEANS[mode]
        first = self.members[0]
        self.append_end = any(each.append_end for each in self.members)
        positions = self.longest_source
        self.max_source_length = _least(
            [
                None if positions is None else positions - self.append_end,
                *(each.max_source_length for each in self.members),
            ]
        )
        self.generator = Generator(
            self,
            first.tokenizers,
            self.append_end,
            self.max_source_length,
            _least([first.max_target_length, self.longest_target]),
            first.generator.default_search,
            _largest([each.max_length_ratio for each in self.members]),
        )

    @property
    def tokenizers(self):
        """The pair (source, target) that all members have."""
        return self.generator.tokenizers

    @property
    def longest_source(self):
        """Most tokens of a source with END, or None: no limit."""
        return _least(each.longest_source for each in self.members)

    @property
    def longest_target(self):
        """Most tokens that a target can have, or None: no limit."""
        return _least(each.longest_target for each in self.members)

    @property
    def has_attention(self):
        """Whether `step` returns attention."""
        return any(each.has_attention for each in self.members)

    def as_graph(self, function):
        """The function as the members' backend compiles it."""
        return self.members[0].as_graph(function)

    def trace(self, graph, *like):
        """Traces what `as_graph` returned, as the members do."""
        return self.members[0].trace(graph, *like)

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

    def __call__(self, inputs):
        """Log-probabilities `(B, T, V)` of the tokens after each of `target`.

        Args:
            inputs: mapping with int `"source" (B, S)` and `"target" (B, T)`.
        """
        source = ops.convert_to_tensor(inputs["source"])
        return self.mean(
            [
                each({**inputs, "source": self._as_read_by(each, source)})
                for each in self.members
            ]
        )

    def search_weights(self, told="logits", multiple=1, ahead=False):
        """What a search reads of the members' weights; see `Seq2Seq`."""
        return tuple(
            each.search_weights(told, multiple, ahead) for each in self.members
        )

    def search_memory(self, memory, shortlist=None, weights=None):
        """The memories with what a search makes once; see `Seq2Seq`."""
        return tuple(
            each.search_memory(own, shortlist, read)
            for each, own, read in self._of_each(memory, weights)
        )

    def stepper(self, memory, weights=None):
        """Returns `step(tokens, carry)` over one memory; see `Seq2Seq`."""
        steps = [
            each.stepper(own, read)
            for each, own, read in self._of_each(memory, weights)
        ]

        def step(tokens, carry):
            outcomes = [
                advance(tokens, own)
                for advance, own in zip(steps, carry, strict=True)
            ]
            logits, carry, looks = zip(*outcomes, strict=True)
            looks = [each for each in looks if each is not None]
            attention = sum(looks) / len(looks) if looks else None
            return self.mean(logits), carry, attention

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

    def _of_each(self, memory, weights):
        weights = weights or (None,) * len(self.members)
        return zip(self.members, memory, weights, strict=True)

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


def _least(bounds):
    """The smallest bound; None is no bound."""
    return min((each for each in bounds if each is not None), default=None)


def mean_of_logarithms(logits):
    """The mean of the logarithms of what each of the logits says.

    Args:
        logits: sequence of float tensors `(B, K, V)`.

    Returns:
        float32 tensor `(B, K, V)`, normalised.
    """
    # What the others add to a row is the same for each token: they cancel.
    total = sum(ops.cast(each, "float32") for each in logits)
    return ops.log_softmax(total / len(logits), axis=-1)


MEANS = {"linear": mean_of_probabilities, "log_linear": mean_of_logarithms}


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


def _largest(ratios):
    """The largest ratio, if all members have one."""
    return None if None in ratios else max(ratios)
