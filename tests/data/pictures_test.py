import errno
import io
import warnings

import numpy as np
import pytest
from PIL import Image

from keras_seq2seq.data import pictures
from keras_seq2seq.data.picture_check import unreadable_pictures
from keras_seq2seq.data.picture_store import (
    FolderPictures,
    picture_names,
    pictures_in,
)
from keras_seq2seq.data.pictures import (
    PictureError,
    View,
    random_view,
    read_picture,
    write_picture,
)
from keras_seq2seq.errors import StorageError, UserError

RED = (200, 30, 10)


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def plain(mode="RGB", color=RED, size=(12, 8)):
    return Image.new(mode, size, color)


def test_a_picture_that_is_written_reads_back(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (5, 9, 3), "uint8")
    path = write_picture(tmp_path / "new" / "a.png", pixels)
    np.testing.assert_array_equal(read_picture(path), pixels)


def test_no_part_of_a_picture_is_left_behind(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError("no space")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(StorageError, match="no space"):
        write_picture(tmp_path / "a.png", np.zeros((2, 2, 3), "uint8"))
    assert list(tmp_path.iterdir()) == []


def test_a_picture_is_rows_columns_and_colours():
    image = plain()
    image.putpixel((11, 0), (0, 0, 255))
    found = read_picture(encoded(image))
    assert found.shape == (8, 12, 3) and found.dtype == np.uint8
    assert tuple(found[0, 11]) == (0, 0, 255) and tuple(found[0, 0]) == RED
    assert read_picture(encoded(image), 5, 7).shape == (5, 7, 3)


@pytest.mark.parametrize(
    ("image", "kind", "expected"),
    [
        (plain("L", 90), "PNG", (90, 90, 90)),
        (plain("L", 90), "JPEG", (90, 90, 90)),
        (plain("1", 1), "PNG", (255, 255, 255)),
        (plain("I;16", 90 * 256), "PNG", (90, 90, 90)),
        (plain("RGBA", (*RED, 0)), "PNG", (255, 255, 255)),
        (plain("RGBA", (*RED, 255)), "PNG", RED),
        (plain("LA", (90, 255)), "PNG", (90, 90, 90)),
        (plain("CMYK", (0, 255, 255, 0)), "JPEG", (255, 0, 0)),
        (plain().convert("P"), "GIF", None),
        (plain(), "BMP", RED),
        (plain(), "TIFF", RED),
        (plain(), "WEBP", RED),
    ],
    ids=lambda x: x.mode if isinstance(x, Image.Image) else str(x),
)
def test_every_kind_becomes_rgb(image, kind, expected):
    found = read_picture(encoded(image, kind), 8, 12).astype(int)
    assert found.shape == (8, 12, 3)
    if expected is not None:
        assert np.abs(found - expected).max() <= 9  # JPEG, WEBP


def test_of_an_animation_the_first_frame_counts():
    frames = [plain(color=c) for c in ("black", "white", "red")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read_picture(data).max() == 0


def test_orientation_is_what_the_camera_notes():
    image = plain(size=(4, 2))
    exif = image.getexif()
    exif[274] = 6  # turned by a quarter
    assert read_picture(encoded(image, exif=exif)).shape == (4, 2, 3)


def broken(name, folder):
    """Writes a file that is no whole picture; returns its path."""
    path = folder / name
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), "uint8")
    jpeg = encoded(Image.fromarray(noise), "JPEG")
    content = {
        "empty.jpg": b"",
        "cut.jpg": jpeg[: len(jpeg) // 2],
        "text.jpg": b"this is a text",
        "cut.png": encoded(plain())[:40],
    }
    path.write_bytes(content[name])
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("empty.jpg", "of zero bytes"),
        ("cut.jpg", "truncated"),
        ("text.jpg", "not a picture"),
        ("cut.png", "cut.png"),
    ],
)
def test_what_is_no_picture_is_named(name, text, tmp_path):
    path = broken(name, tmp_path)
    with pytest.raises(PictureError, match=name) as error:
        read_picture(path, 4, 4)
    assert text in str(error.value)


def test_absent_files_and_folders_are_named(tmp_path):
    with pytest.raises(PictureError, match="absent.jpg: no such file"):
        read_picture(tmp_path / "absent.jpg")
    with pytest.raises(PictureError, match="a directory"):
        read_picture(tmp_path)


