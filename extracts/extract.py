"""A loaded extract: every canonical table, typed, in one DuckDB connection, with counts of what was loaded."""

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
    """Load counts for one canonical table: `rows_read` = `rows_loaded` + `rows_quarantined` + `rows_repeated`, exactly.

    `attributes` are the declared site attributes (column -> kind). An attribute missing from the file is null and
    listed in `absent_columns`.
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
    """A valid extract.

    `connection` holds every canonical table with every column of the contract, the declared site attributes, the
    `audit_*` columns of guarantors, and the table `quarantine`. An absent column is null, and an absent table is empty.
    Use the extract as a context manager, or call `close`.
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
        """Return one sentence per finding."""
        return tuple(finding.text for finding in self.findings)

    def has(self, table: str, *columns: str) -> bool:
        """Return whether the extract has the table and all of these columns.

        Raises
        ------
        KeyError
            When the contract has no such table, which is a bug in the caller.
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
