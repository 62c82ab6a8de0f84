from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import fillers
from ..blob import Blob, Shape
from ..errors import ModelError
from ..schema import messages
from .base import LAYERS, Layer, at_least, exactly
from .shapes import written_shape

LEGACY = ("num", "channels", "height", "width")


@LAYERS.register("DummyData")
class DummyData(Layer):
    """Blobs that fillers fill.

    Shapes: () -> shape[i] for top i, or (num[i], channels[i], height[i], width[i]); one serves all tops.
    Formula: top i is what data_filler[i] gives, or the only one, or the constant 0. A constant is filled once, when the net is built;
        others are drawn anew in each forward pass.
    Caffe: src/caffe/layers/dummy_data_layer.cpp.
    Differences: the random numbers are not Caffe's.
    """

    type = "DummyData"
    bottoms = exactly(0)
    tops = at_least(1)

    def setup(self, bottom: Sequence[Shape]) -> None:
        param, tops = self.message.dummy_data_param, len(self.message.top)
        self._require_one_or_all("data_filler", len(param.data_filler), none=True)
        if self._is_legacy():
            self.require(
                not param.shape, "both shape and the legacy num, channels, height and width are written", field="dummy_data_param.shape"
            )
            for name in LEGACY:
                self._require_one_or_all(name, len(getattr(param, name)))
        else:
            self._require_one_or_all("shape", len(param.shape))
        written = list(param.data_filler) or [messages.FillerParameter()]
        self.fillers = written if len(written) == tops else written * tops
        for i, filler in enumerate(self.fillers):
            self._require_known(filler, i)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        param, tops = self.message.dummy_data_param, range(len(self.message.top))
        if self._is_legacy():
            return [tuple(_nth(getattr(param, name), i) for name in LEGACY) for i in tops]
        return [written_shape(self, _nth(param.shape, i), f"dummy_data_param.shape[{min(i, len(param.shape) - 1)}]") for i in tops]

    def prepare(self, top: Sequence[Blob]) -> None:
        for blob, filler in zip(top, self.fillers, strict=True):
            if filler.type == "constant" and filler.value:  # new memory is zero
                self._fill(blob, filler)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        for blob, filler in zip(top, self.fillers, strict=True):
            if filler.type != "constant":
                self._fill(blob, filler)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        pass

    def _fill(self, blob: Blob, filler: Any) -> None:
        try:
            fillers.fill(filler, blob, self.random.generator(), again=True)
        except ModelError as error:
            raise self.error(error.what, field="dummy_data_param.data_filler", hint=error.hint) from None

    def _is_legacy(self) -> bool:
        return any(len(getattr(self.message.dummy_data_param, name)) for name in LEGACY)

    def _require_one_or_all(self, name: str, written: int, *, none: bool = False) -> None:
        tops = len(self.message.top)
        self.require(
            written in (1, tops) or (none and not written),
            f"{written} {name} for {tops} tops",
            field=f"dummy_data_param.{name}",
            hint="Write one for each top, or one for all",
        )

    def _require_known(self, filler: Any, index: int) -> None:
        try:
            fillers.FILLERS.find(filler.type)
        except ModelError as error:
            raise self.error(error.what, field=f"dummy_data_param.data_filler[{index}]", hint=error.hint) from None


def _nth(written: Sequence[Any], i: int) -> Any:
    """Entry i, or the only one."""
    return written[i if len(written) > 1 else 0]
