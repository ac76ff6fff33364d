"""The canonical tables where they are: read from a PostgreSQL schema in one read-only snapshot.

    payrank score "postgresql://reader@ledger.example:5432/hospital?schema=ar" --as-of 2026-11-20 --out runs

Every table of the contract that the schema holds (table or view) is copied, ordered by its key, into the private
workspace and then judged like a file: the same rules, the same quarantine. `extract.toml` may be named in the address,
`&metadata=/path/to/extract.toml`. The password comes from the address, PGPASSWORD or ~/.pgpass.
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

from payrank.extracts.contract.metadata import AUDIT_PREFIX, FILE_NAME, read_metadata
from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.contract.tables import STATED_BALANCES, TABLES, Column, Table
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError

if TYPE_CHECKING:
    from psycopg import Connection

SCHEMES = ("postgresql", "postgres")

_ANY_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""A scheme of two letters or more: one letter would be a drive."""
OPTIONS = ("schema", "metadata")
"""What payrank reads off the address; all other parameters are PostgreSQL's own (sslmode, connect_timeout, ...)."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a schema is: `server` for the driver, and what messages may show of it, without a password."""

    server: str
    shown: str
    schema: str
    metadata: Path | None


def is_address(source: Path | str) -> bool:
    """Say whether a source is the address of a database, not a folder.

    Raises
    ------
    WrongUsageError
        When it is the address of something else.

    Examples
    --------
    >>> is_address("postgresql://reader@ledger/hospital?schema=ar"), is_address(Path("extract")), is_address("extract")
    (True, False, False)
    """
    if not _ANY_ADDRESS.match(str(source)):
        return False
    if isinstance(source, Path) or source.split("://", maxsplit=1)[0].lower() not in SCHEMES:
        raise WrongUsageError(
            "the address is of a kind that payrank does not read (it is not repeated here, for it may hold a "
            "password). Allowed: postgresql://USER@HOST:PORT/DATABASE?schema=SCHEMA, or a folder."
        )
    return True


def read_address(source: str) -> Address:
    """Take an address apart.

    >>> read_address("postgresql://reader:secret@ledger/hospital?schema=ar&sslmode=require").shown
    'postgresql://reader@ledger/hospital?schema=ar'

    Raises
    ------
    WrongUsageError
        When it cannot be read, or names no schema twice over.
    """
    try:
        parts = urlsplit(source)
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        raise WrongUsageError(
            "the database address cannot be read. Allowed: postgresql://USER@HOST:PORT/DATABASE?schema=SCHEMA, with "
            "special signs of a password as %40 and the like. Correct the address."
        ) from None
    options = {name: value for name, value in given if name in OPTIONS}
    if not all(options.values()) or len(options) < sum(name in OPTIONS for name, _ in given):
        raise WrongUsageError(
            f"{' or '.join(OPTIONS)} is empty or given twice in the database address. Allowed: each once, as "
            "?schema=ar. Correct the address."
        )
    rest = urlencode([(name, value) for name, value in given if name not in OPTIONS])
    schema = options.get("schema", "public")
    host = parts.netloc.rsplit("@", maxsplit=1)
    user = f"{host[0].split(':', maxsplit=1)[0]}@" if len(host) > 1 else ""
    shown = f"{parts.scheme}://{user}{host[-1]}{parts.path}?schema={schema}"
    server = urlunsplit((parts.scheme, parts.netloc, parts.path, rest, ""))
    metadata = Path(options["metadata"]) if "metadata" in options else None
    return Address(server, shown, schema, metadata)


def fetch_tables(address: Address, folder: Path) -> None:
    """Copy the schema's canonical tables into a folder as CSV, one snapshot of the database for all of them.

    Parameters
    ----------
    folder
        An empty private folder; what it holds afterwards is an extract.

    Raises
    ------
    ExtractRefusedError
        When the server cannot be reached, the schema holds no canonical table, or a table may not be read.
    WrongUsageError
        When the driver is not installed, or the metadata file is absent.
    """
    if address.metadata is not None:
        shutil.copyfile(find_metadata(address), folder / FILE_NAME)
    with open_snapshot(address, read_only=True) as connection:
        _copy_tables(connection, address, folder)


def find_metadata(address: Address) -> Path:
    """Return the path of the `extract.toml` that an address names; WrongUsageError when it is absent."""
    if address.metadata is None or not address.metadata.is_file():
        raise WrongUsageError(f"{address.metadata}: no such file. Give the path of an {FILE_NAME} in metadata=.")
    return address.metadata


@contextmanager
def open_snapshot(address: Address, *, read_only: bool) -> Iterator[Connection[tuple[object, ...]]]:
    """Open a connection whose queries all see the database as it stood at the first of them.

    Parameters
    ----------
    read_only
        Whether even temporary tables are forbidden.

    Raises
    ------
    ExtractRefusedError
        When the server cannot be reached or refuses a query; the message holds nothing of a row.
    WrongUsageError
        When the driver is not installed.
    """
    try:
        import psycopg  # noqa: PLC0415 - the one place that needs the driver
    except ImportError:
        raise WrongUsageError(
            "reading a database needs the driver psycopg, which is not installed. Install payrank with its extra: "
            "pip install 'payrank[postgres]'."
        ) from None
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
            f"{address.shown}: the database refused ({reason}: {_say(error)}). Allowed: a server that answers, and a "
            "user who may read the schema's tables. Check address, password and rights."
        ) from None


def _say(error: Exception) -> str:
    """Give a driver's first line where it cannot hold a row's value: trouble with connection, rights or names."""
    state = getattr(error, "sqlstate", None)
    if state is None:
        return "no connection"
    words = {"28": "not allowed in", "3D": "no such database", "42": "a name or a right is missing", "53": "too busy"}
    return words.get(state[:2], "a fault of the server")


def _copy_tables(connection: Connection[tuple[object, ...]], address: Address, folder: Path) -> None:
    found = connection.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = %s "
        "ORDER BY table_name, ordinal_position",
        (address.schema,),
    ).fetchall()
    columns: dict[str, dict[str, str]] = {}
    for table, column, data_type in found:
        columns.setdefault(str(table), {})[str(column)] = str(data_type)
    tables = [table for table in (*TABLES, STATED_BALANCES) if table.name in columns]
    attributes = read_metadata(folder).attributes
    if not tables:
        raise ExtractRefusedError(
            f"{address.shown}: no table of the contract is in this schema, or none may be read. Allowed: "
            f"{', '.join(table.name for table in TABLES)}. Name the schema as ?schema=ar, and grant SELECT on it."
        )
    for table in tables:
        path = folder / f"{table.name}.csv"
        path.touch(mode=0o600)
        query = render_copy(table, address.schema, columns[table.name], attributes.get(table.name, ()))
        with path.open("wb") as file, connection.cursor().copy(query) as rows:
            file.writelines(rows)


def render_copy(table: Table, schema: str, types: Mapping[str, str], attributes: Collection[str] = ()) -> str:
    """Render the COPY of a table: every column as the text that the contract reads, rows in the order of the key.

    A moment at midnight is its day; a number sheds the zeros behind its decimals; nothing else is changed, so that
    what breaks the contract is quarantined like a file's row. Of columns that nothing reads only the name travels.

    Parameters
    ----------
    types
        Column -> PostgreSQL's data type, in the table's order.
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
