"""Rows of events as they are written down: chunks of columns now, one array a column at the end."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from payrank.simulator.randomness import Booleans, Integers

MISSING = -1
"""Stands for null in whole-number columns: codes, row numbers and days are never negative."""


class EventLog:
    """Rows of one kind of event. `columns` maps each column to its NumPy type.

    >>> rows = EventLog({"day": "int32", "cents": "int64"})
    >>> rows.add(day=np.array([3, 4]), cents=7)
    array([0, 1])
    >>> rows.collect()["cents"].tolist()
    [7, 7]
    """

    def __init__(self, columns: Mapping[str, str]) -> None:
        self._types = dict(columns)
        self._chunks: dict[str, list[npt.NDArray[np.generic]]] = {name: [] for name in columns}
        self._size = 0

    def add(self, **values: npt.ArrayLike) -> Integers:
        """Write rows down and return their row numbers. A single value is repeated; a column not named is MISSING."""
        size = max(np.size(value) if np.ndim(value) else 0 for value in values.values())
        for name, kind in self._types.items():
            column = np.asarray(values.pop(name, MISSING)).astype(kind)
            self._chunks[name].append(np.broadcast_to(column, (size,)))
        if values:
            raise TypeError(f"no such column: {', '.join(values)}")
        first = self._size
        self._size += size
        return np.arange(first, self._size, dtype=np.int64)

    def collect(self) -> dict[str, Integers]:
        """Return every column as one array."""
        collected: dict[str, Integers] = {}
        for name, kind in self._types.items():
            chunks = self._chunks[name]
            collected[name] = np.concatenate(chunks) if chunks else np.zeros(0, dtype=kind)
            chunks[:] = [collected[name]]
        return collected


def select_rows(columns: Mapping[str, Integers], kept: Booleans | Integers) -> dict[str, Integers]:
    """Return the chosen rows of every column."""
    return {name: column[kept] for name, column in columns.items()}
