"""The queue of ready batches: the same batches for any number of threads, exact resumption, errors in their place, clean ends."""

import gc
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest

from netproto.data.draws import words
from netproto.data.prefetch import Prefetcher, RecordLoader, default_threads
from netproto.data.source import Record, Source
from netproto.errors import DataError

ROOT = str(Path(__file__).parents[2])


class Count(Source):
    """The numbers 0, 1, 2, ..."""

    def __init__(self, broken_at=None):
        super().__init__("numbers")
        self.broken_at = broken_at
        self.closed = False

    def _next(self):
        if self.position == self.broken_at:
            raise self.error(f"cannot give {self.position}")
        return Record(self.position, str(self.position), self.position)

    def close(self):
        self.closed = True


class Draw(RecordLoader):
    """Each number with a draw; some take longer than others. Records in `refused` are errors."""

    def __init__(self, refused=(), shape=(3,), slow=True):
        self.refused, self.shape, self.slow = refused, shape, slow
        self.threads = set()

    def shapes(self, first):
        return [self.shape, ()]

    def load(self, record, out):
        self.threads.add(threading.current_thread().name)
        if self.slow:
            time.sleep(words(99, record.ordinal)[0] % 5 / 2000)
        if record.value in self.refused:
            raise DataError("is refused")
        out[0][...] = np.resize(np.array(words(self.key, record.ordinal)[:3], np.float32), self.shape)
        out[1][0] = record.value


def batches(prefetcher, count, key=5):
    out = []
    for _ in range(count):
        batch = prefetcher.next(key)
        out.append([array.copy() for array in batch.arrays])
        prefetcher.release(batch)
    return out


def assert_same(got, wanted):
    for a, b in zip(got, wanted, strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y, strict=True)


def oracle(start, count, size, key=5):
    """What `count` batches from batch `start` on hold."""
    out = []
    for b in range(start, start + count):
        ordinals = range(b * size, (b + 1) * size)
        drawn = np.array([words(key, i)[:3] for i in ordinals], np.float32)
        out.append([drawn, np.array(ordinals, np.float32)])
    return out


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("depth", [1, 3])
def test_any_number_of_threads_gives_the_same_batches(threads, depth):
    prefetcher = Prefetcher(Count(), Draw(), 7, depth=depth, threads=threads)
    assert_same(batches(prefetcher, 5), oracle(0, 5, 7))
    assert len(prefetcher.loader.threads) == min(threads, 7)
    prefetcher.close()
    assert prefetcher.source.closed


def test_large_batches_are_shared_by_the_threads():
    prefetcher = Prefetcher(Count(), Draw(slow=False), 50, threads=2)
    assert_same(batches(prefetcher, 3), oracle(0, 3, 50))
    prefetcher.close()


def test_the_state_is_that_of_what_was_given_and_not_of_what_was_fetched():
    prefetcher = Prefetcher(Count(), Draw(), 7, depth=3, threads=2)
    assert prefetcher.state() == {"position": 0}
    for i in range(1, 4):
        batches(prefetcher, 1)
        time.sleep(0.02)
        assert prefetcher.state() == {"position": 7 * i}
    prefetcher.close()
    other = Prefetcher(Count(), Draw(), 7, threads=1)
    other.restore(prefetcher.state())
    assert_same(batches(other, 2), oracle(3, 2, 7))
    other.close()


def test_restoring_while_it_runs():
    prefetcher = Prefetcher(Count(), Draw(), 7, threads=2)
    state = prefetcher.state()
    batches(prefetcher, 3)
    prefetcher.restore(state)
    assert_same(batches(prefetcher, 2), oracle(0, 2, 7))
    prefetcher.close()


def test_another_key_takes_effect_at_once():
    prefetcher = Prefetcher(Count(), Draw(), 7, depth=3, threads=2)
    assert_same(batches(prefetcher, 2, key=5), oracle(0, 2, 7, key=5))
    assert_same(batches(prefetcher, 2, key=6), oracle(2, 2, 7, key=6))
    prefetcher.close()


def test_first_shapes_takes_nothing():
    prefetcher = Prefetcher(Count(), Draw(), 7)
    assert prefetcher.first_shapes() == [(7, 3), (7,)]
    assert prefetcher.state() == {"position": 0}
    assert prefetcher.source.take().ordinal == 0


def test_buffers_are_used_over_and_over():
    made = []

    def allocate(count):
        made.append(np.empty(count, np.float32))
        return made[-1]

    prefetcher = Prefetcher(Count(), Draw(slow=False), 7, depth=2, threads=2, allocate=allocate)
    for _ in range(20):
        batch = prefetcher.next(5)
        assert all(any(np.shares_memory(array, store) for store in made) for array in batch.arrays)
        prefetcher.release(batch)
    assert len(made) == 4
    prefetcher.close()


