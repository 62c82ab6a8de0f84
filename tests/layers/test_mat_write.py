"""MatWrite: a file for each bottom and pass."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from netproto.errors import DataError, FormatError, ModelError
from netproto.net.net import Net

from .one_layer import net_with

HEADER = 128


def writer(param: str, *bottoms: tuple[int, ...]) -> Net:
    return net_with("MatWrite", f"mat_write_param {{ {param} }}", *(bottoms or ((2, 3, 5, 7),)), tops=0)


def written(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix == ".mat")


def test_a_pass_is_a_file_for_each_bottom(tmp_path: Path) -> None:
    net = writer(f'prefix: "{tmp_path}/p_"', (1, 2, 3, 5), (3, 7))
    values = np.random.default_rng(1).standard_normal((3, 7)).astype(np.float32)
    net.blobs["b1"].data[...] = values
    net.forward()
    net.forward()
    assert written(tmp_path) == [f"p_iter_{i}_blob_{j}.mat" for i in range(2) for j in range(2)]
    assert (tmp_path / "p_iter_1_blob_1.mat").read_bytes()[HEADER:].find(values.tobytes()) > 0


def test_names_by_a_list_each_third_pass(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("a.png x\nb.png\nc.png\nd.png\ne.png\n")
    net = writer(f'prefix: "{tmp_path}/" source: "{tmp_path}/names.txt" strip: 4 period: 3')
    for _ in range(6):
        net.forward()
    assert written(tmp_path) == ["a_blob_0.mat", "d_blob_0.mat"]
    with pytest.raises(DataError, match=r"pass 7 has no name: '.*names.txt' has 5"):
        net.forward()


def test_a_resumed_run_goes_on_counting(tmp_path: Path) -> None:
    one, two = (writer(f'prefix: "{tmp_path}/p"') for _ in range(2))
    one.forward()
    two.restore_data_states(json.loads(json.dumps(one.data_states())))
    two.forward()
    assert written(tmp_path) == ["piter_0_blob_0.mat", "piter_1_blob_0.mat"]


def test_a_net_is_built_without_its_list(tmp_path: Path) -> None:
    net = writer(f'prefix: "{tmp_path}/" source: "{tmp_path}/none.txt"')
    with pytest.raises(DataError, match=r"none\.txt: cannot be read"):
        net.forward()
    with pytest.raises(FormatError, match="cannot be written"):
        writer(f'prefix: "{tmp_path}/none/"').forward()
    (tmp_path / "names.txt").write_text("a.png\n")
    with pytest.raises(DataError, match=r"strip is 5, but 'a.png' has 5 characters"):
        writer(f'prefix: "{tmp_path}/" source: "{tmp_path}/names.txt" strip: 5').forward()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("mat_write_param { prefix: 'a' period: 0 }", "period is 0"),
        ("mat_write_param { prefix: 'a' strip: -1 }", "strip is -1"),
        ("", "mat_write_param is not written"),
    ],
)
def test_settings_that_cannot_be(body: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with("MatWrite", body, (2, 3), tops=0)
