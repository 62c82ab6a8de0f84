"""Squares of whole folders of pictures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netproto.data import image
from netproto.data.square import square


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(7)
    for name, size in (("a.png", (20, 33, 3)), ("cats/b.png", (33, 20, 3)), ("cats/my c.JPEG", (50, 70, 3))):
        Path("in", name).parent.mkdir(exist_ok=True, parents=True)
        Image.fromarray(generator.integers(0, 256, size, np.uint8)).save(Path("in", name))
    Path("in/notes.txt").write_text("no picture")
    return tmp_path


def found(where: str) -> list[str]:
    return sorted(str(path.relative_to(where)) for path in Path(where).rglob("*") if path.is_file())


def test_as_a_user_runs_it(program: Callable, folder: Path) -> None:
    result = program("resize-images", "--input_folder=in", "--output_folder=out", "--output_side_length=10", "--log-format=plain")
    assert (result.code, result.err) == (0, "Wrote 3 pictures to out\n")
    assert found("out") == ["a.png", "cats/b.png", "cats/my c.JPEG"]
    np.testing.assert_array_equal(image.read("out/a.png", color=True), square(image.read("in/a.png", color=True), 10))
    assert image.read("out/cats/my c.JPEG", color=True).shape == (10, 10, 3)


def test_a_list_may_name_some_from_here_or_from_there(cli: Callable) -> None:
    Path("list.txt").write_text(f"in/a.png 3\ncats/my c.JPEG 7\n{Path('in/cats/b.png').absolute()}\n")
    assert cli("resize-images", "--input-folder", "in/", "--output-folder", "out", "--input", "list.txt").code == 0
    assert found("out") == ["a.png", "cats/b.png", "cats/my c.JPEG"]


def test_pil(cli: Callable) -> None:
    assert cli("resize-images", "--input-folder=in", "--output-folder=out", "--output-side-length=12", "--image-lib=pil").code == 0
    with Image.open("out/cats/b.png") as picture:
        assert (picture.format, picture.size) == ("JPEG", (12, 12))


def test_what_cannot_be_read_is_skipped(cli: Callable) -> None:
    Path("in/bad.png").write_bytes(b"no picture")
    Path("list.txt").write_text("a.png\nbad.png\nabsent.jpg\nnotes.txt\n../list.txt\n")
    result = cli("resize-images", "--input-folder=in", "--output-folder=out", "--input=list.txt", "--log-format=plain")
    assert result.code == 0
    assert found("out") == ["a.png"]
    lines = result.err.splitlines()
    assert len([line for line in lines if "Skipping" in line]) == 4
    assert any("in/absent.jpg: image cannot be read: No such file" in line for line in lines)
    assert any("../list.txt: does not lie in in" in line for line in lines)
    assert any("its name does not say a format that can be written" in line for line in lines)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--input-folder=absent", "--output-folder=out"], "absent: there is no such folder"),
        (["--input-folder=empty", "--output-folder=out"], "empty: holds no pictures"),
        (["--input-folder=in", "--output-folder=in/../in"], "is both the input and the output folder"),
        (["--input-folder=in", "--output-folder=out", "--input=only_bad.txt"], "none of 1 pictures could be resized"),
        (["--input-folder=in", "--output-folder=file", "--input=one.txt"], "file"),
    ],
)
def test_what_it_refuses(argv: list[str], said: str, cli: Callable) -> None:
    Path("empty").mkdir()
    Path("file").write_text("")
    Path("only_bad.txt").write_text("notes.txt\n")
    Path("one.txt").write_text("a.png\n")
    result = cli("resize-images", *argv)
    assert result.code == 1
    assert said in result.err.splitlines()[-1]
