import numpy as np
import pytest

from netproto.blob import Blob
from netproto.errors import ModelError
from netproto.ops.base import Ops


def test_arrays_stay_the_same_objects_until_the_shape_changes() -> None:
    blob = Blob((2, 3), Ops())
    data = blob.data
    blob.reshape((2, 3))
    assert blob.data is data
    blob.reshape((3, 2))
    assert blob.data.shape == (3, 2)
    assert np.shares_memory(blob.data, data)


def test_shrinking_and_growing_back_takes_no_new_memory() -> None:
    blob = Blob((5, 7), Ops())
    blob.data[...] = 1
    address = blob.data.ctypes.data
    blob.reshape((2, 7))
    blob.reshape((5, 7))
    assert blob.data.ctypes.data == address
    blob.reshape((6, 7))
    assert blob.count == 42


def test_memory_is_taken_when_it_is_looked_at() -> None:
    blob = Blob((2, 3), Ops())
    assert blob.data_store.array is None
    assert blob.data.sum() == 0
    assert blob.diff_store.array is None


def test_shared_data_is_one_memory_and_diff_is_not() -> None:
    a, b = Blob((2, 3), Ops()), Blob((6,), Ops())
    b.share_data(a)
    a.data[1, 2] = 5
    assert b.data[5] == 5
    assert not np.shares_memory(a.diff, b.diff)
    b.share_diff(a)
    assert np.shares_memory(a.diff, b.diff)


def test_a_scalar_blob_has_one_element() -> None:
    assert Blob((), Ops()).count == 1
    assert Blob((), Ops()).data.shape == ()


def test_a_negative_extent_is_refused() -> None:
    with pytest.raises(ModelError, match=r"\(2, -1\)"):
        Blob((2,), Ops()).reshape((2, -1))
