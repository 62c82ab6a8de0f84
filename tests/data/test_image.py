"""Image files as OpenCV would give them: against Caffe's recorded values, and against the rules written out in loops."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netproto.data import image
from netproto.errors import DataError

GOLDEN = Path(__file__).parents[1] / "golden" / "data"
COLOUR = np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)
GRAY = np.random.default_rng(2).integers(0, 256, (5, 7), dtype=np.uint8)


def saved(picture, kind="PNG", **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def listed(count):
    lines = (GOLDEN / "images/list.txt").read_text().splitlines()[:count]
    return [str(GOLDEN / "images" / line.rsplit(" ", 1)[0]) for line in lines]


@pytest.mark.parametrize(
    ("case", "height", "width", "color"), [("img_resize", 32, 48, True), ("img_up", 150, 171, True), ("img_gray", 28, 28, False)]
)
def test_caffes_resized_images(case, height, width, color):
    recorded = np.load(GOLDEN / "cases" / f"{case}.npz")
    wanted = np.concatenate([recorded["batch_0"], recorded["batch_1"]])
    for path, want in zip(listed(10), wanted, strict=True):
        got = image.planes(image.resize(image.read(path, color=color), height, width)).astype(int)
        assert np.abs(got - want).max() <= (1 if path.endswith("jpg") else 0), path


def naive_resize(pixels, height, width):
    """OpenCV's rule for one value at a time, in Python's whole numbers."""

    def neighbours(old, new, at, inside):
        center = np.float32((at + 0.5) * (1 / (new / old)) - 0.5)
        first = int(np.floor(center))
        part = np.float32(center - np.float32(first))
        if inside and (first < 0 or first >= old - 1):
            part = np.float32(0)
        clipped = [min(max(i, 0), old - 1) for i in (first, first + 1)]
        return clipped, [round(float((np.float32(1) - part) * np.float32(2048))), round(float(part * np.float32(2048)))]

    out = np.zeros((height, width, pixels.shape[2]), np.uint8)
    for y, x, c in np.ndindex(out.shape):
        rows, row_weights = neighbours(pixels.shape[0], height, y, False)
        columns, weights = neighbours(pixels.shape[1], width, x, True)
        lines = [sum(int(pixels[r, k, c]) * w for k, w in zip(columns, weights, strict=True)) for r in rows]
        out[y, x, c] = (sum((w * (line >> 4)) >> 16 for line, w in zip(lines, row_weights, strict=True)) + 2) >> 2
    return out


@pytest.mark.parametrize("size", [(2, 3), (11, 13), (5, 20), (1, 1), (9, 2)])
@pytest.mark.parametrize("channels", [1, 3])
def test_resize_follows_the_rule(size, channels):
    pixels = COLOUR[:, :, :channels]
    np.testing.assert_array_equal(image.resize(pixels, *size), naive_resize(pixels, *size))


def test_half_the_size_takes_means_of_four():
    pixels = np.random.default_rng(3).integers(0, 256, (6, 10, 2), dtype=np.uint8)
    got = image.resize(pixels, 3, 5)
    for y, x, c in np.ndindex(got.shape):
        assert got[y, x, c] == (int(pixels[2 * y : 2 * y + 2, 2 * x : 2 * x + 2, c].astype(int).sum()) + 2) >> 2


def test_the_same_size_is_no_work():
    assert image.resize(COLOUR, 5, 7) is COLOUR


@pytest.mark.parametrize(
    ("picture", "channels"),
    [
        (Image.fromarray(COLOUR), 3),
        (Image.fromarray(GRAY), 1),
        (Image.fromarray(GRAY).convert("1"), 1),
        (Image.fromarray(COLOUR).convert("RGBA"), 4),
        (Image.fromarray(GRAY).convert("LA"), 4),
        (Image.fromarray(COLOUR).quantize(8), 3),
    ],
    ids=lambda p: getattr(p, "mode", p),
)
def test_what_a_file_has_is_kept_unless_forced(picture, channels):
    content = saved(picture)
    for color, wanted in ((None, channels), (True, 3), (False, 1)):
        got = image.decode(content, color=color)
        assert got.shape == (5, 7, wanted)
        assert got.dtype == np.uint8
        assert image.size(content, color=color) == got.shape


def test_colours_are_bgr_and_alpha_is_last():
    pixels = np.dstack([COLOUR, GRAY])
    got = image.decode(saved(Image.fromarray(pixels)), color=None)
    np.testing.assert_array_equal(got, pixels[:, :, [2, 1, 0, 3]])
    np.testing.assert_array_equal(image.decode(saved(Image.fromarray(COLOUR)), color=None), COLOUR[:, :, ::-1])


def test_gray_is_libpngs():
    got = image.decode(saved(Image.fromarray(COLOUR)), color=False)
    for y, x in np.ndindex(5, 7):
        red, green, blue = (int(v) for v in COLOUR[y, x])
        assert got[y, x, 0] == (9797 * red + 19234 * green + 3737 * blue) // 32768


def test_gray_of_a_jpeg_is_its_luminance():
    picture = Image.fromarray(np.repeat(np.repeat(COLOUR, 8, 0), 8, 1))
    content = saved(picture, "JPEG", quality=95)
    with Image.open(io.BytesIO(content)) as opened:
        opened.draft("L", opened.size)
        np.testing.assert_array_equal(image.decode(content, color=False)[:, :, 0], np.asarray(opened))


def test_cmyk_jpegs_become_colour():
    content = saved(Image.fromarray(COLOUR).convert("CMYK"), "JPEG")
    assert image.decode(content, color=None).shape == (5, 7, 3)


def test_sixteen_bits_lose_their_low_byte():
    deep = GRAY.astype(np.uint16) * 256 + 77
    content = saved(Image.fromarray(deep))
    np.testing.assert_array_equal(image.decode(content, color=False)[:, :, 0], GRAY)
    np.testing.assert_array_equal(image.decode(content, color=True), np.dstack([GRAY] * 3))
    with pytest.raises(DataError, match="16 bits a channel, and Caffe takes 8"):
        image.decode(content, color=None)


def test_a_picture_taken_sideways_is_turned_as_opencv_turns_it():
    exif = Image.Exif()
    exif[0x0112] = 6
    content = saved(Image.fromarray(COLOUR), "JPEG", exif=exif)
    assert image.decode(content, color=True).shape == (7, 5, 3)
    assert image.decode(content, color=None).shape == (5, 7, 3)
    assert image.size(content, color=True) == (7, 5, 3)
    assert image.size(content, color=None) == (5, 7, 3)


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"none\.jpg: image cannot be read: No such file or directory\. Paths are relative to"):
        image.read("none.jpg", color=True)
    with pytest.raises(DataError, match="image cannot be read"):
        image.read(str(tmp_path), color=True)
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"a\.jpg: holds an image that cannot be decoded"):
        image.read(str(tmp_path / "a.jpg"), color=True)


def test_a_cut_image_is_an_error():
    for kind in ("JPEG", "PNG"):
        content = saved(Image.fromarray(np.repeat(np.repeat(COLOUR, 20, 0), 20, 1)), kind)
        with pytest.raises(DataError, match="cannot be decoded"):
            image.decode(content[: len(content) // 2], color=True)
    with pytest.raises(DataError, match="cannot be decoded"):
        image.size(b"", color=None)
