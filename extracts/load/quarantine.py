"""Quarantine: rows that violate the contract are listed by table, key, column, rule, and line, and never repaired."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from payrank.extracts.contract.parsing import ALLOWED
from payrank.extracts.contract.source_file import quote_name, quote_text
from payrank.extracts.contract.tables import Table
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load.stage import RULE, Staged

MAX_QUARANTINED_SHARE = 0.01
"""Largest share of a table's rows that may be quarantined. Beyond it, the run is refused (contracts.md, section 1)."""
MAX_NAMED = 5


def create_quarantine(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the empty table `quarantine`."""
    connection.execute(
        "CREATE TABLE quarantine (table_name VARCHAR, key VARCHAR, column_name VARCHAR, rule VARCHAR, "
        "source_file VARCHAR, source_line BIGINT)"
    )


def render_key(table: Table) -> str:
    """Return SQL for a row's key as one text, with the columns of a composite key joined by |."""
    parts = ", ".join(f"CAST({quote_name(name)} AS VARCHAR)" for name in table.key)
    return f"nullif(concat_ws('|', {parts}), '')"


def quarantine_rows(connection: duckdb.DuckDBPyConnection, staged: Staged) -> tuple[int, int]:
    """Move every row that breaks a rule from the staged table to `quarantine`. Return the rows read and rows moved.

    Raises
    ------
    ExtractRefusedError
        When over 1% of the rows break a rule. The message lists the rules, their counts, and the first line of each.
    """
    name = quote_name(staged.table.name)
    counts = connection.execute(
        f"SELECT {RULE}, count(*), min(rowid) FROM {name} GROUP BY {RULE} ORDER BY {RULE} NULLS FIRST"
    ).fetchall()
    rows = sum(count for _, count, _ in counts) + len(staged.unreadable)
    faults = [(*staged.rules[number - 1], count, staged.line_of(first)) for number, count, first in counts if number]
    faults += _count_unreadable(staged)
    moved = sum(count for _, _, count, _ in faults)
    if moved > MAX_QUARANTINED_SHARE * rows:
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
        for column, rule, count, line in worst[:MAX_NAMED]
    ]
    more = f"; {len(worst) - MAX_NAMED} more rules" if len(worst) > MAX_NAMED else ""
    return (
        f"{staged.source.name}: {moved:,} of {rows:,} rows of {staged.table.name} violate the contract "
        f"({moved / rows:.1%}): {'; '.join(named)}{more}. Allowed: at most {MAX_QUARANTINED_SHARE:.0%} of a table's "
        "rows in quarantine. Correct the export or the mapping, and load again."
    )


def _move(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    name = quote_name(staged.table.name)
    rows = connection.execute(
        f"SELECT rowid, {RULE}, {render_key(staged.table)} FROM {name} WHERE {RULE} IS NOT NULL ORDER BY rowid"
    ).fetchall()
    rows = [(staged.line_of(row), key, *staged.rules[number - 1]) for row, number, key in rows]
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
