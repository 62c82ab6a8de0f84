"""What the operations of detectors are told: plain numbers. No arrays here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PriorLayout:
    """The boxes that stand at every place of a map (height, width), in pixels of an image (height, width).

    sizes: (width, height) of each box, in order. step: pixels from place to place, (vertical, horizontal). offset: where in its step
    a centre is. variance: four numbers.
    """

    sizes: tuple[tuple[float, float], ...]
    map: tuple[int, int]
    image: tuple[int, int]
    step: tuple[float, float]
    offset: float
    clip: bool
    variance: tuple[float, float, float, float]


@dataclass(frozen=True)
class BoxCode:
    """What four numbers say about a box beside its prior. kind: CORNER, CENTER_SIZE or CORNER_SIZE.

    in_target: whether they are in units of the box already, rather than of the prior's variance.
    """

    kind: str
    in_target: bool


@dataclass(frozen=True)
class Suppression:
    """Of boxes that overlap more than `threshold`, all but the best go; only the best top_k are looked at, -1 for all.

    eta: what the threshold is multiplied by after each box that stays, as long as it is above 0.5.
    """

    threshold: float
    top_k: int = -1
    eta: float = 1.0


@dataclass(frozen=True)
class DetectionRule:
    """How predictions become detections. background: -1 for none. confidence: what a score must be above, or None.

    keep_top_k: how many remain of an image, -1 for all.
    """

    classes: int
    share_location: bool
    background: int
    code: BoxCode
    suppression: Suppression
    confidence: float | None
    keep_top_k: int


@dataclass(frozen=True)
class MultiBoxRule:
    """How boxes and objects are brought together, and which count for the loss. The fields are those of MultiBoxLossParameter.

    normalizer: what the sum is divided by, None for the number of boxes with an object. nms: None for no suppression before mining.
    with_location, with_confidence: which of the two losses count.
    """

    classes: int
    share_location: bool
    background: int
    code: BoxCode
    smooth_l1: bool
    softmax: bool
    loc_weight: float
    per_prediction: bool
    overlap_threshold: float
    use_prior_for_matching: bool
    use_difficult: bool
    mining: str
    neg_pos_ratio: float
    neg_overlap: float
    sample_size: int
    nms: Suppression | None
    use_prior_for_nms: bool
    agnostic: bool
    ignore_cross_boundary: bool
    bp_inside: bool
    normalizer: float | None
    with_location: bool
    with_confidence: bool


@dataclass(frozen=True)
class AnchorGrid:
    """Anchors at every place of a map, and which of the regions made of them stay.

    stride: pixels from place to place. base: the side of the square that anchors are made of. ratios: height to width. least: the least
    side, times the image's scale. before, after: how many of the best there are before and after suppression. overlap: its threshold.
    """

    stride: int
    base: int
    ratios: tuple[float, ...]
    scales: tuple[float, ...]
    least: int
    before: int
    after: int
    overlap: float


@dataclass(frozen=True)
class YoloHead:
    """What a map of YOLO 2 predicts at each place: for each anchor x, y, width, height, score and a score for each class.

    anchors: (width, height) of each, in places of the map.
    """

    classes: int
    anchors: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class RegionRule:
    """What YOLO 2 learns. The fields are those of RegionLossParameter."""

    head: YoloHead
    by_shape: bool
    rescore: bool
    object_scale: float
    noobject_scale: float
    class_scale: float
    coord_scale: float
    thresh: float


@dataclass(frozen=True)
class EvaluationRule:
    """When a detection is right. background: -1 for none. overlap: from which on. difficult: whether difficult objects count."""

    classes: int
    background: int
    overlap: float
    difficult: bool


@dataclass(frozen=True)
class Fitting:
    """How an image was brought to a net's size. inside: as a whole, with borders; else it was stretched."""

    height: int
    width: int
    inside: bool
