"""The loop: what it says, when it tests, clips and stops."""

from __future__ import annotations

import logging
import re

import numpy as np
import pytest

from netproto import fillers
from netproto.errors import NetprotoError, SolverError
from netproto.ops.base import Ops
from netproto.solver import Action

from .helpers import NET, feed, make_solver, weights_of

TEST_NET = "test_iter: 2 test_interval: 3"


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "netproto.solver"]


@pytest.fixture(autouse=True)
def _listen(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="netproto.solver")


def test_training_lowers_the_loss() -> None:
    solver = make_solver()
    first = float(solver.gradients())
    solver.step(20)
    assert float(solver.gradients()) < 0.7 * first


def test_the_lines_are_caffes(caplog: pytest.LogCaptureFixture) -> None:
    solver = make_solver("display: 4 max_iter: 8 " + TEST_NET)
    solver.solve()
    lines = said(caplog)
    assert lines[lines.index("Solving small") :][:2] == ["Solving small", "Learning Rate Policy: fixed"]
    shown = [line for line in lines if line.startswith(("Iteration", "    T", "Optim"))]
    number = r"[\d.e+-]+"
    patterns = [r"Iteration 0, Testing net \(#0\)", rf"    Test net output #0: loss = {number} \(\* 1 = {number} loss\)"]
    display = [
        rf"Iteration %d \({number} iter/s, {number}s/4 iters\), loss = {number}",
        rf"    Train net output #0: loss = {number} \(\* 1 = {number} loss\)",
        "Iteration %d, lr = 0.1",
    ]
    test = [p.replace("Iteration 0", "Iteration %d") for p in patterns]
    wanted = [*patterns, *(p.replace("%d", "0") for p in display), *(p.replace("%d", "3") for p in test)]
    wanted += [*(p.replace("%d", "4") for p in display), *(p.replace("%d", "6") for p in test)]
    wanted += [rf"Iteration 8, loss = {number}", "Optimization Done."]
    assert len(shown) == len(wanted), shown
    for line, pattern in zip(shown, wanted, strict=True):
        assert re.fullmatch(pattern, line), (line, pattern)


def test_no_test_before_training_where_the_file_says_so(caplog: pytest.LogCaptureFixture) -> None:
    make_solver("test_initialization: false max_iter: 3 " + TEST_NET).solve()
    assert [line for line in said(caplog) if "Testing" in line] == ["Iteration 3, Testing net (#0)"]


def test_several_test_nets_and_test_loss(caplog: pytest.LogCaptureFixture) -> None:
    solver = make_solver("test_iter: 2 test_iter: 1 test_interval: 5 test_compute_loss: true max_iter: 1")
    solver.test_all()
    loss = float(solver.test_nets[0].blobs["loss"].data)
    assert [line for line in said(caplog) if line.startswith("Test loss")] == [f"Test loss: {loss:g}"] * 2


