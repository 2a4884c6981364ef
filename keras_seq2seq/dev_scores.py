"""Real search on the development set."""

import random

from keras_seq2seq import recipe
from keras_seq2seq.callbacks import CorpusScore
from keras_seq2seq.checkpoint.variable_value import steps_made
from keras_seq2seq.data.pictures import is_blank
from keras_seq2seq.errors import UserError
from keras_seq2seq.evaluation_metrics import text_metrics
from keras_seq2seq.metrics import score
from keras_seq2seq.metrics.corpus import as_sets
from keras_seq2seq.search import BeamSearch, GreedySearch
from keras_seq2seq.teacher_forcing import TeacherForcing

SAMPLES = 8  # sources read where no score is wanted
SAMPLE_SEED = 42  # Sockeye's


def dev_scores(config, pair, allowed=()):
    """What is generated of the development set, and its scores.

    Args:
        config: Config.
        pair: tokenizers (source, target).
        allowed: modules of the user's own that may be imported.

    Returns:
        `DevScores`, or None without development data.
    """
    if config.input_pipeline_dev is None:
        return None
    metrics = text_metrics(config, allowed)
    scored = config.decoding is not None or metrics
    limit = None if scored else SAMPLES
    return DevScores(config, limit, metrics, pair, allowed)


def sampled(sources, references, count):
    """The same pairs each time, in their order.

    Args:
        sources, references: lists of str, equally long.
        count: int or None. Pairs that are drawn; -1, 0, None, and more than
            there are mean all.

    Returns:
        lists of sources and references.

    Source:
        Sockeye 1, `checkpoint_decoder.py`, which drew the same ones.
    """
    if count is None or not 0 < count < len(sources):
        return sources, references
    places = range(len(sources))
    drawn = sorted(random.Random(SAMPLE_SEED).sample(places, count))
    return [sources[i] for i in drawn], [references[i] for i in drawn]


class DevScores:
    """Decodes the development set once per step, for any number of scores.

    Args:
        config: Config; `dev_decoding` says how, if it is there.
        limit: int or None. Most pairs; None for what `dev_decoding` says.
        metrics: sequence of `evaluation_metrics.TextMetric`.
        pair: tokenizers (source, target) or None; pictures, records of ids
            and `metrics` need them.
        allowed: modules of the user's own that may be imported.

    Attributes:
        sources: list of str, or of pictures.
        references: list of str; of tuples of them where the data have
            several of a source, as of pictures.
    """

    def __init__(self, config, limit=None, metrics=(), pair=None, allowed=()):
        decoding = config.decoding
        if limit is None and decoding is not None:
            limit = decoding.max_sentences
        pipeline = config.input_pipeline_dev
        texts = recipe.texts(pipeline, limit, allowed, pair, config.strict)
        if decoding is not None:
            texts = sampled(*texts, decoding.sample)
        self.sources, self.references = texts
        self.search = GreedySearch(with_log_probs=False)
        if decoding is not None and decoding.beam_width > 1:
            self.search = BeamSearch(
                decoding.beam_width,
                decoding.length_penalty,
                penalty_offset=decoding.length_penalty_offset,
                count_end=decoding.length_penalty_counts_end,
            )
        if not self.sources:
            raise UserError(
                "input_pipeline_dev: expected at least one pair. Received: "
                "none."
            )
        self._decoding = decoding
        self._metrics = metrics
        self._tokenizer = pair and pair[1]
        self._teacher = TeacherForcing(*self._one_by_one())
        self._latest = {}

    def _one_by_one(self):
        """Sources and references, a source for each of its references."""
        if not self.references or isinstance(self.references[0], str):
            return self.sources, self.references
        pairs = [
            (source, reference)
            for source, own in zip(self.sources, self.references, strict=True)
            for reference in own
        ]
        return tuple(zip(*pairs, strict=True))

    @property
    def shown_references(self):
        """A text for each source, for people."""
        return [
            each if isinstance(each, str) else " | ".join(each)
            for each in self.references
        ]

    def corpus_scores(self):
        """What is logged: a `CorpusScore` for every name.

        A metric replaces the score of `dev_decoding` that has its name, and
        stands in the logs without `val_`, too, as google/seq2seq called it.

        Returns:
            dict from names without `val_` to callbacks.
        """
        decoding = self._decoding
        ways = {"": (self.generations, self.references)}
        if decoding is not None and decoding.teacher_forced:
            forced = (self.forced, self._teacher.references)
            ways["_teacher_forced"] = forced
        found = {}
        for ending, way in ways.items():
            for name in () if decoding is None else decoding.metric:
                found[name + ending] = self._plain(name, ending, *way)
            for metric in self._metrics:
                score = self._detailed(metric, ending, *way)
                found[metric.name + ending] = score
        return found

    def generations(self, model):
        """One `Generation` per source; decodes once per step of training."""
        return self._once_per_step(
            "free", model, lambda: model.generate(self.sources, self.search)
        )

    def forced(self, model):
        """One text per pair under teacher forcing; once per step, too."""
        return self._once_per_step(
            "forced", model, lambda: self._teacher.write(model)
        )

    def forget(self):
        """Drops what was written: the weights of its step are others now."""
        self._latest.clear()

    def _once_per_step(self, kind, model, write):
        step = steps_made(model.optimizer)
        if self._latest.get(kind, (None,))[0] != step:
            self._latest[kind] = (step, write())
        return self._latest[kind][1]

    def _plain(self, name, ending, write, references):
        """The score of `dev_decoding` called `name`."""
        return CorpusScore(
            lambda model, sources: [each.text for each in write(model)],
            references,  # only counted: `write` knows its sources
            references,
            lambda texts, references: score(
                name, texts, as_sets(references), self._decoding.tokenize
            ),
            name=f"val_{name}{ending}",
            every=self._decoding.every_n_evaluations,
        )

    def _detailed(self, metric, ending, write, references):
        """The score of an entry of `metrics`."""
        decoding = self._decoding
        return CorpusScore(
            lambda model, sources: [
                metric.hypothesis(each) for each in write(model)
            ],
            references,
            [metric.reference(x, self._tokenizer) for x in references],
            metric.score,
            name=f"val_{metric.name}{ending}",
            every=1 if decoding is None else decoding.every_n_evaluations,
            also=(f"{metric.name}{ending}",),
        )

    def greedy(self, model, sources):
        """One string per source, by greedy search."""
        return [each.text for each in _greedily(model, sources)]

    def attend(self, model):
        """The `Generation` of the first source, with its attention."""
        filled = (s for s in self.sources if not is_blank(s))
        return _greedily(model, [next(filled, "")])[0]


def _greedily(model, sources):
    """Generations of one search for samples and pictures alike: to compile
    another takes seconds."""
    search = GreedySearch(with_attention=model.has_attention)
    return model.generate(sources, search)
