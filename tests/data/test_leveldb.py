"""LevelDB, from files that Caffe's library wrote and from files written byte by byte in leveldb_writer.py."""

import random
from pathlib import Path

import numpy as np
import pytest

from netproto.data.leveldb import LevelDb, LevelDbSource
from netproto.errors import DataError

from . import leveldb_writer as writer

GOLDEN = Path(__file__).parents[1] / "golden" / "data"


def value(key, sequence, content):
    return (key, sequence, writer.VALUE, content)


def deletion(key, sequence):
    return (key, sequence, writer.DELETION, b"")


def contents(path):
    return [(key, bytes(content)) for key, content in LevelDb(path).entries()]


def mixed(folder, **options):
    """Two levels, tables that overlap, a log, overwritten and deleted keys."""
    deep = [(2, 10, [value(b"a", 1, b"a1"), value(b"c", 2, b"c2")]), (2, 11, [value(b"e", 3, b"e3"), value(b"g", 4, b"g4")])]
    middle = [(1, 12, [value(b"c", 20, b"c20"), deletion(b"e", 21)])]
    newest = [(0, 13, [value(b"b", 30, b"b30"), value(b"g", 31, b"g31")]), (0, 14, [value(b"g", 35, b"g35"), deletion(b"z", 36)])]
    logs = [(4, [writer.batch(1, [(b"old", b"of a log that is done with")])])]
    logs += [(5, [writer.batch(40, [(b"a", b"a40"), (b"b", None)]), writer.batch(50, [(b"h", b"h50")])])]
    return writer.database(folder, [*deep, *middle, *newest], logs, **options)


MIXED = [(b"a", b"a40"), (b"c", b"c20"), (b"g", b"g35"), (b"h", b"h50")]


def test_what_caffes_convert_imageset_wrote():
    source = LevelDbSource(str(GOLDEN / "db" / "leveldb"))
    names = [source.take().name for _ in range(26)]
    assert names[:3] == ["00000000_img00.png", "00000001_img01.png", "00000002_img02.jpg"]
    assert names[23:] == ["00000023_img23.jpg", "00000000_img00.png", "00000001_img01.png"]


@pytest.mark.parametrize("options", [{}, {"compress": True}, {"suffix": "sst"}])
def test_the_newest_entry_of_a_key_counts(tmp_path, options):
    assert contents(mixed(tmp_path / "db", **options)) == MIXED


def test_a_range_begins_at_its_key(tmp_path):
    database = LevelDb(mixed(tmp_path / "db"))
    for start, wanted in ((b"a", MIXED), (b"aa", MIXED[1:]), (b"c", MIXED[1:]), (b"h", MIXED[3:]), (b"i", [])):
        assert [(k, bytes(v)) for k, v in database.entries(start)] == wanted


def test_long_values_over_many_log_blocks(tmp_path):
    long = np.random.default_rng(1).bytes(100_000)
    path = writer.database(tmp_path / "db", [], [(5, [writer.batch(1, [(b"k", long)]), writer.batch(2, [(b"l", b"short")])])])
    assert contents(path) == [(b"k", long), (b"l", b"short")]


def test_blocks_whose_end_has_no_room_for_a_header(tmp_path):
    """A record that leaves 3 bytes of a block, and one that leaves exactly a header."""
    for room in (3, 7):
        first = b"x" * (32768 - 7 - room - len(writer.batch(1, [(b"k", b"")])) - 2)
        path = writer.database(tmp_path / f"db{room}", [], [(5, [writer.batch(1, [(b"k", first)]), writer.batch(2, [(b"l", b"y" * 20)])])])
        assert contents(path) == [(b"k", first), (b"l", b"y" * 20)]


def test_snappy_with_copies(tmp_path):
    pattern = np.random.default_rng(2).bytes(100)
    content = pattern * 5 + b"\0" * 5000 + pattern * 3
    path = writer.database(tmp_path / "db", [(0, 10, [value(b"k", 1, content)])], compress=True)
    assert contents(path) == [(b"k", content)]


def test_a_table_that_was_deleted_is_not_looked_for(tmp_path):
    gone = [value(b"a", 1, b"a1")]
    edits = writer.varint(6) + writer.varint(1) + writer.varint(10)
    path = writer.database(tmp_path / "db", [(1, 10, gone), (1, 11, [value(b"b", 2, b"b2")])], edits=edits)
    (tmp_path / "db/000010.ldb").unlink()
    assert contents(path) == [(b"b", b"b2")]


def test_compact_pointers_are_passed_over(tmp_path):
    edits = writer.varint(5) + writer.varint(1) + writer.sliced(b"k" * 9)
    assert contents(writer.database(tmp_path / "db", [(1, 10, [value(b"b", 2, b"b2")])], edits=edits)) == [(b"b", b"b2")]


