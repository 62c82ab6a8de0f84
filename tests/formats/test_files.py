"""Files are written whole or not at all, and errors say what is wrong."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netproto.errors import FormatError
from netproto.formats import files


def leftovers(folder):
    return [p for p in folder.iterdir() if p.name.endswith(".tmp")]


def test_a_file_takes_its_name_when_the_block_ends(tmp_path):
    path = tmp_path / "a.bin"
    with files.writing(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert not leftovers(tmp_path)


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(TypeError), files.writing(path) as file:
        file.writelines([b"half", None])
    assert path.read_bytes() == b"old"
    assert not leftovers(tmp_path)


def test_an_interrupt_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), files.writing(path):
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert not leftovers(tmp_path)


@pytest.mark.parametrize("call", ["replace", "fsync"])
def test_a_full_disk_is_said_and_loses_nothing(tmp_path, monkeypatch, call):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def full(*args, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    with (
        pytest.raises(FormatError, match=r"a\.bin: cannot be written: No space left on device\. The disk is full"),
        files.writing(path) as file,
    ):
        file.write(b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert not leftovers(tmp_path)


def test_a_write_to_a_full_disk_is_said(tmp_path):
    with pytest.raises(FormatError, match="The disk is full"), files.whole(tmp_path / "a.bin"), open("/dev/full", "wb") as full:
        full.write(b"x" * 100_000)
    assert not leftovers(tmp_path)


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(FormatError, match=r"No such file or directory\. Create its folder first"), files.writing(tmp_path / "no/a.bin"):
        pass


def test_a_folder_in_the_way_is_said(tmp_path):
    (tmp_path / "a.bin").mkdir()
    with pytest.raises(FormatError, match=r"Is a directory\. A folder of that name stands there"), files.writing(tmp_path / "a.bin"):
        pass


def test_a_link_stays_a_link(tmp_path):
    real, link = tmp_path / "real.bin", tmp_path / "link.bin"
    real.write_bytes(b"old")
    link.symlink_to(real)
    with files.writing(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


KILLED = """
import sys
from netproto.formats import files
print("ready", flush=True)
n = 0
while True:
    n = n % 250 + 1
    with files.writing(sys.argv[1]) as file:
        for _ in range(64):
            file.write(bytes([n]) * 4096)
"""


def test_a_killed_writer_leaves_a_whole_file(tmp_path):
    path = tmp_path / "a.bin"
    for delay in (0.005, 0.017, 0.031, 0.052):
        writer = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE)
        writer.stdout.readline()
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        if path.exists():
            content = path.read_bytes()
            assert len(content) == 64 * 4096
            assert len(set(content)) == 1


def test_reading_what_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for read in (files.view, files.beginning):
        with pytest.raises(FormatError, match=r"none\.bin: there is no such file\. Paths are relative to"):
            read("none.bin")
        with pytest.raises(FormatError, match="is a folder, not a file"):
            read(tmp_path)
        Path("empty.bin").touch()
        with pytest.raises(FormatError, match=r"empty\.bin: is empty"):
            read("empty.bin")
        with pytest.raises(FormatError, match="cannot be read"):
            read("a\0b")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
        (b"<!DOCTYPE html><html>", "is a web page"),
        (b"\x1f\x8b\x08\x00", "is compressed by gzip"),
    ],
)
def test_a_wrong_download_is_told(tmp_path, content, what):
    path = tmp_path / "model.caffemodel"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=what):
        files.beginning(path)
