"""What an import writes: Parquet tables, the report, and the list of quarantined rows."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow.parquet as pq

from extracts.ask import ask_row
from extracts.metadata import ControlTotal, money_column
from extracts.source_file import IMPORT_QUARANTINE, IMPORT_REPORT, quote_name

if TYPE_CHECKING:
    from extracts.import_csv import ImportReport

BATCH_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A source row that an import quarantined, as in the table `quarantine` of a loaded extract."""

    table_name: str
    key: str | None
    column_name: str | None
    rule: str
    source_file: str
    source_line: int


def write_table(connection: duckdb.DuckDBPyConnection, name: str, folder: Path) -> ControlTotal:
    """Write a table as Parquet in its own order; the same rows give the same bytes. Return its rows and dollars."""
    table = quote_name(name)
    path = folder / f"{name}.parquet"
    path.touch(mode=0o600)
    money = money_column(name)
    present = money is not None and money in {row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()}
    amount = f"coalesce(sum({quote_name(money)}), 0)" if money and present else "NULL"
    rows, dollars = ask_row(connection, f"SELECT count(*), {amount} FROM {table}")
    schema = connection.sql(f"SELECT * FROM {table} LIMIT 0").to_arrow_table().schema
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, rows, BATCH_ROWS):
            batch = connection.sql(f"SELECT * FROM {table} ORDER BY rowid LIMIT {BATCH_ROWS} OFFSET {start}")
            writer.write_table(batch.to_arrow_table())
    return ControlTotal(rows, dollars)


def write_report(report: ImportReport, folder: Path) -> None:
    """Write `import_report.json`: files, counts and notices, no value and no key."""
    content = {name: value for name, value in asdict(report).items() if name != "folder"}
    content["as_of"] = report.as_of.isoformat() if report.as_of else None
    content["rows_quarantined"] = report.rows_quarantined
    path = folder / IMPORT_REPORT
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_quarantine(broken: Iterable[BrokenRow], folder: Path) -> None:
    """Write `import_quarantine.csv`: each quarantined row by table, key, column, rule, file and line."""
    path = folder / IMPORT_QUARANTINE
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in fields(BrokenRow)])
        writer.writerows(astuple(row) for row in broken)
