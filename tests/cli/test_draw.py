"""Pictures of nets."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from . import pictures

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pictures.write(tmp_path)
    return tmp_path


def texts(path: Path) -> list[str | None]:
    return [element.text for element in ET.parse(path).getroot().iter(f"{SVG}text")]


def test_as_a_user_runs_it(program: Callable, folder: Path) -> None:
    result = program("draw", "train_val.prototxt", "net.svg", "--display_lrm")
    assert (result.code, result.out, result.err) == (0, "Drawing net to net.svg\n", "")
    found = texts(folder / "net.svg")
    assert {"conv", "(Convolution)", "kernel size: 3", "stride: 2", "accuracy", "loss", "lr mult: 1.0, 1.0"} <= set(found)


def test_the_layers_of_a_phase(cli: Callable) -> None:
    assert cli("draw", "train_val.prototxt", "train.svg", "--phase", "train").code == 0
    assert "accuracy" not in texts(Path("train.svg"))
    assert "loss" in texts(Path("train.svg"))


def test_pixels_and_directions(cli: Callable) -> None:
    sizes = {}
    for direction in ("TB", "LR"):
        assert cli("draw", "deploy.prototxt", f"{direction}.png", "--rankdir", direction).code == 0
        with Image.open(f"{direction}.png") as picture:
            sizes[direction] = picture.size
    assert sizes["TB"][1] > sizes["TB"][0]
    assert sizes["LR"][0] > sizes["LR"][1]


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["absent.prototxt", "net.svg"], 1, "absent.prototxt: no such file"),
        (["deploy.prototxt", "net"], 1, "net: the name has no suffix that says how to draw the net"),
        (["deploy.prototxt", "net.xyz"], 1, "a net cannot be drawn as 'xyz'"),
        (["deploy.prototxt", "absent/net.svg"], 1, "Create its folder first"),
        (["deploy.prototxt", "net.svg", "--rankdir", "UP"], 2, "UP"),
        (["deploy.prototxt"], 2, "OUTPUT"),
    ],
)
def test_what_it_refuses(argv: list[str], code: int, said: str, cli: Callable) -> None:
    result = cli("draw", *argv)
    assert result.code == code
    assert said in result.err
    assert len(result.err.splitlines()) == 1
