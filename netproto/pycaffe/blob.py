"""pycaffe's Blob, as a notebook shows it. Caffe: python/caffe/_caffe.cpp."""

from __future__ import annotations

from html import escape

from ..host_blob import HostBlob


class Blob(HostBlob):
    """An array `data` and its gradient `diff`, as numpy arrays that stay valid when the net is gone.

    shape, count; num, channels, height and width of up to four axes; reshape(*shape).
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Blob {dimensions(self.shape)}>"

    def _repr_html_(self) -> str:
        text = dimensions(self.shape)
        if self.count:
            data = self.data
            text += f", values from {data.min():.4g} to {data.max():.4g}, mean {data.mean():.4g}"
        return escape(text)


def dimensions(shape: tuple[int, ...]) -> str:
    """`2 x 3 x 5`, or `scalar`."""
    return " x ".join(map(str, shape)) or "scalar"
