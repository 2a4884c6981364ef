"""Real search on the development set."""

from keras_seq2seq import recipe
from keras_seq2seq.checkpoint.variable_value import steps_made
from keras_seq2seq.errors import UserError
from keras_seq2seq.metrics import score
from keras_seq2seq.search import BeamSearch, GreedySearch

# Short names of a configuration.
METRICS = {
    "rouge_1": "rouge_1/f_score",
    "rouge_2": "rouge_2/f_score",
    "rouge_l": "rouge_l/f_score",
}
SAMPLES = 8  # sources read where no score is wanted


class DevScores:
    """Decodes the development set once per step, for any number of scores.

    Args:
        config: Config; `dev_decoding` says how, if it is there.

    Attributes:
        sources: list of str.
        references: list of str.
    """

    def __init__(self, config):
        decoding = config.dev_decoding
        limit = SAMPLES if decoding is None else decoding.max_sentences
        pipeline = config.input_pipeline_dev
        self.sources, self.references = recipe.texts(pipeline, limit)
        self.tokenize = "none" if decoding is None else decoding.tokenize
        self.search = GreedySearch()
        if decoding is not None and decoding.beam_width > 1:
            self.search = BeamSearch(
                decoding.beam_width, decoding.length_penalty
            )
        self._latest = (None, None)
        if not self.sources:
            raise UserError(
                "input_pipeline_dev: expected at least one pair. Received: "
                "none."
            )

    def translate(self, model, sources):
        """One string per source; decodes once per step of the training."""
        step = steps_made(model.optimizer)
        if self._latest[0] != (step, len(sources)):
            found = model.generate(sources, self.search)
            texts = [each.text for each in found]
            self._latest = ((step, len(sources)), texts)
        return self._latest[1]

    def greedy(self, model, sources):
        """One string per source, by greedy search."""
        return [each.text for each in model.generate(sources, GreedySearch())]

    def attend(self, model):
        """Source tokens, target tokens and attention of the first source."""
        source = next((s for s in self.sources if s.strip()), "")
        search = GreedySearch(with_attention=True)
        found = model.generate([source], search)[0]
        return found.source_tokens, found.tokens, found.attention

    def scorer(self, metric):
        """`score(hypotheses, references)` of a metric's name."""
        name = METRICS.get(metric, metric)
        return lambda hypotheses, references: score(
            name, hypotheses, references, self.tokenize
        )
