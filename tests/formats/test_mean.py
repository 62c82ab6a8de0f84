"""Mean files: Caffe's own, both formats, and what cannot be one."""

from pathlib import Path

import numpy as np
import pytest

from netproto.errors import FormatError
from netproto.formats import mean
from netproto.schema import messages

GOLDEN = Path(__file__).parents[1] / "golden" / "data"


def test_caffes_mean_is_written_back_byte_for_byte(tmp_path):
    values = mean.load(GOLDEN / "mean.binaryproto")
    assert values.shape == (3, 36, 40)
    mean.save(tmp_path / "a.binaryproto", values)
    assert (tmp_path / "a.binaryproto").read_bytes() == (GOLDEN / "mean.binaryproto").read_bytes()


def test_values_are_those_that_protobuf_reads():
    message = messages.BlobProto.FromString((GOLDEN / "mean.binaryproto").read_bytes())
    np.testing.assert_array_equal(mean.load(GOLDEN / "mean.binaryproto").ravel(), np.float32(message.data))


def test_npy(tmp_path):
    values = np.random.default_rng(1).random((3, 5, 7), np.float32)
    mean.save(tmp_path / "a.npy", values)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), values)
    np.testing.assert_array_equal(mean.load(tmp_path / "a.npy"), values)


def test_other_shapes_of_npy(tmp_path):
    np.save(tmp_path / "values.npy", np.float64([104, 117, 123]))
    assert mean.load(tmp_path / "values.npy").shape == (3, 1, 1)
    np.save(tmp_path / "four.npy", np.zeros((1, 3, 5, 7)))
    assert mean.load(tmp_path / "four.npy").shape == (3, 5, 7)


@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 5, 7), (0, 5, 7)])
def test_shapes_that_are_no_mean(tmp_path, shape):
    np.save(tmp_path / "a.npy", np.zeros(shape))
    with pytest.raises(FormatError, match=r"holds an array of the shape .*, not \(channels, height, width\)"):
        mean.load(tmp_path / "a.npy")


@pytest.mark.parametrize("content", [b"\x93NUMPY\x01", b"no mean at all", b"\x2a\x05abc"])
def test_what_is_no_mean(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(FormatError, match="or a broken one"):
        mean.load(tmp_path / "a")


def test_objects_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(FormatError, match="or a broken one"):
        mean.load(tmp_path / "a.npy")


def test_a_mean_of_images():
    images = np.random.default_rng(2).integers(0, 256, (7, 3, 5, 2), dtype=np.uint8)
    total = mean.MeanSum()
    for image in images:
        total.add(image)
    assert total.count == 7
    expected = np.zeros((3, 5, 2), np.float32)
    for i in np.ndindex(3, 5, 2):
        expected[i] = np.float32(sum(int(image[i]) for image in images)) / np.float32(7)
    np.testing.assert_array_equal(total.mean(), expected, strict=True)


def test_images_of_different_sizes_have_no_mean():
    total = mean.MeanSum()
    total.add(np.zeros((3, 5, 2), np.uint8))
    with pytest.raises(ValueError, match=r"its shape is \(3, 2, 5\), that of the first image \(3, 5, 2\)"):
        total.add(np.zeros((3, 2, 5), np.uint8))
    with pytest.raises(ValueError, match="the mean of no images"):
        mean.MeanSum().mean()
