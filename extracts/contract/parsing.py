"""The contract as SQL: how each column is parsed, and which rules a row can break.

Text is parsed strictly. A value follows its rule, or the row is quarantined. Nothing is trimmed, guessed, or repaired.
Typed Parquet columns are used as they are if nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

from payrank.extracts.contract.source_file import SourceFile, quote_name, quote_text
from payrank.extracts.contract.tables import SQL_TYPES, Column
from payrank.extracts.errors import ExtractRefusedError

FIRST_DAY = "1901-01-01"
LAST_DAY = "2199-12-31"
SENTINEL_DAYS = ("1900-01-01", "9999-12-31")
"""Placeholder dates that systems write for `unknown` and `never`. In the contract, unknown is null."""

ALLOWED: dict[str, str] = {
    "required": "a value in every row",
    "money": "dollars such as 1234.50 or -1234.50, up to 16 digits, at most two decimals, no $, commas, or parentheses",
    "date": "a calendar date such as 2026-11-20",
    "sentinel_date": f"an empty field for an unknown date, not {SENTINEL_DAYS[0]} or {SENTINEL_DAYS[1]}",
    "date_out_of_range": f"dates from {FIRST_DAY} to {LAST_DAY}",
    "integer": "a whole number such as 120",
    "boolean": "true, false, 1 or 0",
    "number": "a finite decimal number such as 12.5",
    "level": "the values that the contract lists, spelled exactly",
    "missing_columns": "as many fields as the header has",
    "too_many_columns": "as many fields as the header has",
    "unclosed_quote": "a closing quote for each opening quote",
    "stray_quote": 'quotes only around a whole field, and doubled ("") inside it',
    "expression": "an expression that can be evaluated for the row",
    "excel_error": "a cell with a value, not an error such as #N/A",
    "excel_formula": "a formula with its result: open the workbook in Excel, save it, and import again",
    "excel_rounded": "numbers of up to 15 digits, because Excel rounds longer ones: store such IDs as text",
    "merge_circle": "merges that end at an account or guarantor that is not merged into another",
    "merged_into_two": "merges into a single account or guarantor",
    "stray_carriage_return": "carriage returns only inside quotes or before a line feed",
}
"""Rule -> what it allows, for messages."""

_TEXT = ("VARCHAR", "ENUM")
_SIGNED = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_WHOLE = (*_SIGNED, *(f"U{name}" for name in _SIGNED))
_FLOATING = ("FLOAT", "DOUBLE")
_MOMENTS = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")


@dataclass(frozen=True, slots=True)
class Parsed:
    """SQL for one column: `source_text` is null if the source is empty, and `value` is null if it cannot be parsed."""

    column: Column
    source_text: str
    value: str

    @property
    def source_name(self) -> str:
        """Quoted name of the staged query's column with the source's own text."""
        return quote_name(f"{self.column.name} given")

    @property
    def rules(self) -> tuple[tuple[str, str], ...]:
        """Return (rule, SQL condition that a row breaks it), in the order in which rules are tried."""
        name = quote_name(self.column.name)
        rules = []
        if self.column.required:
            rules.append(("required", f"{self.source_name} IS NULL"))
        if self.column.kind == "level":
            rules.append(("level", f"{name} NOT IN ({', '.join(map(quote_text, self.column.levels))})"))
        elif self.column.kind not in {"id", "text"}:
            rules.append((self.column.kind, f"{name} IS NULL AND {self.source_name} IS NOT NULL"))
        if self.column.kind == "date":
            sentinels = ", ".join(f"DATE {quote_text(day)}" for day in SENTINEL_DAYS)
            rules.append(("sentinel_date", f"{name} IN ({sentinels})"))
            rules.append(("date_out_of_range", f"{name} NOT BETWEEN DATE '{FIRST_DAY}' AND DATE '{LAST_DAY}'"))
        return tuple(rules)


def parse_column(column: Column, source: SourceFile, sql_type: str) -> Parsed:
    """Return the SQL that parses a source column of type `sql_type` (always VARCHAR for CSV).

    Raises
    ------
    ExtractRefusedError
        When the type would lose information, such as a floating-point ID.
    """
    source_text = f"source.{quote_name(column.name)}"
    family = sql_type.split("(", maxsplit=1)[0]
    # DuckDB reports the type "NULL" for a Parquet column that never had a value.
    if sql_type.strip('"') == "NULL":
        return Parsed(column, "NULL", f"CAST(NULL AS {SQL_TYPES[column.kind]})")
    if family in _TEXT and "[" not in sql_type:
        text = f"nullif(CAST({source_text} AS VARCHAR), '')"
        return Parsed(column, text, _parse_text(column, text))
    value = _parse_typed(column, source_text, family) if "[" not in sql_type else None
    if value is None:
        raise ExtractRefusedError(
            f"{source.name}: column {column.name} has type {sql_type}, which cannot be read as {column.kind} without "
            f"loss. Allowed: text, or {_TYPED[column.kind]}. Write the column as text and load again."
        )
    return Parsed(column, source_text, value)


_TYPED = {
    "id": "integers (which have lost any leading zeros)",
    "text": "integers (which have lost any leading zeros)",
    "level": "an enumeration",
    "money": "DECIMAL, integers, or DOUBLE exact to the cent",
    "date": "DATE, or TIMESTAMP at midnight without a time zone",
    "integer": "integers, or whole DOUBLE values",
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


def _parse_typed(column: Column, source_text: str, family: str) -> str | None:
    """Return the SQL for a typed column, or None if the contract cannot use its type."""
    kind = column.kind
    whole, floating = family in _WHOLE, family in _FLOATING
    if kind in {"id", "text"}:
        return f"CAST({source_text} AS VARCHAR)" if whole else None
    if kind == "date":
        return _parse_moment(source_text, family)
    if kind == "boolean":
        if family == "BOOLEAN":
            return source_text
        return f"CASE WHEN {source_text} IN (0, 1) THEN {source_text} = 1 END" if whole else None
    if kind == "level" or not (whole or floating or family == "DECIMAL") or (kind == "money" and family == "FLOAT"):
        return None
    return _parse_numeric(column, source_text, floating=floating)


def _parse_moment(source_text: str, family: str) -> str | None:
    if family == "DATE":
        return f"CASE WHEN isfinite({source_text}) THEN {source_text} END"
    midnight = f"TRY_CAST({source_text} AS DATE)"
    at_midnight = f"isfinite({source_text}) AND CAST({midnight} AS TIMESTAMP) = CAST({source_text} AS TIMESTAMP)"
    return f"CASE WHEN {at_midnight} THEN {midnight} END" if family in _MOMENTS else None


def _parse_numeric(column: Column, source_text: str, *, floating: bool) -> str:
    sql_type = SQL_TYPES[column.kind]
    cast = f"TRY_CAST({source_text} AS {sql_type})"
    if column.kind == "number":
        return f"CASE WHEN isfinite(CAST({source_text} AS DOUBLE)) THEN CAST({source_text} AS DOUBLE) END"
    if floating:
        return (
            f"CASE WHEN isfinite({source_text}) AND abs(CAST({cast} AS DOUBLE) - {source_text}) <= 1e-9 THEN {cast} END"
        )
    return f"CASE WHEN {cast} = {source_text} THEN {cast} END"
