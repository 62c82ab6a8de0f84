"""Layers as a user of pycaffe writes them, for the tests of the Python layer."""

import caffe
import numpy as np

from netproto.testing.python_layers import Affine as Affine
from netproto.testing.python_layers import Loss as Loss


class Counter(caffe.Layer):
    """A source without bottoms that tells how often its methods were called; its batch grows from pass to pass."""

    def setup(self, bottom, top):
        self.calls = []
        self.note("setup")

    def reshape(self, bottom, top):
        self.note("reshape")
        top[0].reshape(1 + self.calls.count("forward"), 2)

    def forward(self, bottom, top):
        self.note("forward")
        top[0].data[...] = self.phase

    def note(self, what):
        self.calls.append(what)


class Negate(caffe.Layer):
    """Works in place."""

    def setup(self, bottom, top):
        assert bottom[0] is top[0]

    def reshape(self, bottom, top):
        pass

    def forward(self, bottom, top):
        top[0].data[...] *= -1

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff[...] *= -1


class Broken(caffe.Layer):
    """Fails in the method that param_str names."""

    def setup(self, bottom, top):
        self.fail("setup")

    def reshape(self, bottom, top):
        self.fail("reshape")
        top[0].reshape(*bottom[0].shape)

    def forward(self, bottom, top):
        self.fail("forward")

    def backward(self, top, propagate_down, bottom):
        self.fail("backward")

    def fail(self, where):
        if where == self.param_str:
            raise RuntimeError(f"no luck in {where}")  # the line that errors must name


class OldName(caffe.Layer):
    """Reads param_str by the name it had before Caffe 1.0, and calls a library that fails."""

    def setup(self, bottom, top):
        np.linalg.inv(np.zeros((int(self.param_str_), 2)))


class NoBackward(caffe.Layer):
    def setup(self, bottom, top):
        pass

    def reshape(self, bottom, top):
        top[0].reshape(*bottom[0].shape)

    def forward(self, bottom, top):
        top[0].data[...] = bottom[0].data


class NoCaffeLayer:
    pass


class OwnInit(caffe.Layer):
    """Overrides __init__ without calling its base's."""

    def __init__(self, param):
        self.name = param.name

    def setup(self, bottom, top):
        self.blobs.add_blob(3)
        top[0].reshape(len(self.name))

    def reshape(self, bottom, top):
        pass

    def forward(self, bottom, top):
        top[0].data[...] = 1
