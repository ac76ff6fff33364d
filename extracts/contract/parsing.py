"""The contract as SQL: how each column is read from what a file holds, and which rules a row can break.

Text is parsed strictly: a value is what its rule allows or the row is quarantined; nothing is trimmed, guessed or
mended. Typed Parquet columns are taken as they are where that loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from payrank.extracts.contract.source_file import SourceFile, quote_name, quote_text
from payrank.extracts.contract.tables import SQL_TYPES, Column
from payrank.extracts.errors import ExtractRefusedError

FIRST_DAY = "1901-01-01"
LAST_DAY = "2199-12-31"
SENTINEL_DAYS = ("1900-01-01", "9999-12-31")
"""Days that systems write for `unknown` and `never`. Unknown is null."""

ALLOWED: dict[str, str] = {
    "required": "a value in every row",
    "money": "dollars as 1234.50 or -1234.50: up to 16 digits, at most two decimals, no $, commas or brackets",
    "date": "a calendar day as 2026-11-20",
    "sentinel_date": f"an empty field where the day is unknown, not {SENTINEL_DAYS[0]} or {SENTINEL_DAYS[1]}",
    "date_out_of_range": f"days from {FIRST_DAY} to {LAST_DAY}",
    "integer": "a whole number as 120",
    "boolean": "true, false, 1 or 0",
    "number": "a finite decimal number as 12.5",
    "level": "the levels that the contract lists, to the letter",
    "missing_columns": "as many fields as the header has",
    "too_many_columns": "as many fields as the header has",
    "unclosed_quote": "a closing quote for each opening one",
    "stray_quote": 'quotes around a whole field alone, doubled ("") inside it',
    "expression": "an expression that can be worked out for the row",
    "excel_error": "a cell with a value, not an error such as #N/A",
    "excel_formula": "a formula with its result: open the workbook in Excel, save it, and import again",
    "excel_rounded": "numbers of up to 15 digits, for Excel rounds what is longer: keep such ids as text",
    "merge_circle": "merges that end in an account or guarantor that is merged into no other",
    "merged_into_two": "one account or guarantor that a merged one goes into",
    "stray_carriage_return": "carriage returns inside quotes alone, or before a line feed",
}
"""Rule -> what it allows, in words for messages."""

_TEXT = ("VARCHAR", "ENUM")
_SIGNED = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_WHOLE = (*_SIGNED, *(f"U{name}" for name in _SIGNED))
_FLOATING = ("FLOAT", "DOUBLE")
_MOMENTS = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")


@dataclass(frozen=True, slots=True)
class Parsed:
    """One column in SQL: `given` (null where the source is empty) and `value` (null where it cannot be read)."""

    column: Column
    given: str
    value: str

    @property
    def given_name(self) -> str:
        """Name under which the staged query keeps what the source gave."""
        return quote_name(f"{self.column.name} given")

    @property
    def rules(self) -> tuple[tuple[str, str], ...]:
        """Rules in the order in which they are tried, each with the condition under which a row breaks it."""
        name = quote_name(self.column.name)
        rules = []
        if self.column.required:
            rules.append(("required", f"{self.given_name} IS NULL"))
        if self.column.kind == "level":
            rules.append(("level", f"{name} NOT IN ({', '.join(map(quote_text, self.column.levels))})"))
        elif self.column.kind not in {"id", "text"}:
            rules.append((self.column.kind, f"{name} IS NULL AND {self.given_name} IS NOT NULL"))
        if self.column.kind == "date":
            sentinels = ", ".join(f"DATE {quote_text(day)}" for day in SENTINEL_DAYS)
            rules.append(("sentinel_date", f"{name} IN ({sentinels})"))
            rules.append(("date_out_of_range", f"{name} NOT BETWEEN DATE '{FIRST_DAY}' AND DATE '{LAST_DAY}'"))
        return tuple(rules)


def parse_column(column: Column, source: SourceFile, sql_type: str) -> Parsed:
    """Say how to read a column that the source holds as `sql_type` (CSV: always VARCHAR).

    Raises
    ------
    ExtractRefusedError
        When the type cannot hold such a column without loss, as a floating-point id.
    """
    given = f"source.{quote_name(column.name)}"
    family = sql_type.split("(", maxsplit=1)[0]
    # "NULL" is how DuckDB names a column of a Parquet file in which nothing was ever written.
    if sql_type.strip('"') == "NULL":
        return Parsed(column, "NULL", f"CAST(NULL AS {SQL_TYPES[column.kind]})")
    if family in _TEXT and "[" not in sql_type:
        text = f"nullif(CAST({given} AS VARCHAR), '')"
        return Parsed(column, text, _parse_text(column, text))
    value = _parse_typed(column, given, family) if "[" not in sql_type else None
    if value is None:
        raise ExtractRefusedError(
            f"{source.name}: column {column.name} is of type {sql_type}, which cannot be read as {column.kind} without "
            f"loss. Allowed: text, or {_TYPED[column.kind]}. Write the column as text and load again."
        )
    return Parsed(column, given, value)


_TYPED = {
    "id": "integers (whose leading zeros are gone)",
    "text": "integers (whose leading zeros are gone)",
    "level": "an enumeration",
    "money": "DECIMAL, integers, or DOUBLE exact to the cent",
    "date": "DATE, or TIMESTAMP at midnight without a time zone",
    "integer": "integers, or DOUBLE that are whole",
    "boolean": "BOOLEAN, or the integers 1 and 0",
    "number": "integers, DECIMAL or DOUBLE",
}


def _parse_text(column: Column, text: str) -> str:
    patterns = {
        "money": (r"-?\d{1,16}(\.\d{1,2})?", "DECIMAL(18,2)"),
        "integer": (r"-?\d{1,10}", "INTEGER"),
        "number": (r"-?\d+(\.\d+)?([eE][+-]?\d{1,3})?", "DOUBLE"),
    }
    if column.kind == "boolean":
        return f"CASE {text} WHEN 'true' THEN true WHEN '1' THEN true WHEN 'false' THEN false WHEN '0' THEN false END"
    if column.kind == "date":
        day = f"TRY_CAST({text} AS DATE)"
        return f"CASE WHEN CAST({day} AS VARCHAR) = {text} THEN {day} END"
    if column.kind not in patterns:
        return text
    pattern, sql_type = patterns[column.kind]
    value = f"CASE WHEN regexp_full_match({text}, '{pattern}') THEN TRY_CAST({text} AS {sql_type}) END"
    return f"CASE WHEN isfinite({value}) THEN {value} END" if column.kind == "number" else value


def _parse_typed(column: Column, given: str, family: str) -> str | None:
    """Return the SQL of a typed column, or None when its type cannot be taken."""
    kind = column.kind
    whole, floating = family in _WHOLE, family in _FLOATING
    if kind in {"id", "text"}:
        return f"CAST({given} AS VARCHAR)" if whole else None
    if kind == "date":
        return _parse_moment(given, family)
    if kind == "boolean":
        if family == "BOOLEAN":
            return given
        return f"CASE WHEN {given} IN (0, 1) THEN {given} = 1 END" if whole else None
    if kind == "level" or not (whole or floating or family == "DECIMAL") or (kind == "money" and family == "FLOAT"):
        return None
    return _parse_numeric(column, given, floating=floating)


def _parse_moment(given: str, family: str) -> str | None:
    if family == "DATE":
        return f"CASE WHEN isfinite({given}) THEN {given} END"
    midnight = f"TRY_CAST({given} AS DATE)"
    at_midnight = f"isfinite({given}) AND CAST({midnight} AS TIMESTAMP) = CAST({given} AS TIMESTAMP)"
    return f"CASE WHEN {at_midnight} THEN {midnight} END" if family in _MOMENTS else None


def _parse_numeric(column: Column, given: str, *, floating: bool) -> str:
    sql_type = SQL_TYPES[column.kind]
    cast = f"TRY_CAST({given} AS {sql_type})"
    if column.kind == "number":
        return f"CASE WHEN isfinite(CAST({given} AS DOUBLE)) THEN CAST({given} AS DOUBLE) END"
    if floating:
        return f"CASE WHEN isfinite({given}) AND abs(CAST({cast} AS DOUBLE) - {given}) <= 1e-9 THEN {cast} END"
    return f"CASE WHEN {cast} = {given} THEN {cast} END"
