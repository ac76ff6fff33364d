"""Read ndjson files line by line into the session's database: one row per record, and the rows of each resource."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from payrank.extracts.readers.fhir.ndjson_lines import read_lines
from payrank.extracts.readers.fhir.resources.eligibility import find_skip_reason, read_version
from payrank.extracts.readers.fhir.resources.parse_resource import BrokenLineError, is_text, parse_resource
from payrank.extracts.readers.fhir.resources.resource_rows import READERS, ROW_TABLES, Row, read_rows
from payrank.extracts.readers.fhir.resources.resource_types import RESOURCE_TYPES

BATCH = 20_000
"""Rows to buffer before writing."""

_TEXT, _INTEGER = pa.string(), pa.int64()
RECORDS = pa.schema(
    [
        ("file", _INTEGER),
        ("source_line", _INTEGER),
        ("kind", _TEXT),
        ("key", _TEXT),
        ("updated", _TEXT),
        ("version", _INTEGER),
        ("digest", _TEXT),
        ("skip_reason", _TEXT),
        ("rule", _TEXT),
    ]
)
"""A record. `rule` is set if it is quarantined and `skip_reason` if it is skipped; both are null if it is eligible."""


class ResourceStager:
    """Writes the tables `fhir_records` and `fhir_<table>`, buffering the rows of each table."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.schemas = {
            name: pa.schema(
                [("file", _INTEGER), ("source_line", _INTEGER), ("key", _TEXT), *((c, _TEXT) for c in columns)]
            )
            for name, columns in ROW_TABLES.items()
        }
        self.schemas["records"] = RECORDS
        self.held: dict[str, list[Sequence[Any]]] = {name: [] for name in self.schemas}
        for name, schema in self.schemas.items():
            empty = schema.empty_table()
            connection.register("gathered", empty)
            connection.execute(f"CREATE TABLE fhir_{name} AS SELECT * FROM gathered")
            connection.unregister("gathered")

    def read(self, path: Path, file: int) -> None:
        """Read a file line by line.

        Raises
        ------
        ExtractRefusedError
            If the file as a whole cannot be read.
        """
        for number, line in read_lines(path):
            self._take(file, number, line)
        for name in self.held:
            self._write(name)

    def _take(self, file: int, number: int, line: bytes | None) -> None:
        record: Record
        try:
            record, rows = _read(line)
        except BrokenLineError as broken:
            record, rows = (None, None, None, None, None, None, broken.rule), []
        self._hold("records", (file, number, *record))
        for table, row in rows:
            self._hold(table, (file, number, record[1], *(row[name] for name in ROW_TABLES[table])))

    def _hold(self, table: str, row: Sequence[Any]) -> None:
        held = self.held[table]
        held.append(row)
        if len(held) >= BATCH:
            self._write(table)

    def _write(self, table: str) -> None:
        held, schema = self.held[table], self.schemas[table]
        if not held:
            return
        columns = zip(*held, strict=True)
        batch = pa.table([pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema)
        held.clear()
        self.connection.register("gathered", batch)
        self.connection.execute(f"INSERT INTO fhir_{table} SELECT * FROM gathered")
        self.connection.unregister("gathered")


Record = tuple[str | None, str | None, str | None, int | None, str | None, str | None, str | None]


def _read(line: bytes | None) -> tuple[Record, list[Row]]:
    if line is None:
        raise BrokenLineError("line_too_long")
    resource = parse_resource(line)
    kind = resource["resourceType"]
    if kind not in READERS:
        unread = f"{kind}: not read" if kind in RESOURCE_TYPES else "not a FHIR R4 resource type"
        return (None, None, None, None, None, unread, None), []
    try:
        canonical = json.dumps(resource, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        rows = read_rows(kind, resource)
        skip_reason = find_skip_reason(kind, resource)
        updated, version = read_version(resource)
        number = resource.get("id")
        if kind != "Bundle" and not is_text(number):
            raise BrokenLineError("no_id")
        key = f"{kind}/{number}" if number else f"{kind}#{digest}"
        key.encode()
        for _, row in rows:
            "".join(text for text in row.values() if text).encode()
    except RecursionError:
        raise BrokenLineError("not_json") from None
    except UnicodeEncodeError:  # half of a surrogate pair, written as an escape
        raise BrokenLineError("not_utf8") from None
    return (kind, key, updated, version, digest, skip_reason, None), rows
