"""The n best hypotheses of each source with their scores."""

import json

from keras_seq2seq.tasks.task import Task


class RankedText(Task):
    """Writes JSON lines `{"line", "rank", "text", "log_prob", "score"}`.

    Of a picture they have its name, too, under `"image"`.

    Args:
        text: task such as `DecodeText`: turns a generation into a line.
        n_best: int. Hypotheses of each source, best first. There are fewer
            where the search finds no more, and a single one of a blank line.
    """

    def __init__(self, text, n_best):
        self.text = text
        self.n_best = n_best
        self.needs_attention = text.needs_attention
        self.line = 0

    def begin(self, model, search):
        self.line = 0
        self.text.begin(model, search)

    def __call__(self, generation):
        self.line += 1
        ranks = (generation, *generation.alternatives)[: self.n_best]
        return "\n".join(map(self._record, range(1, len(ranks) + 1), ranks))

    def _record(self, rank, one):
        named = {} if one.picture is None else {"image": one.picture.name}
        record = {
            "line": self.line,
            **named,
            "rank": rank,
            "text": self.text(one),
            "log_prob": one.log_prob,
            "score": one.score,
        }
        return json.dumps(record, ensure_ascii=False)

    def end(self, error=None):
        self.text.end(error)
