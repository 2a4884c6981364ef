"""The metrics that a configuration lists under `metrics:`."""

import collections
import dataclasses
import functools
from typing import Any

from keras_seq2seq.config.component_schema import TextMetricParams
from keras_seq2seq.errors import UserError
from keras_seq2seq.metrics import CollectedMetric, multi_bleu, rouge
from keras_seq2seq.recipe import find_class
from keras_seq2seq.tasks.postprocessing import FUNCTIONS, slice_text
from keras_seq2seq.tokens import END_NAME

LOG_PERPLEXITY = "LogPerplexityMetricSpec"
RESERVED = frozenset(
    {
        "accuracy",
        "epoch",
        "gradient_norm",
        "learning_rate",
        "loss",
        "perplexity",
        "seconds",
        "step",
        "tokens",
    }
)


def _bleu():
    return CollectedMetric("bleu", multi_bleu)


def _rouge(rouge_type):
    function = functools.partial(rouge, rouge_type=rouge_type)
    return CollectedMetric(rouge_type, function)


METRICS = {"BleuMetricSpec": _bleu, "RougeMetricSpec": _rouge}


@dataclasses.dataclass(frozen=True)
class TextMetric:
    """A metric of texts and what is done to them before.

    Attributes:
        name: str. What the score is called.
        make: callable that returns an empty `metrics.CorpusMetric`.
        separator: str or None. Joins the tokens; None leaves that to the
            tokenizer.
        prepare: callable from text to text, applied to both sides.
    """

    name: str
    make: Any
    separator: Any
    prepare: Any

    def hypothesis(self, written):
        """The text that is scored, of a `Generation`."""
        if self.separator is None:
            return self.prepare(written.text)
        tokens = [each for each in written.tokens if each != END_NAME]
        return self.prepare(self.separator.join(tokens))

    def reference(self, line, tokenizer):
        """The text that is scored, of a line of the target files; a list of
        such texts of several lines."""
        if not isinstance(line, str):
            return [self.reference(each, tokenizer) for each in line]
        if self.separator is None:
            return self.prepare(line)
        return self.prepare(self.separator.join(tokenizer.split(line)))

    def score(self, hypotheses, references):
        """The score of two lists of texts, as the two methods above gave."""
        metric = self.make()
        for pair in zip(hypotheses, references, strict=True):
            metric.add(*pair)
        found = metric.score()
        try:
            return float(found)
        except (TypeError, ValueError):
            raise UserError(
                f"metrics: {self.name}: score() must return a number. "
                f"Received: {found!r}"
            ) from None


def text_metrics(config, allowed=()):
    """The metrics of a configuration that read texts.

    Args:
        config: Config.
        allowed: modules of the user's own that may be imported.

    Returns:
        list of `TextMetric`, of different names.

    Raises:
        UserError: a class that is no metric, two metrics of one name.
    """
    found = [
        _text_metric(described, allowed)
        for described in config.metrics
        if described.class_name != LOG_PERPLEXITY
    ]
    others = len(config.metrics) - len(found)
    names = collections.Counter(metric.name for metric in found)
    names.update(["log_perplexity"] * others)
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice:
        raise UserError(
            f"metrics: two of them are called {twice[0]}. Leave one out, or "
            f"give it another name, params: {{name: my_{twice[0]}}}"
        )
    taken = sorted(RESERVED & set(names))
    if taken:
        raise UserError(
            f"metrics: {taken[0]} is the name of a value that every training "
            f"logs. Type another, params: {{name: my_{taken[0]}}}"
        )
    return found


def has_log_perplexity(config):
    """Whether LogPerplexityMetricSpec is among the metrics."""
    return any(each.class_name == LOG_PERPLEXITY for each in config.metrics)


def _text_metric(described, allowed):
    params = described.params.model_dump()
    shared = {name: params.pop(name) for name in TextMetricParams.model_fields}
    kind = find_class(described.class_name, METRICS, allowed)
    make = functools.partial(kind, **params)
    name = _name(described.class_name, make)
    post = shared["postproc_fn"]
    return TextMetric(
        shared["name"] or name,
        make,
        shared["separator"],
        functools.partial(
            _prepared,
            eos=shared["eos_token"],
            sos=shared["sos_token"],
            postproc=find_class(post, FUNCTIONS, allowed) if post else None,
        ),
    )


def _name(path, make):
    """What a metric of that class calls itself; refuses what is none."""
    try:
        made = make()
    except (TypeError, ValueError) as error:
        raise UserError(f"metrics: {path} refuses its params: {error}") from (
            error
        )
    for method in ("add", "score"):
        if not callable(getattr(made, method, None)):
            raise UserError(
                f"metrics: {path} needs the methods add(hypothesis, "
                f"reference) and score(). Received: no {method}."
            )
    return str(getattr(made, "name", type(made).__name__))


def _prepared(text, eos, sos, postproc):
    text = slice_text(text, eos, sos)
    return text if postproc is None else postproc(text)
