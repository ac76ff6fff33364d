"""The import report: counts for every file and mapping block, and every row that could not be imported."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple, dataclass, fields
from datetime import date
from pathlib import Path

from payrank.extracts.atomic import create_private, write_private
from payrank.extracts.checks.balance_reconciliation import BalanceReconciliation
from payrank.extracts.contract.parsing import ALLOWED
from payrank.extracts.contract.source_file import IMPORT_QUARANTINE, IMPORT_REPORT
from payrank.extracts.formula_safe import safe_cell
from payrank.extracts.load.quarantine import MAX_NAMED, MAX_QUARANTINED_SHARE
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.session.record_ledger import FileCounts

SAME_RECORD_REJECTED = "because another row of the same record is quarantined"
"""Reason for leaving out a valid row: a record is imported completely or not at all."""


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A source row that an import quarantined, as in the table `quarantine` of a loaded extract."""

    table_name: str
    key: str | None
    column_name: str | None
    rule: str
    source_file: str
    source_line: int


@dataclass(frozen=True, slots=True)
class BlockCount:
    """The records that one mapping block read from one file: `records` = `loaded` + `skipped` + `quarantined`, exactly.

    `rows_written` counts the rows that the loaded records became. One record may become several rows, such as the two
    rows of a transfer.
    """

    table: str
    block: int
    file: str
    records: int
    loaded: int
    skipped: int
    quarantined: int
    rows_written: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import, also written as `import_report.json`.

    For each file, records = loaded + reference + skipped + quarantined. `reconciliation` compares the ledger with the
    balances in the source, or is None if the source has no balances. `metadata_sha256` is the digest of `extract.toml`
    as written.
    """

    folder: Path
    source_system: str | None
    as_of: date | None
    files: tuple[FileCounts, ...]
    blocks: tuple[BlockCount, ...]
    rows_written: Mapping[str, int]
    rows_quarantined: int
    reconciliation: BalanceReconciliation | None
    notices: tuple[str, ...]
    metadata_sha256: str | None = None


def write_report(report: ImportReport, folder: Path) -> None:
    """Write `import_report.json`: files, counts, and notices, without any key or value from a row."""
    content = {name: value for name, value in asdict(report).items() if name != "folder"}
    content["as_of"] = report.as_of.isoformat() if report.as_of else None
    path = folder / IMPORT_REPORT
    write_private(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode(), replace=True)


def write_quarantine(broken: Iterable[BrokenRow], folder: Path) -> None:
    """Write `import_quarantine.csv`: each quarantined row by table, key, column, rule, file, and line."""
    path = folder / IMPORT_QUARANTINE
    create_private(path)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in fields(BrokenRow)])
        writer.writerows([safe_cell(value) for value in astuple(row)] for row in broken)


def describe_broken(
    name: str,
    broken: list[BrokenRow],
    rejected: int,
    offered: int,
    allowed: Mapping[str, str] = ALLOWED,
    *,
    same_record: int = 0,
    mapped: bool = True,
) -> str:
    """Describe the five rules broken most often, each with its count, first file, and first line.

    Parameters
    ----------
    rejected, offered
        Rows that cannot be imported, of all rows offered.
    same_record
        How many of them are valid but belong to a record with a broken row.
    allowed
        Rule -> what it allows.
    mapped
        Whether the import uses the user's mapping, which may be wrong.
    """
    kinds = Counter((row.source_file, row.column_name, row.rule) for row in broken)
    first: dict[tuple[str, str | None, str], int] = {}
    for row in broken:
        first.setdefault((row.source_file, row.column_name, row.rule), row.source_line)
    named = [
        f"{rule}{f' in {column}' if column else ''} {count:,} times in {file}, first in line "
        f"{first[file, column, rule]} (allowed: {allowed[rule]})"
        for (file, column, rule), count in kinds.most_common(MAX_NAMED)
    ]
    if same_record:
        named.append(f"{pluralize(same_record, 'row')} {SAME_RECORD_REJECTED}")
    return (
        f"{name}: {rejected:,} of {offered:,} rows cannot be imported ({rejected / offered:.1%}): {'; '.join(named)}. "
        f"Allowed: at most {MAX_QUARANTINED_SHARE:.0%} of a table's rows in quarantine. "
        f"Correct {'the mapping or ' if mapped else ''}the source, and import again."
    )
