"""An Epic folder in DuckDB: each known table under its own name, with the columns that are read and no others."""

from __future__ import annotations

from pathlib import Path

from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.epic.export.find_tables import FoundTables, detect_delimiter, find_tables
from payrank.extracts.readers.epic.export.known_tables import KNOWN, OTHER_COLUMNS, UNHELD
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.source_table import LINE, SourceTable

REPEATED = "repeats another record"


class StagedFolder:
    """The folder's tables by name. A table that is absent stands empty, so that every query can name it."""

    def __init__(self, session: ImportSession, source: Path) -> None:
        self.session = session
        self.connection = session.connection
        self.sources: dict[str, SourceTable] = {}
        found = find_tables(source)
        _require_ledgers(source, found)
        for name, paths in found.files.items():
            self.sources[name] = session.stage(paths[0], delimiter=detect_delimiter(paths[0]))
            for repeat in paths[1:]:
                session.stage(repeat, delimiter=detect_delimiter(repeat))
        for name in KNOWN:
            self._name_table(name)
        self._tell(found)

    def has(self, *names: str) -> bool:
        """Tell whether the folder holds all of these tables."""
        return all(name in self.sources for name in names)

    def load(self, table: str, name: str, query: str) -> int:
        """Land a query's rows, whose `source_line` names records of the Epic table `name`; none where it is absent."""
        source = self.sources.get(name)
        return 0 if source is None else self.session.load(table, source, query)

    def skip(self, name: str, reason: str, query: str) -> int:
        """Set aside records of the Epic table `name`, and return how many."""
        source = self.sources.get(name)
        return 0 if source is None else self.session.skip(source, reason, query)

    def mark_reference(self, *names: str) -> None:
        """Say that these tables inform the rows of others."""
        for name in names:
            if name in self.sources:
                self.session.mark_reference(self.sources[name])

    def count(self, from_clause: str) -> int:
        """Count rows."""
        ((rows,),) = self.connection.execute(f"SELECT count(*) {from_clause}").fetchall()
        return int(rows)

    def notice_count(self, rows: int, noun: str, what: str) -> None:
        """Tell the user of so many things, where there are any."""
        if rows:
            self.session.add_notice(f"{pluralize(rows, noun)} {what}")

    def _name_table(self, name: str) -> None:
        columns = KNOWN[name].columns
        source = self.sources.get(name)
        if source is None or source.same_as is not None:
            fields = ", ".join(f"{quote_name(column)} VARCHAR" for column in columns)
            self.connection.execute(f"CREATE TABLE {quote_name(name)} ({fields}, {LINE} BIGINT)")
            return
        given = {column.casefold(): column for column in source.names}
        picked = {column: _pick(column, given) for column in columns}
        missing = [column for column in KNOWN[name].required if picked[column] is None]
        if missing:
            raise ExtractRefusedError(
                f"{source.name}: column {', '.join(missing)} is missing. Needed of {name}: "
                f"{', '.join(KNOWN[name].required)}. Add it to the export, and import again."
            )
        fields = ", ".join(
            f"{quote_name(found) if found else 'CAST(NULL AS VARCHAR)'} AS {quote_name(column)}"
            for column, found in picked.items()
        )
        keys = ", ".join(map(quote_name, columns))
        self.connection.execute(
            f"CREATE TABLE {quote_name(name)} AS SELECT {fields}, {LINE} FROM {quote_name(source.relation)} "
            f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {LINE}) = 1 ORDER BY {LINE}"
        )
        self.session.skip(
            source,
            REPEATED,
            f"SELECT {LINE} FROM {quote_name(source.relation)} ANTI JOIN {quote_name(name)} USING ({LINE})",
        )

    def _tell(self, found: FoundTables) -> None:
        if found.unknown:
            self.session.add_notice(
                f"{pluralize(len(found.unknown), 'table')} that payrank does not know, not read: "
                f"{', '.join(found.unknown)}"
            )
        if found.blocked:
            self.session.add_notice(f"the vendor's payment scores are never read: {', '.join(found.blocked)}")
        for name in UNHELD:
            if name in self.sources:
                source = self.sources[name]
                self.session.skip(
                    source, "the canonical tables have no place for it", f"SELECT {LINE} FROM {source.relation}"
                )


def _pick(column: str, given: dict[str, str]) -> str | None:
    names = (column, *OTHER_COLUMNS.get(column, ()))
    return next((given[name.casefold()] for name in names if name.casefold() in given), None)


def _require_ledgers(source: Path, found: FoundTables) -> None:
    """Refuse a folder without a ledger, or with half of one."""
    needed = {"HSP_TRANSACTIONS": "HSP_ACCOUNT", "ARPB_TRANSACTIONS": "ARPB_TX_MATCH_HX"}
    if not any(name in found.files for name in needed):
        raise ExtractRefusedError(
            f"{source.name}: neither HSP_TRANSACTIONS nor ARPB_TRANSACTIONS is there: there is no ledger to read. "
            "Allowed: hospital billing (HSP_TRANSACTIONS with HSP_ACCOUNT), professional billing (ARPB_TRANSACTIONS "
            "with ARPB_TX_MATCH_HX), or both. Add the tables to the folder."
        )
    for ledger, other in needed.items():
        if ledger in found.files and other not in found.files:
            raise ExtractRefusedError(
                f"{source.name}: {other} is missing, and {ledger} cannot be read without it. "
                f"Allowed: both, or neither. Add {other} to the folder."
            )