@pytest.mark.parametrize("lean", [False, True])
def test_what_test_nets_share_is_filled_once(lean: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes, fill = [], fillers.fill
    monkeypatch.setattr(fillers, "fill", lambda message, blob, generator: shapes.append(blob.shape) or fill(message, blob, generator))
    solver = make_solver(TEST_NET, lean_tests=lean)
    assert shapes
    assert len(shapes) <= len(solver.net.learnable)


def test_lean_test_nets_see_every_step_of_the_training(caplog: pytest.LogCaptureFixture) -> None:
    net = NET.replace('bottom: "ip"', 'bottom: "out"') + 'layer { name: "twice" type: "Silence" bottom: "seen" }'
    behind = """
        layer { name: "bn" type: "BatchNorm" bottom: "ip" top: "ip" } layer { name: "scale" type: "Scale" bottom: "ip" top: "ip" }
        layer { name: "relu" type: "ReLU" bottom: "ip" top: "out" } layer { name: "pow" type: "Power" bottom: "out" top: "seen" }
        layer { name: "loss" """
    made = []
    for lean in (False, True):
        caplog.clear()
        make_solver("max_iter: 8 " + TEST_NET, net.replace('layer { name: "loss" ', behind), lean_tests=lean).solve()
        made.append([float(line.split(" = ")[1].split()[0]) for line in said(caplog) if "Test net output" in line])
    np.testing.assert_allclose(made[1], made[0], rtol=1e-4)
    assert len(set(made[0])) == 3


def test_test_nets_use_what_is_trained() -> None:
    solver = make_solver(TEST_NET)
    solver.step(2)
    np.testing.assert_array_equal(solver.test_nets[0].params["ip"][0].data, solver.net.params["ip"][0].data)


def test_iter_size_averages_gradients() -> None:
    one, four = make_solver("momentum: 0.9"), make_solver("momentum: 0.9 iter_size: 4")
    for solver in (one, four):
        solver.step(3)
    for key, value in weights_of(one).items():
        np.testing.assert_allclose(weights_of(four)[key], value, rtol=1e-5)


def test_clipping_scales_the_sum_of_all_gradients_before_decay(caplog: pytest.LogCaptureFixture) -> None:
    solver = make_solver("clip_gradients: 0.05 weight_decay: 0.1", ops=Ops("float64"))
    before = weights_of(solver)
    solver.gradients()
    diffs = {p.key: np.array(p.blob.diff) for p in solver.net.learnable}
    norm = np.sqrt(sum((d**2).sum() for d in diffs.values()))
    assert norm > 0.05
    solver.apply_update()
    scaled = diffs["ip/0"] * 0.05 / norm
    np.testing.assert_allclose(before["ip/0"] - weights_of(solver)["ip/0"], 0.1 * (scaled + 0.1 * before["ip/0"]), rtol=1e-5)
    assert any(line.startswith("Gradient clipping: scaling down gradients") for line in said(caplog))


def test_average_loss_is_a_running_mean(caplog: pytest.LogCaptureFixture) -> None:
    solver = make_solver("display: 1 average_loss: 2")
    losses = []
    solver.on_iteration.append(lambda s, loss, rate: losses.append(float(loss)))
    solver.step(3)
    shown = [float(line.rsplit("= ", 1)[1]) for line in said(caplog) if line.startswith("Iteration") and "iter/s" in line]
    assert shown == pytest.approx([losses[0], (losses[0] + losses[1]) / 2, (losses[1] + losses[2]) / 2], rel=1e-5)


def test_a_stop_request_ends_after_the_iteration_and_snapshots(tmp_path, caplog: pytest.LogCaptureFixture) -> None:
    solver = make_solver("max_iter: 50 snapshot_after_train: true", prefix=str(tmp_path / "s"))
    solver.on_iteration.append(lambda s, loss, rate: s.request(Action.STOP) if s.iter == 3 else None)
    solver.solve()
    assert solver.iter == 3
    assert (tmp_path / "s_iter_3.state.npz").exists()
    assert said(caplog)[-1] == "Optimization stopped early."


def test_a_snapshot_request_is_obeyed_and_training_goes_on(tmp_path) -> None:
    solver = make_solver("max_iter: 5", prefix=str(tmp_path / "s"))
    solver.on_iteration.append(lambda s, loss, rate: s.request(Action.SNAPSHOT) if s.iter == 2 else None)
    solver.solve()
    assert solver.iter == 5
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["s_iter_2.npz", "s_iter_2.state.npz"]


def test_requests_are_obeyed_in_the_middle_of_a_test(tmp_path, caplog: pytest.LogCaptureFixture) -> None:
    solver = make_solver(TEST_NET, prefix=str(tmp_path / "s"))
    solver.request(Action.SNAPSHOT)
    solver.request(Action.STOP)
    solver.solve()
    assert solver.iter == 0
    assert "Test interrupted." in said(caplog)
    assert (tmp_path / "s_iter_0.state.npz").exists()


def test_a_loss_that_is_not_finite_stops_before_the_weights_change(tmp_path) -> None:
    solver = make_solver("snapshot: 1", prefix=str(tmp_path / "s"))
    solver.step(1)
    before = weights_of(solver)
    solver.net.blobs["x"].data[1, 2] = np.nan
    with pytest.raises(SolverError, match=r"the loss is nan at iteration 1; the first that is not finite: blob 'x'"):
        solver.step(1)
    for key, value in weights_of(solver).items():
        np.testing.assert_array_equal(value, before[key])
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["s_iter_1.npz", "s_iter_1.state.npz"]


def test_levels_and_stages_of_the_command_line_reach_the_train_net_only() -> None:
    extra = 'layer { name: "%s" type: "ReLU" bottom: "x" top: "%s" include { %s } }'
    net = NET + extra % ("staged", "s", 'stage: "s"') + extra % ("levelled", "l", "min_level: 2")
    solver = make_solver(TEST_NET, net, level=2, stages=("s",))
    assert {"staged", "levelled"} <= set(solver.net.layer_names)
    assert not {"staged", "levelled"} & set(solver.test_nets[0].layer_names)


def test_train_and_test_state_are_merged() -> None:
    extra = 'layer { name: "staged" type: "ReLU" bottom: "x" top: "s" include { stage: "s" } }'
    solver = make_solver(TEST_NET + ' test_state { stage: "s" }', NET + extra)
    assert "staged" in solver.test_nets[0].layer_names
    assert "staged" not in solver.net.layer_names


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('type: "Adaam"', "s.prototxt:.*unknown solver type 'Adaam'. Did you mean 'Adam'"),
        ('net: "x.prototxt"', "a solver names one train net; this one has net, net_param"),
        ("test_iter: 3", "test nets but no test_interval"),
        ('test_net: "a" test_net: "b" test_iter: 1 test_interval: 1', "1 test_iter for 2 test nets"),
        ("test_iter: 1 test_interval: 1 test_state {} test_state {}", "2 test_state for 1 test nets"),
        ('regularization_type: "L3"', "unknown regularization_type 'L3'. Known: L1, L2"),
        ("iter_size: 0", "iter_size is 0; it must be at least 1"),
        ('snapshot: 5 snapshot_prefix: "/proc/nowhere/x"', "snapshots cannot be written to '/proc/nowhere'"),
        ('weights: "/nowhere/w.npz"', "/nowhere/w.npz"),
    ],
)
def test_what_cannot_be_obeyed_is_refused(body: str, said: str) -> None:
    with pytest.raises(NetprotoError, match=said):
        make_solver(body)


