"""What is read off X12 files, as narrow tables of texts that SQL makes canonical rows of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa

Row = tuple[str | int, ...]
Sink = Callable[[str, pa.Table], None]
"""Takes rows of one staged table, in the order of the file."""

MOST_HELD = 6_000
"""Rows held before they go to the sink: a few MiB, whatever the file's size."""

COLUMNS: dict[str, str] = {
    # 835: one row a transaction set, claim, service line, CAS triple, PLB pair
    "remittances": "remit:int source_line:int payer:str payer_name:str trace:str company:str total:str effective:str "
    "produced:str payee:str",
    "paid_claims": "source_line:int remit:int ordinal:int account:str status:str charged:str paid:str filing:str "
    "payer_claim:str original_claim:str patient:str insured:str service_day:str inpatient:int remark:str remarks:int "
    "interest:str",
    "services": "source_line:int service:int procedure:str service_day:str remark:str remarks:int",
    "adjustments": "source_line:int service:int number:int group_code:str carc:str amount:str",
    "provider_adjustments": "source_line:int remit:int ordinal:int reason:str amount:str",
    # 837: one row a claim, service line, other coverage
    "submitted_claims": "source_line:int account:str charged:str place:str place_kind:str frequency:str priority:str "
    "filing:str payer:str payer_name:str subscriber:str provider:str created:str purpose:str service_day:str "
    "emergency:int original_claim:str lines:str procedures:str billed:str days:str first_day:str",
    "charge_lines": "source_line:int service:int procedure:str amount:str service_day:str",
    "other_coverages": "source_line:int ordinal:int priority:str filing:str payer:str payer_name:str",
    "imbalances": "level:str source_line:int fault:str",
}
"""Staged table -> its columns, each `name:int` or `name:str`. `source_line` is the position of a record's segment."""


def split_columns(name: str) -> list[tuple[str, str]]:
    """Return the columns of a staged table, each with its kind.

    >>> split_columns("imbalances")
    [('level', 'str'), ('source_line', 'int'), ('fault', 'str')]
    """
    return [(column, kind) for column, _, kind in (part.partition(":") for part in COLUMNS[name].split())]


@dataclass(slots=True)
class Staged:
    """Rows on their way to the sink."""

    sink: Sink
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in COLUMNS})

    def flush(self) -> None:
        """Hand all rows on."""
        for name, rows in self.rows.items():
            if rows:
                self.sink(name, _make_table(name, rows))
                rows.clear()

    def flush_many(self) -> None:
        """Hand all rows on when there are many."""
        if any(len(rows) > MOST_HELD for rows in self.rows.values()):
            self.flush()

    def take(self, name: str, row: Row) -> None:
        """Take one row of a table that is not long."""
        rows = self.rows[name]
        rows.append(row)
        if len(rows) > MOST_HELD:
            self.flush()


def _make_table(name: str, rows: list[Row]) -> pa.Table:
    columns = split_columns(name)
    types = {"int": pa.int64(), "str": pa.string()}
    values = zip(columns, zip(*rows, strict=True), strict=True)
    return pa.table({column: pa.array(given, types[kind]) for (column, kind), given in values})
