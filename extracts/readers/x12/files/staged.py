"""Narrow tables of text read from X12 files. SQL turns them into canonical rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa

Row = tuple[str | int, ...]
Sink = Callable[[str, pa.Table], None]
"""Receives rows of one staged table, in file order."""

MAX_HELD_ROWS = 6_000
"""Rows to hold before they go to the sink: a few MiB, whatever the file's size."""

COLUMNS: dict[str, str] = {
    # 835: one row per transaction set, claim, service line, CAS adjustment, PLB adjustment
    "remittances": "remit:int source_line:int payer:str payer_name:str trace:str company:str total:str effective:str "
    "produced:str payee:str",
    "paid_claims": "source_line:int remit:int ordinal:int account:str status:str charged:str paid:str filing:str "
    "payer_claim:str original_claim:str patient:str insured:str service_day:str inpatient:int remark:str remarks:int "
    "interest:str",
    "services": "source_line:int service:int procedure:str service_day:str remark:str remarks:int",
    "adjustments": "source_line:int service:int number:int group_code:str carc:str amount:str",
    "provider_adjustments": "source_line:int remit:int ordinal:int reason:str amount:str",
    # 837: one row per claim, service line, other coverage
    "submitted_claims": "source_line:int account:str charged:str place:str place_kind:str frequency:str priority:str "
    "filing:str payer:str payer_name:str subscriber:str provider:str created:str purpose:str service_day:str "
    "emergency:int original_claim:str lines:str procedures:str billed:str days:str first_day:str",
    "charge_lines": "source_line:int service:int procedure:str amount:str service_day:str",
    "other_coverages": "source_line:int ordinal:int priority:str filing:str payer:str payer_name:str",
    "imbalances": "level:str source_line:int fault:str",
}
"""Columns of each staged table, as `name:int` or `name:str`. `source_line` is the position of the record's segment."""


def split_columns(name: str) -> list[tuple[str, str]]:
    """Return the columns of a staged table with their types.

    >>> split_columns("imbalances")
    [('level', 'str'), ('source_line', 'int'), ('fault', 'str')]
    """
    return [(column, kind) for column, _, kind in (part.partition(":") for part in COLUMNS[name].split())]


@dataclass(slots=True)
class Staged:
    """Rows waiting for the sink."""

    sink: Sink
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in COLUMNS})

    def flush(self) -> None:
        """Pass all rows to the sink."""
        for name, rows in self.rows.items():
            if rows:
                self.sink(name, _make_table(name, rows))
                rows.clear()

    def flush_many(self) -> None:
        """Pass all rows to the sink if there are many."""
        if any(len(rows) > MAX_HELD_ROWS for rows in self.rows.values()):
            self.flush()

    def take(self, name: str, row: Row) -> None:
        """Add one row to a table that is not staged in batches."""
        rows = self.rows[name]
        rows.append(row)
        if len(rows) > MAX_HELD_ROWS:
            self.flush()


def _make_table(name: str, rows: list[Row]) -> pa.Table:
    columns = split_columns(name)
    types = {"int": pa.int64(), "str": pa.string()}
    values = zip(columns, zip(*rows, strict=True), strict=True)
    return pa.table({column: pa.array(column_values, types[kind]) for (column, kind), column_values in values})