def test_a_missing_net_file_is_refused_with_the_place_of_its_name() -> None:
    with pytest.raises(SolverError, match=r"s.prototxt:1:\d+: test_net '/nowhere/net.prototxt': "):
        make_solver('test_net: "/nowhere/net.prototxt" test_iter: 1 test_interval: 1')


def test_feeding_is_deterministic() -> None:
    a, b = make_solver(), make_solver()
    feed(a.net)
    feed(b.net)
    np.testing.assert_array_equal(a.net.blobs["x"].data, b.net.blobs["x"].data)


def test_callbacks_come_before_the_passes_and_before_the_update() -> None:
    solver = make_solver("iter_size: 2")
    seen: list[tuple[str, int, float]] = []

    def note(what: str) -> None:
        seen.append((what, solver.iter, float(solver.net.params["ip"][0].data.sum())))

    solver.net.callbacks.before_forward.append(lambda layer: note("forward") if layer == 0 else None)
    solver.on_start.append(lambda: note("start"))
    solver.on_gradients_ready.append(lambda: note("ready"))
    solver.step(2)
    assert [(what, i) for what, i, _ in seen] == [(what, i) for i in (0, 1) for what in ("start", "forward", "forward", "ready")]
    assert seen[0][2] == seen[3][2] != seen[4][2] == seen[7][2]


def test_a_rank_is_handed_to_all_layers() -> None:
    solver = make_solver(TEST_NET, rank=2, ranks=3)
    assert {(layer.rank, layer.ranks) for net in (solver.net, *solver.test_nets) for layer in net.layers} == {(2, 3)}


@pytest.mark.parametrize("seen", ["", "momentum: 0.9 weight_decay: 0.1", 'regularization_type: "L1" weight_decay: 0.1'])
def test_gradients_left_as_products_give_the_same_weights(seen: str) -> None:
    whole, lean = make_solver(seen), make_solver(seen, lean_training=True)
    assert lean.net.factors(0) is not None
    assert whole.net.factors(0) is None
    for solver in (whole, lean):
        solver.step(5)
    for key, weights in weights_of(whole).items():
        np.testing.assert_allclose(weights_of(lean)[key], weights, rtol=1e-6, atol=1e-7, err_msg=key)
    assert not lean.net.learnable[0].blob.diff.any()


@pytest.mark.parametrize("settings", ["clip_gradients: 0.1", "iter_size: 2", "debug_info: true", 'type: "Adam"'])
def test_gradients_are_made_where_more_is_to_become_of_them(settings: str) -> None:
    whole, lean = make_solver(settings), make_solver(settings, lean_training=True)
    assert lean.net.factors(0) is None
    for solver in (whole, lean):
        solver.step(5)
    for key, weights in weights_of(whole).items():
        np.testing.assert_allclose(weights_of(lean)[key], weights, rtol=1e-6, atol=1e-7, err_msg=key)


def test_gradients_are_made_for_a_backend_that_needs_them_and_for_other_ranks() -> None:
    assert make_solver(lean_training=True, ops=Ops()).net.factors(0) is None
    assert make_solver(lean_training=True, ranks=2).net.factors(0) is None