def test_a_log_record_that_was_not_finished_is_left_out(tmp_path):
    path = writer.database(tmp_path / "db", [], [(5, [writer.batch(1, [(b"a", b"1")]), writer.batch(2, [(b"b", b"2")])])])
    whole = (tmp_path / "db/000005.log").read_bytes()
    (tmp_path / "db/000005.log").write_bytes(whole[:-3])
    assert contents(path) == [(b"a", b"1")]


def test_a_source_resumes(tmp_path):
    path = mixed(tmp_path / "db")
    straight = LevelDbSource(path)
    names = [straight.take().name for _ in range(11)]
    assert names == list("acghacghacg")
    for stop in range(7):
        first, second = LevelDbSource(path), LevelDbSource(path)
        for _ in range(stop):
            first.take()
        second.restore(first.state())
        records = [second.take() for _ in range(4)]
        assert [r.name for r in records] == names[stop : stop + 4]
        assert [r.ordinal for r in records] == list(range(stop, stop + 4))


def test_a_key_that_is_gone_is_told(tmp_path, caplog):
    source = LevelDbSource(mixed(tmp_path / "db"))
    source.restore({"position": 2, "key": "d"})
    assert source.take().name == "g"
    assert "has no record 'd' any more" in caplog.text


def test_ranks_take_turns(tmp_path):
    sources = [LevelDbSource(mixed(tmp_path / f"db{rank}")) for rank in range(3)]
    for rank, source in enumerate(sources):
        source.deal(rank, 3)
    assert ["".join(s.take().name for _ in range(4)) for s in sources] == ["ahgc", "cahg", "gcah"]


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda f: (f / "CURRENT").write_bytes(b"MANIFEST-000009\n"), "MANIFEST-000009: there is no such file"),
        (lambda f: (f / "CURRENT").write_bytes(b""), "CURRENT: is empty"),
        (lambda f: (f / "000010.ldb").unlink(), r"lacks its table 000010\.ldb"),
        (lambda f: (f / "000010.ldb").write_bytes(b"short"), r"000010\.ldb: is damaged: it has no footer"),
        (lambda f: (f / "000005.log").write_bytes(b"\1" * 7 + b"\1" * 300), r"000005\.log: is damaged: a wrong checksum at byte 0"),
        (lambda f: (f / "MANIFEST-000002").write_bytes(writer.log([b"\x55"])), "is damaged: a version edit has the unknown tag 85"),
    ],
)
def test_damaged_files(tmp_path, spoil, what):
    path = mixed(tmp_path / "db")
    spoil(tmp_path / "db")
    with pytest.raises(DataError, match=what):
        contents(path)


def test_keys_in_another_order_are_refused(tmp_path):
    path = writer.database(tmp_path / "db", comparator=b"my.Comparator")
    with pytest.raises(DataError, match="its keys have an order of their own"):
        LevelDb(path)


def test_an_unknown_compression_is_named(tmp_path):
    path = writer.database(tmp_path / "db", [(0, 10, [value(b"k", 1, b"v" * 30)])])
    content = bytearray((tmp_path / "db/000010.ldb").read_bytes())
    content[content.index(b"crc!") - 1] = 2
    (tmp_path / "db/000010.ldb").write_bytes(content)
    with pytest.raises(DataError, match=r"compressed in a way \(2\) that is not known here"):
        contents(path)


def test_what_is_no_leveldb(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"none: there is no such LevelDB\. Paths are relative to"):
        LevelDbSource("none")
    with pytest.raises(DataError, match="is no folder with a file CURRENT"):
        LevelDbSource(str(tmp_path))
    with pytest.raises(DataError, match=r"is an LMDB, not a LevelDB\. Write `backend: LMDB`; a Data layer that names none means LEVELDB"):
        LevelDbSource(str(GOLDEN / "db" / "lmdb"))
    with pytest.raises(DataError, match="holds no records"):
        LevelDbSource(writer.database(tmp_path / "empty"))


@pytest.mark.parametrize("compress", [False, True])
def test_damage_is_never_another_error(tmp_path, compress):
    path = mixed(tmp_path / "db", compress=compress)
    files = [f for f in (tmp_path / "db").iterdir() if f.name != "CURRENT"]
    whole = {f: f.read_bytes() for f in files}
    dice = random.Random(8)
    outcomes = set()
    for trial in range(400):
        target = dice.choice(files)
        damaged = bytearray(whole[target])
        for _ in range(dice.randrange(1, 4)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        if trial % 5 == 0:
            del damaged[dice.randrange(1, len(damaged)) :]
        target.write_bytes(damaged)
        try:
            contents(path)
            outcomes.add("read")
        except DataError:
            outcomes.add("refused")
        target.write_bytes(whole[target])
    assert outcomes == {"read", "refused"}
