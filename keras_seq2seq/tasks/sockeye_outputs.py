"""What `translate --output-type` of Sockeye 1 wrote, as tasks.

Sentences are numbered from 1. A score is Sockeye's: what the search ranked by,
with the sign changed, so that the least is the best; that of a blank line is
-inf (null in JSON). Target tokens include END where the model wrote it, source
tokens never do, so attention has a row for END and no column.
"""

import inspect
import json
import math

import numpy as np

from keras_seq2seq.data.pictures import write_picture
from keras_seq2seq.tasks.decode_text import without_end
from keras_seq2seq.tasks.task import Task
from keras_seq2seq.views.attention import attention_picture

SURE = 0.9  # attention above it is an alignment
PERHAPS = 0.4  # above it `align_text` has a question mark


class _Output(Task):
    """Shared by all: counts sentences and turns generations into text.

    Args:
        text: task such as `DecodeText`: turns a generation into a line.
        needs_attention: bool. Whether attention must be there.
    """

    def __init__(self, text, needs_attention=False):
        self.text = text
        self.needs_attention = needs_attention or text.needs_attention
        self.sentence = 0

    def begin(self, model, search):
        self.sentence = 0
        self.text.begin(model, search)

    def __call__(self, generation):
        self.sentence += 1
        return self.output(generation)

    def output(self, generation):
        """What is written of a generation, or None."""
        raise NotImplementedError

    def end(self, error=None):
        self.text.end(error)


class TranslationWithScore(_Output):
    """Writes `score<TAB>translation`, the score with three digits."""

    def output(self, generation):
        return f"{score(generation):.3f}\t{self.text(generation)}"


class ScoreAlone(_Output):
    """Writes the score with three digits."""

    def output(self, generation):
        return f"{score(generation):.3f}"


class PairWithScore(_Output):
    """Writes `score<TAB>source tokens<TAB>translation`."""

    def output(self, generation):
        source = " ".join(without_end(generation.source_tokens))
        return f"{score(generation):.3f}\t{source}\t{self.text(generation)}"


class TranslationWithAlignments(_Output):
    """Writes `translation<TAB>s-t s-t ...`, positions from 0.

    A link is there where attention exceeds the threshold. Links of END, which
    is no word of the translation, are left out.

    Args:
        text: task such as `DecodeText`.
        threshold: float in `[0, 1]`.
    """

    def __init__(self, text, threshold=SURE):
        super().__init__(text, needs_attention=True)
        self.threshold = threshold

    def output(self, generation):
        links = alignments(generation, self.threshold)
        shown = " ".join(f"{source}-{target}" for source, target in links)
        return f"{self.text(generation)}\t{shown}"


class TranslationWithAlignmentMatrix(_Output):
    """Writes several lines for each source, the last of them blank.

    The first is `number ||| target tokens ||| score ||| source tokens |||
    number of source tokens ||| number of target tokens`, with six digits of
    the score; then follows a line for each source token, with its attention
    by each target token.
    """

    def __init__(self, text):
        super().__init__(text, needs_attention=True)

    def output(self, generation):
        source, weights = _columns(generation)
        target = generation.tokens
        fields = (
            self.sentence,
            " ".join(target),
            f"{score(generation):f}",
            " ".join(source),
            len(source),
            len(target),
        )
        rows = [" ".join(f"{value:f}" for value in row) for row in weights.T]
        return "\n".join([" ||| ".join(map(str, fields)), *rows, ""])


class AlignPlot(_Output):
    """Draws each attention matrix into `PREFIX_<number>.png`.

    Args:
        text: task such as `DecodeText`.
        prefix: text that the pictures' paths begin with.
    """

    def __init__(self, text, prefix="align"):
        super().__init__(text, needs_attention=True)
        self.prefix = prefix

    def output(self, generation):
        source, weights = _columns(generation)
        path = f"{self.prefix}_{self.sentence}.png"
        picture = attention_picture(source, generation.tokens, weights)
        write_picture(path, picture)


class AlignText(_Output):
    """Draws each attention matrix with characters.

    A row for each source token, a column for each target token: `(*)` above
    the threshold, `(?)` above 0.4. Target tokens stand below from top to
    bottom.

    Args:
        text: task such as `DecodeText`.
        threshold: float in `[0, 1]`.
    """

    def __init__(self, text, threshold=SURE):
        super().__init__(text, needs_attention=True)
        self.threshold = threshold

    def output(self, generation):
        source, weights = _columns(generation)
        target = generation.tokens
        rule = "  " + "---" * len(target)
        rows = [
            f" |{''.join(map(self._cell, column))} | {word}"
            for word, column in zip(source, weights.T, strict=True)
        ]
        letters = [
            "  " + "".join(f" {word[k : k + 1] or ' '} " for word in target)
            for k in range(max(map(len, target), default=0))
        ]
        return "\n".join([rule, *rows, rule, *letters, ""])

    def _cell(self, weight):
        if weight > self.threshold:
            return "(*)"
        return "(?)" if weight > PERHAPS else "   "


