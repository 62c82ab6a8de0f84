"""Windows of images: the file, the sampling, and where a warped window goes."""

import numpy as np
import pytest
from PIL import Image

from netproto.data import image
from netproto.data.transform import Transform
from netproto.data.window_file import Window, WindowLoader, WindowSource, place
from netproto.errors import DataError

IMAGE = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)

FILE = """# 0
a.png
3
20
30
3
2 0.9 3 4 12 13
1 0.5 0 0 9 9
0 0.2 20 2 29 19
# 1
b.png 3 20 30
2
7 0.3 5 5 8 8
4 0.7 1 2 3 4
"""


@pytest.fixture
def source(tmp_path):
    def make(text=FILE, **options):
        (tmp_path / "windows.txt").write_text(text)
        for name in ("a.png", "b.png"):
            Image.fromarray(IMAGE).save(tmp_path / name)
        settings = {"batch_size": 8, "fg_fraction": 0.25, "fg_threshold": 0.5, "bg_threshold": 0.5, "root_folder": f"{tmp_path}/"}
        return WindowSource(str(tmp_path / "windows.txt"), **{**settings, **options})

    return make


def test_overlap_divides_foreground_from_background(source):
    made = source()
    assert made.channels == 3
    assert [(w.image[-5:], w.label, w.x1, w.y1, w.x2, w.y2) for w in made.foreground] == [
        ("a.png", 2, 3, 4, 12, 13),
        ("a.png", 1, 0, 0, 9, 9),
        ("b.png", 4, 1, 2, 3, 4),
    ]
    assert [w.label for w in made.background] == [0, 0]
    assert len(source(bg_threshold=0.25).background) == 1


def test_batches_are_background_first(source):
    made = source()
    made.key = 5
    labels = np.array([made.take().value.label for _ in range(8 * 50)]).reshape(50, 8)
    assert not labels[:, :6].any()
    assert set(labels[:, 6:].ravel()) == {1, 2, 4}


def test_sampling_is_a_function_of_key_and_ordinal(source):
    first, second = source(), source()
    first.key = second.key = 5
    taken = [first.take() for _ in range(20)]
    second.restore({"position": 9})
    assert [second.take() for _ in range(5)] == taken[9:14]


def load(made, window, **options):
    crop = options.pop("crop", 9)
    transform = Transform(crop_size=crop, mirror=options.pop("mirror", False), mean=options.pop("mean", np.zeros((0, 0, 0), np.float32)))
    loader = WindowLoader(transform, channels=3, **options)
    record = made.take()
    out = [np.full((1, 3, crop, crop), np.nan, np.float32), np.zeros(1, np.float32)]
    loader.fill([type(record)(options.get("ordinal", 0), window.image, window)], out, 0)
    return out[0][0], out[1][0]


def test_a_window_is_cut_out_and_warped(source, tmp_path):
    window = Window(f"{tmp_path}/a.png", 2, 3, 4, 12, 13)
    got, label = load(source(), window)
    wanted = image.resize(np.ascontiguousarray(IMAGE[4:14, 3:13, ::-1]), 9, 9)
    np.testing.assert_array_equal(got, wanted.transpose(2, 0, 1))
    assert label == 2


def test_the_mean_is_taken_where_the_window_is_put(source, tmp_path):
    window = Window(f"{tmp_path}/a.png", 2, 3, 4, 12, 13)
    mean = np.arange(3 * 13 * 13, dtype=np.float32).reshape(3, 13, 13)
    plain, _ = load(source(), window)
    got, _ = load(source(), window, mean=mean)
    np.testing.assert_array_equal(got, plain - mean[:, 2:11, 2:11])
    values = np.float32([1, 2, 3])[:, None, None]
    np.testing.assert_array_equal(load(source(), window, mean=values)[0], plain - values)


def test_context_is_added_around_the_window(source, tmp_path):
    """A window of 5 x 5 with 2 pixels of context in a crop of 9: the 9 x 9 around it, not scaled."""
    got, _ = load(source(), Window(f"{tmp_path}/a.png", 1, 10, 8, 14, 12), context_pad=2)
    box, size, corner = place(Window("", 1, 10, 8, 14, 12), IMAGE.shape, 9, 2, False, False)
    assert (box, size, corner) == ((8, 6, 17, 15), (9, 9), (0, 0))
    wanted = image.resize(np.ascontiguousarray(IMAGE[6:16, 8:18, ::-1]), 9, 9)
    np.testing.assert_array_equal(got, wanted.transpose(2, 0, 1))


