"""A corpus score that is given its texts pair by pair."""

from typing import Protocol

from keras_seq2seq.metrics.corpus import as_sets


class CorpusMetric(Protocol):
    """What a class under `metrics:` of a configuration has.

    Every evaluation makes a new object with the `params` of the configuration
    as keyword arguments, adds all pairs of the development set in their order
    and asks for the score once. Inherit from this class, or have these.
    """

    #: What the score is called in logs, TensorBoard and `metrics.jsonl`.
    name: str

    def add(self, hypothesis: str, reference: str | list[str]) -> None:
        """Takes one generated text and its reference.

        Where the data have several references of a source, as of pictures,
        they come as a list.
        """

    def score(self) -> float:
        """The score of all that was added."""


class CollectedMetric:
    """Makes a `CorpusMetric` of a function over whole corpora.

    Args:
        name: str.
        function: callable from two lists of str, hypotheses and references,
            to a number or a `Score`.
    """

    def __init__(self, name, function):
        self.name = name
        self.function = function
        self.hypotheses = []
        self.references = []

    def add(self, hypothesis, reference):
        """Takes one generated text and its reference."""
        self.hypotheses.append(hypothesis)
        self.references.append(reference)

    def score(self):
        """The function's value over all that was added."""
        found = self.function(self.hypotheses, as_sets(self.references))
        return float(getattr(found, "value", found))
