"""A loaded model as the endpoint uses it."""

import logging

import numpy as np

from keras_seq2seq import inference, recipe
from keras_seq2seq.errors import UserError
from keras_seq2seq.search.compaction import WORTHWHILE
from keras_seq2seq.serving.exchange import Answer, Sentence
from keras_seq2seq.serving.refusal import Refusal
from keras_seq2seq.tokens import END, UNKNOWN

LOGGER = logging.getLogger("keras_seq2seq.serving")
# The batch whose graphs serve all others: every other target has few tokens,
# as batches are divided when some are done.
ROWS, LENGTH, TOKENS, FEW_TOKENS = 2 * WORTHWHILE, 5, 6, 2


def load_translator(settings, paths):
    """The model of an endpoint.

    Args:
        settings: `ServingFlags`.
        paths: list of directories of models.

    Raises:
        UserError: see `inference.load` and `recipe.task`.
    """
    (described,) = settings.tasks
    task = recipe.task(described, settings.allow_import)
    model = inference.load(
        paths,
        settings.checkpoint,
        settings.model_params,
        settings.allow_import,
        precision=settings.precision,
    )
    return Translator(
        model,
        task,
        settings.batch_size,
        settings.max_tokens,
        settings.max_input_len,
    )


class Translator:
    """Decodes batches as `infer` does.

    Args:
        model: `Seq2Seq` or `Ensemble`, with tokenizers.
        task: `DecodeText`, or a task like it: from a `Generation` to text.
        batch_size: int. Most sentences that are decoded at once.
        max_tokens: int. Most tokens of a sentence that is accepted.
        max_input_len: int or None. As `max_input_length` of `generate`.

    Raises:
        UserError: the task needs what the model does not have.
    """

    def __init__(self, model, task, batch_size, max_tokens, max_input_len=None):
        if model.tokenizers[0] is None:
            raise UserError(
                "The endpoint answers text, and this is a model of pictures. "
                "Type keras-seq2seq infer --images PATH."
            )
        self.model = model
        self.task = task
        self.batch_size = batch_size
        self.max_tokens = max_tokens
        self.max_input_len = max_input_len
        self._search = inference.task_search(model, [task])
        task.begin(model, self._search)
        self._attending = recipe.with_options(
            self._search, n_best=task.n_best, with_attention=True
        )

    def warming(self):
        """Compiles what decoding needs, for batches and lengths of any size.

        Returns:
            iterator over the steps of it.
        """
        searches = {self._search}
        if self.model.has_attention:
            searches.add(self._attending)
        rows = min(ROWS, self.batch_size)
        length = min(LENGTH, self.model.longest_source or LENGTH)
        most = min(TOKENS, self.model.longest_target or TOKENS)
        source = np.full((rows, length), UNKNOWN, "int32")
        limits = np.full(rows, min(FEW_TOKENS, most))
        limits[::2] = most
        for search in searches:
            self.model.generator.search(source, search, limits)
            yield

    def sentence(self, instance, index):
        """A client's `Instance`, measured.

        Raises:
            Refusal: 413, too many tokens; 400, ids that are no tokens, or
                attention that the model does not have.
        """
        if instance.with_matrix and not self.model.has_attention:
            raise Refusal(
                400,
                "attention_matrix: expected false. Received true, but this "
                "model has no attention.",
                instance=index,
            )
        tokenizer = self.model.tokenizers[0]
        ids = instance.source
        if isinstance(ids, str):
            ids = tokenizer.encode(ids)
        else:
            self._check_ids(ids, tokenizer.vocabulary_size, index)
        if len(ids) > self.max_tokens:
            raise Refusal(
                413,
                f"expected at most {self.max_tokens} tokens in a sentence. "
                f"Received {len(ids)}. Split it.",
                instance=index,
            )
        length = len(ids)
        if self.max_input_len is None:
            length = min(length, self.model.max_source_length or length)
        return Sentence(instance.source, length, len(ids), instance.with_matrix)

    def __call__(self, sentences):
        """Decodes some `Sentence`s together.

        Where that fails, halves of them are tried, so that nobody's sentence
        takes another down.

        Returns:
            list of `Answer`, and an exception for each that cannot be decoded.
        """
        try:
            return self._answers(sentences)
        except Exception as error:
            if len(sentences) == 1:
                LOGGER.exception("a sentence cannot be decoded")
                return [error]
            middle = len(sentences) // 2
            return self(sentences[:middle]) + self(sentences[middle:])

    def _answers(self, sentences):
        attending = any(each.with_matrix for each in sentences)
        generations = self.model.generate(
            [each.source for each in sentences],
            self._attending if attending else self._search,
            batch_size=len(sentences),
            max_input_length=self.max_input_len,
        )
        pairs = zip(sentences, generations, strict=True)
        return [self._answer(*pair) for pair in pairs]

    def _answer(self, sentence, generation):
        ids = generation.ids
        return Answer(
            self.task(generation),
            ids[:-1] if ids[-1:] == (END,) else ids,
            self._matrix(generation) if sentence.with_matrix else None,
        )

    def _matrix(self, generation):
        """Rows of attention, without the column of the source's END."""
        if generation.attention is None:
            return np.empty((0, 0), "float32")
        columns = len(generation.source_tokens) - self.model.append_end
        return generation.attention[:, :columns]

    def _check_ids(self, ids, size, index):
        for position, one in enumerate(ids):
            if not 0 <= one < size:
                raise Refusal(
                    400,
                    f"record {index}: expected ids from 1 to {size - 1}, the "
                    f"vocabulary of the source. Received {one} at position "
                    f"{position}.",
                    instance=index,
                )
