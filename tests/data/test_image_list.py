"""Lists of image files: how lines are read, orders, and what is made of the images."""

import os

import numpy as np
import pytest
from PIL import Image

from netproto.data.image_list import ImageListLoader, ImageListSource
from netproto.data.transform import Transform
from netproto.errors import DataError


@pytest.fixture
def listed(tmp_path):
    def write(text):
        (tmp_path / "list.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(tmp_path / "list.txt")

    return write


TEN = "".join(f"img{i}.png {i}\n" for i in range(10))


def test_lines_divide_at_their_last_space(listed):
    source = ImageListSource(listed("a b c.png 3\nd.png -1\r\n\n  e.png 7 \n"), root_folder="root/")
    assert [source.take().value for _ in range(4)] == [
        ("root/a b c.png", 3),
        ("root/d.png", -1),
        ("root/  e.png", 7),
        ("root/a b c.png", 3),
    ]


def test_names_need_not_be_utf8(listed, tmp_path):
    name = b"\xe9t\xe9.png"
    Image.new("RGB", (2, 3)).save(tmp_path / "a.png")
    os.rename(tmp_path / "a.png", os.fsencode(tmp_path) + b"/" + name)
    source = ImageListSource(listed(name + b" 5\n"), root_folder=f"{tmp_path}/")
    loader = ImageListLoader(Transform(), labels=True)
    assert loader.shapes(source.take()) == [(3, 3, 2), ()]


@pytest.mark.parametrize("line", ["a.png", "a.png\t3", "a.png x", "a.png 3.5"])
def test_a_line_without_a_label_is_named(listed, line):
    with pytest.raises(DataError, match=r"list\.txt:2:1: .* does not end in a space and a whole number"):
        ImageListSource(listed(f"b.png 1\n{line}\n"))


def test_lists_that_are_not_there(listed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"none\.txt: cannot be read: No such file or directory. Paths are relative to"):
        ImageListSource("none.txt")
    with pytest.raises(DataError, match="is empty: it should list images and labels"):
        ImageListSource(listed("\n \n"))


def test_shuffled_epochs_hold_every_line_once_and_differ(listed):
    source = ImageListSource(listed(TEN), shuffle=True)
    source.key = 5
    epochs = [[source.take().value[1] for _ in range(10)] for _ in range(3)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in [*epochs, list(range(10))]}) == 4
    again = ImageListSource(listed(TEN), shuffle=True)
    again.key = 5
    again.restore({"position": 17})
    assert [again.take().value[1] for _ in range(3)] == epochs[1][7:]
    again.key = 6
    again.restore({"position": 0})
    assert [again.take().value[1] for _ in range(10)] != epochs[0]


def test_rand_skip_begins_somewhere_among_the_first(listed):
    starts = set()
    for key in range(60):
        source = ImageListSource(listed(TEN), rand_skip=4)
        source.key = key
        labels = [source.take().value[1] for _ in range(11)]
        starts.add(labels[0])
        assert labels == [(labels[0] + i) % 10 for i in range(11)]
    assert starts == {0, 1, 2, 3}
    with pytest.raises(DataError, match="lists 10 images, but rand_skip is 11"):
        ImageListSource(listed(TEN), rand_skip=11)


def test_images_are_resized_then_transformed(listed, tmp_path):
    Image.fromarray(np.full((6, 8, 3), (10, 20, 30), np.uint8)).save(tmp_path / "a.png")
    source = ImageListSource(listed("a.png 4\n"), root_folder=f"{tmp_path}/")
    loader = ImageListLoader(Transform(crop_size=3, scale=np.float32(0.5)), labels=True, height=5, width=4)
    record = source.take()
    assert loader.shapes(record) == [(3, 3, 3), ()]
    out = [np.zeros((2, 3, 3, 3), np.float32), np.zeros(2, np.float32)]
    loader.fill([record], out, 1)
    np.testing.assert_array_equal(out[0][1], np.full((3, 3, 3), np.float32([15, 10, 5])[:, None, None]))
    assert out[1].tolist() == [0, 4]


def test_gray(listed, tmp_path):
    Image.new("RGB", (7, 5), (9, 9, 9)).save(tmp_path / "a.png")
    source = ImageListSource(listed("a.png 4\n"), root_folder=f"{tmp_path}/")
    assert ImageListLoader(Transform(), labels=True, color=False).shapes(source.take()) == [(1, 5, 7), ()]


def test_a_missing_image_is_named_once(listed, tmp_path):
    source = ImageListSource(listed("none.png 4\n"), root_folder=f"{tmp_path}/")
    loader = ImageListLoader(Transform(), labels=True)
    with pytest.raises(DataError, match=r"^[^ ]*/none\.png: image cannot be read: No such file or directory$"):
        loader.fill([source.take()], [np.zeros((1, 3, 2, 2), np.float32), np.zeros(1, np.float32)], 0)
