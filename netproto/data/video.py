"""Frames of a video file or a camera, read by OpenCV, which is not installed with netproto.

Caffe: none; video_data_layer.cpp of weiliu89/caffe, branch ssd.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DataError, Place
from .draws import words
from .prefetch import RecordLoader, Shape
from .resize import Fit
from .source import Record, Source
from .transform import Transform


class VideoSource(Source):
    """Each (skip + 1)-th frame as uint8, (height, width, 3), BGR; a file begins anew at its end. device: a camera's number, or None."""

    def __init__(self, path: str, *, device: int | None = None, skip: int = 0):
        super().__init__(path if device is None else f"camera {device}")
        self.device, self.skip = device, skip
        self._frame = 0
        self._capture = self._open()

    def _next(self) -> Record:
        for _ in range(self.skip):
            self._read()
        return Record(self.position, f"frame {self._frame + 1}", self._read())

    def restore(self, state: dict[str, Any]) -> None:
        """A camera goes on with what it sees; of a file, the frames before are read again."""
        super().restore(state)
        if self.device is None:
            self._rewind()
            self._skip(self.position)

    def _skip(self, count: int) -> None:
        for _ in range(count * (self.skip + 1)):
            self._read()

    def close(self) -> None:
        self._capture.release()

    def _open(self) -> Any:
        return open_video(self.path, self.path if self.device is None else self.device)

    def _rewind(self) -> None:
        self._capture.release()
        self._capture, self._frame = self._open(), 0

    def _read(self) -> np.ndarray:
        frame = read_frame(self._capture)
        if frame is None and self.device is None and self._frame:
            self._rewind()
            frame = read_frame(self._capture)
        if frame is None:
            raise self.error("gives no frame")
        self._frame += 1
        return frame


class VideoLoader(RecordLoader):
    """Frames -> the frame in one size, transformed, and, if wanted, the label 0."""

    def __init__(self, transform: Transform, fit: Fit | None, *, labels: bool):
        self.transform, self.fit, self.labels = transform, fit, labels

    def shapes(self, first: Record) -> list[Shape]:
        height, width, channels = first.value.shape
        size = (self.fit.height, self.fit.width) if self.fit else (height, width)
        return [self.transform.out_shape((channels, *size)), *([()] if self.labels else [])]

    def load(self, record: Record, out: Sequence[np.ndarray]) -> None:
        frame = self.fit.apply(record.value, words(self.key, record.ordinal)[3] / 2**32) if self.fit else record.value
        self.transform.apply(frame.transpose(2, 0, 1), out[0], key=self.key, ordinal=record.ordinal)
        if self.labels:
            out[1][0] = 0


def open_video(name: str, source: str | int) -> Any:
    """OpenCV's reader of a file, or of the camera of that number. name: what messages call it. Raises DataError."""
    try:
        import cv2
    except ImportError:
        raise DataError(
            "reading videos needs OpenCV, which is not installed", place=Place(name), hint="pip install opencv-python-headless"
        ) from None
    capture = cv2.VideoCapture(source)
    if not capture.isOpened():
        hint = "" if isinstance(source, str) else "Is the camera there, and free?"
        raise DataError("cannot be opened as a video", place=Place(name), hint=hint)
    return capture


def read_frame(capture: Any) -> np.ndarray | None:
    """The next frame, None at the end."""
    there, frame = capture.read()
    return np.asarray(frame) if there else None


def frame_count(capture: Any) -> int:
    """How many frames a file says that it has."""
    import cv2

    return int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
