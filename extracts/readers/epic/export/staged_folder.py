"""An Epic folder in DuckDB: each known table under its own name, with only the columns that are read."""

from __future__ import annotations

from pathlib import Path

from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.epic.export.find_tables import FoundTables, detect_delimiter, find_tables
from payrank.extracts.readers.epic.export.known_tables import KNOWN, OTHER_COLUMNS, UNUSED_TABLES
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.source_table import LINE, SourceTable

DUPLICATE = "duplicate record"


class StagedFolder:
    """The folder's tables by name. Missing tables exist as empty tables, so that queries can always use them."""

    def __init__(self, session: ImportSession, source: Path) -> None:
        self.session = session
        self.connection = session.connection
        self.sources: dict[str, SourceTable] = {}
        tables = find_tables(source)
        _require_ledgers(source, tables)
        for name, paths in tables.files.items():
            self.sources[name] = session.stage(paths[0], delimiter=detect_delimiter(paths[0]))
            for repeat in paths[1:]:
                session.stage(repeat, delimiter=detect_delimiter(repeat))
        for name in KNOWN:
            self._name_table(name)
        self._add_notices(tables)

    def has(self, *names: str) -> bool:
        """Return whether the folder has all of these tables."""
        return all(name in self.sources for name in names)

    def load(self, table: str, name: str, query: str) -> int:
        """Load the rows of a query. `source_line` refers to records of the Epic table `name`; does nothing if it is
        missing.
        """
        source = self.sources.get(name)
        return 0 if source is None else self.session.load(table, source, query)

    def skip(self, name: str, reason: str, query: str) -> int:
        """Skip records of the Epic table `name`. Returns the number of records."""
        source = self.sources.get(name)
        return 0 if source is None else self.session.skip(source, reason, query)

    def mark_reference(self, *names: str) -> None:
        """Mark tables as reference data for the rows of other tables."""
        for name in names:
            if name in self.sources:
                self.session.mark_reference(self.sources[name])

    def count(self, from_clause: str) -> int:
        """Return the number of rows."""
        ((rows,),) = self.connection.execute(f"SELECT count(*) {from_clause}").fetchall()
        return int(rows)

    def add_count_notice(self, rows: int, noun: str, what: str) -> None:
        """Add a notice with a count, if the count is not zero."""
        if rows:
            self.session.add_notice(f"{pluralize(rows, noun)} {what}")

    def _name_table(self, name: str) -> None:
        columns = KNOWN[name].columns
        source = self.sources.get(name)
        if source is None or source.same_as is not None:
            fields = ", ".join(f"{quote_name(column)} VARCHAR" for column in columns)
            self.connection.execute(f"CREATE TABLE {quote_name(name)} ({fields}, {LINE} BIGINT)")
            return
        names_by_key = {column.casefold(): column for column in source.names}
        picked = {column: _pick(column, names_by_key) for column in columns}
        missing = [column for column in KNOWN[name].required if picked[column] is None]
        if missing:
            raise ExtractRefusedError(
                f"{source.name}: column {', '.join(missing)} is missing. Required columns of {name}: "
                f"{', '.join(KNOWN[name].required)}. Add it to the export and import again."
            )
        fields = ", ".join(
            f"{quote_name(actual) if actual else 'CAST(NULL AS VARCHAR)'} AS {quote_name(column)}"
            for column, actual in picked.items()
        )
        keys = ", ".join(map(quote_name, columns))
        self.connection.execute(
            f"CREATE TABLE {quote_name(name)} AS SELECT {fields}, {LINE} FROM {quote_name(source.relation)} "
            f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {LINE}) = 1 ORDER BY {LINE}"
        )
        self.session.skip(
            source,
            DUPLICATE,
            f"SELECT {LINE} FROM {quote_name(source.relation)} ANTI JOIN {quote_name(name)} USING ({LINE})",
        )

    def _add_notices(self, tables: FoundTables) -> None:
        if tables.unknown:
            self.session.add_notice(
                f"{pluralize(len(tables.unknown), 'table')} not recognized and not read: {', '.join(tables.unknown)}"
            )
        if tables.blocked:
            self.session.add_notice(f"the vendor's payment scores are never read: {', '.join(tables.blocked)}")
        for name in UNUSED_TABLES:
            if name in self.sources:
                source = self.sources[name]
                self.session.skip(
                    source, "no equivalent in the canonical tables", f"SELECT {LINE} FROM {source.relation}"
                )


def _pick(column: str, names_by_key: dict[str, str]) -> str | None:
    names = (column, *OTHER_COLUMNS.get(column, ()))
    return next((names_by_key[name.casefold()] for name in names if name.casefold() in names_by_key), None)


def _require_ledgers(source: Path, tables: FoundTables) -> None:
    """Refuse a folder without a ledger or with an incomplete one."""
    needed = {"HSP_TRANSACTIONS": "HSP_ACCOUNT", "ARPB_TRANSACTIONS": "ARPB_TX_MATCH_HX"}
    if not any(name in tables.files for name in needed):
        raise ExtractRefusedError(
            f"{source.name}: HSP_TRANSACTIONS and ARPB_TRANSACTIONS are both missing, so there is no ledger to read. "
            "Allowed: hospital billing (HSP_TRANSACTIONS with HSP_ACCOUNT), professional billing (ARPB_TRANSACTIONS "
            "with ARPB_TX_MATCH_HX), or both. Add the tables to the folder."
        )
    for ledger, other in needed.items():
        if ledger in tables.files and other not in tables.files:
            raise ExtractRefusedError(
                f"{source.name}: {other} is missing, and {ledger} cannot be read without it. "
                f"Allowed: both or neither. Add {other} to the folder."
            )
