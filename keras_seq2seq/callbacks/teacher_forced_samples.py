"""What a model predicts for the batch that it is trained on next."""

from keras import ops

from keras_seq2seq.callbacks.samples import Samples
from keras_seq2seq.data.batches import assemble
from keras_seq2seq.tokens import END, HISTORICAL_NAMES, START, UNKNOWN

NAMES = dict(zip((UNKNOWN, START, END), HISTORICAL_NAMES, strict=True))


class TeacherForcedSamples(Samples):
    """google/seq2seq's TrainSampleHook: the likeliest tokens of a batch.

    Writes `samples/samples_<step>.txt` at step 0 and every so often: for each
    pair of the next training batch the prediction, the target and a blank
    line. Each token is predicted from the right tokens before it, without
    dropout, so a sample reads better than what a search would write. A
    prediction has as many tokens as its target, SEQUENCE_END included.

    Args:
        bucketing: `Bucketing`, listed before this callback.
        tokenizer: the target's.
        directory: path of the run; `samples/` is made in it.
        delimiter: str. Joins tokens.
        **options: `every_n_steps`, `every_n_seconds` and `text` of `Samples`.
    """

    def __init__(
        self, bucketing, tokenizer, directory, delimiter=" ", **options
    ):
        super().__init__(directory, **options)
        self.bucketing = bucketing
        self.tokenizer = tokenizer
        self.delimiter = delimiter
        self._predict = None

    def set_model(self, model):
        if model is not self.model:
            self._predict = model.as_graph(
                lambda inputs: likeliest(model, inputs)
            )
        super().set_model(model)

    def sample(self):
        """Predictions and targets of the batch at the position."""
        indices = self.bucketing.batch_at_position()
        inputs, labels, weights = assemble(self.bucketing.pairs, indices)
        predicted = ops.convert_to_numpy(self._predict(inputs))
        real = weights > 0
        return self._texts(predicted, real), self._texts(labels, real)

    def _texts(self, ids, real):
        rows = zip(ids, real, strict=True)
        return [self._text(row[own]) for row, own in rows]

    def _text(self, ids):
        pieces = self.tokenizer.pieces(ids)
        return self.delimiter.join(
            NAMES.get(int(i), piece)
            for i, piece in zip(ids, pieces, strict=True)
        )


def likeliest(model, inputs):
    """The likeliest token at each position: int tensor `(B, T)`."""
    return ops.argmax(model(inputs, training=False), axis=-1)
