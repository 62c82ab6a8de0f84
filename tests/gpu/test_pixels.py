"""Pictures that cross as bytes: the batches of a data layer are those of the CPU, bit for bit."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from netproto.data import datum, lmdb
from netproto.errors import DataError
from netproto.formats import mean as mean_files
from netproto.net.net import Net
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.ops.gpu import GpuOps
from netproto.testing import net_of
from tests.golden import replay

from . import fakecupy

MakeOps = Callable[..., GpuOps]
GENERATOR = np.random.default_rng(1)
PICTURES = [GENERATOR.integers(0, 256, (3, 7, 9), dtype=np.uint8) for _ in range(11)]
MEAN = GENERATOR.uniform(0, 255, (3, 7, 9)).astype(np.float32)
WINDOWS = np.array([(0, 0, 0), (1, 2, 1), (2, 4, 0), (2, 0, 1)], np.int32)


@pytest.mark.parametrize("scale", [1.0, 0.00390625, 0.017])
@pytest.mark.parametrize("mean", [None, MEAN[:, :1, :1], MEAN], ids=["none", "of_channels", "of_pixels"])
def test_the_kernel_does_what_the_portable_operation_does(mean: np.ndarray | None, scale: float, gpu_ops: MakeOps) -> None:
    found = []
    for ops in (Ops(), gpu_ops()):
        assert ops.takes_pixels == isinstance(ops, GpuOps)
        y = ops.empty((4, 3, 5, 5))
        ops.upload_pixels(np.stack(PICTURES[:4]), WINDOWS, None if mean is None else ops.asarray(mean), y, scale=scale)
        found.append(np.array(ops.to_host(y)))
    np.testing.assert_array_equal(found[1], found[0])


def test_double_precision_takes_no_pixels(gpu_ops: MakeOps) -> None:
    assert not gpu_ops("float64").takes_pixels


def written(folder: Path, records: Sequence[bytes]) -> str:
    """The path of an LMDB."""
    lmdb.write(str(folder / "db"), ((f"{i:03}".encode(), record) for i, record in enumerate(records)))
    return str(folder / "db")


def data_net(path: str, rest: str, ops: Ops, *, phase: int = 0, batch_size: int = 4) -> Net:
    body = f'data_param {{ source: "{path}" backend: LMDB batch_size: {batch_size} }} transform_param {{ {rest} }}'
    return net_of(f'layer {{ name: "d" type: "Data" top: "data" top: "label" {body} }}', phase=phase, ops=ops)


def batches(net: Net, count: int = 5) -> list[np.ndarray]:
    found = []
    for _ in range(count):
        net.forward()
        found += [np.array(net.ops.to_host(blob.data)) for blob in net.blobs.values()]
    net.close()
    return found


def assert_same(make: Callable[[Ops], Net], gpu_ops: MakeOps) -> None:
    for a, b in zip(batches(make(CpuOps())), batches(make(gpu_ops())), strict=True):
        np.testing.assert_array_equal(a, b)


SIZES = ("", "crop_size: 5", "crop_size: 5 mirror: true")
LEVELS = (
    "",
    "scale: 0.017",
    "mean_value: 104.25",
    "mean_value: 104 mean_value: 117 mean_value: 123 scale: 0.00390625",
    "mean_file: 'm.npy'",
)


@pytest.mark.parametrize(("size", "level", "phase"), list(itertools.product(SIZES, LEVELS, (0, 1))))
def test_a_database_of_raw_pictures(
    size: str, level: str, phase: int, tmp_path: Path, gpu_ops: MakeOps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mean_files.save("m.npy", MEAN)
    path = written(tmp_path, [datum.encode(picture, i) for i, picture in enumerate(PICTURES)])
    assert_same(lambda ops: data_net(path, f"{size} {level}", ops, phase=phase), gpu_ops)


def test_encoded_pictures_of_several_sizes(tmp_path: Path, gpu_ops: MakeOps) -> None:
    records = []
    for i, side in enumerate((9, 6, 12, 7, 5)):
        picture = GENERATOR.integers(0, 256, (side, side + 2, 3), dtype=np.uint8)
        Image.fromarray(picture).save(tmp_path / "x.png")
        records.append(datum.encode_file((tmp_path / "x.png").read_bytes(), i))
    path = written(tmp_path, records)
    assert_same(lambda ops: data_net(path, "crop_size: 5 mirror: true mean_value: 7", ops, batch_size=5), gpu_ops)


def test_a_list_of_images(tmp_path: Path, gpu_ops: MakeOps) -> None:
    for i in range(5):
        Image.fromarray(GENERATOR.integers(0, 256, (11, 8, 3), dtype=np.uint8)).save(tmp_path / f"{i}.png")
    (tmp_path / "list.txt").write_text("".join(f"{tmp_path}/{i}.png {i}\n" for i in range(5)))
    body = f'image_data_param {{ source: "{tmp_path}/list.txt" batch_size: 3 shuffle: true new_height: 9 new_width: 10 }}'
    text = f'layer {{ name: "d" type: "ImageData" top: "data" top: "label" {body} transform_param {{ crop_size: 6 mirror: true }} }}'
    assert_same(lambda ops: net_of(text, phase=0, ops=ops), gpu_ops)


def test_floats_are_transformed_on_the_host(tmp_path: Path, gpu_ops: MakeOps) -> None:
    path = written(tmp_path, [datum.encode(picture.astype(np.float32) / 3, i) for i, picture in enumerate(PICTURES)])
    assert_same(lambda ops: data_net(path, "crop_size: 5 mirror: true mean_value: 7", ops), gpu_ops)


@pytest.mark.parametrize("path", replay.data_cases(), ids=lambda p: p.stem)
def test_caffes_batches(path: Path, gpu_ops: MakeOps) -> None:
    worst, mean = replay.data_errors(path, gpu_ops())
    decoded = path.stem == "lmdb_jpg" or path.stem.startswith("img")
    assert worst <= (1 if decoded else 1e-3)
    assert mean <= (1e-2 if decoded else 1e-3)


def test_a_batch_of_bytes_and_floats_is_refused(tmp_path: Path, gpu_ops: MakeOps) -> None:
    path = written(tmp_path, [datum.encode(PICTURES[0], 0), datum.encode(PICTURES[1] / np.float32(2), 1)])
    net = data_net(path, "", gpu_ops(), batch_size=2)
    with pytest.raises(DataError, match=r"record '001' its image holds floats, the first of its batch bytes. Make all records of one kind"):
        net.forward()
    net.close()


@pytest.mark.parametrize("rest", ["", "crop_size: 8"])
def test_errors_are_those_of_the_cpu(rest: str, tmp_path: Path, gpu_ops: MakeOps) -> None:
    path = written(tmp_path, [datum.encode(PICTURES[0].repeat(2, axis=1), 0), datum.encode(PICTURES[1], 1)])
    told = []
    for ops in (CpuOps(), gpu_ops()):
        net = data_net(path, rest, ops, batch_size=2)
        with pytest.raises(DataError) as raised:
            net.forward()
        told.append(str(raised.value))
        net.close()
    assert told[0] == told[1]


def test_what_a_warm_batch_costs(tmp_path: Path, gpu_ops: MakeOps) -> None:
    path = written(tmp_path, [datum.encode(picture, i) for i, picture in enumerate(PICTURES)])
    net = data_net(path, "crop_size: 5 mirror: true mean_value: 7", gpu_ops())
    loss = net.ops.zeros(())
    for _ in range(3):
        net.forward(loss=loss)
    with fakecupy.counting() as cost:
        net.forward(loss=loss)
    pixels, windows, labels = 1, 1, 1
    assert cost == fakecupy.Counters(launch=1, h2d=pixels + windows + labels)
    net.close()


def test_a_run_goes_on_where_it_stood(tmp_path: Path, gpu_ops: MakeOps) -> None:
    path = written(tmp_path, [datum.encode(picture, i) for i, picture in enumerate(PICTURES)])
    straight, resumed = (data_net(path, "crop_size: 5 mirror: true", gpu_ops()) for _ in range(2))
    wanted: list[Any] = batches(straight, 6)
    begun = data_net(path, "crop_size: 5 mirror: true", gpu_ops())
    begun.forward()
    begun.forward()
    resumed.restore_data_states(begun.data_states())
    begun.close()
    for a, b in zip(batches(resumed, 4), wanted[4:], strict=True):
        np.testing.assert_array_equal(a, b)
