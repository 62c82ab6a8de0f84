"""An LMDB in an order that is drawn anew for each epoch. NVIDIA's fork, and others, call it `shuffle`."""

from __future__ import annotations

import numpy as np

from .image_list import shuffled
from .lmdb import environment
from .source import Record, Source


class ShuffledLmdbSource(Source):
    """The records of an LMDB, as views of its memory, each once in an epoch. Its keys are read first, and kept."""

    def __init__(self, path: str):
        super().__init__(path)
        self._environment = environment(path)
        if not self._environment.entries:
            raise self.error("holds no records")
        self._transaction = self._environment.handle.begin(buffers=True)
        with self._transaction.cursor() as cursor:
            self._keys = [bytes(key) for key in cursor.iternext(keys=True, values=False)]
        self._order: tuple[tuple[int, int], np.ndarray] = ((0, -1), np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self._keys)

    def _next(self) -> Record:
        epoch, row = divmod(self.position, len(self._keys))
        if self._order[0] != (self.key, epoch):
            self._order = (self.key, epoch), shuffled(len(self._keys), self.key, epoch)
        key = self._keys[self._order[1][row]]
        return Record(self.position, key.decode("latin-1"), self._transaction.get(key))

    def close(self) -> None:
        self._transaction.abort()
