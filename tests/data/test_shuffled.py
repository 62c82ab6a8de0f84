"""An LMDB whose order is drawn anew for each epoch."""

from __future__ import annotations

from pathlib import Path

import pytest

from netproto.data import database, lmdb
from netproto.data.shuffled import ShuffledLmdbSource
from netproto.errors import DataError


def make(path: Path, count: int = 23) -> str:
    lmdb.write(str(path / "db"), ((f"{i:03}".encode(), bytes([i])) for i in range(count)))
    return str(path / "db")


def taken(source: ShuffledLmdbSource, count: int) -> list[int]:
    return [bytes(source.take().value)[0] for _ in range(count)]


def test_each_epoch_has_every_record_once_in_another_order(tmp_path: Path) -> None:
    source = ShuffledLmdbSource(make(tmp_path))
    assert len(source) == 23
    first, second = taken(source, 23), taken(source, 23)
    assert sorted(first) == sorted(second) == list(range(23))
    assert first != second != list(range(23))
    source.close()


def test_the_key_decides_and_a_state_goes_on(tmp_path: Path) -> None:
    path = make(tmp_path)
    one, same, other, resumed = (ShuffledLmdbSource(path) for _ in range(4))
    other.key = 5
    wanted = taken(one, 30)
    assert taken(same, 30) == wanted
    assert taken(other, 30) != wanted
    resumed.restore({"position": 11})
    assert taken(resumed, 19) == wanted[11:]
    for source in (one, same, other, resumed):
        source.close()


def test_ranks_share_the_records(tmp_path: Path) -> None:
    path = make(tmp_path, 6)
    sources = [ShuffledLmdbSource(path) for _ in range(2)]
    for rank, source in enumerate(sources):
        source.deal(rank, 2)
    assert sorted(taken(sources[0], 3) + taken(sources[1], 3)) == list(range(6))
    for source in sources:
        source.close()


def test_what_cannot_be_shuffled(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a LevelDB cannot be read in another order"):
        database.open_source(str(tmp_path), "LEVELDB", shuffle=True)
    with lmdb.LmdbWriter(str(tmp_path / "empty")):
        pass
    with pytest.raises(DataError, match="holds no records"):
        database.open_source(str(tmp_path / "empty"), "LMDB", shuffle=True)
