"""VideoData with a list of clips, as C3D has it: folders of pictures, and videos that a stand-in for OpenCV reads."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from netproto.data import image
from netproto.errors import DataError, ModelError, NetprotoError
from netproto.formats import blobproto, wire
from netproto.net.net import Net
from netproto.ops.cpu import CpuOps
from netproto.schema import messages, text, upgrade
from netproto.testing import net_of

FRAMES = np.random.default_rng(4).integers(0, 256, (2, 9, 5, 7, 3)).astype(np.uint8)
"""Nine frames of 5 x 7 of the clips a and b, BGR; the first has number 1."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, frames in zip("ab", FRAMES, strict=True):
        (tmp_path / name).mkdir()
        for number, frame in enumerate(frames, 1):
            Image.fromarray(frame[:, :, ::-1]).save(tmp_path / name / f"{number:06d}.jpg", format="PNG")
    (tmp_path / "list.txt").write_text("/a 1 5\n/b 3 7\n")
    return tmp_path


def data_net(folder: Path, param: str, rest: str = "", *, phase: int = 1, tops: int = 2, seed: int = 1) -> Net:
    names = " ".join(f'top: "{name}"' for name in ("data", "label")[:tops])
    listed = f'source: "{folder}/list.txt" root_folder: "{folder}" {param}'
    body = f"video_data_param {{ {listed} }} {rest}"
    return net_of(f'layer {{ name: "d" type: "VideoData" {names} {body} }}', ops=CpuOps(), phase=phase, seed=seed)


def batch(net: Net) -> np.ndarray:
    net.forward()
    got = np.array(net.blobs["data"].data)
    net.close()
    return got


def clip(which: int, first: int, length: int, rate: int = 1) -> np.ndarray:
    """(3, length, height, width)."""
    return FRAMES[which, first - 1 : first - 1 + length * rate : rate].transpose(3, 0, 1, 2).astype(np.float32)


def test_pictures_and_labels(folder: Path) -> None:
    net = data_net(folder, "batch_size: 2 new_length: 4 use_image: true")
    assert net.blobs["data"].shape == (2, 3, 4, 5, 7)
    np.testing.assert_array_equal(batch(net), [clip(0, 1, 4), clip(1, 3, 4)])
    assert net.blobs["label"].data.tolist() == [5, 7]
    assert data_net(folder, "new_length: 4 use_image: true", tops=1).blobs["data"].shape == (1, 3, 4, 5, 7)


def test_each_second_frame_resized(folder: Path) -> None:
    net = data_net(folder, "batch_size: 2 new_length: 3 use_image: true sampling_rate: 2 new_height: 8 new_width: 6")
    for got, which, first in zip(batch(net), (0, 1), (1, 3), strict=True):
        for at in range(3):
            wanted = image.resize(FRAMES[which, first - 1 + 2 * at], 8, 6).transpose(2, 0, 1)
            np.testing.assert_array_equal(got[:, at], wanted)


def test_a_mean_of_channels_and_the_middle_of_the_frames(folder: Path) -> None:
    transform = "transform_param { mean_value: 1 mean_value: 2 mean_value: 3 scale: 0.5 crop_size: 3 }"
    got = batch(data_net(folder, "new_length: 4 use_image: true", transform))
    wanted = (clip(0, 1, 4) - np.array([1, 2, 3])[:, None, None, None]) / 2
    np.testing.assert_array_equal(got[0], wanted[:, :, 1:4, 2:5])
    got = batch(data_net(folder, "new_length: 4 use_image: true", "transform_param { mean_value: 128 }"))
    np.testing.assert_array_equal(got[0], clip(0, 1, 4) - 128)


def test_a_mean_of_clips(folder: Path) -> None:
    mean = np.random.default_rng(5).uniform(0, 255, (1, 3, 4, 5, 7)).astype(np.float32)
    with (folder / "mean.binaryproto").open("wb") as file:
        wire.write(file, blobproto.pieces(mean))
    got = batch(data_net(folder, "new_length: 4 use_image: true", f'transform_param {{ mean_file: "{folder}/mean.binaryproto" }}'))
    np.testing.assert_allclose(got[0], clip(0, 1, 4) - mean[0], atol=1e-4)
    with pytest.raises(NetprotoError, match=r"is 9 x 5 x 7, but mean_file .* is 12 x 5 x 7"):
        batch(data_net(folder, "new_length: 3 use_image: true", f'transform_param {{ mean_file: "{folder}/mean.binaryproto" }}'))


@pytest.mark.parametrize("seed", range(4))
def test_all_frames_have_one_window_and_one_side(folder: Path, seed: int) -> None:
    net = data_net(
        folder, "batch_size: 2 new_length: 4 use_image: true", "transform_param { crop_size: 3 mirror: true }", phase=0, seed=seed
    )
    for got, whole in zip(batch(net), (clip(0, 1, 4), clip(1, 3, 4)), strict=True):
        windows = [whole[:, :, y : y + 3, x : x + 3] for y in range(3) for x in range(5)]
        assert any(np.array_equal(got, side) for window in windows for side in (window, window[..., ::-1]))


