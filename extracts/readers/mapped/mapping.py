"""The mapping of `payrank import csv`: which source column or expression becomes which canonical column.

```toml
source_system = "ledger"
as_of = "SELECT max(posted_on) + 1 FROM transactions"    # or a day, as_of = 2019-12-01

[csv]                             # all optional
delimiter = ","                   # one character; "\\t" for tab
encoding = "utf-8"                # or cp1252, latin-1, utf-16, ...
nulls = ["", "N/A"]               # texts that mean unknown; an empty field always does
decimal = "."                     # what dollars() takes for the decimal mark: "." or ","

[files."invoices_*.csv"]          # what the sender declares, see `payrank.extracts.readers.mapped.declared`
rows = 600

[attributes.accounts]             # site attributes, copied into extract.toml
clinic = "category"

[[transactions]]                  # one block a kind of row; several blocks a table
file = "invoices_*.csv"           # pattern relative to the source folder; without it, every *.csv, *.csv.gz, *.xlsx
sheet = "Paid"                    # of a workbook; without it, the only visible sheet that holds rows
header_row = 3                    # where titles stand above it; without it, a workbook's first row that holds anything
optional = true                   # leave the block out, with a notice, where no file fits
lookups = ["payer"]               # other tables of the source by a key, see `payrank.extracts.readers.mapped.lookup`
where = '"clear_date" IS NOT NULL'
transaction_id = "'payment-' || invoice_no"
account_id = "invoice_no"         # the name of a source column is that column
amount = "-dollars(amount)"       # anything else is a DuckDB expression over the row's columns, all text
```

An expression sees one row and what its lookups found: no other row, table or file. Beside the columns of the file it
may use `source_file` (name) and `source_row` (records from 1), `dollars(text)`, which reads `($1,234.50)` and
`1,234.5-` strictly, and `day(text, 'm/d/y')`, which reads days of one declared format, see
`payrank.extracts.readers.mapped.macros`.
A row for which an expression fails is quarantined by file, line and column.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from payrank.extracts.contract.metadata import AUDIT_PREFIX, FILE_NAME, read_attributes
from payrank.extracts.contract.tables import MERGES, STATED_BALANCES, TABLE_NAMES, Table, any_table
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError, did_you_mean
from payrank.extracts.readers.mapped.declared import Declared, read_declared
from payrank.extracts.readers.mapped.lookup import Lookup

MAPPABLE = (*TABLE_NAMES, STATED_BALANCES.name, MERGES.name)
"""Tables that a block may fill: those of the contract, the balances that the source states, and what was merged."""
DECIMAL_MARKS = (".", ",")


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How the source files are written."""

    delimiter: str = ","
    encoding: str = "utf-8"
    nulls: tuple[str, ...] = ("",)
    decimal: str = "."


