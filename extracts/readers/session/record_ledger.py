"""What became of each source record: exactly one of loaded, looked up, skipped or quarantined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import duckdb

from payrank.extracts.errors import PayrankError
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.readers.session.source_table import LINE, SourceTable

QUARANTINED, LOADED, SKIPPED = 1, 2, 3
"""Where a record met two record_ledger, the smaller number counts: one bad row makes its record a quarantined one."""

MOST_REASONS = 100_000


@dataclass(frozen=True, slots=True)
class FileCounts:
    """A source file's account: `records` = `loaded` + `looked_up` + skipped + `quarantined`, exactly.

    `set_aside` counts by reason the records that become no canonical row. `same_as` names the file that this one
    repeats byte for byte: it is not read again, and its records are that file's.
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
    """The ledger of records, one row a record and outcome, in the session's own database."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.reasons: list[str] = []
        self.reference: set[int] = set()
        connection.execute(
            f"CREATE TABLE record_ledger (source INTEGER, {LINE} BIGINT, outcome TINYINT, reason INTEGER)"
        )

    def add_loaded(self, source: SourceTable, rows: str, broken: str) -> tuple[int, int]:
        """Note the records of a table of rows as loaded, or as quarantined where a row of theirs is `broken`.

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
        """Note one record as quarantined, whatever was noted of it before."""
        self.connection.execute("INSERT INTO record_ledger VALUES (?, ?, ?, NULL)", [source.number, line, QUARANTINED])

    def skip(self, source: SourceTable, reason: str, query: str) -> int:
        """Note the records that a query names by `source_line` as skipped, unless another outcome is theirs."""
        number = self.number_of(reason)
        (count,) = fetch_one_row(
            self.connection,
            f"INSERT INTO record_ledger SELECT DISTINCT {source.number}, {LINE}, {SKIPPED}, {number} FROM ({query})",
        )
        return int(count)

    def number_of(self, reason: str) -> int:
        """Return the number under which a reason is noted."""
        if reason not in self.reasons:
            self.reasons.append(reason)
        return self.reasons.index(reason)

    def mark_reference(self, source: SourceTable) -> None:
        """Note that the records of a source only inform the rows of others, where no other outcome is theirs."""
        self.reference.add(source.number)

    def count_records(self, sources: Iterable[SourceTable]) -> list[FileCounts]:
        """Count every source's records by outcome.

        Raises
        ------
        PayrankError
            When a record has no outcome, or one that is no record: a fault of the reader.
        """
        return [self._count(source) for source in sources]

    def _count(self, source: SourceTable) -> FileCounts:
        if source.same_as is not None:
            return FileCounts(source.name, source.sha256, source.records, same_as=source.same_as)
        # Fate and reason as one number: half the work of asking for the least outcome, and then for its reason.
        packed = f"min(CAST(outcome AS INTEGER) * {MOST_REASONS} + coalesce(reason, 0))"
        found = self.connection.execute(
            f"SELECT least // {MOST_REASONS}, least % {MOST_REASONS}, count(*) FROM (SELECT {packed} AS least "
            f"FROM record_ledger WHERE source = {source.number} GROUP BY {LINE}) GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        counts = {outcome: sum(count for other, _, count in found if other == outcome) for outcome, _, _ in found}
        quarantined = counts.get(QUARANTINED, 0) + len(source.broken)
        loaded = counts.get(LOADED, 0)
        aside = {self.reasons[reason]: count for outcome, reason, count in found if outcome == SKIPPED}
        rest = source.records - quarantined - loaded - sum(aside.values())
        if rest < 0 or (rest > 0 and source.number not in self.reference):
            raise PayrankError(f"{source.name}: the account of its records does not add up. Report this fault.")
        return FileCounts(
            source.name, source.sha256, source.records, loaded, rest, quarantined, dict(sorted(aside.items()))
        )