def test_context_outside_of_the_image_is_zero(source, tmp_path):
    """Worked out by hand: (0, 0, 9, 9) grows by 18/10 about (5, 5) to (-4, -4, 14, 14), 4 of whose 19 places are outside."""
    window = Window(f"{tmp_path}/a.png", 1, 0, 0, 9, 9)
    box, size, corner = place(window, IMAGE.shape, 18, 4, False, False)
    assert (box, size, corner) == ((0, 0, 14, 14), (14, 14), (4, 4))
    got, _ = load(source(), window, crop=18, context_pad=4)
    assert not got[:, :4].any()
    assert not got[:, :, :4].any()
    wanted = image.resize(np.ascontiguousarray(IMAGE[:15, :15, ::-1]), 14, 14)
    np.testing.assert_array_equal(got[:, 4:, 4:], wanted.transpose(2, 0, 1))


def test_mirroring_mirrors_the_context_too(source, tmp_path):
    window = Window(f"{tmp_path}/a.png", 1, 20, 0, 29, 9)
    flipped = place(window, IMAGE.shape, 18, 4, False, True)
    straight = place(window, IMAGE.shape, 18, 4, False, False)
    assert (straight[2], flipped[2]) == ((4, 0), (4, 5))
    seen = set()
    for ordinal in range(20):
        made = source()
        loader = WindowLoader(Transform(crop_size=9, mirror=True), channels=3)
        record = made.take()
        out = [np.zeros((1, 3, 9, 9), np.float32), np.zeros(1, np.float32)]
        loader.fill([type(record)(ordinal, "a", Window(window.image, 1, 3, 4, 12, 13))], out, 0)
        seen.add(out[0].tobytes())
    plain, _ = load(source(), Window(window.image, 1, 3, 4, 12, 13))
    assert seen == {plain.tobytes(), np.ascontiguousarray(plain[:, :, ::-1]).tobytes()}


def test_the_square_around_a_window():
    box, size, corner = place(Window("", 1, 10, 8, 13, 17), (40, 50, 3), 9, 0, True, False)
    assert (box, size, corner) == ((7, 8, 17, 18), (9, 9), (0, 0))


def test_cached_images_are_read_once(source, tmp_path):
    loader = WindowLoader(Transform(crop_size=9), channels=3, cache=True)
    made = source(fg_fraction=1, text=FILE)
    out = [np.zeros((1, 3, 9, 9), np.float32), np.zeros(1, np.float32)]
    record = made.take()
    loader.fill([record], out, 0)
    for name in ("a.png", "b.png"):
        (tmp_path / name).unlink()
    first = out[0].copy()
    loader.fill([record], out, 0)
    np.testing.assert_array_equal(out[0], first)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "names no images"),
        ("0\na.png", "has '0' where '# INDEX' of an image should be"),
        ("# 0\na.png\n3 20 30\n2\n1 0.9 1 1 2 2\n", "ends in the middle of an image's windows"),
        ("# 0\na.png\n3 20 x", "has 'x' where a number should be"),
        ("# 0\na.png\n3 20 3.5", "has 3.5 where a whole number should be"),
        ("# 0\na.png\n3 20 30\n1\n0 0.9 1 1 2 2\n", "is foreground with the label 0"),
        ("# 0\na.png\n3 20 30\n1\n1 0.9 1 1 2 2\n", "has no background windows, and a batch takes 6"),
        ("# 0\na.png\n3 20 30\n1\n1 0.1 1 1 2 2\n", "has no foreground windows, and a batch takes 2"),
    ],
)
def test_files_that_cannot_be(source, text, what):
    with pytest.raises(DataError, match=what):
        source(text)


def test_a_missing_file():
    with pytest.raises(DataError, match="cannot be read: No such file"):
        WindowSource("/none/windows.txt", batch_size=1, fg_fraction=1, fg_threshold=0.5, bg_threshold=0.5)


@pytest.mark.parametrize("box", [(3, 4, 30, 13), (-1, 4, 12, 13), (9, 4, 8, 13)])
def test_windows_outside_of_their_image(source, tmp_path, box):
    with pytest.raises(DataError, match=r"a\.png: window \(.*\) lies outside of it"):
        load(source(), Window(f"{tmp_path}/a.png", 1, *box))


def test_settings_that_cannot_be():
    with pytest.raises(DataError, match="crop_size is not written"):
        WindowLoader(Transform(), channels=3)
    with pytest.raises(DataError, match="context_pad 5 on both sides leaves nothing of crop_size 9"):
        WindowLoader(Transform(crop_size=9), channels=3, context_pad=5)
    with pytest.raises(DataError, match="the mean of 3 x 5 x 5 does not cover 3 channels of 9 x 9"):
        WindowLoader(Transform(crop_size=9, mean=np.zeros((3, 5, 5), np.float32)), channels=3)
