"""Read the canonical tables from a PostgreSQL schema, in one read-only snapshot.

    payrank score "postgresql://reader@ledger.example:5432/hospital?schema=ar" --as-of 2026-11-20 --out runs

Each canonical table or view in the schema is copied, ordered by its key, to the private workspace. It is then loaded
like a file, with the same rules and the same quarantine. The address may name an `extract.toml`:
`&metadata=/path/to/extract.toml`. The password comes from the address, PGPASSWORD, or ~/.pgpass.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from payrank.extracts.atomic import create_private
from payrank.extracts.contract.metadata import AUDIT_PREFIX, FILE_NAME, read_metadata
from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.contract.tables import STATED_BALANCES, TABLES, Column, Table
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.optional import require

if TYPE_CHECKING:
    from psycopg import Connection

SCHEMES = ("postgresql", "postgres")

_ANY_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""A scheme with at least two letters. A single letter would be a drive."""
OPTIONS = ("schema", "metadata")
"""Parameters of the address that payrank reads. All others are PostgreSQL's own (sslmode, connect_timeout, ...)."""


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a schema: `server` is for the driver, and `shown` is for messages and has no password."""

    server: str
    shown: str
    schema: str
    metadata: Path | None


def is_address(source: Path | str) -> bool:
    """Return whether a source is the address of a database, not a folder.

    Raises
    ------
    WrongUsageError
        When it is another kind of address.

    Examples
    --------
    >>> is_address("postgresql://reader@ledger/hospital?schema=ar"), is_address(Path("extract")), is_address("extract")
    (True, False, False)
    """
    if not _ANY_ADDRESS.match(str(source)):
        return False
    if isinstance(source, Path) or source.split("://", maxsplit=1)[0].lower() not in SCHEMES:
        raise WrongUsageError(
            "payrank does not support this kind of address (not shown here, because it may contain a password). "
            "Allowed: postgresql://USER@HOST:PORT/DATABASE?schema=SCHEMA, or a folder."
        )
    return True


def read_address(source: str) -> Address:
    """Parse an address.

    >>> read_address("postgresql://reader:secret@ledger/hospital?schema=ar&sslmode=require").shown
    'postgresql://reader@ledger/hospital?schema=ar'

    Raises
    ------
    WrongUsageError
        When it cannot be parsed, or gives a parameter twice or without a value.
    """
    try:
        parts = urlsplit(source)
        parameters = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        parts.port  # noqa: B018 - reading the port validates it
    except ValueError:
        raise WrongUsageError(
            "the database address is not valid. Allowed: postgresql://USER@HOST:PORT/DATABASE?schema=SCHEMA, with "
            "special characters in the password escaped, such as %40. Correct the address."
        ) from None
    options = {name: value for name, value in parameters if name in OPTIONS}
    if not all(options.values()) or len(options) < sum(name in OPTIONS for name, _ in parameters):
        raise WrongUsageError(
            f"{' or '.join(OPTIONS)} is empty or repeated in the database address. Allowed: each once, such as "
            "?schema=ar. Correct the address."
        )
    rest = urlencode([(name, value) for name, value in parameters if name not in OPTIONS])
    schema = options.get("schema", "public")
    host = parts.netloc.rsplit("@", maxsplit=1)
    user = f"{host[0].split(':', maxsplit=1)[0]}@" if len(host) > 1 else ""
    shown = f"{parts.scheme}://{user}{host[-1]}{parts.path}?schema={schema}"
    server = urlunsplit((parts.scheme, parts.netloc, parts.path, rest, ""))
    metadata = Path(options["metadata"]) if "metadata" in options else None
    return Address(server, shown, schema, metadata)


def fetch_tables(address: Address, folder: Path) -> None:
    """Copy the schema's canonical tables to a folder as CSV files, all from one snapshot of the database.

    Parameters
    ----------
    folder
        An empty private folder, which becomes an extract.

    Raises
    ------
    ExtractRefusedError
        When the server cannot be reached, the schema has no canonical table, or the user may not read a table.
    WrongUsageError
        When the driver is not installed, or the metadata file does not exist.
    """
    if address.metadata is not None:
        shutil.copyfile(find_metadata(address), folder / FILE_NAME)
    with open_snapshot(address, read_only=True) as connection:
        _copy_tables(connection, address, folder)


def find_metadata(address: Address) -> Path:
    """Return the path of the `extract.toml` in an address. Raises WrongUsageError if there is no such file."""
    if address.metadata is None or not address.metadata.is_file():
        raise WrongUsageError(f"{address.metadata}: no such file. Give the path of an {FILE_NAME} in metadata=.")
    return address.metadata


@contextmanager
def open_snapshot(address: Address, *, read_only: bool) -> Iterator[Connection[tuple[object, ...]]]:
    """Open a connection in which all queries see one snapshot, taken at the first query.

    Parameters
    ----------
    read_only
        Whether to forbid writing even to temporary tables.

    Raises
    ------
    ExtractRefusedError
        When the server cannot be reached or refuses a query. The message contains no value from a row.
    WrongUsageError
        When the driver is not installed.
    """
    require("psycopg", extra="postgres", needed_for="reading a database")
    import psycopg  # noqa: PLC0415 - the one place that needs the driver

    try:
        with psycopg.connect(address.server, connect_timeout=20) as connection:
            connection.read_only = read_only
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.execute("SET DateStyle = 'ISO, YMD'")
            connection.execute("SET client_encoding = 'UTF8'")
            yield connection
    except psycopg.Error as error:
        reason = error.sqlstate or type(error).__name__
        raise ExtractRefusedError(
            f"{address.shown}: the database refused ({reason}: {_describe(error)}). Allowed: a server that answers, "
            "and a user who may read the schema's tables. Check the address, password, and permissions."
        ) from None


def _describe(error: Exception) -> str:
    """Describe an error by its class. The driver's own message may contain a value from a row."""
    state = getattr(error, "sqlstate", None)
    if state is None:
        return "no connection"
    descriptions = {
        "28": "login refused",
        "3D": "no such database",
        "42": "missing table, column, or permission",
        "53": "server too busy",
    }
    return descriptions.get(state[:2], "server error")


