"""LSTM and RNN against loops, what they remember from pass to pass, and what is wrong with some bottoms."""

from __future__ import annotations

import json

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.net.net import Net
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.testing import net_of

UNITS = 3


def recurrent_net(kind: str, *shapes: tuple[int, ...], body: str = "", tops: int = 1, ops: Ops | None = None) -> Net:
    inputs = ""
    for i, shape in enumerate(shapes):
        dims = " ".join(f"dim: {d}" for d in shape)
        inputs += f'layer {{ name: "in{i}" type: "Input" top: "b{i}" input_param {{ shape {{ {dims} }} }} }}\n'
    names = " ".join([f'bottom: "b{i}"' for i in range(len(shapes))] + [f'top: "t{i}"' for i in range(tops)])
    filler = 'weight_filler { type: "gaussian" std: 0.7 } bias_filler { type: "uniform" min: -1 }'
    param = f"recurrent_param {{ num_output: {UNITS} {filler} {body} }}"
    return net_of(f'force_backward: true\n{inputs}layer {{ name: "L" type: "{kind}" {names} {param} }}', ops=ops or Ops("float64"))


def sigmoid(x: float) -> float:
    return 1 / (1 + np.exp(-x))


def naive_lstm(
    x: np.ndarray, cont: np.ndarray, w_x: np.ndarray, b: np.ndarray, w_h: np.ndarray, h: np.ndarray, c: np.ndarray
) -> np.ndarray:
    out = np.zeros((*x.shape[:2], UNITS))
    for t in range(x.shape[0]):
        for n in range(x.shape[1]):
            sums = [b[j] + w_x[j] @ x[t, n] + w_h[j] @ (cont[t, n] * h[n]) for j in range(4 * UNITS)]
            for d in range(UNITS):
                i, f, o, g = (sums[k * UNITS + d] for k in range(4))
                c[n, d] = cont[t, n] * sigmoid(f) * c[n, d] + sigmoid(i) * np.tanh(g)
                out[t, n, d] = sigmoid(o) * np.tanh(c[n, d])
            h[n] = out[t, n]
    return out


def naive_rnn(x: np.ndarray, cont: np.ndarray, weights: list[np.ndarray], h: np.ndarray) -> np.ndarray:
    w_x, b, w_h, w_o, b_o = weights
    out = np.zeros((*x.shape[:2], UNITS))
    for t in range(x.shape[0]):
        for n in range(x.shape[1]):
            h[n] = np.tanh(w_x @ x[t, n] + b + w_h @ (cont[t, n] * h[n]))
            out[t, n] = np.tanh(w_o @ h[n] + b_o)
    return out


