"""Inspect an extract: errors that refuse it, load counts, and anything unusual."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from payrank.extracts.checks.dates import check_days
from payrank.extracts.checks.sums import check_sums
from payrank.extracts.checks.unknown_codes import check_codes
from payrank.extracts.checks.volume import Volume, check_volumes, measure_volumes
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.extract import Extract, TableState
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.finding import Finding
from payrank.extracts.load.load_extract import load_extract


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Quarantined rows of one table, column, and rule. `first_line` is the source line of the first one."""

    table: str
    column: str | None
    rule: str
    rows: int
    first_line: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """The results of inspecting an extract. `refusals` is empty if the extract is valid.

    `as_of` is the date used for the checks: the caller's, else the extract's, else the day after its newest row.
    """

    source: str
    source_system: str | None
    as_of: date | None
    refusals: tuple[str, ...]
    tables: tuple[TableState, ...]
    quarantined: tuple[Quarantined, ...]
    findings: tuple[Finding, ...]
    volumes: tuple[Volume, ...]


@contextmanager
def inspect_extract(source: Path | str, as_of: date | None = None) -> Iterator[tuple[Inspection, Extract | None]]:
    """Inspect an extract, and yield it for further checks.

    Collects every error for which `load_extract` would refuse the extract, so that one inspection finds all of them.

    Yields
    ------
    Inspection
    Extract or None
        None if nothing could be opened.
    """
    refusals: list[ExtractRefusedError] = []
    try:
        extract = load_extract(source, refusals=refusals)
    except ExtractRefusedError as refused:
        shown = str(source).split("?", maxsplit=1)[0].rsplit("@", maxsplit=1)[-1]
        yield Inspection(shown, None, as_of, (str(refused),), (), (), (), ()), None
        return
    with extract:
        day = as_of or extract.metadata.as_of or _find_newest(extract)
        volumes = measure_volumes(extract)
        findings = [*extract.findings, *check_sums(extract), *check_days(extract, day)]
        if day is not None:
            findings += check_volumes(volumes, day) + check_codes(extract, day)
        yield (
            Inspection(
                source=extract.source,
                source_system=extract.metadata.source_system,
                as_of=day,
                refusals=tuple(str(refused) for refused in refusals),
                tables=tuple(extract.tables.values()),
                quarantined=_count_quarantined(extract),
                findings=tuple(findings),
                volumes=volumes,
            ),
            extract,
        )


def _find_newest(extract: Extract) -> date | None:
    (newest,) = fetch_one_row(
        extract.connection,
        "SELECT max(day) FROM (SELECT max(posted_on) AS day FROM transactions UNION ALL "
        "SELECT max(denied_on) FROM denials UNION ALL SELECT max(opened_on) FROM accounts)",
    )
    return None if newest is None else newest + timedelta(days=1)


def _count_quarantined(extract: Extract) -> tuple[Quarantined, ...]:
    rows = extract.connection.execute(
        "SELECT table_name, column_name, rule, count(*), min(source_line) FROM quarantine GROUP BY 1, 2, 3 "
        "ORDER BY count(*) DESC, 1, 2, 3"
    ).fetchall()
    return tuple(Quarantined(*row) for row in rows)
