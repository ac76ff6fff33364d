"""Write simulated tables as Parquet with the contract's exact types. Only the owner can read the files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from payrank.extracts.contract.tables import Column, table
from payrank.features.arrays import Floats
from payrank.simulator.event_log import MISSING
from payrank.simulator.randomness import Booleans, Integers

ROWS_PER_GROUP = 500_000
TYPES = {
    "id": pa.string(),
    "text": pa.string(),
    "level": pa.string(),
    "money": pa.decimal128(18, 2),
    "date": pa.date32(),
    "integer": pa.int32(),
    "boolean": pa.bool_(),
    "number": pa.float64(),
}
ColumnBuilder = Callable[[slice], pa.Array]


def write_ids(prefix: str, numbers: Integers, digits: int) -> ColumnBuilder:
    """IDs: a prefix and a number with leading zeros; null where MISSING."""
    width = len(prefix) + digits

    def build(part: slice) -> pa.Array:
        chosen = np.asarray(numbers[part], dtype=np.int64)
        letters = np.empty((len(chosen), width), dtype=np.uint8)
        letters[:, : len(prefix)] = np.frombuffer(prefix.encode(), dtype=np.uint8)
        left = np.maximum(chosen, 0)
        for place in range(width - 1, len(prefix) - 1, -1):
            letters[:, place] = 48 + left % 10
            left = left // 10
        offsets = np.arange(len(chosen) + 1, dtype=np.int32) * width
        text = pa.StringArray.from_buffers(len(chosen), pa.py_buffer(offsets), pa.py_buffer(letters.tobytes()))
        return _null_where(text, chosen == MISSING)

    return build


def write_names(codes: Integers, names: Sequence[str | None]) -> ColumnBuilder:
    """Text looked up in a list of names; null where MISSING."""
    words = pa.array([*names, None], type=pa.string())

    def build(part: slice) -> pa.Array:
        chosen = np.asarray(codes[part], dtype=np.int64)
        return words.take(pa.array(np.where(chosen == MISSING, len(names), chosen)))

    return build


def write_money(cents: Integers, missing: Booleans | None = None) -> ColumnBuilder:
    """Dollars with two decimals, converted from cents without floating point."""

    def build(part: slice) -> pa.Array:
        low = np.asarray(cents[part], dtype=np.int64)
        both = np.stack([low, low >> 63], axis=1)
        amounts = pa.Array.from_buffers(pa.decimal128(18, 2), len(low), [None, pa.py_buffer(both.tobytes())])
        return amounts if missing is None else _null_where(amounts, missing[part])

    return build


def write_days(days: Integers) -> ColumnBuilder:
    """Dates from day numbers; null where MISSING."""

    def build(part: slice) -> pa.Array:
        chosen = np.asarray(days[part], dtype=np.int32)
        return pa.array(chosen, type=pa.int32(), mask=chosen == MISSING).cast(pa.date32())

    return build


def write_integers(values: Integers) -> ColumnBuilder:
    """Integers; null where MISSING."""

    def build(part: slice) -> pa.Array:
        chosen = np.asarray(values[part], dtype=np.int32)
        return pa.array(chosen, type=pa.int32(), mask=chosen == MISSING)

    return build


def write_booleans(values: Integers) -> ColumnBuilder:
    """Booleans from 1 and 0; null where MISSING."""

    def build(part: slice) -> pa.Array:
        chosen = np.asarray(values[part])
        return pa.array(chosen == 1, type=pa.bool_(), mask=chosen == MISSING)

    return build


def write_numbers(values: Floats) -> ColumnBuilder:
    """Floating-point numbers; null where NaN."""

    def build(part: slice) -> pa.Array:
        chosen = np.asarray(values[part], dtype=np.float64)
        return pa.array(chosen, type=pa.float64(), mask=np.isnan(chosen))

    return build


def write_table(
    folder: Path, name: str, size: int, builds: Mapping[str, ColumnBuilder], extra: Sequence[Column] = ()
) -> int:
    """Write one canonical table, with `extra` columns after the contract's. Returns the row count.

    Raises
    ------
    ValueError
        If the builders do not match the columns.
    """
    columns = (*table(name).columns, *extra)
    missing = [column.name for column in columns if column.name not in builds]
    if missing or len(builds) != len(columns):
        raise ValueError(f"{name}: columns of the contract not written, or others written: {missing}")
    write_parquet(folder / f"{name}.parquet", size, {c.name: (TYPES[c.kind], builds[c.name]) for c in columns})
    return size


def write_parquet(path: Path, size: int, columns: Mapping[str, tuple[pa.DataType, ColumnBuilder]]) -> None:
    """Write columns in row groups, so that a large table is never held in memory as text."""
    schema = pa.schema([pa.field(name, kind) for name, (kind, _) in columns.items()])
    path.touch(mode=0o600)
    path.chmod(0o600)
    with pq.ParquetWriter(path, schema, compression="zstd", store_schema=False) as writer:
        for part in _parts(size):
            arrays = [build(part) for _, build in columns.values()]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema), row_group_size=ROWS_PER_GROUP)


def _parts(size: int) -> Iterator[slice]:
    for start in range(0, size, ROWS_PER_GROUP):
        yield slice(start, min(size, start + ROWS_PER_GROUP))


def _null_where(values: pa.Array, missing: Booleans) -> pa.Array:
    if not missing.any():
        return values
    nothing = pa.nulls(len(values), values.type)
    return pc.if_else(pa.array(missing), nothing, values)
