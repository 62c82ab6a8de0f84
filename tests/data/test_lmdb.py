"""LMDB databases: order, wrap, resume, sharing, writing, and every way in which a path can be wrong."""

import gc
import shutil
import subprocess
import sys
from pathlib import Path

import lmdb
import pytest

from netproto.data import lmdb as databases
from netproto.data.lmdb import LmdbSource, LmdbWriter
from netproto.errors import DataError

GOLDEN = Path(__file__).parents[1] / "golden" / "data"
RECORDS = [(f"{i:03}".encode(), bytes([i]) * (i * 700 + 1)) for i in range(7)]


@pytest.fixture
def path(tmp_path):
    assert databases.write(str(tmp_path / "db"), reversed(RECORDS), per_commit=3) == 7
    return str(tmp_path / "db")


def test_records_in_the_order_of_their_keys_over_and_over(path):
    source = LmdbSource(path)
    assert len(source) == 7
    taken = [source.take() for _ in range(16)]
    assert [(r.name.encode(), bytes(r.value)) for r in taken[:7]] == RECORDS
    assert [r.name for r in taken[7:14]] == [r.name for r in taken[:7]]
    assert [r.ordinal for r in taken] == list(range(16))


def test_values_stay_valid_when_the_source_moves_on(path):
    source = LmdbSource(path)
    taken = [source.take() for _ in range(7)]
    assert [bytes(r.value) for r in taken] == [value for _, value in RECORDS]


def test_a_database_in_a_single_file(tmp_path):
    with lmdb.open(str(tmp_path / "one.mdb"), subdir=False) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"k", b"v")
    assert bytes(LmdbSource(str(tmp_path / "one.mdb")).take().value) == b"v"


def test_caffes_own_database_in_a_folder_that_cannot_be_written(tmp_path):
    folder = tmp_path / "db"
    shutil.copytree(GOLDEN / "db" / "lmdb_gray", folder)
    folder.chmod(0o555)
    try:
        assert len(LmdbSource(str(folder))) == 24
        assert [p.name for p in folder.iterdir()] == ["data.mdb"]
    finally:
        folder.chmod(0o755)


def test_two_sources_share_a_database_but_not_their_place(path):
    first, second = LmdbSource(path), LmdbSource(f"{path}/../db")
    first.take()
    assert first.take().name == "001"
    assert second.take().name == "000"
    first.close()
    assert second.take().name == "001"


def test_a_database_is_closed_when_nobody_needs_it(path):
    source = LmdbSource(path)
    source.close()
    del source
    gc.collect()
    with lmdb.open(path, readonly=True, lock=False):  # LMDB itself refuses to open what is open
        pass


@pytest.mark.parametrize("stop", [0, 1, 6, 7, 8, 20])
def test_a_source_resumes(path, stop):
    first, second = LmdbSource(path), LmdbSource(path)
    for _ in range(stop):
        first.take()
    second.restore(first.state())
    assert [second.take() for _ in range(3)] == [first.take() for _ in range(3)]


def test_a_position_without_a_key_is_counted(path):
    for position, name in ((0, "000"), (3, "003"), (7, "000"), (9, "002")):
        source = LmdbSource(path)
        source.restore({"position": position})
        record = source.take()
        assert (record.ordinal, record.name) == (position, name)


def test_a_key_that_is_gone_is_told(path, caplog):
    source = LmdbSource(path)
    source.restore({"position": 9, "key": "gone"})
    assert source.take().name == "002"
    assert "has no record 'gone' any more; going on with number 2" in caplog.text


def test_ranks_take_turns(path):
    taken = []
    for rank in range(3):
        source = LmdbSource(path)
        source.deal(rank, 3)
        taken.append([source.take() for _ in range(5)])
    assert [r.ordinal for r in taken[1]] == [1, 4, 7, 10, 13]
    straight = LmdbSource(path)
    assert sorted((r for rank in taken for r in rank), key=lambda r: r.ordinal) == [straight.take() for _ in range(15)]


def test_a_rank_resumes(path):
    first, second = LmdbSource(path), LmdbSource(path)
    for source in (first, second):
        source.deal(2, 3)
    for _ in range(4):
        first.take()
    second.restore(first.state())
    assert second.take() == first.take()


def test_the_map_grows_until_the_records_fit(tmp_path, monkeypatch):
    monkeypatch.setattr(databases, "FIRST_MAP_SIZE", 1 << 16)
    databases.write(str(tmp_path / "db"), ((b"%03d" % i, b"x" * 10_000) for i in range(60)))
    assert len(LmdbSource(str(tmp_path / "db"))) == 60


def test_a_writer_that_fails_keeps_what_was_committed(tmp_path):
    def write():
        with LmdbWriter(str(tmp_path / "db")) as writer:
            writer.put(b"a", b"1")
            writer.commit()
            writer.put(b"b", b"2")
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert len(LmdbSource(str(tmp_path / "db"))) == 1


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    writer = LmdbWriter(str(tmp_path / "db"))
    writer.put(b"a", b"1")

    class Full:
        def begin(self, write):
            raise lmdb.DiskError("No space left on device")

    monkeypatch.setattr(writer, "_handle", Full())
    with pytest.raises(DataError, match=r"db: cannot be written: No space left on device\. Is the disk full\?"):
        writer.commit()


def test_nothing_is_overwritten(path):
    with pytest.raises(DataError, match="is there already"):
        LmdbWriter(path)


def test_paths_that_are_no_lmdb(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"none: there is no such LMDB\. Paths are relative to"):
        LmdbSource("none")
    with pytest.raises(DataError, match=r"is a folder without data\.mdb"):
        LmdbSource(str(tmp_path))
    with pytest.raises(DataError, match=r"is a LevelDB, not an LMDB\. Write backend: LEVELDB"):
        LmdbSource(str(GOLDEN / "db" / "leveldb"))
    (tmp_path / "text").write_text("no database" * 1000)
    with pytest.raises(DataError, match="text: is no LMDB, or a broken one"):
        LmdbSource("text")


def test_an_empty_database(tmp_path):
    databases.write(str(tmp_path / "db"), [])
    with pytest.raises(DataError, match="db: holds no records"):
        LmdbSource(str(tmp_path / "db"))


def test_a_database_that_was_cut_is_refused_before_it_kills(path):
    file = Path(path) / "data.mdb"
    whole = file.read_bytes()
    for length in (len(whole) - 4096, 9000, 100, 0):
        file.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"db: (is cut off: it has [\d,]+ bytes of [\d,]+|is no LMDB, or a broken one)"):
            LmdbSource(path)


def test_damage_never_ends_the_process(path):
    """A first page with noise in it, in a process of its own: LMDB believes what stands there."""
    program = f"""
import random
from pathlib import Path
from netproto.data.lmdb import LmdbSource
from netproto.errors import DataError
file = Path({path!r}) / "data.mdb"
whole = file.read_bytes()
dice = random.Random(1)
for trial in range(40):
    damaged = bytearray(whole)
    for _ in range(3):
        damaged[dice.randrange(200)] = dice.randrange(256)
    file.write_bytes(damaged)
    try:
        source = LmdbSource({path!r})
        for _ in range(9):
            bytes(source.take().value)
        source.close()
        del source
    except DataError:
        pass
print("alive")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "alive\n", done.stderr[-500:]