def test_buffers_grow_with_the_shapes():
    loader = Draw(slow=False)
    prefetcher = Prefetcher(Count(), loader, 2, depth=1, threads=1)
    batch = prefetcher.next(5)
    loader.shape = (2, 4)
    prefetcher.release(batch)
    batch = prefetcher.next(5)
    assert [a.shape for a in batch.arrays] == [(2, 2, 4), (2,)]
    prefetcher.close()


@pytest.mark.parametrize("threads", [1, 4])
def test_an_error_comes_in_its_place(threads):
    prefetcher = Prefetcher(Count(), Draw(refused={25, 16, 18}), 7, depth=3, threads=threads)
    assert_same(batches(prefetcher, 2), oracle(0, 2, 7))
    for _ in range(2):
        with pytest.raises(DataError, match="numbers: record '16' is refused"):
            prefetcher.next(5)
    assert prefetcher.state() == {"position": 14}
    prefetcher.close()


def test_a_source_that_breaks():
    prefetcher = Prefetcher(Count(broken_at=16), Draw(slow=False), 7, threads=2)
    assert_same(batches(prefetcher, 2), oracle(0, 2, 7))
    with pytest.raises(DataError, match="numbers: cannot give 16"):
        prefetcher.next(5)
    prefetcher.close()


def test_a_shape_that_cannot_be_told_names_its_record():
    class Shapeless(Draw):
        def shapes(self, first):
            raise DataError("has no shape")

    prefetcher = Prefetcher(Count(), Shapeless(), 7)
    with pytest.raises(DataError, match="numbers: record '0' has no shape"):
        prefetcher.first_shapes()
    with pytest.raises(DataError, match="numbers: record '0' has no shape"):
        prefetcher.next(5)
    prefetcher.close()


def test_an_unexpected_error_reaches_the_caller_too():
    class Odd(Draw):
        def load(self, record, out):
            raise ZeroDivisionError

    prefetcher = Prefetcher(Count(), Odd(), 7, threads=2)
    with pytest.raises(ZeroDivisionError):
        prefetcher.next(5)
    prefetcher.close()


def data_threads():
    return [t for t in threading.enumerate() if t.name.startswith("netproto-data")]


def test_close_ends_the_threads_and_may_be_called_twice():
    before = len(data_threads())
    prefetcher = Prefetcher(Count(), Draw(), 7, threads=3)
    prefetcher.close()
    batches(prefetcher, 1)
    assert len(data_threads()) == before + 3
    prefetcher.close()
    prefetcher.close()
    assert len(data_threads()) == before


def test_one_that_is_forgotten_ends_its_threads():
    before = len(data_threads())
    prefetcher = Prefetcher(Count(), Draw(), 7, threads=3)
    batches(prefetcher, 1)
    gone = weakref.ref(prefetcher)
    del prefetcher
    gc.collect()
    assert gone() is None
    assert len(data_threads()) == before


ENDS = """
import sys, threading
sys.path.insert(0, {root!r})
from tests.data.test_prefetch import Count, Draw, batches
from netproto.data.prefetch import Prefetcher
prefetcher = Prefetcher(Count(), Draw(), 7, threads=3)
batches(prefetcher, 2)
{end}
"""


@pytest.mark.parametrize(
    ("end", "code"),
    [("", 0), ("raise KeyboardInterrupt", 130), ("raise ValueError", 1), ("sys.exit(3)", 3), ("held = prefetcher.next(5)", 0)],
)
def test_a_program_ends_at_once(end, code):
    done = subprocess.run([sys.executable, "-c", ENDS.format(root=ROOT, end=end)], capture_output=True, timeout=120, check=False)
    assert done.returncode in (code, -2 if code == 130 else code), done.stderr


def test_ctrl_c_while_it_waits():
    program = ENDS.format(
        root=ROOT,
        end="""
import _thread, time
prefetcher.loader.load = lambda record, out: time.sleep(0.3)
threading.Timer(0.3, _thread.interrupt_main).start()
try:
    batches(prefetcher, 100)
except KeyboardInterrupt:
    print("interrupted", prefetcher.state()["position"] % 7)
""",
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "interrupted 0\n", done.stderr


def test_threads_obey_the_environment(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert default_threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "100")
    assert default_threads() == 8
    monkeypatch.setenv("OMP_NUM_THREADS", "none")
    assert 1 <= default_threads() <= 8
