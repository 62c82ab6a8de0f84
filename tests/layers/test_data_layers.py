"""Layers that read or write records: Caffe's recorded batches, resumption, ranks, and every setting that cannot be."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from netproto.data import datum, lmdb
from netproto.errors import DataError, ModelError, NetprotoError
from netproto.net.net import Net
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.testing import net_of
from tests.golden import replay

GOLDEN = replay.DATA
TRAIN, TEST = 0, 1


def data_net(
    kind: str, body: str, *, tops: str = 'top: "data" top: "label"', phase: int = TRAIN, ops: Ops | None = None, seed: int = 1
) -> Net:
    return net_of(f'layer {{ name: "d" type: "{kind}" {tops} {body} }}', phase=phase, ops=ops or CpuOps(), seed=seed)


def forward(net: Net, count: int = 1) -> list[list[np.ndarray]]:
    """Copies of all blobs after each of some forward passes."""
    out = []
    for _ in range(count):
        net.forward()
        out.append([np.array(blob.data) for blob in net.blobs.values()])
    return out


def assert_same(got: list[list[np.ndarray]], wanted: list[list[np.ndarray]]) -> None:
    for a, b in zip(got, wanted, strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y, strict=True)


@pytest.fixture
def database(tmp_path: Path) -> str:
    """An LMDB of 11 raw images of 3 x 7 x 9, labels 0 to 10."""
    generator = np.random.default_rng(1)
    images = generator.integers(0, 256, (11, 3, 7, 9), dtype=np.uint8)
    lmdb.write(str(tmp_path / "db"), ((f"{i:03}".encode(), datum.encode(images[i], i)) for i in range(11)))
    return str(tmp_path / "db")


def data_body(path: str, rest: str = "", batch_size: int = 4) -> str:
    return f'data_param {{ source: "{path}" backend: LMDB batch_size: {batch_size} }} {rest}'


# -- Caffe's recorded batches ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", replay.data_cases(), ids=lambda p: p.stem)
def test_caffes_batches(path: Path) -> None:
    worst, mean = replay.data_errors(path, CpuOps())
    decoded = path.stem == "lmdb_jpg" or path.stem.startswith("img")
    assert worst <= (1 if decoded else 1e-3)
    assert mean <= (1e-2 if decoded else 1e-3)


# -- what every kind of source has in common ------------------------------------------------------------------------------------


def test_an_interrupted_run_goes_on_bit_for_bit(database: str) -> None:
    body = data_body(database, "transform_param { crop_size: 5 mirror: true mean_value: 7 scale: 0.5 }")
    straight = data_net("Data", body)
    wanted = forward(straight, 7)
    interrupted = data_net("Data", body)
    assert_same(forward(interrupted, 3), wanted[:3])
    state = interrupted.data_states()
    interrupted.close()
    resumed = data_net("Data", body)
    resumed.restore_data_states(state)
    assert_same(forward(resumed, 4), wanted[3:])
    for net in (straight, resumed):
        net.close()


def test_seeds_differ_and_repeat(database: str) -> None:
    body = data_body(database, "transform_param { crop_size: 5 mirror: true }")
    first, again, other = (data_net("Data", body, seed=seed) for seed in (1, 1, 2))
    images, same, others = (forward(net, 2) for net in (first, again, other))
    assert_same(same, images)
    assert not np.array_equal(others[0][0], images[0][0])
    for net in (first, again, other):
        net.close()


def test_the_blobs_memory_stays(database: str) -> None:
    net = data_net("Data", data_body(database))
    data = net.blobs["data"].data
    first = forward(net)[0][0]
    assert not np.array_equal(forward(net)[0][0], first)
    assert net.blobs["data"].data is data
    net.close()


def test_double_precision(database: str) -> None:
    body = data_body(database, "transform_param { scale: 0.017 }")
    single, double = data_net("Data", body), data_net("Data", body, ops=Ops("float64"))
    assert_same(forward(double), [[a.astype(np.float64) for a in forward(single)[0]]])
    for net in (single, double):
        net.close()


def test_records_are_dealt_to_the_ranks_of_a_training_net_only(database: str) -> None:
    for phase, wanted in ((TRAIN, [1, 4, 7, 10]), (TEST, [0, 1, 2, 3])):
        net = data_net("Data", data_body(database), phase=phase)
        net.layers[0].rank, net.layers[0].ranks = 1, 3
        assert forward(net)[0][1].tolist() == wanted
        net.close()


def test_a_test_net_reads_what_a_training_net_reads(database: str) -> None:
    train, test = (data_net("Data", data_body(database), phase=phase) for phase in (TRAIN, TEST))
    assert forward(train, 2)[1][1].tolist() == [4, 5, 6, 7]
    assert forward(test, 1)[0][1].tolist() == [0, 1, 2, 3]
    for net in (train, test):
        net.close()


# -- Data ------------------------------------------------------------------------------------------------------------------------


def test_a_data_layer_without_a_label(database: str) -> None:
    net = data_net("Data", data_body(database), tops='top: "data"')
    assert forward(net)[0][0].shape == (4, 3, 7, 9)
    net.close()


def test_images_of_different_sizes_need_a_crop(tmp_path: Path) -> None:
    sizes = [(5, 7), (6, 8), (5, 7)]
    lmdb.write(str(tmp_path / "db"), ((b"%d" % i, datum.encode(np.full((3, *s), i, np.uint8), i)) for i, s in enumerate(sizes)))
    cropped = data_net("Data", data_body(str(tmp_path / "db"), "transform_param { crop_size: 5 }", 3))
    np.testing.assert_array_equal(forward(cropped)[0][0], np.broadcast_to(np.arange(3)[:, None, None, None], (3, 3, 5, 5)))
    cropped.close()
    single = data_net("Data", data_body(str(tmp_path / "db"), "", 1))
    assert [batch[0].shape for batch in forward(single, 3)] == [(1, 3, 5, 7), (1, 3, 6, 8), (1, 3, 5, 7)]
    single.close()
    whole = data_net("Data", data_body(str(tmp_path / "db"), "", 3))
    with pytest.raises(DataError, match=r"db: layer 'd' \(Data\): record '1' its image gives 3 x 6 x 8, the first of its batch 3 x 5 x 7"):
        whole.forward()
    whole.close()


def test_float_data(tmp_path: Path) -> None:
    values = np.random.default_rng(3).standard_normal((2, 3, 5, 7)).astype(np.float32)
    lmdb.write(str(tmp_path / "db"), ((b"%d" % i, datum.encode(values[i], i)) for i in range(2)))
    net = data_net("Data", data_body(str(tmp_path / "db"), "transform_param { scale: 2 mean_value: 1 }", 2), phase=TEST)
    np.testing.assert_array_equal(forward(net)[0][0], (values - np.float32(1)) * np.float32(2))
    net.close()


def test_a_broken_record_names_itself_when_its_turn_comes(tmp_path: Path) -> None:
    good = datum.encode(np.zeros((3, 5, 7), np.uint8), 0)
    lmdb.write(str(tmp_path / "db"), [(b"a", good), (b"b", good), (b"c", good[:-9]), (b"d", good)])
    net = data_net("Data", data_body(str(tmp_path / "db"), "", 2))
    net.forward()
    with pytest.raises(DataError, match=r"db: layer 'd' \(Data\): record 'c' is no Datum, or a broken one: .* cut off"):
        net.forward()
    net.close()


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("", r"layer 'd' \(Data\): source is not written"),
        ('data_param { source: "HERE" backend: LMDB }', "batch_size is 0. It is 1 or more"),
        ('data_param { source: "HERE" backend: LMDB batch_size: 4 prefetch: 0 }', "prefetch is 0. It is 1 or more"),
        ('data_param { source: "HERE" batch_size: 4 }', r"is an LMDB, not a LevelDB\. Write `backend: LMDB`"),
        ('data_param { source: "none" backend: LMDB batch_size: 4 }', r"none: layer 'd' \(Data\): there is no such LMDB"),
        (
            'data_param { source: "HERE" backend: LMDB batch_size: 4 } transform_param { crop_size: 8 }',
            "crop_size is 8, but its image is 3 x 7 x 9",
        ),
        (
            'data_param { source: "HERE" backend: LMDB batch_size: 4 } transform_param { mean_value: 1 mean_value: 2 }',
            "there are 2 mean_value",
        ),
        (
            'data_param { source: "HERE" backend: LMDB batch_size: 4 } transform_param { mean_file: "none" }',
            "none: .*there is no such file",
        ),
        (
            'data_param { source: "HERE" backend: LMDB batch_size: 4 } transform_param { mean_file: "m" mean_value: 2 }',
            r"<string>:1:1: layer 'd' \(Data\): both mean_file and mean_value are written",
        ),
    ],
)
def test_data_layers_that_cannot_be(database: str, body: str, what: str) -> None:
    with pytest.raises(NetprotoError, match=what):
        data_net("Data", body.replace("HERE", database))


# -- HDF5Data --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def hdf5_list(tmp_path: Path) -> str:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"], file["label"] = np.arange(30, dtype=np.float32).reshape(5, 2, 3), np.arange(5)
    (tmp_path / "list.txt").write_text(f"{tmp_path}/a.h5\n")
    return str(tmp_path / "list.txt")


def test_hdf5_data(hdf5_list: str) -> None:
    net = data_net("HDF5Data", f'hdf5_data_param {{ source: "{hdf5_list}" batch_size: 4 }}')
    (first, label), (second, _) = forward(net, 2)
    np.testing.assert_array_equal(first, np.arange(24).reshape(4, 2, 3))
    assert label.tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(second[:, 0, 0], [24, 0, 6, 12])
    net.close()


def test_hdf5_data_resumes_in_a_shuffled_epoch(hdf5_list: str) -> None:
    body = f'hdf5_data_param {{ source: "{hdf5_list}" batch_size: 4 shuffle: true }}'
    straight, resumed = data_net("HDF5Data", body), data_net("HDF5Data", body)
    wanted = forward(straight, 5)
    assert sorted(np.concatenate([label for _, label in wanted])[:5]) == [0, 1, 2, 3, 4]
    forward(straight, 0)
    again = data_net("HDF5Data", body)
    forward(again, 2)
    resumed.restore_data_states(again.data_states())
    assert_same(forward(resumed, 3), wanted[2:])
    for net in (straight, again, resumed):
        net.close()


def test_hdf5_data_refuses_a_transform(hdf5_list: str) -> None:
    with pytest.raises(ModelError, match="HDF5Data does not transform its data"):
        data_net("HDF5Data", f'hdf5_data_param {{ source: "{hdf5_list}" batch_size: 4 }} transform_param {{ scale: 2 }}')


def test_hdf5_data_without_its_dataset(hdf5_list: str) -> None:
    with pytest.raises(DataError, match=r"a\.h5: layer 'd' \(HDF5Data\): has no dataset 'labels'\. Did you mean 'label'\?"):
        data_net("HDF5Data", f'hdf5_data_param {{ source: "{hdf5_list}" batch_size: 4 }}', tops='top: "data" top: "labels"')


# -- ImageData and WindowData ------------------------------------------------------------------------------------------------------


def image_body(rest: str) -> str:
    return f'image_data_param {{ source: "{GOLDEN}/images/list.txt" root_folder: "{GOLDEN}/images/" {rest} }}'


def test_image_data_shuffles_and_resumes() -> None:
    body = image_body("batch_size: 5 new_height: 7 new_width: 5 shuffle: true rand_skip: 9")
    straight, interrupted, resumed = (data_net("ImageData", body) for _ in range(3))
    wanted = forward(straight, 6)
    forward(interrupted, 4)
    resumed.restore_data_states(interrupted.data_states())
    assert_same(forward(resumed, 2), wanted[4:])
    for net in (straight, interrupted, resumed):
        net.close()


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (image_body("batch_size: 5 new_height: 7"), "new_height is 7 and new_width 0. Write both, or none"),
        ("image_data_param { batch_size: 5 }", "source is not written"),
        (image_body("batch_size: 0"), "batch_size is 0. It is 1 or more"),
        (image_body("batch_size: 5 rand_skip: 30"), "lists 24 images, but rand_skip is 30"),
        ('image_data_param { source: "none.txt" }', r"none\.txt: layer 'd' \(ImageData\): cannot be read"),
    ],
)
def test_image_data_layers_that_cannot_be(body: str, what: str) -> None:
    with pytest.raises(NetprotoError, match=what):
        data_net("ImageData", body)


def window_body(tmp_path: Path, rest: str = "", transform: str = "crop_size: 7 mirror: true mean_value: 9") -> str:
    (tmp_path / "windows.txt").write_text(
        f"# 0\n{GOLDEN}/images/img00.png\n3\n72\n92\n3\n5 0.9 3 4 22 13\n2 0.6 9 9 30 40\n1 0.1 40 30 60 50\n"
    )
    return f'window_data_param {{ source: "{tmp_path}/windows.txt" {rest} }} transform_param {{ {transform} }}'


def test_window_data_samples_and_resumes(tmp_path: Path) -> None:
    body = window_body(tmp_path, "batch_size: 8 fg_fraction: 0.5 context_pad: 1 cache_images: true")
    straight, interrupted, resumed = (data_net("WindowData", body) for _ in range(3))
    wanted = forward(straight, 4)
    assert wanted[0][0].shape == (8, 3, 7, 7)
    for _, label in wanted:
        assert not label[:4].any()
        assert set(label[4:]) <= {2, 5}
    forward(interrupted, 2)
    resumed.restore_data_states(interrupted.data_states())
    assert_same(forward(resumed, 2), wanted[2:])
    for net in (straight, interrupted, resumed):
        net.close()


@pytest.mark.parametrize(
    ("rest", "transform", "what"),
    [
        ("batch_size: 4 crop_mode: 'round'", "crop_size: 7", "crop_mode is 'round'. It is 'warp' or 'square'"),
        ("batch_size: 4", "", "crop_size is not written"),
        ("", "crop_size: 7", "batch_size is 0. It is 1 or more"),
        ("batch_size: 4 fg_threshold: 0.95", "crop_size: 7", "has no foreground windows, and a batch takes 1"),
    ],
)
def test_window_data_layers_that_cannot_be(tmp_path: Path, rest: str, transform: str, what: str) -> None:
    with pytest.raises(NetprotoError, match=what):
        data_net("WindowData", window_body(tmp_path, rest, transform))


# -- MemoryData and HDF5Output ---------------------------------------------------------------------------------------------------

MEMORY = "memory_data_param { batch_size: 2 channels: 3 height: 5 width: 7 }"


def test_memory_data_gives_its_arrays_in_turn() -> None:
    net = data_net("MemoryData", MEMORY)
    with pytest.raises(ModelError, match=r"it has no data yet\. Give it arrays first: net\.set_input_arrays"):
        net.forward()
    data = np.random.default_rng(4).standard_normal((6, 3, 5, 7)).astype(np.float32)
    net.layers[0].reset(data, np.arange(6, dtype=np.float32).reshape(6, 1, 1, 1))
    got = forward(net, 4)
    np.testing.assert_array_equal(np.concatenate([d for d, _ in got]), data[[0, 1, 2, 3, 4, 5, 0, 1]])
    assert [label.tolist() for _, label in got] == [[0, 1], [2, 3], [4, 5], [0, 1]]


@pytest.mark.parametrize(
    ("shape", "labels", "what"),
    [
        ((5, 3, 5, 7), 5, r"the data has the shape \(5, 3, 5, 7\), the layer takes a multiple of \(2, 3, 5, 7\)"),
        ((4, 3, 7, 5), 4, "takes a multiple of"),
        ((0, 3, 5, 7), 0, "takes a multiple of"),
        ((4, 3, 5, 7), 3, "there are 3 labels for 4 images"),
    ],
)
def test_arrays_that_do_not_fit(shape: tuple[int, ...], labels: int, what: str) -> None:
    net = data_net("MemoryData", MEMORY)
    with pytest.raises(ModelError, match=what):
        net.layers[0].reset(np.zeros(shape, np.float32), np.zeros(labels, np.float32))


def test_memory_data_needs_all_four_sizes() -> None:
    with pytest.raises(ModelError, match=r"batch_size, channels, height and width are \(2, 3, 0, 7\)"):
        data_net("MemoryData", "memory_data_param { batch_size: 2 channels: 3 width: 7 }")


def output_net(path: str, label_rows: int = 2) -> Net:
    return net_of(
        'layer { name: "x" type: "DummyData" top: "x" top: "y" dummy_data_param { shape { dim: 2 dim: 3 } '
        f"shape {{ dim: {label_rows} }} data_filler {{ type: 'uniform' }} }} }}\n"
        f'layer {{ name: "out" type: "HDF5Output" bottom: "x" bottom: "y" hdf5_output_param {{ file_name: "{path}" }} }}',
        ops=CpuOps(),
    )


def test_hdf5_output_adds_each_pass(tmp_path: Path) -> None:
    net = output_net(f"{tmp_path}/out.h5")
    assert not list(tmp_path.iterdir())
    passes = forward(net, 3)
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file["data"][()], np.concatenate([x for x, _ in passes]))
        np.testing.assert_array_equal(file["label"][()], np.concatenate([y for _, y in passes]))


def test_hdf5_output_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="file_name is not written"):
        output_net("")
    with pytest.raises(ModelError, match=r"its bottoms have the shapes \(2, 3\) and \(5,\)\. They need equally many rows"):
        output_net(f"{tmp_path}/out.h5", label_rows=5)
    with pytest.raises(NetprotoError, match=r"none/out\.h5: cannot be written"):
        output_net(f"{tmp_path}/none/out.h5").forward()
