"""From pictures to captions."""

import concurrent.futures
import itertools
import logging

import numpy as np
from keras import ops

from keras_seq2seq.data.captioned_pictures import CaptionedPictures
from keras_seq2seq.data.captions import Captions
from keras_seq2seq.data.picture_check import threads
from keras_seq2seq.data.picture_store import ListedPictures
from keras_seq2seq.data.pictures import (
    Picture,
    PictureError,
    is_blank,
    name_of,
    read_picture,
)
from keras_seq2seq.errors import UserError
from keras_seq2seq.zoo.any_size import of_any_size
from keras_seq2seq.zoo.generation import Generator

AT_ONCE = 32  # pictures that a network sees together: its maps are large
logger = logging.getLogger("keras_seq2seq")


class PictureGenerator(Generator):
    """Reads pictures in batches, and searches their captions.

    Args:
        model: `Image2Seq`.
        tokenizers: pair (None, tokenizer of captions) or None.
        **options: as `Generator` has them.

    Attributes:
        known: list of `FeatureTable`: features that need not be computed.
        strict: bool. If True, a picture that can't be read raises its
            `PictureError`; otherwise a warning names it, and its caption is
            blank.
    """

    def __init__(self, model, tokenizers=None, **options):
        super().__init__(model, tokenizers, append_end=False, **options)
        self.known = []
        self.strict = False
        self._features = None

    def generate(self, sources, search=None, **options):
        """Writes a caption of each picture.

        Args:
            sources: list of paths, encoded bytes, or uint8 arrays
                `(H, W, 3)`; blank texts get blank results.
            search: a search of `keras_seq2seq.search`. Default: the model's.
            **options: `max_length`, `min_length` and `batch_size`, as
                `Generator.generate` has them.

        Returns:
            list of `Generation`, in the order of `sources`.
        """
        return super().generate(sources, search, **options)

    def pairs(
        self, sources, targets, max_source_length=None, max_target_length=None
    ):
        """Given pictures and captions; see `Generator.pairs`.

        They have features where one of `known` has those of all pictures.
        """
        table, owners = self._table_of(sources)
        pictures = ListedPictures(sources) if table is None else table.pictures
        encoder = self.model.encoder
        found = CaptionedPictures(
            Captions(pictures, list(targets), owners),
            self.tokenizers[1],
            encoder.resize_height,
            encoder.resize_width,
            max_target_length,
        )
        found.features = table
        return found

    def _table_of(self, sources):
        """The table with all these pictures, or None, and their numbers."""
        for table in self.known:
            owners = table.numbers(sources)
            if owners is not None:
                return table, owners
        return None, range(len(sources))

    def pieces(self, sources, max_input_length=None):
        """The pictures, each read as a whole; see `Generator.pieces`."""
        if max_input_length is not None:
            raise UserError(
                "--max_input_len cuts long text; a picture is read as a whole. "
                "Leave it out."
            )
        return [[] if is_blank(each) else [each] for each in sources]

    def length(self, piece):
        """All pictures have the same number of cells, here taken as one."""
        return 1

    def batches(self, pieces, sizes):
        """Features of pictures that can be read; see `Generator.batches`."""
        left = iter(range(len(pieces)))
        for size in sizes:
            chosen = [*itertools.islice(left, size)]
            rows = self.features([pieces[i] for i in chosen])
            told = {
                index: self._told(pieces[index])
                for index, row in zip(chosen, rows, strict=True)
                if row is not None
            }
            if told:
                read = [row for row in rows if row is not None]
                yield {"features": np.stack(read)}, told

    def features(self, sources):
        """What the network makes of pictures, once for all steps.

        Returns:
            list of arrays `(C, D)`; None for a picture that can't be read.
        """
        rows = [self._known(source) for source in sources]
        missing = [i for i, row in enumerate(rows) if row is None]
        for start in range(0, len(missing), AT_ONCE):
            some = missing[start : start + AT_ONCE]
            pictures = self._read_pictures([sources[i] for i in some])
            readable = {
                place: picture
                for place, picture in zip(some, pictures, strict=True)
                if picture is not None
            }
            if readable:
                found = self.extract(np.stack(list(readable.values())))
                for place, cells in zip(readable, found, strict=True):
                    rows[place] = cells
        return rows

    def extract(self, pictures):
        """The network's features `(B, C, D)`, an array, of an array."""
        with self._lock:
            if self._features is None:
                self._features = self.model.as_graph(
                    self.model.encoder.features
                )
                self.model.trace(self._features, of_any_size(pictures))
        found = self._features(ops.convert_to_tensor(pictures))
        return ops.convert_to_numpy(ops.cast(found, "float32"))

    def _known(self, source):
        found = (table.get(source) for table in self.known)
        return next((row for row in found if row is not None), None)

    def _read_pictures(self, sources):
        encoder = self.model.encoder
        size = (encoder.resize_height, encoder.resize_width)

        def read(source):
            try:
                return read_picture(source, *size)
            except PictureError as error:
                if self.strict:
                    raise
                logger.warning("No caption: %s", error)
                return None

        with concurrent.futures.ThreadPoolExecutor(threads()) as pool:
            return list(pool.map(read, sources))

    def _told(self, source):
        rows, columns = self.model.encoder.grid
        cells = 1 if self.model.encoder.pool else rows * columns
        names = [f"{i // columns + 1},{i % columns + 1}" for i in range(cells)]
        grid = (1, 1) if self.model.encoder.pool else (rows, columns)
        return {
            "source_tokens": tuple(names),
            "picture": Picture(source, name_of(source), grid),
        }
