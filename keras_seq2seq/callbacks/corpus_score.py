"""Scores of generated text in the logs of an epoch."""

import keras


class CorpusScore(keras.callbacks.Callback):
    """Adds a corpus-level score of generated text to the epoch's logs.

    List it before callbacks that monitor `name`: Keras hands one `logs`
    dict from callback to callback.

    Args:
        translate: callable `translate(model, sources)` that returns one
            string per source, by whatever search.
        sources: sequence of str.
        references: sequence as long, in the form that `score` takes.
        score: callable `score(hypotheses, references)` that returns a number,
            or an object with the number as its `value`.
        name: str. The key in the logs.
        every: int >= 1. Scores the last of every so many epochs.
        also: sequence of str. More keys in the logs for the same score.
    """

    def __init__(
        self,
        translate,
        sources,
        references,
        score,
        name="val_bleu",
        every=1,
        also=(),
    ):
        super().__init__()
        if len(sources) != len(references) or not len(sources):
            raise ValueError(
                "`sources` and `references` must be equally many, at least "
                f"one. Received: {len(sources)} and {len(references)}"
            )
        if every < 1:
            raise ValueError(f"`every` must be positive. Received: {every}")
        self.translate = translate
        self.sources = sources
        self.references = references
        self.score = score
        self.name = name
        self.every = every
        self.also = tuple(also)
        self._epochs = 0

    def on_epoch_end(self, epoch, logs):
        self._epochs += 1
        if self._epochs % self.every == 0:
            logs.update(dict.fromkeys((self.name, *self.also), self.evaluate()))

    def evaluate(self):
        """Translates and scores once.

        Returns:
            float, in the unit of `score`.
        """
        hypotheses = list(self.translate(self.model, self.sources))
        if len(hypotheses) != len(self.references):
            raise ValueError(
                f"`translate` must return {len(self.references)} texts. "
                f"Received: {len(hypotheses)}"
            )
        score = self.score(hypotheses, self.references)
        return float(getattr(score, "value", score))

    def get_state(self):
        """The epochs seen, so that a resumed training keeps the rhythm."""
        return {"epochs": self._epochs}

    def set_state(self, state):
        """Takes a saved state."""
        self._epochs = state["epochs"]