def test_a_bomb_is_refused_before_it_is_unpacked():
    side = 1 << 14  # so many white pixels are some kilobytes
    data = encoded(Image.new("1", (side, side), 1))
    assert len(data) < 1 << 17
    with pytest.raises(PictureError, match="pixels"):
        read_picture(data, 4, 4)


def test_the_greatest_number_of_pixels_is_ours(monkeypatch):
    monkeypatch.setattr(pictures, "MOST_PIXELS", 95)
    with pytest.raises(PictureError, match="12 x 8 pixels; 95 are the most"):
        read_picture(encoded(plain()))


def test_arrays_are_pictures_if_they_look_so():
    grey = np.full((5, 6), 7, "uint8")
    assert (read_picture(grey) == 7).all()
    assert (read_picture(grey[..., None], 3, 3) == 7).all()
    with pytest.raises(PictureError, match="float32"):
        read_picture(grey.astype("float32"))


def test_a_view_takes_a_part_and_mirrors_it():
    columns = np.tile(np.arange(10, dtype="uint8") * 20, (4, 1))
    half = read_picture(columns, 4, 5, View(right=0.5))
    assert half[0, :, 0].tolist() == [0, 20, 40, 60, 80]
    mirrored = read_picture(columns, 4, 10, View(mirrored=True))
    assert (mirrored == read_picture(columns)[:, ::-1]).all()


def test_random_views_depend_on_the_seed_alone():
    views = [random_view(1, epoch, 5) for epoch in range(40)]
    assert views == [random_view(1, epoch, 5) for epoch in range(40)]
    assert len(set(views)) == 40
    assert {view.mirrored for view in views} == {True, False}
    for view in views:
        assert 0 <= view.left < view.right <= 1
        assert 0 <= view.top < view.bottom <= 1
        assert view.right - view.left >= pictures.SMALLEST_CROP - 1e-9


def test_all_bad_pictures_of_a_folder_are_found(tmp_path, monkeypatch):
    for name in ("empty.jpg", "cut.jpg", "text.jpg"):
        broken(name, tmp_path)
    (tmp_path / "good.png").write_bytes(encoded(plain()))
    names = ["good.png", "cut.jpg", "absent.jpg", "empty.jpg", "text.jpg"]
    store = FolderPictures(tmp_path, names)
    cache = tmp_path / "cache"
    found = unreadable_pictures(store, cache)
    assert sorted(found) == [1, 2, 3, 4]
    assert all(names[i] in text for i, text in found.items())

    def unexpected(*given):
        raise AssertionError("read again")

    with monkeypatch.context() as patch:
        patch.setattr(
            "keras_seq2seq.data.picture_check.read_picture", unexpected
        )
        assert unreadable_pictures(store, cache) == found
    (tmp_path / "empty.jpg").write_bytes(encoded(plain()))
    assert sorted(unreadable_pictures(store, cache)) == [1, 2, 4]


def test_reading_leaves_the_filters_of_warnings_alone(monkeypatch):
    before, during = list(warnings.filters), []
    whole = pictures._pixels

    def observed(*given):
        during.extend(warnings.filters)
        return whole(*given)

    monkeypatch.setattr(pictures, "_pixels", observed)
    read_picture(encoded(plain()))
    assert during == before


def test_pillow_warns_of_nothing():
    cut = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01"
    data = encoded(plain(), "JPEG", exif=cut)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        read_picture(data)
        assert told
        del told[:]
        pictures.ignore_warnings_of_pillow()
        read_picture(data)
        assert not told


@pytest.mark.parametrize(
    "error", [OSError(errno.EMFILE, "Too many open files"), MemoryError()]
)
def test_a_failure_that_passes_is_not_remembered(tmp_path, monkeypatch, error):
    (tmp_path / "good.png").write_bytes(encoded(plain()))
    store = FolderPictures(tmp_path, ["good.png"])

    def fail(*given):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(pictures, "_recognised", fail)
        assert sorted(unreadable_pictures(store, tmp_path / "cache")) == [0]
    assert unreadable_pictures(store, tmp_path / "cache") == {}


def test_folders_are_lists_of_their_pictures(tmp_path):
    for name in ("b.JPG", "a.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert picture_names(tmp_path) == {"a.png", "b.JPG"}
    found = pictures_in([tmp_path, "other"])
    assert found == [str(tmp_path / "a.png"), str(tmp_path / "b.JPG"), "other"]
    (tmp_path / "empty").mkdir()
    for call in (pictures_in, lambda paths: picture_names("absent")):
        with pytest.raises(UserError, match="expected"):
            call([tmp_path / "empty"])
