"""Files that are written whole or not at all, and read with errors that say what is wrong with them."""

from __future__ import annotations

import errno
import mmap
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ..errors import FormatError, Place

WRITE_HINTS = {
    errno.ENOSPC: "The disk is full: make room, or write to another one",
    errno.EDQUOT: "The disk quota is used up: make room, or write to another disk",
    errno.ENOENT: "Create its folder first",
    errno.ENOTDIR: "A part of the path is a file, not a folder",
    errno.EACCES: "You may not write there",
    errno.EPERM: "You may not write there",
    errno.EROFS: "That disk is read-only",
    errno.EEXIST: "Remove it, or choose another name",
    errno.ENOTEMPTY: "Remove it, or choose another name",
    errno.EISDIR: "A folder of that name stands there",
    errno.EFBIG: "The disk's file system does not take files of this size",
}

BEGINNINGS = {
    b"version https://git-lfs": ("is a Git LFS pointer, not the file itself", "Fetch it with `git lfs pull`"),
    b"<!DOCTYPE": ("is a web page", "The download went wrong: fetch the file itself"),
    b"<!doctype": ("is a web page", "The download went wrong: fetch the file itself"),
    b"<html": ("is a web page", "The download went wrong: fetch the file itself"),
    b"\x1f\x8b": ("is compressed by gzip", "Unpack it first"),
}


@contextmanager
def whole(path: str | os.PathLike[str]) -> Iterator[str]:
    """Give a temporary path in the folder of `path`; when the block ends, what was written there takes the name `path`.

    Until then, and for good if anything fails, an older file of that name stays as it was, and nothing else is left behind.
    OSError becomes a FormatError that names the place.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        _refuse_folder(target)
        yield str(temporary)
        _sync(temporary)
        os.replace(temporary, target)
        _sync_folder(target.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """`whole` with the temporary file opened for writing bytes."""
    with whole(path) as temporary, open(temporary, "wb") as file:
        yield file


@contextmanager
def whole_folder(path: str | os.PathLike[str]) -> Iterator[str]:
    """Give a temporary path beside `path`; when the block ends, the folder that it made there takes the name `path`.

    If the block fails, nothing is left behind. Raises FormatError if something of that name is there already, before the block or after
    it, or where the disk does not take it.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
    try:
        _refuse_what_is_there(target)
        yield str(temporary)
        _refuse_what_is_there(target)
        temporary.rename(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def cannot_write(path: str | os.PathLike[str], error: BaseException) -> FormatError:
    """The FormatError for a failed attempt to write."""
    number = error.errno if isinstance(error, OSError) else None
    reason = os.strerror(number) if number else str(error)
    return FormatError(f"cannot be written: {reason}", place=Place(os.fspath(path)), hint=WRITE_HINTS.get(number or 0, ""))


def cannot_read(path: str | os.PathLike[str], error: BaseException) -> FormatError:
    """The FormatError for a failed attempt to read."""
    place = Place(os.fspath(path))
    if isinstance(error, FileNotFoundError):
        hint = "" if os.path.isabs(path) else f"Paths are relative to {os.getcwd()}"
        return FormatError("there is no such file", place=place, hint=hint)
    if isinstance(error, IsADirectoryError):
        return FormatError("is a folder, not a file", place=place)
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return FormatError(f"cannot be read: {reason}", place=place)


def view(path: str | os.PathLike[str]) -> memoryview:
    """The file's bytes, mapped and read-only: what is not looked at is not read. Raises FormatError if missing, a folder or empty."""
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise FormatError("is empty", place=Place(os.fspath(path)))
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise cannot_read(path, error) from error


def beginning(path: str | os.PathLike[str], count: int = 64) -> bytes:
    """The file's first bytes. Raises FormatError if it is missing, a folder, empty, or plainly something else than was meant."""
    try:
        with open(path, "rb") as file:
            start = file.read(count)
    except (OSError, ValueError) as error:
        raise cannot_read(path, error) from error
    if not start:
        raise FormatError("is empty", place=Place(os.fspath(path)))
    for magic, (what, hint) in BEGINNINGS.items():
        if start.startswith(magic):
            raise FormatError(what, place=Place(os.fspath(path)), hint=hint)
    return start


def _refuse_folder(target: Path) -> None:
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))


def _refuse_what_is_there(target: Path) -> None:
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
