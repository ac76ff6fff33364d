"""Rows that break the contract: named by table, key, column, rule and line, kept aside, never mended or dropped."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from payrank.extracts.contract.parsing import ALLOWED
from payrank.extracts.contract.source_file import quote_name, quote_text
from payrank.extracts.contract.tables import Table
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load.stage import RULE, Staged

MOST_QUARANTINED = 0.01
"""Share of a table's rows that may be quarantined before the whole run is refused (contracts.md, section 1)."""
MOST_NAMED = 5


def create_quarantine(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the empty table `quarantine`."""
    connection.execute(
        "CREATE TABLE quarantine (table_name VARCHAR, key VARCHAR, column_name VARCHAR, rule VARCHAR, "
        "source_file VARCHAR, source_line BIGINT)"
    )


def render_key(table: Table) -> str:
    """Render a row's key as one text, the parts of a key of several columns joined by |."""
    parts = ", ".join(f"CAST({quote_name(name)} AS VARCHAR)" for name in table.key)
    return f"nullif(concat_ws('|', {parts}), '')"


def quarantine_rows(connection: duckdb.DuckDBPyConnection, staged: Staged) -> tuple[int, int]:
    """Move every row that breaks a rule from the staged table to `quarantine`; return rows read and rows moved.

    Raises
    ------
    ExtractRefusedError
        When more than 1% of the rows break a rule; the message says which rules, how often, and where first.
    """
    name = quote_name(staged.table.name)
    counts = connection.execute(
        f"SELECT {RULE}, count(*), min(rowid) FROM {name} GROUP BY {RULE} ORDER BY {RULE} NULLS FIRST"
    ).fetchall()
    rows = sum(count for _, count, _ in counts) + len(staged.unreadable)
    faults = [(*staged.rules[number - 1], count, staged.line_of(first)) for number, count, first in counts if number]
    faults += _count_unreadable(staged)
    moved = sum(count for _, _, count, _ in faults)
    if moved > MOST_QUARANTINED * rows:
        raise ExtractRefusedError(_describe(staged, faults, rows, moved))
    if moved:
        _move(connection, staged)
    return rows, moved


def _count_unreadable(staged: Staged) -> list[tuple[str | None, str, int, int]]:
    first: dict[str, int] = {}
    count: dict[str, int] = {}
    for line, rule in staged.unreadable:
        first.setdefault(rule, line)
        count[rule] = count.get(rule, 0) + 1
    return [(None, rule, count[rule], first[rule]) for rule in sorted(count)]


def _describe(staged: Staged, faults: list[tuple[str | None, str, int, int]], rows: int, moved: int) -> str:
    place = "line" if staged.scan is not None else "row"
    worst = sorted(faults, key=lambda fault: (-fault[2], fault[3]))
    named = [
        f"{rule}{f' in {column}' if column else ''} {count:,} times, first in {place} {line} (allowed: {ALLOWED[rule]})"
        for column, rule, count, line in worst[:MOST_NAMED]
    ]
    more = f"; {len(worst) - MOST_NAMED} more rules" if len(worst) > MOST_NAMED else ""
    return (
        f"{staged.source.name}: {moved:,} of {rows:,} rows of {staged.table.name} break the contract "
        f"({moved / rows:.1%}): {'; '.join(named)}{more}. Allowed: at most {MOST_QUARANTINED:.0%} of a table's rows in "
        "quarantine. Correct the export or the mapping, and load again."
    )


def _move(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    name = quote_name(staged.table.name)
    found = connection.execute(
        f"SELECT rowid, {RULE}, {render_key(staged.table)} FROM {name} WHERE {RULE} IS NOT NULL ORDER BY rowid"
    ).fetchall()
    rows = [(staged.line_of(row), key, *staged.rules[number - 1]) for row, number, key in found]
    rows += [(line, None, None, rule) for line, rule in staged.unreadable]
    rows.sort(key=lambda row: row[0])
    lines, keys, columns, rules = zip(*rows, strict=True)
    batch = pa.table(
        {
            "line": pa.array(lines, pa.int64()),
            "key": pa.array(keys, pa.string()),
            "column_name": pa.array(columns, pa.string()),
            "rule": pa.array(rules, pa.string()),
        }
    )
    connection.register("batch", batch)
    connection.execute(
        f"INSERT INTO quarantine SELECT {quote_text(staged.table.name)}, key, column_name, rule, "
        f"{quote_text(staged.source.name)}, line FROM batch"
    )
    connection.unregister("batch")
    connection.execute(f"DELETE FROM {name} WHERE {RULE} IS NOT NULL")
