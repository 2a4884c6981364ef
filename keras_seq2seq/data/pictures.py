"""Pictures from files to arrays.

Pillow reads them: it knows a picture's size before it unpacks it, and
orientation, CMYK, palettes, transparency and the first of several frames,
where TensorFlow's decoders allocate whatever a header says and know a few
formats only.
"""

import io
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.errors import UserError

MOST_PIXELS = 1 << 27  # of a picture; unpacked these are 400 MB
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm"}
)
SMALLEST_CROP = 0.85  # share of a side that a random crop keeps


def ignore_warnings_of_pillow():
    """Leaves out what Pillow warns of: it is harmless, or refused here.

    Once, since pictures are read in threads, which share the filters.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)


ignore_warnings_of_pillow()


class PictureError(UserError):
    """A picture that can't be read; it says which, and why.

    Attributes:
        lasting: bool. Whether the same file will never be read; False for
            what may pass, such as too many open files or a lost disk.
    """

    lasting = True


class Picture(NamedTuple):
    """A picture that a model has read.

    Attributes:
        source: path, bytes or array, as `read_picture` takes it.
        name: str. What it is called for people.
        grid: rows and columns of cells, over which attention is spread.
    """

    source: Any
    name: str
    grid: tuple


class View(NamedTuple):
    """Which part of a picture is taken, and whether it is mirrored.

    Attributes:
        left, top, right, bottom: floats in [0, 1].
        mirrored: bool. Left is right.
    """

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0
    mirrored: bool = False


def random_view(*seed):
    """A crop of at least 72 % of the area, mirrored every other time.

    Args:
        *seed: ints. Equal ones give equal views.
    """
    random = np.random.default_rng(seed)
    width, height = random.uniform(SMALLEST_CROP, 1, 2)
    left, top = random.uniform(0, 1, 2) * (1 - width, 1 - height)
    mirrored = bool(random.integers(2))
    return View(left, top, left + width, top + height, mirrored)


def read_picture(source, height=None, width=None, view=None):
    """Reads and resizes a picture; its sides may change their ratio.

    Greyscale becomes grey RGB, transparency white, CMYK RGB; of an animation
    the first frame counts, and what a camera notes of its orientation does.

    Args:
        source: path, encoded bytes, object with `read_bytes`, or array
            `(H, W)`, `(H, W, 1)`, `(H, W, 3)` or `(H, W, 4)` of uint8.
        height, width: int, in pixels; None leaves the picture's own.
        view: `View` or None for the whole.

    Returns:
        uint8 array `(height, width, 3)`.

    Raises:
        PictureError: missing, empty, no picture, cut off, damaged, or of more
            than `MOST_PIXELS`.
    """
    try:
        with _open(source) as image:
            return _pixels(image, height, width, view)
    except PictureError as error:
        raise PictureError(f"{name_of(source)}: {error}") from None
    except MemoryError:
        raise _passing(f"{name_of(source)}: too large") from None
    except FileNotFoundError:
        raise PictureError(f"{name_of(source)}: no such file") from None
    except Exception as error:  # damaged files make Pillow raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error)
        told = f"{name_of(source)}: {reason}"
        # Pillow's own have no number.
        passes = isinstance(error, OSError) and error.errno is not None
        raise (_passing if passes else PictureError)(told) from error


def _passing(text):
    error = PictureError(text)
    error.lasting = False
    return error


def write_picture(path, pixels):
    """Writes a PNG file, whole or not at all.

    Args:
        path: path.
        pixels: uint8 array `(H, W, 3)`.

    Returns:
        Path.

    Raises:
        StorageError: if the file cannot be written.
    """
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return write_file(path, content.getbuffer())


def name_of(source):
    """What a picture is called for people."""
    if isinstance(source, bytes):
        return f"a picture of {len(source):,} bytes"
    if isinstance(source, np.ndarray):
        return f"an array {source.shape}"
    return for_people(str(source))


def for_people(name):
    """A file's name as text, whatever its bytes are.

    Those that are no UTF-8, which Python holds as halves of surrogate pairs,
    are written as `\\udce9`.
    """
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def is_blank(source):
    """Whether a source is an empty text, in place of a picture's path."""
    return isinstance(source, str) and not source.strip()


def encoded_bytes(source):
    """The picture as it is stored."""
    if isinstance(source, bytes):
        return source
    if hasattr(source, "read_bytes"):
        return source.read_bytes()
    return Path(source).read_bytes()


def _open(source):
    if isinstance(source, np.ndarray):
        return _of_array(source)
    if isinstance(source, str | Path):
        path = Path(source)
        if path.is_dir():
            raise PictureError("a directory, not a picture")
        if not path.stat().st_size:
            raise PictureError("empty, of zero bytes")
        return _recognised(path)
    data = encoded_bytes(source)
    if not data:
        raise PictureError("empty, of zero bytes")
    return _recognised(io.BytesIO(data))


def _recognised(file):
    try:
        return Image.open(file)
    except Image.UnidentifiedImageError:
        raise PictureError("not a picture of a known format") from None
    except Image.DecompressionBombError:
        raise PictureError(
            f"more than {MOST_PIXELS:,} pixels, which are the most"
        ) from None


def _of_array(array):
    array = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    fits = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    if not fits or array.dtype != np.uint8 or not array.size:
        raise PictureError(
            "expected uint8 (H, W), (H, W, 3) or (H, W, 4), not "
            f"{array.dtype} {array.shape}"
        )
    return Image.fromarray(array)


def _pixels(image, height, width, view):
    if image.width * image.height > MOST_PIXELS:
        raise PictureError(
            f"{image.width} x {image.height} pixels; {MOST_PIXELS:,} are the "
            "most"
        )
    if height and width:
        # JPEG unpacks to a half, a quarter or an eighth at once.
        image.draft("RGB", (2 * width, 2 * height))
    image.load()
    image = _as_rgb(ImageOps.exif_transpose(image))
    view = view or View()
    size = (width or image.width, height or image.height)
    if size != image.size or view[:4] != View()[:4]:
        box = (
            view.left * image.width,
            view.top * image.height,
            view.right * image.width,
            view.bottom * image.height,
        )
        image = image.resize(size, Image.Resampling.BILINEAR, box)
    pixels = np.asarray(image)
    return pixels[:, ::-1] if view.mirrored else pixels


def _as_rgb(image):
    if image.mode.startswith("I"):  # 16 bits of grey
        grey = np.asarray(image).astype("float32") / 256
        image = Image.fromarray(np.clip(grey, 0, 255).astype("uint8"))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")