@dataclass(frozen=True, slots=True)
class Block:
    """One `[[TABLE]]` block, the `number`-th of its table (from 1): canonical column -> source column or expression.

    `sheet` is for workbooks; an `optional` block is left out where no file fits.
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
        """How messages call it."""
        return f"[[{self.table}]] block {self.number}"


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """A mapping file, read. `as_of` is a day, or a query over the canonical tables that gives one."""

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
        When the file is absent or no TOML, names a table, column or option that does not exist, leaves out a required
        column, or declares a site attribute that no block maps.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise WrongUsageError(f"{path}: no such mapping file. Give the path of a TOML mapping.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongUsageError(f"{path.name}: is no TOML ({error}). Correct the mapping.") from None
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
            raise self.wrong("it has no block", "at least one, as [[accounts]] or [[denials]]")
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
            raise self.wrong("source_system is no text", 'source_system = "epic"')
        return value

    def read_as_of(self) -> date | str | None:
        value = self.raw.get("as_of")
        if value is None or isinstance(value, str) or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        raise self.wrong(
            "as_of is no day", 'as_of = 2026-11-20, or a query as "SELECT max(posted_on) + 1 FROM transactions"'
        )

    def read_csv(self) -> CsvOptions:
        raw = self.raw.get("csv", {})
        if not isinstance(raw, dict):
            raise self.wrong("csv is no table", '[csv] with lines as delimiter = "|"')
        self.require_known(raw, ("delimiter", "encoding", "nulls", "decimal"), "option of [csv]")
        delimiter = raw.get("delimiter", ",")
        if not isinstance(delimiter, str) or len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0':
            raise self.wrong("[csv] delimiter cannot be used", 'one ASCII character but " and line ends')
        nulls = raw.get("nulls", [])
        if not isinstance(nulls, list) or not all(isinstance(text, str) for text in nulls):
            raise self.wrong("[csv] nulls is no list of texts", 'nulls = ["", "N/A"]')
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
            raise self.wrong(f"[{name}] is one table", f"blocks, as [[{name}]]")
        return blocks

    def read_lookups(self) -> dict[str, Lookup]:
        raw = self.raw.get("lookups", {})
        if not isinstance(raw, dict) or not all(isinstance(entry, dict) for entry in raw.values()):
            raise self.wrong("lookups is no table of tables", "[lookups.payer] with lines as key = ...")
        lookups = {}
        for name, entry in raw.items():
            title = f"[lookups.{name}]"
            self.require_known(entry, ("file", "sheet", "header_row", "where", "key", "by"), f"key of {title}")
            texts = {key: text for key, text in entry.items() if key != "header_row"}
            if {"file", "key", "by"} - entry.keys() or not _all_texts(texts):
                raise self.wrong(f"{title} lacks file, key or by, or has one that is no text", "texts for all three")
            if not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name):
                raise self.wrong(f"{title} has a name that cannot be used", "letters, digits and _")
            lookups[name] = Lookup(name=name, header_row=self.read_header_row(entry, title), **texts)
        return lookups

    def read_header_row(self, entry: dict[str, Any], title: str) -> int | None:
        row = entry.get("header_row")
        if row is not None and (isinstance(row, bool) or not isinstance(row, int) or row < 1):
            raise self.wrong(f"{title}: header_row is no row", "a whole number from 1, as Excel and editors count")
        return row

    def read_block(self, target: Table, number: int, raw: Any, attributes: Mapping[str, str]) -> Block:
        title = f"[[{target.name}]] block {number}"
        options = ("file", "where", "sheet", "header_row", "optional", "lookups")
        texts = {key: text for key, text in raw.items() if key not in options[3:]} if isinstance(raw, dict) else None
        if texts is None or not _all_texts(texts):
            raise self.wrong(f"{title} has an entry that is no text", 'lines as account_id = "Account Number"')
        columns = {name: text for name, text in texts.items() if name not in options}
        allowed = (*target.names, *attributes)
        for name in columns:
            if name not in allowed and not (target.name == "guarantors" and name.startswith(AUDIT_PREFIX)):
                raise self.wrong(f"{title} maps {name!r}, which is no column of it", did_you_mean(name, allowed))
        missing = [column.name for column in target.columns if column.required and column.name not in columns]
        if missing:
            raise self.wrong(f"{title} maps nothing to {', '.join(missing)}", "every required column mapped")
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
            raise self.wrong(f"{title}: optional is neither true nor false", "optional = true")
        return optional

    def find_lookups(self, raw: dict[str, Any], title: str) -> tuple[Lookup, ...]:
        names = raw.get("lookups", [])
        if not isinstance(names, list):
            raise self.wrong(f"{title}: lookups is no list of names", 'lookups = ["payer"]')
        for name in names:
            if name not in self.lookups:
                raise self.wrong(f"{title} names no known lookup: {name!r}", did_you_mean(str(name), self.lookups))
        return tuple(self.lookups[name] for name in dict.fromkeys(names))

    def require_known(self, entries: Mapping[str, object], allowed: tuple[str, ...], what: str) -> None:
        for key in entries:
            if key not in allowed:
                raise self.wrong(f"unknown {what} {key!r}", did_you_mean(key, allowed))

    def wrong(self, problem: str, allowed: str) -> WrongUsageError:
        return WrongUsageError(f"{self.name}: {problem}. Allowed: {allowed}. Correct the mapping.")