def filled(net: Net, *, seed: int, cont: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    x, c = net.blobs["b0"].data, net.blobs["b1"].data
    x[...] = generator.standard_normal(x.shape)
    c[...] = generator.integers(0, 2, c.shape) if cont is None else cont
    return x.copy(), c.copy()


def test_lstm_goes_on_where_the_pass_before_ended() -> None:
    net = recurrent_net("LSTM", (5, 2, 7), (5, 2))
    weights = [b.data for b in net.params["L"]]
    h, c = np.zeros((2, UNITS)), np.zeros((2, UNITS))
    for seed in (1, 2, 3):
        x, cont = filled(net, seed=seed)
        net.forward()
        np.testing.assert_allclose(net.blobs["t0"].data, naive_lstm(x, cont, *weights, h, c), rtol=1e-10)


def test_rnn_goes_on_where_the_pass_before_ended() -> None:
    net = recurrent_net("RNN", (5, 2, 7), (5, 2))
    weights = [b.data for b in net.params["L"]]
    h = np.zeros((2, UNITS))
    for seed in (1, 2, 3):
        x, cont = filled(net, seed=seed)
        net.forward()
        np.testing.assert_allclose(net.blobs["t0"].data, naive_rnn(x, cont, weights, h), rtol=1e-10)


def test_cont_is_a_factor_not_a_switch() -> None:
    net = recurrent_net("LSTM", (3, 2, 5), (3, 2))
    x, cont = filled(net, seed=4, cont=0.5)
    net.forward()
    h, c = np.zeros((2, UNITS)), np.zeros((2, UNITS))
    np.testing.assert_allclose(net.blobs["t0"].data, naive_lstm(x, cont, *(b.data for b in net.params["L"]), h, c), rtol=1e-10)


def test_a_static_input_is_as_good_as_one_repeated_at_every_timestep() -> None:
    net, repeated = recurrent_net("LSTM", (3, 2, 5), (3, 2), (2, 7)), recurrent_net("LSTM", (3, 2, 12), (3, 2))
    x, cont = filled(net, seed=5)
    static = np.random.default_rng(6).standard_normal((2, 7))
    net.blobs["b2"].data[...] = static
    w_x, bias, w_static, w_h = (b.data for b in net.params["L"])
    for blob, value in zip(repeated.params["L"], (np.hstack([w_x, w_static]), bias, w_h), strict=True):
        blob.data[...] = value
    repeated.blobs["b0"].data[...] = np.concatenate([x, np.broadcast_to(static, (3, 2, 7))], axis=2)
    repeated.blobs["b1"].data[...] = cont
    net.forward()
    repeated.forward()
    np.testing.assert_allclose(net.blobs["t0"].data, repeated.blobs["t0"].data, rtol=1e-12)


@pytest.mark.parametrize(("kind", "exposed"), [("LSTM", 2), ("RNN", 1)])
def test_exposed_hidden_carries_a_sequence_from_pass_to_pass(kind: str, exposed: int) -> None:
    state = [(1, 2, UNITS)] * exposed
    short = recurrent_net(kind, (2, 2, 7), (2, 2), *state, body="expose_hidden: true", tops=1 + exposed)
    long = recurrent_net(kind, (4, 2, 7), (4, 2))
    x, _ = filled(long, seed=7, cont=1)
    long.forward()
    for i in range(2):
        short.blobs["b0"].data[...] = x[2 * i : 2 * i + 2]
        short.blobs["b1"].data[...] = 1
        short.forward()
        np.testing.assert_allclose(short.blobs["t0"].data, long.blobs["t0"].data[2 * i : 2 * i + 2], rtol=1e-10)
        for j in range(exposed):
            short.blobs[f"b{2 + j}"].data[...] = short.blobs[f"t{1 + j}"].data


def test_a_top_changed_in_place_changes_neither_memory_nor_gradient() -> None:
    clean, spoilt = (recurrent_net("RNN", (3, 2, 5), (3, 2), ops=CpuOps()) for _ in range(2))
    for net in (clean, spoilt):
        for seed in (1, 2):
            filled(net, seed=seed)
            net.forward()
            if net is spoilt:
                net.blobs["t0"].data[...] = 9
        net.blobs["t0"].diff[...] = 1
        net.backward()
    np.testing.assert_array_equal(clean.blobs["b0"].diff, spoilt.blobs["b0"].diff)


def test_fewer_streams_keep_their_memory() -> None:
    net = recurrent_net("RNN", (2, 5, 7), (2, 5))
    filled(net, seed=8, cont=1)
    net.forward()
    hidden = net.layers[-1].internals["kept_hidden"].copy()
    net.blobs["b0"].reshape((2, 3, 7))
    net.blobs["b1"].reshape((2, 3))
    x, cont = filled(net, seed=9, cont=1)
    net.forward()
    wanted = naive_rnn(x, cont, [b.data for b in net.params["L"]], hidden[0, :3])
    np.testing.assert_allclose(net.blobs["t0"].data, wanted, rtol=1e-10)


def test_a_snapshot_keeps_what_is_remembered() -> None:
    one, two = (recurrent_net("LSTM", (3, 2, 5), (3, 2), ops=CpuOps()) for _ in range(2))
    filled(one, seed=1, cont=1)
    one.forward()
    two.restore_data_states(json.loads(json.dumps(one.data_states())))
    for net in (one, two):
        filled(net, seed=2, cont=1)
        net.forward()
    np.testing.assert_array_equal(one.blobs["t0"].data, two.blobs["t0"].data)


def test_learned_blobs_that_do_not_learn_get_no_gradient() -> None:
    shapes = "dim: 3 dim: 2 dim: 5", "dim: 3 dim: 2"
    net = net_of(
        f"""
        layer {{ name: "in" type: "Input" top: "x" top: "cont" input_param {{ shape {{ {shapes[0]} }} shape {{ {shapes[1]} }} }} }}
        layer {{ name: "L" type: "LSTM" bottom: "x" bottom: "cont" top: "h" loss_weight: 1
                 param {{ lr_mult: 0 }} param {{ lr_mult: 1 }} param {{ lr_mult: 0 }}
                 recurrent_param {{ num_output: 2 weight_filler {{ type: "gaussian" }} }} }}
        """
    )
    net.forward()
    net.backward()
    assert [bool(b.diff.any()) for b in net.params["L"]] == [False, True, False]


@pytest.mark.parametrize("kind", ["LSTM", "RNN"])
@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ([(5, 2), (5, 2)], r"bottom 0 has the shape \(5, 2\), but \(timesteps, streams, \.\.\.\)"),
        ([(5, 2, 7), (5, 3)], r"bottom 1 has the shape \(5, 3\), but \(timesteps, streams\) = \(5, 2\)"),
        ([(5, 2, 7), (5, 2, 1)], r"bottom 1 has the shape \(5, 2, 1\)"),
        ([(5, 2, 7), (5, 2), (3, 7)], r"bottom 2 has the shape \(3, 7\), but \(streams, \.\.\.\) with 2 streams"),
        ([(5, 2, 7)], "takes 2 to 3 bottom blobs, not 1"),
    ],
)
def test_bottoms_that_do_not_fit(kind: str, shapes: list[tuple[int, ...]], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        recurrent_net(kind, *shapes)


def test_exposed_bottoms_that_do_not_fit() -> None:
    with pytest.raises(ModelError, match=r"bottom 2 has the shape \(2, 3\), not \(1, 2, 3\)"):
        recurrent_net("RNN", (5, 2, 7), (5, 2), (2, 3), body="expose_hidden: true", tops=2)
    with pytest.raises(ModelError, match="takes 3 top blobs, not 1"):
        recurrent_net("LSTM", (5, 2, 7), (5, 2), (1, 2, 3), (1, 2, 3), body="expose_hidden: true")


def test_the_number_of_timesteps_is_fixed() -> None:
    net = recurrent_net("LSTM", (5, 2, 7), (5, 2))
    net.blobs["b0"].reshape((4, 2, 7))
    net.blobs["b1"].reshape((4, 2))
    with pytest.raises(ModelError, match="has 4 timesteps now; it began with 5"):
        net.forward()


def test_no_units() -> None:
    with pytest.raises(ModelError, match="num_output must be at least 1"):
        net_of(
            """
            layer { name: "in" type: "Input" top: "x" top: "c" input_param { shape { dim: 2 dim: 2 dim: 2 } shape { dim: 2 dim: 2 } } }
            layer { name: "L" type: "RNN" bottom: "x" bottom: "c" top: "h" }
            """
        )


def test_cont_gets_no_gradient() -> None:
    net = recurrent_net("LSTM", (3, 2, 5), (3, 2))
    net.forward()
    with pytest.raises(ModelError, match="cannot give a gradient to bottom 1"):
        net.layers[-1].backward([net.blobs["t0"]], [True, True], [net.blobs["b0"], net.blobs["b1"]])


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ([(2, 5, 3), (2, 5, 12), (2, 5)], r"bottom 0 has the shape \(2, 5, 3\), not \(1, streams, units\)"),
        ([(1, 5, 3), (1, 5, 9), (1, 5)], r"bottom 1 has the shape \(1, 5, 9\), not \(1, 5, 12\)"),
        ([(1, 5, 3), (1, 5, 12), (5,)], r"bottom 2 has the shape \(5,\), not \(1, 5\)"),
    ],
)
def test_lstm_unit_bottoms_that_do_not_fit(shapes: list[tuple[int, ...]], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        recurrent_net("LSTMUnit", *shapes, tops=2)
