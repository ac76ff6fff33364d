"""What became of each source record: exactly one of loaded, looked up, set aside or quarantined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import duckdb

from payrank.extracts.errors import PayrankError
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.readers.session.source_table import LINE, SourceTable

QUARANTINED, LOADED, SET_ASIDE = 1, 2, 3
"""Where a record met two fates, the smaller number counts: one bad row makes its record a quarantined one."""

MOST_REASONS = 100_000


@dataclass(frozen=True, slots=True)
class FileRead:
    """A source file's account: `records` = `loaded` + `looked_up` + set aside + `quarantined`, exactly.

    `set_aside` counts by reason the records that become no canonical row. `same_as` names the file that this one
    repeats byte for byte: it is not read again, and its records are that file's.
    """

    name: str
    sha256: str
    records: int
    loaded: int = 0
    looked_up: int = 0
    quarantined: int = 0
    set_aside: Mapping[str, int] = field(default_factory=dict)
    same_as: str | None = None


class Fates:
    """The ledger of records, one row a record and fate, in the landing's own database."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.reasons: list[str] = []
        self.looked_up: set[int] = set()
        connection.execute(f"CREATE TABLE fates (source INTEGER, {LINE} BIGINT, fate TINYINT, reason INTEGER)")

    def take(self, source: SourceTable, rows: str, broken: str) -> tuple[int, int]:
        """Note the records of a table of rows as loaded, or as quarantined where a row of theirs is `broken`.

        Returns
        -------
        Records loaded and records quarantined.
        """
        query = (
            f"SELECT {source.number}, {LINE}, CASE WHEN bool_or({broken}) THEN {QUARANTINED} ELSE {LOADED} END, NULL "
            f"FROM {rows} GROUP BY {LINE}"
        )
        (taken,) = fetch_one_row(self.connection, f"INSERT INTO fates {query}")
        (bad,) = fetch_one_row(self.connection, f"SELECT count(DISTINCT {LINE}) FROM {rows} WHERE {broken}")
        return int(taken - bad), int(bad)

    def quarantine(self, source: SourceTable, line: int) -> None:
        """Note one record as quarantined, whatever was noted of it before."""
        self.connection.execute("INSERT INTO fates VALUES (?, ?, ?, NULL)", [source.number, line, QUARANTINED])

    def set_aside(self, source: SourceTable, reason: str, query: str) -> int:
        """Note the records that a query names by `source_line` as set aside, unless another fate is theirs."""
        number = self.number_of(reason)
        (count,) = fetch_one_row(
            self.connection,
            f"INSERT INTO fates SELECT DISTINCT {source.number}, {LINE}, {SET_ASIDE}, {number} FROM ({query})",
        )
        return int(count)

    def number_of(self, reason: str) -> int:
        """Return the number under which a reason is noted."""
        if reason not in self.reasons:
            self.reasons.append(reason)
        return self.reasons.index(reason)

    def look_up(self, source: SourceTable) -> None:
        """Note that the records of a source only inform the rows of others, where no other fate is theirs."""
        self.looked_up.add(source.number)

    def account(self, sources: Iterable[SourceTable]) -> list[FileRead]:
        """Count every source's records by fate.

        Raises
        ------
        PayrankError
            When a record has no fate, or one that is no record: a fault of the reader.
        """
        return [self._count(source) for source in sources]

    def _count(self, source: SourceTable) -> FileRead:
        if source.same_as is not None:
            return FileRead(source.name, source.sha256, source.records, same_as=source.same_as)
        # Fate and reason as one number: half the work of asking for the least fate, and then for its reason.
        packed = f"min(CAST(fate AS INTEGER) * {MOST_REASONS} + coalesce(reason, 0))"
        found = self.connection.execute(
            f"SELECT least // {MOST_REASONS}, least % {MOST_REASONS}, count(*) FROM (SELECT {packed} AS least "
            f"FROM fates WHERE source = {source.number} GROUP BY {LINE}) GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        counts = {fate: sum(count for other, _, count in found if other == fate) for fate, _, _ in found}
        quarantined = counts.get(QUARANTINED, 0) + len(source.broken)
        loaded = counts.get(LOADED, 0)
        aside = {self.reasons[reason]: count for fate, reason, count in found if fate == SET_ASIDE}
        rest = source.records - quarantined - loaded - sum(aside.values())
        if rest < 0 or (rest > 0 and source.number not in self.looked_up):
            raise PayrankError(f"{source.name}: the account of its records does not add up. Report this fault.")
        return FileRead(
            source.name, source.sha256, source.records, loaded, rest, quarantined, dict(sorted(aside.items()))
        )
