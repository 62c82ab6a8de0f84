"""VideoData, with a stand-in for OpenCV: frames of which each pixel says which frame it is."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from netproto.errors import DataError, ModelError
from netproto.net.net import Net
from netproto.ops.cpu import CpuOps
from netproto.testing import net_of

FRAMES = 5


class Capture:
    """Five frames of 4 x 6; a camera sees no end."""

    def __init__(self, source: Any):
        self.source, self.next = source, 0

    def isOpened(self) -> bool:
        return self.source in ("film.avi", "empty.avi", 0)

    def read(self) -> tuple[bool, np.ndarray | None]:
        if self.source == "empty.avi" or (self.source != 0 and self.next == FRAMES):
            return False, None
        self.next += 1
        return True, np.full((4, 6, 3), self.next - 1, np.uint8)

    def release(self) -> None:
        pass


@pytest.fixture(autouse=True)
def opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("cv2")
    module.VideoCapture = Capture  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cv2", module)


def data_net(param: str = 'video_type: VIDEO video_file: "film.avi"', rest: str = "", *, batch_size: int = 2, tops: int = 1) -> Net:
    names = " ".join(f'top: "{name}"' for name in ("data", "label")[:tops])
    body = f"data_param {{ batch_size: {batch_size} }} video_data_param {{ {param} }} {rest}"
    return net_of(f'layer {{ name: "d" type: "VideoData" {names} {body} }}', ops=CpuOps())


def frames(net: Net, batches: int) -> list[float]:
    """What the first pixel of each frame says."""
    seen = []
    for _ in range(batches):
        net.forward()
        seen += net.blobs["data"].data[:, 0, 0, 0].tolist()
    net.close()
    return seen


def test_a_film_begins_anew_at_its_end() -> None:
    net = data_net(tops=2)
    assert net.blobs["data"].shape == (2, 3, 4, 6)
    assert net.blobs["label"].shape == (2,)
    assert frames(net, 4) == [0, 1, 2, 3, 4, 0, 1, 2]
    assert not net.blobs["label"].data.any()


def test_frames_are_left_out() -> None:
    assert frames(data_net('video_type: VIDEO video_file: "film.avi" skip_frames: 1'), 2) == [1, 3, 0, 2]


def test_a_camera() -> None:
    assert len(frames(data_net("device_id: 0"), 5)) == 10


def test_one_size_and_the_transform() -> None:
    net = data_net(rest="transform_param { scale: 2 mean_value: 1 resize_param { height: 8 width: 10 } crop_size: 7 }")
    assert net.blobs["data"].shape == (2, 3, 7, 7)
    assert frames(net, 1) == [-2, 0]


def test_an_interrupted_run_goes_on() -> None:
    interrupted, resumed = data_net(), data_net()
    interrupted.forward()
    resumed.restore_data_states(interrupted.data_states())
    interrupted.close()
    assert frames(resumed, 2) == [2, 3, 4, 0]


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ('video_type: VIDEO video_file: "none.avi"', "none.avi: .*cannot be opened as a video"),
        ('video_type: VIDEO video_file: "empty.avi"', "gives no frame"),
        ("device_id: 3", "camera 3: .*cannot be opened as a video. Is the camera there"),
        ("video_type: VIDEO", "video_file is not written"),
        ("new_length: 5", "new_length belongs to clips, of which source names a list; there is none"),
    ],
)
def test_what_cannot_be_read(param: str, message: str) -> None:
    with pytest.raises((DataError, ModelError), match=message):
        frames(data_net(param), 1)


def test_without_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(DataError, match=r"reading videos needs OpenCV, which is not installed\. pip install opencv-python-headless"):
        data_net()
