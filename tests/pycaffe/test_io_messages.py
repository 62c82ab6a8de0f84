"""Arrays as messages."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import netproto.pycaffe as caffe
from netproto.errors import DataError
from netproto.pycaffe.io import caffe_pb2

RNG = np.random.default_rng(5)


def test_blobproto_and_back() -> None:
    array, diff = RNG.standard_normal((2, 3, 5)).astype(np.float32), RNG.standard_normal((2, 3, 5)).astype(np.float32)
    blob = caffe.io.array_to_blobproto(array, diff)
    assert isinstance(blob, caffe_pb2.BlobProto)
    np.testing.assert_array_equal(caffe.io.blobproto_to_array(blob), array)
    np.testing.assert_array_equal(caffe.io.blobproto_to_array(blob, return_diff=True), diff)


def test_blobprotos_of_other_kinds() -> None:
    legacy = caffe_pb2.BlobProto(num=1, channels=2, height=3, width=5, data=range(30))
    legacy.shape.dim.extend([30])
    assert caffe.io.blobproto_to_array(legacy).shape == (1, 2, 3, 5)
    double = caffe_pb2.BlobProto(double_data=[0.1, 0.2])
    double.shape.dim.extend([2])
    assert caffe.io.blobproto_to_array(double).tolist() == [0.1, 0.2]
    assert caffe.io.blobproto_to_array(caffe_pb2.BlobProto(data=[7])) == 7
    for wrong in (caffe_pb2.BlobProto(data=[7, 5]), caffe_pb2.BlobProto(num=3, data=[7])):
        with pytest.raises(ValueError, match=r"of the shape \(.*\) holds \d values"):
            caffe.io.blobproto_to_array(wrong)


def test_blobprotovector_and_back() -> None:
    arrays = [RNG.standard_normal((2, 3)), np.arange(5.0)]
    back = caffe.io.blobprotovector_str_to_arraylist(caffe.io.arraylist_to_blobprotovector_str(arrays))
    for array, again in zip(arrays, back, strict=True):
        np.testing.assert_array_equal(again, array.astype(np.float32))


def test_datum_and_back() -> None:
    pixels = RNG.integers(0, 256, (3, 5, 7), dtype=np.uint8)
    datum = caffe.io.array_to_datum(pixels, 2)
    assert (datum.label, datum.data, list(datum.float_data)) == (2, pixels.tobytes(), [])
    back = caffe.io.datum_to_array(datum)
    np.testing.assert_array_equal(back, pixels)
    assert back.dtype == np.uint8
    back[...] = 0
    floats = RNG.standard_normal((3, 5, 7)).astype(np.float32)
    unlabelled = caffe.io.array_to_datum(floats)
    assert not unlabelled.HasField("label")
    np.testing.assert_array_equal(caffe.io.datum_to_array(unlabelled), floats)


def test_an_encoded_datum() -> None:
    pixels = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    datum = caffe_pb2.Datum(encoded=True, data=content.getvalue(), label=3)
    np.testing.assert_array_equal(caffe.io.datum_to_array(datum), pixels.transpose(2, 0, 1)[::-1])


def test_what_is_no_datum() -> None:
    with pytest.raises(ValueError, match=r"three axes .* not of the shape \(5, 7\)"):
        caffe.io.array_to_datum(np.zeros((5, 7)))
    with pytest.raises(ValueError, match=r"of the shape \(3, 5, 7\) holds 4 values"):
        caffe.io.datum_to_array(caffe_pb2.Datum(channels=3, height=5, width=7, data=b"abcd"))
    with pytest.raises(DataError, match="cannot be decoded"):
        caffe.io.datum_to_array(caffe_pb2.Datum(encoded=True, data=b"abcd"))
