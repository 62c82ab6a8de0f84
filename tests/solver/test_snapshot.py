"""Snapshots: 2n iterations are n, a snapshot, and n more, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import FormatError
from netproto.solver.rules import RULES
from netproto.solver.snapshot import newest

from .helpers import NET, make_solver, weights_of

RANDOM_NET = NET.replace('bottom: "ip" bottom: "y"', 'bottom: "drop" bottom: "y"').replace(
    'layer { name: "loss"', 'layer { name: "drop" type: "Dropout" bottom: "ip" top: "drop" }\nlayer { name: "loss"'
)
FORMATS = ["", "snapshot_format: BINARYPROTO", "snapshot_format: HDF5"]


@pytest.mark.parametrize("kind", RULES)
def test_resuming_is_exact_dropout_included(kind: str, tmp_path) -> None:
    body = f'type: "{kind}" momentum: 0.9 weight_decay: 0.01 lr_policy: "multistep" gamma: 0.5 stepvalue: 2 stepvalue: 5'
    whole = make_solver(body, RANDOM_NET, prefix=str(tmp_path / "w"))
    whole.step(8)
    first = make_solver(body, RANDOM_NET, prefix=str(tmp_path / "f"))
    first.step(4)
    _, state = first.snapshot()
    second = make_solver(body + " random_seed: 77", RANDOM_NET)
    second.restore(str(state))
    assert second.iter == 4
    second.step(4)
    for key, value in weights_of(whole).items():
        np.testing.assert_array_equal(weights_of(second)[key], value, err_msg=key)
    for mine, its in zip(second.history, whole.history, strict=True):
        for a, b in zip(mine, its, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("body", FORMATS)
def test_every_format_brings_back_weights_history_and_iteration(body: str, tmp_path) -> None:
    whole = make_solver("momentum: 0.9 " + body)
    whole.step(6)
    first = make_solver("momentum: 0.9 " + body, prefix=str(tmp_path / "f"))
    first.step(3)
    _, state = first.snapshot()
    second = make_solver("momentum: 0.9 " + body)
    second.restore(str(state))
    second.step(3)
    for key, value in weights_of(whole).items():
        np.testing.assert_array_equal(weights_of(second)[key], value)


def test_names_say_prefix_and_iteration(tmp_path) -> None:
    make_solver("snapshot: 2 max_iter: 5 snapshot_after_train: true", prefix=str(tmp_path / "deep" / "net")).solve()
    names = sorted(p.name for p in (tmp_path / "deep").iterdir())
    assert names == sorted(f"net_iter_{i}{suffix}" for i in (2, 4, 5) for suffix in (".npz", ".state.npz"))


def test_no_second_snapshot_of_the_last_iteration(tmp_path) -> None:
    make_solver("snapshot: 2 max_iter: 4 snapshot_after_train: true", prefix=str(tmp_path / "n")).solve()
    assert len(list(tmp_path.iterdir())) == 4


def test_a_failed_snapshot_leaves_the_last_one_whole(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    solver = make_solver(prefix=str(tmp_path / "n"))
    solver.step(2)
    solver.snapshot()
    kept = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    solver.step(1)
    with pytest.raises(FormatError, match=r"n_iter_3.npz.*No space left on device"):
        solver.snapshot()
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == kept


def test_the_newest_state_is_found_by_its_number(tmp_path) -> None:
    for name in ("n_iter_9.state.npz", "n_iter_100.state.npz", "n_iter_200.npz", "other_iter_999.state.npz"):
        (tmp_path / name).touch()
    assert newest(tmp_path / "n") == tmp_path / "n_iter_100.state.npz"
    assert newest(tmp_path / "absent") is None


def test_a_state_of_another_net_is_refused_before_anything_changes(tmp_path) -> None:
    small = make_solver(prefix=str(tmp_path / "s"))
    small.step(1)
    _, state = small.snapshot()
    other = make_solver("", NET.replace("num_output: 5", "num_output: 6"))
    before = weights_of(other)
    with pytest.raises(FormatError, match=r"ip/0.*\(5, 3\).*\(6, 3\)"):
        other.restore(str(state))
    assert other.iter == 0
    for key, value in weights_of(other).items():
        np.testing.assert_array_equal(value, before[key])


def test_a_state_of_another_solver_type_is_refused(tmp_path) -> None:
    sgd = make_solver(prefix=str(tmp_path / "s"))
    _, state = sgd.snapshot()
    with pytest.raises(FormatError, match=r"holds 2 histories of 2 learned blobs; Adam wants 2 of each of 2"):
        make_solver('type: "Adam"').restore(str(state))


def test_weights_that_moved_with_their_state_are_found(tmp_path, caplog: pytest.LogCaptureFixture) -> None:
    solver = make_solver(prefix=str(tmp_path / "a" / "s"))
    _, state = solver.snapshot()
    (tmp_path / "a").rename(tmp_path / "b")
    make_solver().restore(str(tmp_path / "b" / state.name))
    assert "which is not there" in caplog.text
