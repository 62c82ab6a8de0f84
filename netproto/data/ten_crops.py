"""The ten crops by which AlexNet's authors judged a picture: corners and centre, and their mirrors."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from .transform import Shape3, Transform


@dataclass(frozen=True, slots=True)
class TenCrops(Transform):
    """A Transform that makes (10, channels, height, width) of an image; nothing is drawn at random. one: what makes each of them."""

    one: Transform = field(default_factory=Transform)

    @classmethod
    def like(cls, one: Transform) -> TenCrops:
        """The ten crops of a transform that makes one."""
        return cls(**{f.name: getattr(one, f.name) for f in fields(Transform)}, one=one)

    def out_shape(self, shape: Shape3) -> Shape3:
        """(10, channels, height, width) of what is made of an image of (channels, height, width). Raises DataError if it cannot be."""
        return 10, *self.one.out_shape(shape)

    def apply(self, image: np.ndarray, out: np.ndarray, *, key: int = 0, ordinal: int = 0) -> None:
        """out (10, ...) = the crops of the image (channels, height, width). Raises DataError as Transform.apply does."""
        for made, window in zip(out, self.ten_windows(image.shape), strict=True):
            self.one.cut(image, made, *window)
