"""An append-only table of events, stored as chunks of columns and returned as one array per column."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from payrank.simulator.randomness import Booleans, Integers

MISSING = -1
"""Represents null in integer columns. Valid codes, row numbers, and days are never negative."""


class EventLog:
    """Events of one type. `columns` maps each column to its NumPy type.

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
        """Append rows and return their row numbers. A scalar is repeated; an omitted column is MISSING.

        Raises
        ------
        TypeError
            If a name is not a column.
        """
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


def select_rows(columns: Mapping[str, Integers], selection: Booleans | Integers) -> dict[str, Integers]:
    """Return the selected rows of every column."""
    return {name: column[selection] for name, column in columns.items()}
