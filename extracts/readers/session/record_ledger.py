"""The record ledger: every source record is loaded, used for reference, skipped with a reason, or quarantined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import duckdb

from payrank.extracts.errors import PayrankError
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.readers.session.source_table import LINE, SourceTable

QUARANTINED, LOADED, SKIPPED = 1, 2, 3
"""Outcomes of a record. If it has several, the smallest number counts: one bad row quarantines the whole record."""

REASONS_PER_OUTCOME = 100_000


@dataclass(frozen=True, slots=True)
class FileCounts:
    """Record counts of a source file: `records` = `loaded` + `reference` + skipped + `quarantined`, exactly.

    `reference` counts records that are used only to complete other rows, such as a payer's name. `skipped` maps a
    reason to the number of records skipped for it. `same_as` names an earlier file with the same bytes, which is not
    read again.
    """

    name: str
    sha256: str
    records: int
    loaded: int = 0
    reference: int = 0
    quarantined: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    same_as: str | None = None


class RecordLedger:
    """A DuckDB table with one row per record and outcome."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.reasons: list[str] = []
        self.reference: set[int] = set()
        connection.execute(
            f"CREATE TABLE record_ledger (source INTEGER, {LINE} BIGINT, outcome TINYINT, reason INTEGER)"
        )

    def add_loaded(self, source: SourceTable, rows: str, broken: str) -> tuple[int, int]:
        """Enter the records of a table of rows as loaded, or as quarantined if one of their rows is `broken` (SQL).

        Returns
        -------
        Records loaded and records quarantined.
        """
        query = (
            f"SELECT {source.number}, {LINE}, CASE WHEN bool_or({broken}) THEN {QUARANTINED} ELSE {LOADED} END, NULL "
            f"FROM {rows} GROUP BY {LINE}"
        )
        (taken,) = fetch_one_row(self.connection, f"INSERT INTO record_ledger {query}")
        (bad,) = fetch_one_row(self.connection, f"SELECT count(DISTINCT {LINE}) FROM {rows} WHERE {broken}")
        return int(taken - bad), int(bad)

    def quarantine(self, source: SourceTable, line: int) -> None:
        """Enter one record as quarantined. This overrides its other outcomes."""
        self.connection.execute("INSERT INTO record_ledger VALUES (?, ?, ?, NULL)", [source.number, line, QUARANTINED])

    def skip(self, source: SourceTable, reason: str, query: str) -> int:
        """Enter the records that a query returns by `source_line` as skipped, unless they have another outcome."""
        number = self.number_of(reason)
        (count,) = fetch_one_row(
            self.connection,
            f"INSERT INTO record_ledger SELECT DISTINCT {source.number}, {LINE}, {SKIPPED}, {number} FROM ({query})",
        )
        return int(count)

    def number_of(self, reason: str) -> int:
        """Return the number of a reason."""
        if reason not in self.reasons:
            self.reasons.append(reason)
        return self.reasons.index(reason)

    def mark_reference(self, source: SourceTable) -> None:
        """Count the records of a source as reference, unless they have another outcome."""
        self.reference.add(source.number)

    def count_records(self, sources: Iterable[SourceTable]) -> list[FileCounts]:
        """Count the records of each source by outcome.

        Raises
        ------
        PayrankError
            When a record has no outcome, or an outcome has no record, which is a bug in the reader.
        """
        return [self._count(source) for source in sources]

    def _count(self, source: SourceTable) -> FileCounts:
        if source.same_as is not None:
            return FileCounts(source.name, source.sha256, source.records, same_as=source.same_as)
        # Outcome and reason are packed into one number: half the work of finding the outcome first and its reason next.
        packed = f"min(CAST(outcome AS INTEGER) * {REASONS_PER_OUTCOME} + coalesce(reason, 0))"
        rows = self.connection.execute(
            f"SELECT least // {REASONS_PER_OUTCOME}, least % {REASONS_PER_OUTCOME}, count(*) FROM (SELECT {packed} "
            f"AS least FROM record_ledger WHERE source = {source.number} GROUP BY {LINE}) GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        counts = {outcome: sum(count for other, _, count in rows if other == outcome) for outcome, _, _ in rows}
        quarantined = counts.get(QUARANTINED, 0) + len(source.broken)
        loaded = counts.get(LOADED, 0)
        skipped = {self.reasons[reason]: count for outcome, reason, count in rows if outcome == SKIPPED}
        rest = source.records - quarantined - loaded - sum(skipped.values())
        if rest < 0 or (rest > 0 and source.number not in self.reference):
            raise PayrankError(f"{source.name}: the counts of its records do not add up. Please report this bug.")
        return FileCounts(
            source.name, source.sha256, source.records, loaded, rest, quarantined, dict(sorted(skipped.items()))
        )
