"""The mapping of `payrank import csv`: which source column or expression becomes which canonical column.

```toml
source_system = "ledger"
as_of = "SELECT max(posted_on) + 1 FROM transactions"    # or a date: as_of = 2019-12-01

[csv]                             # all optional
delimiter = ","                   # one character; "\\t" for tab
encoding = "utf-8"                # or cp1252, latin-1, utf-16, ...
nulls = ["", "N/A"]               # texts that mean unknown; an empty field always does
decimal = "."                     # decimal mark for dollars(): "." or ","

[files."invoices_*.csv"]          # totals that the sender declares, see `payrank.extracts.readers.mapped.declared`
rows = 600

[attributes.accounts]             # site attributes, copied into extract.toml
clinic = "category"

[[transactions]]                  # one block per type of row; a table may have several blocks
file = "invoices_*.csv"           # pattern relative to the source folder; default: every *.csv, *.csv.gz, *.xlsx
sheet = "Paid"                    # of a workbook; default: the only visible sheet with rows
header_row = 3                    # if titles come before it; default: the first nonblank row of a workbook
optional = true                   # skip the block, with a notice, if no file fits
lookups = ["payer"]               # other tables of the source by key, see `payrank.extracts.readers.mapped.lookup`
where = '"clear_date" IS NOT NULL'
transaction_id = "'payment-' || invoice_no"
account_id = "invoice_no"         # the name of a source column means that column
amount = "-dollars(amount)"       # anything else is a DuckDB expression over the row's columns, which are text
```

An expression sees one row and its lookup results, and no other row, table, or file. In addition to the file's columns,
it may use `source_file` (its name) and `source_row` (record number, from 1). `dollars(text)` strictly reads
`($1,234.50)` and `1,234.5-`. `day(text, 'm/d/y')` reads dates in one declared format. See
`payrank.extracts.readers.mapped.macros`. If an expression fails for a row, the row is quarantined by file, line, and
column.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from payrank.extracts.contract.metadata import AUDIT_PREFIX, FILE_NAME, read_attributes, read_day
from payrank.extracts.contract.tables import MERGES, STATED_BALANCES, TABLE_NAMES, Table, any_table
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError, did_you_mean
from payrank.extracts.readers.mapped.declared import Declared, read_declared
from payrank.extracts.readers.mapped.lookup import Lookup

MAPPABLE = (*TABLE_NAMES, STATED_BALANCES.name, MERGES.name)
"""Tables that a block may fill: the contract's tables, stated balances, and merges."""
DECIMAL_MARKS = (".", ",")


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """Format of the source files."""

    delimiter: str = ","
    encoding: str = "utf-8"
    nulls: tuple[str, ...] = ("",)
    decimal: str = "."


@dataclass(frozen=True, slots=True)
class Block:
    """One `[[TABLE]]` block. `number` counts the table's blocks from 1.

    `columns` maps canonical column -> source column or expression. `sheet` is for workbooks. An `optional` block is
    skipped if no file fits.
    """

    table: str
    number: int
    file: str | None
    where: str | None
    columns: Mapping[str, str]
    sheet: str | None = None
    header_row: int | None = None
    optional: bool = False
    lookups: tuple[Lookup, ...] = ()

    @property
    def title(self) -> str:
        """Name used in messages."""
        return f"[[{self.table}]] block {self.number}"


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """The contents of a mapping file. `as_of` is a date, or a query over the canonical tables that returns one."""

    source_system: str | None
    as_of: date | str | None
    csv: CsvOptions
    attributes: Mapping[str, Mapping[str, str]]
    blocks: tuple[Block, ...] = field(default=())
    declared: tuple[Declared, ...] = ()