@pytest.mark.parametrize("phase", [0, 1])
def test_a_random_first_frame(folder: Path, phase: int) -> None:
    (folder / "list.txt").write_text("/a 9 5\n/b 9 7\n")
    net = data_net(folder, "batch_size: 30 new_length: 2 use_image: true sampling_rate: 3 use_temporal_jitter: true", phase=phase)
    got = batch(net)
    firsts = [next(first for first in range(1, 5) if np.array_equal(taken, clip(i % 2, first, 2, 3))) for i, taken in enumerate(got)]
    assert set(firsts) == ({1, 2, 3, 4} if phase == 0 else {1})


class Capture:
    """Videos a and b, of nine frames."""

    def __init__(self, source: Any):
        self.name, self.next = Path(source).name, 0

    def isOpened(self) -> bool:
        return self.name in ("a", "b")

    def get(self, what: int) -> float:
        return {7: float(len(FRAMES[0]))}[what]

    def read(self) -> tuple[bool, np.ndarray | None]:
        if self.next == len(FRAMES[0]):
            return False, None
        self.next += 1
        return True, FRAMES["ab".index(self.name), self.next - 1]

    def release(self) -> None:
        pass


@pytest.fixture
def opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("cv2")
    module.VideoCapture, module.CAP_PROP_FRAME_COUNT = Capture, 7  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cv2", module)


@pytest.mark.usefixtures("opencv")
def test_videos_count_from_zero(folder: Path) -> None:
    got = batch(data_net(folder, "batch_size: 2 new_length: 2 sampling_rate: 2"))
    np.testing.assert_array_equal(got, [clip(0, 2, 2, 2), clip(1, 4, 2, 2)])
    (folder / "list.txt").write_text("/a 8 5\n")
    with pytest.raises(DataError, match=r"a: .*ends after 9 frames; 10 are wanted"):
        batch(data_net(folder, "new_length: 2"))


@pytest.mark.usefixtures("opencv")
@pytest.mark.parametrize("phase", [0, 1])
def test_a_random_first_frame_of_videos(folder: Path, phase: int) -> None:
    (folder / "list.txt").write_text("/a 5\n/b 7\n")
    net = data_net(folder, "batch_size: 40 new_length: 7 use_temporal_jitter: true", phase=phase)
    got = batch(net)
    firsts = {next(first for first in range(1, 4) if np.array_equal(taken, clip(i % 2, first, 7))) for i, taken in enumerate(got)}
    assert firsts == {1, 2, 3}
    assert net.blobs["label"].data[:2].tolist() == [5, 7]


@pytest.mark.parametrize(
    ("param", "listed", "message"),
    [
        ("new_length: 2 use_image: true", "/a 5\n", r"list\.txt:1:1: .*'/a 5' is not PATH FRAME LABEL"),
        ("new_length: 2 use_temporal_jitter: true", "/a 1 5\n", "'/a 1 5' is not PATH LABEL"),
        ("new_length: 2 use_image: true", "/a 9 5\n", r"a/000010\.jpg: .*image cannot be read"),
        ("new_length: 4 use_image: true use_temporal_jitter: true", "/a 3 5\n", "has 3 frames; 4 are wanted"),
        ("new_length: 2 use_image: true new_height: 5", "/a 1 5\n", "new_height is 5 and new_width 0"),
        ("use_image: true", "/a 1 5\n", "new_length is 0"),
        ("new_length: 2 use_image: true sampling_rate: 0", "/a 1 5\n", "sampling_rate is 0"),
        ("new_length: 2 num_segments: 3", "/a 1 5\n", "num_segments belongs to the VideoData of TSN"),
        ("new_length: 2 video_file: 'a.avi'", "/a 1 5\n", "video_file belongs to the VideoData of SSD"),
    ],
)
def test_what_cannot_be(folder: Path, param: str, listed: str, message: str) -> None:
    (folder / "list.txt").write_text(listed)
    with pytest.raises((DataError, ModelError), match=message):
        batch(data_net(folder, param))


def test_frames_of_several_sizes(folder: Path) -> None:
    Image.fromarray(np.zeros((6, 7, 3), np.uint8)).save(folder / "a" / "000002.jpg")
    with pytest.raises(DataError, match=r"has a frame of 6 x 7, the first is 5 x 7"):
        batch(data_net(folder, "new_length: 2 use_image: true"))


def test_clips_of_several_sizes(folder: Path) -> None:
    for number in (3, 4):
        Image.fromarray(np.zeros((6, 7, 3), np.uint8)).save(folder / "b" / f"{number:06d}.jpg")
    with pytest.raises(DataError, match=r"gives 3 x 2 x 6 x 7, the first of its batch 3 x 2 x 5 x 7"):
        batch(data_net(folder, "batch_size: 2 new_length: 2 use_image: true"))


def test_the_layer_of_the_first_release(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "list.txt").write_text(f"{folder}/a 1 5\n")
    source = (
        f'layers {{ name: "d" type: VIDEO_DATA top: "data" top: "label" image_data_param {{ source: "{folder}/list.txt" batch_size: 1'
        " use_image: true new_length: 4 mean_value: 2 scale: 0.5 show_data: 1 } }"
    )
    net = Net(upgrade.net(text.parse(source, messages.NetParameter, file="f")), ops=CpuOps(), phase=1)
    np.testing.assert_array_equal(batch(net)[0], (clip(0, 1, 4) - 2) / 2)
    assert "Layer d does not show its clips" in caplog.text
