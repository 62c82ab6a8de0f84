from __future__ import annotations

import logging

from ..data.clips import ClipListSource, ClipLoader, ClipRule
from ..data.prefetch import Prefetcher
from ..data.transform import Transform
from ..data.video import VideoLoader, VideoSource
from ..schema.messages import enum_name
from .base import LAYERS, TRAIN, Arity
from .base_data import DataLayer
from .fits import read_fit

log = logging.getLogger(__name__)

SEGMENT_FIELDS = ("num_segments", "modality")
FRAME_FIELDS = ("video_type", "device_id", "video_file", "skip_frames")


@LAYERS.register("VideoData")
class VideoData(DataLayer):
    """Frames of a video file or a camera, one after the other, as SSD's fork has them; or, with a `source`, C3D's clips from a list.

    Shapes: () -> (data_param.batch_size, 3, height, width), as the video is, or of resize_param, or of crop_size; and (batch_size,).
        C3D: () -> (batch_size, 3, new_length, height, width), as the frames are, or of new_height and new_width, or of crop_size.
    Formula: each (skip_frames + 1)-th frame, brought to the size of resize_param, then transformed as by a Data layer; top[1] = 0.
        C3D: a line of the list is PATH FRAME LABEL. With use_image, frames are the pictures PATH/000001.jpg, ..., the first is FRAME, and
        each sampling_rate-th is taken; else they are the video's, counted from 0. All are resized by OpenCV's bilinear rule, and have one
        window and one toss of the coin. With use_temporal_jitter the first is random, in a folder in the TRAIN phase only: FRAME is then
        how many there are; a video's line is PATH LABEL. mean_file is of (3, new_length, height, width).
    Caffe: none; src/caffe/layers/video_data_layer.cpp of weiliu89/caffe, branch ssd; of facebookarchive/C3D.
    Differences: a video begins anew at its end; in SSD's, the program ends. Needs OpenCV for videos, which is not installed with netproto.
        A clip that cannot be read is an error; C3D passes over it in training. In testing, a folder's clip with use_temporal_jitter begins
        at 000001.jpg; there, at 000000.jpg. show_data is read, and a warning says that nothing is shown. The layer of yjxiong/caffe (TSN)
        that has this name takes parts of videos, and is not built.
    """

    type = "VideoData"
    tops = Arity(1, 2)

    def open(self) -> Prefetcher:
        param = self.message.video_data_param
        self._refuse(SEGMENT_FIELDS, "the VideoData of TSN, which takes parts of videos, and is not built")
        if not param.HasField("source"):
            self._refuse(("new_length",), "clips, of which source names a list; there is none")
            return self._open_frames()
        self._refuse(FRAME_FIELDS, "the VideoData of SSD, which has no source")
        return self._open_clips()

    def _refuse(self, fields: tuple[str, ...], what: str) -> None:
        for field in fields:
            there = self.message.video_data_param.HasField(field)
            self.require(not there, f"{field} belongs to {what}", field=f"video_data_param.{field}")

    def _open_frames(self) -> Prefetcher:
        param, transform = self.message.video_data_param, self.message.transform_param
        batch_size = self.positive(self.message.data_param.batch_size, "data_param.batch_size")
        self.require(
            len(transform.resize_param) < 2, "a frame comes to one size, but there are several resize_param", field="transform_param"
        )
        fit = read_fit(self, transform.resize_param[0], "transform_param.resize_param[0]") if transform.resize_param else None
        changes = Transform.of(transform, train=self.phase == TRAIN, with_boxes=True)
        camera = enum_name(param, "video_type") == "WEBCAM"
        path = "" if camera else self.written(param.video_file, "video_data_param.video_file")
        source = VideoSource(path, device=param.device_id if camera else None, skip=param.skip_frames)
        return Prefetcher(source, VideoLoader(changes, fit, labels=self._has_labels), batch_size)

    def _open_clips(self) -> Prefetcher:
        param = self.message.video_data_param
        path = self.written(param.source, "video_data_param.source")
        batch_size = self.positive(param.batch_size, "video_data_param.batch_size")
        self.require(
            bool(param.new_height) == bool(param.new_width),
            f"new_height is {param.new_height} and new_width {param.new_width}",
            field="video_data_param.new_height" if param.new_height else "video_data_param.new_width",
            hint="Write both, or none",
        )
        rule = ClipRule(
            length=self.positive(param.new_length, "video_data_param.new_length"),
            rate=self.positive(param.sampling_rate, "video_data_param.sampling_rate"),
            pictures=param.use_image,
            jitter=param.use_temporal_jitter,
            train=self.phase == TRAIN,
            size=(param.new_height, param.new_width),
        )
        if param.show_data:
            log.warning("Layer %s does not show its clips", self.name)
        changes = Transform.of(self.message.transform_param, train=self.phase == TRAIN, frames=rule.length)
        numbered = rule.pictures or not rule.jitter
        source = ClipListSource(path, numbered=numbered, root_folder=param.root_folder, shuffle=param.shuffle, rand_skip=param.rand_skip)
        return Prefetcher(source, ClipLoader(changes, rule, labels=self._has_labels), batch_size)

    @property
    def _has_labels(self) -> bool:
        return len(self.message.top) > 1
