"""Coordinate maps, against where single pixels go when the nets run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import netproto.pycaffe as caffe
from netproto.errors import ModelError
from netproto.pycaffe import layers as L
from netproto.pycaffe.coord_map import AxisMismatchException, UndefinedMapException, compose, coord_map, coord_map_from_to, crop, inverse
from netproto.pycaffe.net_spec import NetSpec

from .helpers import write

ONES = {"weight_filler": {"type": "constant", "value": 1}}


def spec(
    size: int = 32, kernel: int = 3, stride: int = 1, pad: int = 0, pool: int = 2, up: int = 2, up_pad: int = 0, **conv: object
) -> NetSpec:
    n = NetSpec()
    n.data = L.Input(shape={"dim": [1, 1, size, size]})
    n.conv = L.Convolution(n.data, num_output=1, kernel_size=kernel, stride=stride, pad=pad, **ONES, **conv)
    n.pool = L.Pooling(n.conv, pool=1, kernel_size=pool, stride=pool)
    n.up = L.Deconvolution(n.pool, num_output=1, kernel_size=2 * up, stride=up, pad=up_pad, **ONES)
    return n


def seen_centre(folder: Path, n: NetSpec, place: int) -> float:
    """The middle of the rows of `data` that a row of the last blob depends on, by running the net."""
    net = caffe.Net(write(folder, "force_backward: true\n" + str(n.to_proto())), caffe.TEST)
    net.forward()
    top = list(net.blobs)[-1]
    diff = np.zeros(net.blobs[top].shape)
    diff[0, 0, place, place] = 1
    rows = np.flatnonzero(net.backward(**{top: diff})["data"][0, 0].sum(1))
    return float((rows[0] + rows[-1]) / 2)


@pytest.mark.parametrize(
    "settings", [{}, {"pad": 2}, {"kernel": 5, "stride": 2}, {"kernel": 4}, {"dilation": 2}, {"pool": 3, "stride": 2, "pad": 1}]
)
def test_a_map_tells_where_the_receptive_field_lies(tmp_path: Path, settings: dict) -> None:
    n = spec(**settings)
    del n.tops["up"]
    axis, scale, shift = coord_map_from_to(n.data, n.pool)
    assert axis == 1
    assert seen_centre(tmp_path, n, 4) == pytest.approx(((4 - shift) / scale).item())


def test_a_deconvolution_undoes_a_pooling_of_its_stride() -> None:
    for k in (2, 4):
        axis, scale, shift = _map(spec(kernel=1, pool=k, up=k))
        assert (axis, scale) == (1, 1)
        assert shift == -k / 2


def _map(n: NetSpec) -> tuple:
    return coord_map_from_to(n.up, n.data)


def test_padding_shifts() -> None:
    none = _map(spec())[2]
    assert _map(spec(pad=3))[2] == none - 3
    assert _map(spec(up_pad=3))[2] == none + 3


def test_pass_through_layers_move_nothing() -> None:
    n = spec()
    n.norm = L.ReLU(L.LRN(L.Scale(n.up)), in_place=True)
    assert coord_map_from_to(n.norm, n.data) == _map(n)
    assert coord_map(L.ReLU(n.up).fn) == (None, 1, 0)


def test_each_axis_has_its_own_map() -> None:
    n = NetSpec()
    n.data = L.Input(shape={"dim": [1, 1, 32, 32]})
    n.conv = L.Convolution(n.data, num_output=1, kernel_size=[3, 5], stride=[1, 2], pad=[0, 1])
    axis, scale, shift = coord_map(n.conv.fn)
    assert (axis, scale.tolist(), shift.tolist()) == (1, [1, 0.5], [-1, -0.5])
    assert coord_map(L.Convolution(n.data, convolution_param={"kernel_size": 3, "axis": 2}).fn)[0] == 2
    assert coord_map(L.Pooling(n.data, pooling_param={"kernel_size": 3, "stride": 3}).fn)[2] == pytest.approx(-1 / 3)


def test_two_tops_of_a_common_ancestor() -> None:
    n = spec()
    assert coord_map_from_to(n.conv, n.conv) == (None, 1, 0)
    _, scale, shift = coord_map_from_to(n.pool, n.conv)
    assert (scale, shift) == (2, 0.5)


def test_crop_makes_the_layer(tmp_path: Path) -> None:
    n = spec(size=20, pad=3)
    n.cut = crop(n.up, n.data)
    layer = n.to_proto().layer[-1]
    offset = -int(_map(n)[2][0])
    assert (layer.type, layer.crop_param.axis, list(layer.crop_param.offset)) == ("Crop", 2, [offset])
    assert seen_centre(tmp_path, n, 5) == pytest.approx(5, abs=1)
    again = coord_map_from_to(L.Crop(n.up, n.data, axis=2, offset=7), n.data)
    assert again[2] == _map(n)[2] + 7
    assert crop(n.data, n.data).fn.params["crop_param"] == {"axis": 2, "offset": [0]}


def test_crops_that_cannot_be() -> None:
    n = spec(pool=3)
    with pytest.raises(AssertionError, match="the scales differ"):
        crop(n.up, n.data)
    n = spec(up_pad=7)
    with pytest.raises(AssertionError, match="begin outside"):
        crop(n.up, n.data)
    n = spec(kernel=2)
    with pytest.raises(AssertionError, match="between two pixels"):
        crop(n.up, n.data)
    n.legacy = L.Convolution(n.data, kernel_h=3, kernel_w=3)
    with pytest.raises(AssertionError, match="kernel_h, kernel_w cannot be mapped"):
        coord_map(n.legacy.fn)


def test_blobs_without_a_place_in_each_other() -> None:
    n = spec()
    n.ip = L.InnerProduct(n.up, num_output=5)
    with pytest.raises(RuntimeError, match="not connected by spatial layers"):
        coord_map_from_to(n.ip, n.data)
    with pytest.raises(UndefinedMapException, match="InnerProduct has no coordinate map"):
        coord_map(n.ip.fn)
    with pytest.raises(UndefinedMapException, match="without a kernel_size"):
        coord_map(L.Pooling(n.data, global_pooling=True, kernel_size=3).fn)


def test_composition() -> None:
    one, two = (1, 2, 3), (1, 5, 7)
    assert compose(one, two) == (1, 10, 17)
    assert compose(one, inverse(one)) == (1, 1, 0)
    with pytest.raises(AxisMismatchException):
        compose(one, (2, 1, 0))
    assert issubclass(AxisMismatchException, ModelError)
