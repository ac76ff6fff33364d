"""A loaded extract: every canonical table, typed, in one DuckDB connection, with the account of how each arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import duckdb

from payrank.extracts.contract.metadata import Metadata
from payrank.extracts.finding import Finding
from payrank.extracts.workspace import remove_workspace


@dataclass(frozen=True, slots=True)
class TableState:
    """How one canonical table arrived. `rows_read` = `rows_loaded` + `rows_quarantined` + `rows_repeated`, exactly.

    `attributes` are the declared site attributes (column -> kind); one that did not arrive is null and listed in
    `absent_columns`.
    """

    name: str
    present: bool
    absent_columns: tuple[str, ...]
    ignored_columns: tuple[str, ...]
    attributes: Mapping[str, str]
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_repeated: int


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Extract:
    """An extract that kept its contract.

    `connection` holds every canonical table with every column of the contract (null where the column, empty where the
    table is absent), the declared site attributes, `audit_*` columns of guarantors, and the table `quarantine`.
    Use it as a context manager, or call `close`.
    """

    connection: duckdb.DuckDBPyConnection
    source: str
    metadata: Metadata
    tables: Mapping[str, TableState]
    digests: Mapping[str, str]
    findings: tuple[Finding, ...]
    workspace: Path | None = None

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know of the extract, a sentence a finding."""
        return tuple(finding.text for finding in self.findings)

    def has(self, table: str, *columns: str) -> bool:
        """Say whether the table arrived, and these columns with it.

        Raises
        ------
        KeyError
            When the contract has no such table: a fault of the caller, not of the extract.
        """
        state = self.tables[table]
        return state.present and not set(columns) & set(state.absent_columns)

    def close(self) -> None:
        """Free the memory and delete the temporary files."""
        self.connection.close()
        if self.workspace is not None:
            remove_workspace(self.workspace)

    def __enter__(self) -> Extract:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
