from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Shape
from ..data import annotated, database
from ..data.augment import Augmentation, Emit, Sampling
from ..data.distort import Distortion
from ..data.prefetch import Batch, Prefetcher
from ..data.transform import Transform
from ..schema import messages
from .base import LAYERS, TRAIN, Arity
from .base_data import DataLayer
from .fits import read_fit

YOLO_FIELDS = ("yolo_data_type", "yolo_data_jitter", "train_diffcult")


@LAYERS.register("AnnotatedData")
class AnnotatedData(DataLayer):
    """Images and the boxes on them, of an LMDB or LevelDB of AnnotatedDatum: what SSD and YOLO learn from.

    Shapes: () -> (batch_size, channels, height, width), and objects, by the records' type or anno_type: BBOX (1, 1, K, 8) of item, class,
        instance, xmin, ymin, xmax, ymax, difficult in parts of the image, one row of -1 where there are none; with yolo_data_type: 1,
        (batch_size, 1, 300, 5) of class from 0 on, x, y, width, height, rows of 0 behind them; without a type (batch_size, 1, 1, 1), the
        label. K is that of the first image until the first forward pass.
    Formula: colours are changed (distort_param), the image is put on a larger canvas of the mean's colour (expand_param), one of the pieces
        that batch_sampler finds is cut out, or without any one of up to yolo_data_jitter less in width and height; it is brought to the
        size of resize_param; then comes the transform of a Data layer. Boxes go with it, as far as emit_constraint lets them stay.
    Caffe: none; src/caffe/layers/annotated_data_layer.cpp of weiliu89/caffe, branch ssd, and of eric612/MobileNet-YOLO.
    Differences: the random numbers are not the fork's. Images are not packed as JPEG between two steps. One object must meet all
        constraints of a batch_sampler; SSD forgets which object met the first. Further objects than 300 are left out of YOLO's labels.
        FIT_SMALL_SIZE and several resize_param are not known.
    """

    type = "AnnotatedData"
    tops = Arity(1, 2)

    def open(self) -> Prefetcher:
        data, param = self.message.data_param, self.message.annotated_data_param
        path = self.written(data.source, "data_param.source")
        batch_size = self.positive(data.batch_size, "data_param.batch_size")
        self.objects = "" if len(self.message.top) < 2 else self._kind_of_objects()
        loader = annotated.AnnotatedLoader(
            Transform.of(self.message.transform_param, train=self.phase == TRAIN, with_boxes=True),
            self._augmentation(),
            objects=self.objects,
            typed=param.HasField("anno_type"),
            difficult=param.train_diffcult,
        )
        source = database.open_source(path, messages.enum_name(data, "backend"), shuffle=data.shuffle)
        return Prefetcher(source, loader, batch_size)

    def setup(self, bottom: Sequence[Shape]) -> None:
        super().setup(bottom)
        if self.objects == "rows" and len(self.top_shapes[1]) == 3:
            self.top_shapes[1] = (1, 1, self.top_shapes[1][1], 8)

    def tops_of(self, batch: Batch) -> Sequence[Array]:
        if self.objects == "rows" and len(batch.arrays[1].shape) == 3:
            return [batch.arrays[0], annotated.used_rows(batch.arrays[1])]
        return batch.arrays

    def _kind_of_objects(self) -> str:
        kind = self.message.annotated_data_param.yolo_data_type
        self.require(
            kind in (0, 1), f"yolo_data_type {kind} is not known", field="annotated_data_param.yolo_data_type", hint="It is 0 or 1"
        )
        return "yolo" if kind else "rows"

    def _augmentation(self) -> Augmentation:
        transform, param = self.message.transform_param, self.message.annotated_data_param
        self.require(
            len(transform.resize_param) < 2,
            "several resize_param, of which MobileNet-YOLO draws one for each ten batches, are not known",
            field="transform_param.resize_param[1]",
            hint="Keep one of them",
        )
        jitters = not param.batch_sampler and any(param.HasField(field) for field in YOLO_FIELDS)
        return Augmentation(
            distortion=Distortion.of(transform.distort_param) if transform.HasField("distort_param") else None,
            expand=self._expansion(),
            fill=tuple(transform.mean_value),
            samplings=tuple(self._sampling(i) for i, sampler in enumerate(param.batch_sampler) if sampler.use_original_image),
            jitter=param.yolo_data_jitter if jitters else 0.0,
            fit=read_fit(self, transform.resize_param[0], "transform_param.resize_param[0]") if transform.resize_param else None,
            emit=self._emit(),
        )

    def _expansion(self) -> tuple[float, float]:
        transform = self.message.transform_param
        if not transform.HasField("expand_param"):
            return 0.0, 1.0
        param, field = transform.expand_param, "transform_param.expand_param"
        self.require(param.max_expand_ratio > 1, f"max_expand_ratio is {param.max_expand_ratio:g}; it must be above 1", field=field)
        self.require(
            not transform.mean_file, "a larger canvas has the colour of mean_value, and cannot have that of a mean_file", field=field
        )
        return param.prob, param.max_expand_ratio

    def _emit(self) -> Emit | None:
        transform = self.message.transform_param
        if not transform.HasField("emit_constraint"):
            return None
        param = transform.emit_constraint
        return Emit(param.emit_overlap if messages.enum_name(param, "emit_type") == "MIN_OVERLAP" else None)

    def _sampling(self, index: int) -> Sampling:
        batch = self.message.annotated_data_param.batch_sampler[index]
        sampler, constraint = batch.sampler, batch.sample_constraint
        field = f"annotated_data_param.batch_sampler[{index}].sampler"
        self.require(
            0 < sampler.min_scale <= sampler.max_scale <= 1,
            f"min_scale is {sampler.min_scale:g} and max_scale {sampler.max_scale:g}",
            field=field,
            hint="0 < min_scale <= max_scale <= 1",
        )
        self.require(
            0 < sampler.min_aspect_ratio <= sampler.max_aspect_ratio,
            f"min_aspect_ratio is {sampler.min_aspect_ratio:g} and max_aspect_ratio {sampler.max_aspect_ratio:g}",
            field=field,
            hint="0 < min_aspect_ratio <= max_aspect_ratio",
        )

        def ends(name: str) -> tuple[float | None, float | None]:
            low, high = (getattr(constraint, f) if constraint.HasField(f) else None for f in (f"min_{name}", f"max_{name}"))
            return low, high

        return Sampling(
            size=(sampler.min_scale, sampler.max_scale),
            aspect=(sampler.min_aspect_ratio, sampler.max_aspect_ratio),
            trials=batch.max_trials,
            most=batch.max_sample if batch.HasField("max_sample") else None,
            overlap=ends("jaccard_overlap"),
            of_piece=ends("sample_coverage"),
            of_object=ends("object_coverage"),
        )
