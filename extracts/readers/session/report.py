"""The import report: counts for every file and mapping block, and every row that could not be imported."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple, dataclass, fields
from datetime import date
from pathlib import Path

from payrank.extracts.checks.balance_reconciliation import BalanceReconciliation
from payrank.extracts.contract.parsing import ALLOWED
from payrank.extracts.contract.source_file import IMPORT_QUARANTINE, IMPORT_REPORT
from payrank.extracts.formula_safe import safe_cell
from payrank.extracts.load.quarantine import MOST_NAMED, MOST_QUARANTINED
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.session.record_ledger import FileCounts

SAME_RECORD_REJECTED = "beside a broken row of their record"
"""Why a sound row is held back: a record is imported whole or not at all."""


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
    """Write `import_report.json`: files, counts and notices, no value and no key."""
    content = {name: value for name, value in asdict(report).items() if name != "folder"}
    content["as_of"] = report.as_of.isoformat() if report.as_of else None
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
        writer.writerows([safe_cell(value) for value in astuple(row)] for row in broken)


def describe_broken(
    name: str,
    broken: list[BrokenRow],
    out: int,
    taken: int,
    allowed: Mapping[str, str] = ALLOWED,
    *,
    beside: int = 0,
    mapped: bool = True,
) -> str:
    """Say which rules were broken how often, the worst five, each with its first file and line.

    Parameters
    ----------
    out
        Rows that cannot be imported, of `taken`.
    beside
        How many of them stand beside a broken row of their record.
    allowed
        Rule -> what it allows.
    mapped
        Whether a mapping of the user's is in play, that may be what is wrong.
    """
    kinds = Counter((row.source_file, row.column_name, row.rule) for row in broken)
    first: dict[tuple[str, str | None, str], int] = {}
    for row in broken:
        first.setdefault((row.source_file, row.column_name, row.rule), row.source_line)
    named = [
        f"{rule}{f' in {column}' if column else ''} {count:,} times in {file}, first in line "
        f"{first[file, column, rule]} (allowed: {allowed[rule]})"
        for (file, column, rule), count in kinds.most_common(MOST_NAMED)
    ]
    if beside:
        named.append(f"{pluralize(beside, 'row')} {SAME_RECORD_REJECTED}")
    return (
        f"{name}: {out:,} of {taken:,} rows cannot be imported ({out / taken:.1%}): {'; '.join(named)}. "
        f"Allowed: at most {MOST_QUARANTINED:.0%} of a table's rows in quarantine. "
        f"Correct {'the mapping or ' if mapped else ''}the source, and import again."
    )
