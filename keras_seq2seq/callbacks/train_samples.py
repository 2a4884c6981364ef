"""Translations of a few sentences, again and again while a model learns."""

from keras_seq2seq.callbacks.samples import Samples


class TrainSamples(Samples):
    """Decodes a few sources before training and every so often.

    Writes `samples/decoded_<step>.txt`: a header, then for each source the
    prediction, the target and a blank line. The prediction is generated, so
    it is what the model would answer; `TeacherForcedSamples` shows what it
    predicts while it is told the right words before.

    Args:
        translate: callable `translate(model, sources)` that returns one
            string per source. It must not run `model.evaluate`, which would
            reset the running metrics.
        sources: sequence of str.
        references: sequence of str, as long.
        directory: path of the run; `samples/` is made in it.
        **options: `every_n_steps`, `every_n_seconds` and `text` of `Samples`.
    """

    file_name = "decoded_{step:06d}.txt"
    title = "Decoded text followed by reference @ Step {step}"

    def __init__(self, translate, sources, references, directory, **options):
        super().__init__(directory, **options)
        self.translate = translate
        self.sources = sources
        self.references = references

    def sample(self):
        """What the model answers, and the references."""
        return self.translate(self.model, self.sources), self.references
