"""A page of photographs, captions and what was looked at."""

import contextlib

from keras_seq2seq.data.write_file import writing
from keras_seq2seq.errors import UserError
from keras_seq2seq.tasks.decode_text import without_end
from keras_seq2seq.tasks.task import Task
from keras_seq2seq.views.gallery import gallery_ends, gallery_item


class WriteGallery(Task):
    """Writes a self-contained HTML page: what `infer --html` does.

    A photograph stands there with its caption, the references, if there are
    any, and, behind each word, the cells that had attention. Pictures that
    can't be read are left out. Memory does not grow with their number.

    Args:
        file: path of the page.
        references: dict from a picture's source to its captions by people.
        title: str.

    Raises:
        StorageError: if the file cannot be written.
        UserError: from a model that reads no pictures.
    """

    def __init__(self, file, references=None, title="Captions"):
        self.file = file
        self.references = references or {}
        self.title = title
        self.needs_attention = True

    def begin(self, model, search):
        if not hasattr(getattr(model, "encoder", None), "grid"):
            raise UserError(
                "A gallery shows pictures. Received: a model that reads text, "
                f"{type(model).__name__}. Leave --html out."
            )
        self._open = contextlib.ExitStack()
        self._page = self._open.enter_context(writing(self.file))
        head, self._tail = gallery_ends(self.title)
        self._write(head)

    def __call__(self, generation):
        picture = generation.picture
        if picture is None:
            return
        tokens = without_end(generation.tokens)
        item = gallery_item(
            picture,
            tokens,
            generation.attention[: len(tokens)],
            f"{picture.name} · {generation.log_prob:.2f} nats",
            self._references(picture.source),
        )
        self._write(item)

    def _references(self, source):
        # Arrays and the like, which no table can hold, have none.
        return self.references.get(str(source), ())

    def _write(self, text):
        self._page.write(text.encode("utf-8"))

    def end(self, error=None):
        if not hasattr(self, "_open"):
            return
        if error is None:
            self._write(self._tail)
            self._open.close()
        else:
            with contextlib.suppress(type(error)):
                self._open.__exit__(type(error), error, None)
