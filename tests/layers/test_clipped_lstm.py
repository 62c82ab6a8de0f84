"""Lstm, of caffe-lstm, against loops: what it remembers, where sequences begin, and the bounds on its gradients."""

from __future__ import annotations

import json

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.net.net import Net
from netproto.ops.base import Ops

from .one_layer import draw, draw_gradient, net_with

STEPS, STREAMS, UNITS, INPUTS = 5, 2, 3, 4
FILLERS = "weight_filler { type: 'gaussian' std: 0.7 } bias_filler { type: 'uniform' min: -1 }"


def lstm_net(*, clip: bool, bound: float = 0) -> Net:
    body = f"lstm_param {{ num_output: {UNITS} batch_size: {STREAMS} clipping_threshold: {bound} {FILLERS} }}"
    shapes = [(STEPS * STREAMS, 2, 2), (STEPS * STREAMS, 1)]
    return net_with("Lstm", body, *shapes[: 1 + clip], ops=Ops("float64"))


def sigmoid(x: float) -> float:
    return 1 / (1 + np.exp(-x))


class Naive:
    """Loops over steps, streams and units. h, c: what the pass before left behind."""

    def __init__(self, w_x: np.ndarray, w_h: np.ndarray, bias: np.ndarray):
        self.w_x, self.w_h, self.bias = w_x, w_h, bias
        self.h, self.c = np.zeros((STREAMS, UNITS)), np.zeros((STREAMS, UNITS))

    def forward(self, x: np.ndarray, clip: np.ndarray) -> np.ndarray:
        self.x, self.clip = x.reshape(STEPS, STREAMS, INPUTS), clip.reshape(STEPS, STREAMS)
        self.h_before = np.zeros((STEPS, STREAMS, UNITS))
        self.c_before, self.cells = np.zeros_like(self.h_before), np.zeros_like(self.h_before)
        self.gates = np.zeros((STEPS, STREAMS, 4, UNITS))
        h, c = self.h.copy(), self.c.copy()
        out = np.zeros((STEPS, STREAMS, UNITS))
        for t in range(STEPS):
            for n in range(STREAMS):
                self.h_before[t, n], self.c_before[t, n] = h[n] * self.clip[t, n], c[n] * self.clip[t, n]
                sums = self.w_x @ self.x[t, n] + self.w_h @ self.h_before[t, n] + self.bias
                for d in range(UNITS):
                    i, f, o, g = (sums[k * UNITS + d] for k in range(4))
                    self.gates[t, n, :, d] = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
                    i, f, o, g = self.gates[t, n, :, d]
                    c[n, d] = f * self.c_before[t, n, d] + i * g
                    h[n, d] = o * np.tanh(c[n, d])
            out[t], self.cells[t] = h, c
        self.h, self.c = h, c
        return out.reshape(STEPS * STREAMS, UNITS)

    def backward(self, dy: np.ndarray, bound: float) -> list[np.ndarray]:
        """Gradients of x and of the learned blobs."""
        dy = dy.reshape(STEPS, STREAMS, UNITS)
        dx, d_w_x, d_w_h, d_bias = (np.zeros_like(a) for a in (self.x, self.w_x, self.w_h, self.bias))
        dh, dc = np.zeros((STREAMS, UNITS)), np.zeros((STREAMS, UNITS))
        for t in reversed(range(STEPS)):
            for n in range(STREAMS):
                sums = np.zeros((4, UNITS))
                for d in range(UNITS):
                    i, f, o, g = self.gates[t, n, :, d]
                    squashed = np.tanh(self.cells[t, n, d])
                    d_h = dy[t, n, d] + dh[n, d]
                    d_c = dc[n, d] + d_h * o * (1 - squashed**2)
                    sums[:, d] = (
                        d_c * g * i * (1 - i),
                        d_c * self.c_before[t, n, d] * f * (1 - f),
                        d_h * squashed * o * (1 - o),
                        d_c * i * (1 - g**2),
                    )
                    dc[n, d] = d_c * f * self.clip[t, n]
                sums = sums.clip(-bound, bound) if bound else sums
                row = sums.reshape(-1)
                dx[t, n] = self.w_x.T @ row
                d_w_x += np.outer(row, self.x[t, n])
                d_w_h += np.outer(row, self.h_before[t, n])
                d_bias += row
                dh[n] = self.w_h.T @ row * self.clip[t, n]
        return [dx, d_w_x, d_w_h, d_bias]


def clips(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (STEPS * STREAMS, 1))


def compare(net: Net, naive: Naive, x: np.ndarray, clip: np.ndarray, bound: float) -> None:
    net.clear_param_diffs()
    net.forward()
    np.testing.assert_allclose(net.blobs["t0"].data, naive.forward(x, clip), rtol=1e-10)
    dx, *learned = naive.backward(draw_gradient(net), bound)
    net.backward()
    np.testing.assert_allclose(net.blobs["b0"].diff.reshape(dx.shape), dx, rtol=1e-9, atol=1e-13)
    for blob, wanted in zip(net.params["L"], learned, strict=True):
        np.testing.assert_allclose(blob.diff, wanted, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("bound", [0, 0.0625])
def test_each_pass_is_a_sequence_without_clip(bound: float) -> None:
    net = lstm_net(clip=False, bound=bound)
    x, *learned = draw(net)
    begun = np.ones((STEPS, STREAMS))
    begun[0] = 0
    for _ in range(2):
        compare(net, Naive(*learned), x, begun, bound)


@pytest.mark.parametrize("bound", [0, 0.0625])
def test_sequences_go_on_from_pass_to_pass(bound: float) -> None:
    net = lstm_net(clip=True, bound=bound)
    _, _, *learned = draw(net)
    naive = Naive(*learned)
    for seed in (1, 2, 3):
        x, clip = np.random.default_rng(seed).standard_normal(net.blobs["b0"].shape), clips(seed)
        net.blobs["b0"].data[...], net.blobs["b1"].data[...] = x, clip
        compare(net, naive, x, clip, bound)


def test_a_resumed_run_remembers() -> None:
    one = lstm_net(clip=True)
    blobs = draw(one)
    one.blobs["b1"].data[...] = 1
    one.forward()
    two = lstm_net(clip=True)
    for name, value in zip(("b0", "b1"), blobs[:2], strict=True):
        two.blobs[name].data[...] = value
    two.blobs["b1"].data[...] = 1
    for blob, value in zip(two.params["L"], blobs[2:], strict=True):
        blob.data[...] = value
    two.restore_data_states(json.loads(json.dumps(one.data_states())))
    one.forward()
    two.forward()
    np.testing.assert_array_equal(one.blobs["t0"].data, two.blobs["t0"].data)


@pytest.mark.parametrize(
    ("param", "shapes", "message"),
    [
        ("batch_size: 2", [(4, 3)], "num_output must be at least 1"),
        ("num_output: 3 batch_size: 0", [(4, 3)], "batch_size must be at least 1"),
        ("num_output: 3 batch_size: 3", [(4, 3)], r"the bottom has the shape \(4, 3\), but batch_size is 3"),
        ("num_output: 3", [(4, 3), (3,)], r"bottom 1 has the shape \(3,\), but 4 numbers are wanted"),
        ("num_output: 3", [(4, 3), (2, 2)], r"bottom 1 has the shape \(2, 2\)"),
    ],
)
def test_what_cannot_be(param: str, shapes: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with("Lstm", f"lstm_param {{ {param} }}", *shapes)
