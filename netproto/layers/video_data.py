from __future__ import annotations

from ..data.prefetch import Prefetcher
from ..data.transform import Transform
from ..data.video import VideoLoader, VideoSource
from ..schema.messages import enum_name
from .base import LAYERS, TRAIN, Arity
from .base_data import DataLayer
from .fits import read_fit

CLIP_FIELDS = ("source", "batch_size", "new_length", "num_segments", "modality", "sampling_rate", "use_image")


@LAYERS.register("VideoData")
class VideoData(DataLayer):
    """Frames of a video file or a camera, one after the other: what a detector of SSD's fork is shown.

    Shapes: () -> (data_param.batch_size, 3, height, width), as the video is, or of resize_param, or of crop_size; and (batch_size,).
    Formula: each (skip_frames + 1)-th frame, brought to the size of resize_param, then transformed as by a Data layer; top[1] = 0.
    Caffe: none; src/caffe/layers/video_data_layer.cpp of weiliu89/caffe, branch ssd.
    Differences: a file begins anew at its end; there, the program ends. Needs OpenCV, which is not installed with netproto. The layers of
        yjxiong/caffe (TSN) and of C3D that have this name read clips from a list; they are not built.
    """

    type = "VideoData"
    tops = Arity(1, 2)

    def open(self) -> Prefetcher:
        param, transform = self.message.video_data_param, self.message.transform_param
        for field in CLIP_FIELDS:
            self.require(
                not param.HasField(field),
                f"{field} belongs to the VideoData of TSN or of C3D, which reads clips from a list and is not built",
                field=f"video_data_param.{field}",
                hint="This one, SSD's, reads the frames of one video_file",
            )
        batch_size = self.positive(self.message.data_param.batch_size, "data_param.batch_size")
        self.require(
            len(transform.resize_param) < 2, "a frame comes to one size, but there are several resize_param", field="transform_param"
        )
        fit = read_fit(self, transform.resize_param[0], "transform_param.resize_param[0]") if transform.resize_param else None
        changes = Transform.of(transform, train=self.phase == TRAIN, with_boxes=True)
        camera = enum_name(param, "video_type") == "WEBCAM"
        path = "" if camera else self.written(param.video_file, "video_data_param.video_file")
        source = VideoSource(path, device=param.device_id if camera else None, skip=param.skip_frames)
        return Prefetcher(source, VideoLoader(changes, fit, labels=len(self.message.top) > 1), batch_size)