def read_mapping(path: Path) -> SourceMapping:
    """Read a mapping file.

    Raises
    ------
    WrongUsageError
        When the file does not exist or is not TOML; when it has an unknown table, column, or option; when it lacks a
        required column; or when it declares a site attribute that no block maps.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise WrongUsageError(f"{path}: no such mapping file. Give the path of a TOML mapping.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongUsageError(f"{path.name}: not valid TOML ({error}). Correct the mapping.") from None
    try:
        return _Reader(path.name, raw).run()
    except ExtractRefusedError as error:
        raise WrongUsageError(str(error).replace(FILE_NAME, path.name)) from None


def _all_texts(entries: Mapping[str, object]) -> bool:
    return all(isinstance(text, str) and bool(text.strip()) for text in entries.values())


class _Reader:
    def __init__(self, name: str, raw: dict[str, Any]) -> None:
        self.name = name
        self.raw = raw
        self.lookups: dict[str, Lookup] = {}

    def run(self) -> SourceMapping:
        self.require_known(
            self.raw, ("source_system", "as_of", "csv", "files", "attributes", "lookups", *MAPPABLE), "table or key"
        )
        attributes = read_attributes(self.raw.get("attributes", {}))
        self.lookups = self.read_lookups()
        blocks = tuple(
            self.read_block(any_table(name), number, block, attributes.get(name, {}))
            for name in MAPPABLE
            for number, block in enumerate(self.blocks_of(name), start=1)
        )
        if not blocks:
            raise self.wrong("it has no block", "at least one, such as [[accounts]] or [[denials]]")
        for name, columns in attributes.items():
            mapped = {column for block in blocks if block.table == name for column in block.columns}
            if set(columns) - mapped:
                unmapped = ", ".join(sorted(set(columns) - mapped))
                raise self.wrong(
                    f"[attributes.{name}] declares {unmapped}, which no block maps", "attributes that are mapped"
                )
        declared = read_declared(self.raw.get("files", {}), self.wrong)
        return SourceMapping(
            self.read_source_system(), self.read_as_of(), self.read_csv(), attributes, blocks, declared
        )

    def read_source_system(self) -> str | None:
        value = self.raw.get("source_system")
        if value is not None and not isinstance(value, str):
            raise self.wrong("source_system is not text", 'source_system = "epic"')
        return value

    def read_as_of(self) -> date | str | None:
        value = self.raw.get("as_of")
        day = read_day(value)
        if day is None and value is not None and not (isinstance(value, str) and re.search("[A-Za-z]", value)):
            raise self.wrong(
                "as_of is not a date",
                'as_of = 2026-11-20, or a query such as "SELECT max(posted_on) + 1 FROM transactions"',
            )
        return day or value

    def read_csv(self) -> CsvOptions:
        raw = self.raw.get("csv", {})
        if not isinstance(raw, dict):
            raise self.wrong("csv is not a table", '[csv] with lines such as delimiter = "|"')
        self.require_known(raw, ("delimiter", "encoding", "nulls", "decimal"), "option of [csv]")
        delimiter = raw.get("delimiter", ",")
        if not isinstance(delimiter, str) or len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0':
            raise self.wrong("[csv] delimiter cannot be used", 'one ASCII character other than " and line ends')
        nulls = raw.get("nulls", [])
        if not isinstance(nulls, list) or not all(isinstance(text, str) for text in nulls):
            raise self.wrong("[csv] nulls is not a list of texts", 'nulls = ["", "N/A"]')
        decimal = raw.get("decimal", ".")
        if decimal not in DECIMAL_MARKS:
            raise self.wrong("[csv] decimal is unknown", '"." or ","')
        encoding = raw.get("encoding", "utf-8")
        try:
            codecs.lookup(encoding)
        except (LookupError, TypeError):
            raise self.wrong("[csv] encoding is unknown", "utf-8, cp1252, latin-1, utf-16") from None
        return CsvOptions(delimiter, encoding, tuple(dict.fromkeys(["", *nulls])), decimal)

    def blocks_of(self, name: str) -> list[Any]:
        blocks = self.raw.get(name, [])
        if not isinstance(blocks, list):
            raise self.wrong(f"[{name}] is a single table", f"blocks, such as [[{name}]]")
        return blocks

    def read_lookups(self) -> dict[str, Lookup]:
        raw = self.raw.get("lookups", {})
        if not isinstance(raw, dict) or not all(isinstance(entry, dict) for entry in raw.values()):
            raise self.wrong("lookups is not a table of tables", "[lookups.payer] with lines such as key = ...")
        lookups = {}
        for name, entry in raw.items():
            title = f"[lookups.{name}]"
            self.require_known(entry, ("file", "sheet", "header_row", "where", "key", "by"), f"key of {title}")
            texts = {key: text for key, text in entry.items() if key != "header_row"}
            if {"file", "key", "by"} - entry.keys() or not _all_texts(texts):
                raise self.wrong(f"{title} lacks file, key, or by, or one of them is not text", "text for all three")
            if not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name):
                raise self.wrong(f"{title} has an invalid name", "letters, digits, and _")
            lookups[name] = Lookup(name=name, header_row=self.read_header_row(entry, title), **texts)
        return lookups

    def read_header_row(self, entry: dict[str, Any], title: str) -> int | None:
        row = entry.get("header_row")
        if row is not None and (isinstance(row, bool) or not isinstance(row, int) or row < 1):
            raise self.wrong(f"{title}: header_row is not a row number", "a whole number, counting rows from 1")
        return row

    def read_block(self, target: Table, number: int, raw: Any, attributes: Mapping[str, str]) -> Block:
        title = f"[[{target.name}]] block {number}"
        options = ("file", "where", "sheet", "header_row", "optional", "lookups")
        texts = {key: text for key, text in raw.items() if key not in options[3:]} if isinstance(raw, dict) else None
        if texts is None or not _all_texts(texts):
            raise self.wrong(f"{title} has an entry that is not text", 'lines such as account_id = "Account Number"')
        columns = {name: text for name, text in texts.items() if name not in options}
        allowed = (*target.names, *attributes)
        for name in columns:
            if name not in allowed and not (target.name == "guarantors" and name.startswith(AUDIT_PREFIX)):
                raise self.wrong(f"{title} maps {name!r}, which is not one of its columns", did_you_mean(name, allowed))
        missing = [column.name for column in target.columns if column.required and column.name not in columns]
        if missing:
            raise self.wrong(f"{title} does not map {', '.join(missing)}", "a mapping for every required column")
        return Block(
            table=target.name,
            number=number,
            file=raw.get("file"),
            where=raw.get("where"),
            columns=columns,
            sheet=raw.get("sheet"),
            header_row=self.read_header_row(raw, title),
            optional=self.read_optional(raw, title),
            lookups=self.find_lookups(raw, title),
        )

    def read_optional(self, raw: dict[str, Any], title: str) -> bool:
        optional = raw.get("optional", False)
        if not isinstance(optional, bool):
            raise self.wrong(f"{title}: optional is not true or false", "optional = true")
        return optional

    def find_lookups(self, raw: dict[str, Any], title: str) -> tuple[Lookup, ...]:
        names = raw.get("lookups", [])
        if not isinstance(names, list):
            raise self.wrong(f"{title}: lookups is not a list of names", 'lookups = ["payer"]')
        for name in names:
            if name not in self.lookups:
                raise self.wrong(f"{title} has an unknown lookup: {name!r}", did_you_mean(str(name), self.lookups))
        return tuple(self.lookups[name] for name in dict.fromkeys(names))

    def require_known(self, entries: Mapping[str, object], allowed: tuple[str, ...], what: str) -> None:
        for key in entries:
            if key not in allowed:
                raise self.wrong(f"unknown {what} {key!r}", did_you_mean(key, allowed))

    def wrong(self, problem: str, allowed: str) -> WrongUsageError:
        return WrongUsageError(f"{self.name}: {problem}. Allowed: {allowed}. Correct the mapping.")
