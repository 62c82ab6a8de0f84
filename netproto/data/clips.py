"""Clips: several frames of a video one after the other, named in a list file. The frames are pictures of a folder, or a video's.

Caffe: none; video_data_layer.cpp and image_io.cpp of facebookarchive/C3D.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import DataError, Place
from . import image
from .draws import below, subkey, words
from .image_list import ImageListSource
from .prefetch import RecordLoader, Shape
from .source import Record
from .transform import Transform, times
from .video import frame_count, open_video, read_frame


@dataclass(frozen=True)
class ClipRule:
    """Which frames a clip has. length: how many; rate: each so many-th. pictures: whether a path is a folder of them, not a video.

    jitter: whether the first is random; train: in a folder, only then. size: (height, width) of each frame, (0, 0) for its own.
    """

    length: int
    rate: int = 1
    pictures: bool = False
    jitter: bool = False
    train: bool = False
    size: tuple[int, int] = (0, 0)

    @property
    def span(self) -> int:
        """How many frames lie from the first of a clip to the first behind it."""
        return self.length * self.rate


class ClipListSource(ImageListSource):
    """The lines of a list, in their order or shuffled anew in each epoch: a path, a number of frames and a label; or without the number.

    The number is the first frame, or how many there are where the first is random.
    """

    def __init__(self, path: str, *, numbered: bool, root_folder: str = "", shuffle: bool = False, rand_skip: int = 0):
        self.numbered = numbered
        super().__init__(path, root_folder=root_folder, shuffle=shuffle, rand_skip=rand_skip)

    def listed(self, number: int, line: str, root_folder: str) -> tuple[str, tuple[int, int]]:
        """(path, (number of frames or 0, label))."""
        words_of_line = line.split()
        try:
            path, *numbers = words_of_line
            *frames, label = (int(word) for word in numbers)
            (frame,) = frames if self.numbered else (0, *frames)
        except ValueError:
            wanted = "PATH FRAME LABEL" if self.numbered else "PATH LABEL"
            raise DataError(f"{line!r} is not {wanted}", place=Place(self.path, number, 1), hint="No spaces in paths") from None
        return root_folder + path, (frame, label)


class ClipLoader(RecordLoader):
    """(path, (frame, label)) records -> a clip of (3, length, height, width), transformed alike in all frames, and, if wanted, the label.

    transform: of images whose channels are the frames of each channel.
    """

    def __init__(self, transform: Transform, rule: ClipRule, *, labels: bool):
        self.transform, self.rule, self.labels = transform, rule, labels

    def shapes(self, first: Record) -> list[Shape]:
        plane = self.rule.size if self.rule.size[0] else next(iter(self._frames(first))).shape[:2]
        _, *sides = self.transform.out_shape((3 * self.rule.length, *plane))
        return [(3, self.rule.length, *sides), *([()] if self.labels else [])]

    def load(self, record: Record, out: Sequence[np.ndarray]) -> None:
        frames = list(self._frames(record))
        for frame in frames:
            if frame.shape != frames[0].shape:
                what = f"has a frame of {times(frame.shape[:2])}, the first is {times(frames[0].shape[:2])} (height x width)"
                raise DataError(what, hint="new_height and new_width bring all to one size")
        planes = np.ascontiguousarray(np.stack(frames).transpose(3, 0, 1, 2)).reshape(-1, *frames[0].shape[:2])
        whole = self.transform.out_shape(planes.shape)
        if (3, self.rule.length, *whole[1:]) != out[0].shape:
            raise DataError(
                f"gives {times((3, self.rule.length, *whole[1:]))}, the first of its batch {times(out[0].shape)}",
                hint="new_height and new_width, or crop_size, bring all to one size",
            )
        self.transform.apply(planes, out[0].reshape(whole), key=self.key, ordinal=record.ordinal)
        if self.labels:
            out[1][0] = record.value[1][1]

    def _frames(self, record: Record) -> Iterator[np.ndarray]:
        """The frames of a clip as uint8 (height, width, 3), in one size if there is one."""
        path, (number, _) = record.value
        word = words(subkey(self.key, "frame"), record.ordinal)[0]
        found = self._pictures(path, number, word) if self.rule.pictures else self._video(path, number, word)
        for frame in found:
            yield image.resize(frame, *self.rule.size) if self.rule.size[0] else frame

    def _pictures(self, folder: str, number: int, word: int) -> Iterator[np.ndarray]:
        rule = self.rule
        if rule.jitter:
            self._require_frames(number)
            number = 1 + (below(word, number - rule.span + 1) if rule.train else 0)
        for frame in range(number, number + rule.span, rule.rate):
            yield image.read(f"{folder}/{frame:06d}.jpg", color=True)

    def _video(self, path: str, number: int, word: int) -> Iterator[np.ndarray]:
        rule, capture = self.rule, open_video(path, path)
        try:
            if rule.jitter:
                self._require_frames(frame_count(capture))
                number = below(word, frame_count(capture) - rule.span + 1)
            for frame in range(number + rule.span):
                pixels = read_frame(capture)
                if pixels is None:
                    raise DataError(f"ends after {frame} frames; {number + rule.span} are wanted", place=Place(path))
                if frame >= number and (frame - number) % rule.rate == 0:
                    yield pixels
        finally:
            capture.release()

    def _require_frames(self, there: int) -> None:
        if there < self.rule.span:
            raise DataError(f"has {there} frames; {self.rule.span} are wanted", hint="Take it off the list")