def _copy_tables(connection: Connection[tuple[object, ...]], address: Address, folder: Path) -> None:
    listed = connection.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = %s "
        "ORDER BY table_name, ordinal_position",
        (address.schema,),
    ).fetchall()
    columns: dict[str, dict[str, str]] = {}
    for table, column, data_type in listed:
        columns.setdefault(str(table), {})[str(column)] = str(data_type)
    tables = [table for table in (*TABLES, STATED_BALANCES) if table.name in columns]
    attributes = read_metadata(folder).attributes
    if not tables:
        raise ExtractRefusedError(
            f"{address.shown}: this schema has no canonical table, or the user may not read it. Allowed: "
            f"{', '.join(table.name for table in TABLES)}. Give the schema, such as ?schema=ar, and grant SELECT on it."
        )
    for table in tables:
        path = folder / f"{table.name}.csv"
        create_private(path)
        query = render_copy(table, address.schema, columns[table.name], attributes.get(table.name, ()))
        with path.open("wb") as file, connection.cursor().copy(query) as rows:
            file.writelines(rows)


def render_copy(table: Table, schema: str, types: Mapping[str, str], attributes: Collection[str] = ()) -> str:
    """Return the COPY statement for a table: every column as the text that the contract parses, ordered by the key.

    A timestamp at midnight becomes a date, and a number loses trailing zeros after the decimal point. Nothing else
    changes, so a value that violates the contract is quarantined as it would be in a file. Columns that payrank does
    not use are copied as names without values.

    Parameters
    ----------
    types
        Column -> PostgreSQL data type, in the table's order.
    attributes
        Declared site attributes of the table.
    """
    fields = []
    for name, data_type in types.items():
        column, quoted = table.column(name), quote_name(name)
        audit = table.name == "guarantors" and name.startswith(AUDIT_PREFIX)
        read = column is not None or audit or name in attributes
        fields.append(f"{_as_text(column, quoted, data_type) if read else 'NULL'} AS {quoted}")
    order = ", ".join(f'{quote_name(name)}::text COLLATE "C"' for name in table.key if name in types)
    query = f"SELECT {', '.join(fields)} FROM {quote_name(schema)}.{quote_name(table.name)}"
    return f"COPY ({query}{f' ORDER BY {order}' if order else ''}) TO STDOUT (FORMAT csv, HEADER true)"


def _as_text(column: Column | None, quoted: str, data_type: str) -> str:
    if data_type == "numeric":
        return f"trim_scale({quoted})::text"
    if data_type == "boolean":
        return f"CASE WHEN {quoted} THEN 'true' WHEN NOT {quoted} THEN 'false' END"
    if data_type == "timestamp without time zone" and column is not None and column.kind == "date":
        return f"CASE WHEN {quoted}::time = '00:00' THEN {quoted}::date::text ELSE {quoted}::text END"
    return f"{quoted}::text"