class NBest(_Output):
    """Writes a JSON object with lists: `alignments`, `scores`, `translations`.

    They are those of the n best hypotheses, best first; `sentence_id` is the
    number. Without attention there are no `alignments`.

    Args:
        text: task such as `DecodeText`.
        n_best: int. Hypotheses.
        threshold: float in `[0, 1]`, above which attention is an alignment.
        with_attention: bool. Whether the model has attention.
    """

    def __init__(self, text, n_best=1, threshold=SURE, with_attention=True):
        super().__init__(text, needs_attention=with_attention)
        self.n_best = n_best
        self.threshold = threshold
        self.with_attention = with_attention

    def output(self, generation):
        return _json({"sentence_id": self.sentence, **self._lists(generation)})

    def _lists(self, generation):
        ranks = (generation, *generation.alternatives)[: self.n_best]
        lists = {
            "translations": [self.text(each) for each in ranks],
            "scores": [_finite(score(each)) for each in ranks],
        }
        if self.with_attention:
            lists["alignments"] = [
                [*alignments(each, self.threshold)] for each in ranks
            ]
        return lists


class JsonTranslation(NBest):
    """Writes a JSON object: `sentence_id`, `translation`, `score`.

    Args:
        text: task such as `DecodeText`.
        n_best: int. From 2 on, the lists of `NBest` are there, too.
        threshold: float in `[0, 1]`, above which attention is an alignment.
        with_attention: bool. Whether the model has attention.
        passed: deque of dict, one for each source, whose keys are passed on
            unless they have one of our names; None for none.
    """

    def __init__(
        self,
        text,
        n_best=1,
        threshold=SURE,
        with_attention=True,
        passed=None,
    ):
        with_attention = with_attention and n_best > 1
        super().__init__(text, n_best, threshold, with_attention)
        self.passed = passed

    def output(self, generation):
        record = {} if self.passed is None else self.passed.popleft()
        record = {
            **record,
            "sentence_id": self.sentence,
            "translation": self.text(generation),
            "score": _finite(score(generation)),
        }
        if self.n_best > 1:
            record |= self._lists(generation)
        return _json(record)


class BeamStore(_Output):
    """Writes the steps of the beam search as a JSON object.

    `predicted_ids`, `predicted_tokens`, `parent_ids`, `scores` (negative nats)
    and `normalized_scores` are lists of steps, each a list of the beam's
    slots; `number_steps` counts them and `id` is the sentence. Null is a slot
    without a hypothesis. A source that was read in pieces has a line for each
    piece; a blank one has none.
    """

    needs_history = True

    def begin(self, model, search):
        super().begin(model, search)
        self._pieces = model.tokenizers[1].pieces

    def output(self, generation):
        parts = generation.parts or (generation,)
        found = [self._record(p.history) for p in parts if p.history]
        return "\n".join(found) or None

    def _record(self, history):
        return _json(
            {
                "id": self.sentence,
                "number_steps": history.steps,
                "predicted_ids": history.words.tolist(),
                "predicted_tokens": [
                    self._pieces(words) for words in history.words.tolist()
                ],
                "parent_ids": history.parents.tolist(),
                "scores": _negative(history.log_probs),
                "normalized_scores": _negative(history.scores),
            }
        )


class Benchmark(_Output):
    """Writes `input=`, `output=`, numbers of tokens and the time it took.

    Seconds are those of the lines read at once, divided among them.
    """

    def output(self, generation):
        source = without_end(generation.source_tokens)
        return "\t".join(
            [
                f"input={' '.join(source)}",
                f"output={self.text(generation)}",
                f"input_tokens={len(source)}",
                f"output_tokens={len(generation.tokens)}",
                f"translation_time={generation.seconds:.4f}",
            ]
        )


def score(generation):
    """Sockeye's score of a generation; see the module."""
    return -generation.score if generation.tokens else -math.inf


def alignments(generation, threshold=SURE):
    """Pairs (source, target) of positions with attention above a threshold.

    They are ordered by source, then by target; END has none.
    """
    _, weights = _columns(generation)
    words = len(without_end(generation.tokens))
    return [
        (int(source), int(target))
        for source, target in np.argwhere(weights[:words].T > threshold)
    ]


def _columns(generation):
    """Source tokens and attention `(T, S)`, both without the source's END."""
    source = without_end(generation.source_tokens)
    if generation.attention is None:
        return source, np.zeros((len(generation.tokens), len(source)))
    return source, generation.attention[:, : len(source)]


def _finite(value):
    return value if math.isfinite(value) else None


def _negative(table):
    return [[_finite(-float(value)) for value in row] for row in table]


def _json(record):
    return json.dumps(record, ensure_ascii=False, sort_keys=True)


CLASSES = {
    "translation_with_score": TranslationWithScore,
    "translation_with_alignments": TranslationWithAlignments,
    "translation_with_alignment_matrix": TranslationWithAlignmentMatrix,
    "align_plot": AlignPlot,
    "align_text": AlignText,
    "json": JsonTranslation,
    "nbest": NBest,
    "score": ScoreAlone,
    "pair_with_score": PairWithScore,
    "beam_store": BeamStore,
    "benchmark": Benchmark,
}


def output_task(kind, text, **options):
    """The task that writes an output type of Sockeye.

    Args:
        kind: str, `"translation"`, `"text"` or one of `CLASSES`.
        text: task such as `DecodeText`.
        **options: `n_best`, `threshold`, `with_attention`, `prefix`, `passed`;
            those that the task does not have are left out.
    """
    if kind in ("translation", "text"):
        return text
    takes = inspect.signature(CLASSES[kind]).parameters
    return CLASSES[kind](
        text, **{name: options[name] for name in options if name in takes}
    )
