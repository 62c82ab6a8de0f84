"""What must hold for every layer, run over THE TABLE, and Caffe's recorded values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netproto.layers import LAYERS
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.testing import LayerProbe
from netproto.testing.cases import CASES
from netproto.testing.probes import make_probe, redraw
from netproto.testing.table import Case
from tests.golden import replay

BACKENDS = {"portable": Ops, "cpu": CpuOps}
NO_ROW: dict[str, str] = {
    "AnnotatedData": "it reads a database: test_annotated_data.py",
    "Data": "it reads a database: test_data_layers.py",
    "DenseImageData": "it reads files: test_dense_image_data.py",
    "HDF5Data": "it reads files: test_data_layers.py",
    "HDF5Output": "it writes a file: test_data_layers.py",
    "ImageData": "it reads files: test_data_layers.py",
    "ImageSegData": "it reads files: test_image_seg_data.py",
    "Input": "the caller fills its tops: test_input.py",
    "MatWrite": "it writes files: test_mat_write.py",
    "MemoryData": "the caller gives it arrays: test_data_layers.py",
    "VideoData": "it reads a video: test_video_data.py",
    "WindowData": "it reads files: test_data_layers.py",
}
"""Layer types that no row can hold, with the reason and the test that covers them."""


def differentiable() -> list[Case]:
    return [c for c in CASES if c.gradient is True]


def test_every_layer_type_has_a_row() -> None:
    without = set(LAYERS) - {c.type for c in CASES} - set(NO_ROW)
    assert not without
    assert not {c.type for c in CASES} & set(NO_ROW)
    assert len({str(c) for c in CASES}) == len(CASES)


def test_every_row_without_a_gradient_says_why() -> None:
    assert all(c.gradient is True or len(str(c.gradient)) > 10 for c in CASES)


@pytest.mark.parametrize("case", differentiable(), ids=str)
@pytest.mark.parametrize("backend", BACKENDS)
def test_backward_is_the_derivative_of_forward(case: Case, backend: str) -> None:
    probe = make_probe(case, BACKENDS[backend]("float64"))
    generator = np.random.default_rng(12)
    result = probe.check(redraw=lambda: redraw(case, probe, generator))
    assert result.error < 1e-5, result


@pytest.mark.parametrize("case", CASES, ids=str)
def test_forward_does_not_depend_on_stale_memory(case: Case) -> None:
    first, second = (make_probe(case, CpuOps()) for _ in range(2))
    views = first.layer.data_views()
    for t, top in enumerate(second.tops):
        if t not in views and not (case.in_place and t == 0):
            top.data[...] = np.nan
    _spoil(second)
    for a, b in zip(first.forward(), second.forward(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("case", [c for c in differentiable() if not c.in_place], ids=str)
def test_backward_overwrites_bottom_diffs_and_adds_to_param_diffs(case: Case) -> None:
    probe = make_probe(case, CpuOps())
    generator = np.random.default_rng(13)
    upstream = [generator.standard_normal(t.shape).astype(np.float32) for t in probe.forward()]
    if set(probe.layer.diff_views()) or not probe.variables():
        pytest.skip("the bottom's diff is the top's, or nothing is differentiable")
    clean = probe.gradients(upstream)
    probe.forward()
    for bottom in (probe.bottoms[i] for i in case.differentiable):
        bottom.diff[...] = np.nan
    for blob in probe.layer.blobs:
        blob.diff[...] = 3
    _spoil_scratch(probe)
    for top, gradient in zip(probe.tops, upstream, strict=True):
        top.diff[...] = gradient
    probe.layer.backward(probe.tops, [i in case.differentiable for i in range(len(probe.bottoms))], probe.bottoms)
    dirty = [np.array(v.diff) for v in probe.variables()]
    for i, (a, b) in enumerate(zip(clean, dirty, strict=True)):
        added = 3 if i >= len(case.differentiable) else 0
        np.testing.assert_allclose(b - added, a, rtol=1e-4, atol=1e-5 * max(1, np.abs(a).max(initial=0)))


@pytest.mark.parametrize("case", [c for c in CASES if c.in_place], ids=str)
def test_in_place_gives_what_two_blobs_give(case: Case) -> None:
    apart = Case(**{**case.__dict__, "in_place": False, "golden": ()})
    together, separate = make_probe(case, CpuOps()), make_probe(apart, CpuOps())
    for mine, its in zip(together.layer.blobs, separate.layer.blobs, strict=True):
        mine.data[...] = its.data
    for a, b in zip(together.forward(), separate.forward(), strict=True):
        np.testing.assert_array_equal(a, b)
    if case.gradient is not True:
        return
    upstream = [np.random.default_rng(14).standard_normal(t.shape).astype(np.float32) for t in together.tops]
    for a, b in zip(together.gradients(upstream), separate.gradients(upstream), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_reshape_is_pure_and_follows_the_bottoms(case: Case) -> None:
    probe = make_probe(case, CpuOps())
    shapes = [b.shape for b in probe.bottoms]
    once, again = probe.layer.reshape(shapes), probe.layer.reshape(shapes)
    assert once == again
    assert len(once) == len(probe.tops)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cpu_kernels_agree_with_the_portable_operations(case: Case) -> None:
    portable, fast = make_probe(case, Ops()), make_probe(case, CpuOps())
    for a, b in zip(portable.forward(), fast.forward(), strict=True):
        _assert_close(b, a)
    if case.gradient is not True:
        return
    upstream = [np.random.default_rng(15).standard_normal(t.shape).astype(np.float32) for t in fast.tops]
    for a, b in zip(portable.gradients(upstream), fast.gradients(upstream), strict=True):
        _assert_close(b, a)


@pytest.mark.parametrize("path", replay.layer_cases(), ids=lambda p: p.stem)
@pytest.mark.parametrize("backend", BACKENDS)
def test_caffes_recorded_values(path: Path, backend: str) -> None:
    errors = replay.layer_errors(path, BACKENDS[backend]())
    assert errors
    assert max(errors.values()) < 1e-5, errors


def test_golden_names_of_the_table_exist() -> None:
    missing = [(str(c), g) for c in CASES for g in c.golden if not (replay.LAYERS / f"{g}.npz").exists()]
    assert not missing


def _assert_close(got: np.ndarray, wanted: np.ndarray) -> None:
    assert replay.off(got, wanted) < 1e-5


def _spoil(probe: LayerProbe) -> None:
    """Fill the layer's own arrays and the workspaces with what no right answer holds. Counters that begin at zero stay."""
    for name, array in probe.layer.internals.items():
        if not name.startswith("kept_"):
            array[...] = np.nan if array.dtype.kind == "f" else 113
    _spoil_scratch(probe)


def _spoil_scratch(probe: LayerProbe) -> None:
    for array in probe.net.ops._scratch.values():
        array[...] = np.nan if array.dtype.kind == "f" else 113
