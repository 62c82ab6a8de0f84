"""What layers over regions of an image have in common."""

from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from ..errors import DataError
from ..schema.places import label, place_of
from .base import Layer, count, exactly


class RegionPooling(Layer):
    """Bottoms: a map (N, C, H, W), and regions (R, 5) of the number of the image, x1, y1, x2, y2. Regions have no gradient."""

    bottoms = exactly(2)
    no_gradient_bottoms = frozenset({1})

    def require_map_and_regions(self, bottom: Sequence[Shape]) -> None:
        """Raise where the bottoms are not of these shapes; axes of 1 may follow in the regions'."""
        self.require(len(bottom[0]) == 4, f"bottom 0 must have 4 axes (N, C, H, W), but is {bottom[0]}", field="bottom[0]")
        self.require(
            len(bottom[1]) > 0 and count(bottom[1], 1) == 5,
            f"bottom 1 has the shape {bottom[1]}, but (R, 5) is wanted: for each region the image, x1, y1, x2, y2",
            field="bottom[1]",
        )

    def check_images(self, bottom: Sequence[Blob]) -> None:
        """Raise a DataError for a region of an image that is not in the batch."""
        images = bottom[0].shape[0]
        for number, image in enumerate(self.ops.whole_numbers(bottom[1].data)[::5]):
            if not 0 <= image < images:
                raise DataError(
                    f"region {number} of bottom {self.message.bottom[1]!r} is of image {image}, but the images of the batch are 0 to"
                    f" {images - 1}",
                    place=place_of(self.message),
                    layer=label(self.message),
                )
