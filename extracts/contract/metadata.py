"""Read and write `extract.toml`: source system, as-of date, control totals, and site attributes."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from payrank.extracts.atomic import write_private
from payrank.extracts.contract.tables import TABLE_NAMES, any_table, table
from payrank.extracts.errors import ExtractRefusedError, did_you_mean

FILE_NAME = "extract.toml"
ATTRIBUTE_KINDS = ("category", "number", "boolean")
AUDIT_PREFIX = "audit_"
PROTECTED_WORDS = frozenset(
    {"age", "birth", "birthdate", "dob", "sex", "gender", "race", "ethnicity", "ethnic", "religion", "marital"}
    | {"nationality", "public_assistance"}
)
"""A site attribute with one of these words in its name is refused. Protected attributes are only for the fairness audit
(`rules.md`), as `audit_*` columns of guarantors."""

_ATTRIBUTE_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """Totals that the sender declares for a table: its rows, and the sum of its first money column in dollars."""

    rows: int | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Metadata:
    """The contents of `extract.toml`. The extract contains everything known before the day `as_of`.

    `attributes` maps table -> column -> kind (category, number, or boolean).
    """

    source_system: str | None = None
    as_of: date | None = None
    control_totals: Mapping[str, ControlTotal] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def read_metadata(folder: Path) -> Metadata:
    """Read the `extract.toml` of a folder. Without the file, every field is empty.

    Raises
    ------
    ExtractRefusedError
        When the file is not valid TOML, or has a key, table, kind, or amount that the contract does not allow.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return Metadata()
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise _refuse(f"cannot be read as TOML ({type(error).__name__})", "UTF-8 TOML, as in contracts.md") from None
    _require_known(raw, ("source_system", "as_of", "control_totals", "attributes"), "key")
    source_system = raw.get("source_system")
    if source_system is not None and not isinstance(source_system, str):
        raise _refuse(f"source_system is {type(source_system).__name__}", 'text, such as source_system = "epic"')
    as_of = raw.get("as_of")
    if as_of is not None and (as_of := read_day(as_of)) is None:
        raise _refuse("as_of is not a date", "an ISO date, such as as_of = 2026-11-20 (quotes are optional)")
    return Metadata(
        source_system=source_system,
        as_of=as_of,
        control_totals=_read_control_totals(raw.get("control_totals", {})),
        attributes=read_attributes(raw.get("attributes", {})),
    )


def read_day(value: object) -> date | None:
    """Return a TOML date, or a quoted ISO date, as a date. Return None for anything else.

    >>> read_day(date(2026, 11, 20)) == read_day("2026-11-20"), read_day("2026-02-30"), read_day("20261120")
    (True, None, None)
    """
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def read_attributes(raw: Any) -> dict[str, dict[str, str]]:
    """Check the `[attributes.TABLE]` sections: known tables, valid names, known kinds, and nothing protected.

    Raises
    ------
    ExtractRefusedError
        Naming the table and the attribute.
    """
    if not isinstance(raw, dict):
        raise _refuse("attributes is not a table", '[attributes.denials] with lines such as diagnosis = "category"')
    _require_known(raw, TABLE_NAMES, "attributes table")
    for name, columns in raw.items():
        if not isinstance(columns, dict):
            raise _refuse(
                f"attributes.{name} is not a table", f'[attributes.{name}] with lines such as clinic = "category"'
            )
        for column, kind in columns.items():
            _check_attribute(name, column, kind)
    return {name: dict(columns) for name, columns in raw.items()}


def _check_attribute(name: str, column: str, kind: object) -> None:
    where = f"attribute {column} of {name}"
    if not isinstance(kind, str) or kind not in ATTRIBUTE_KINDS:
        raise _refuse(f"{where} has an unknown kind", " or ".join(ATTRIBUTE_KINDS))
    if not _ATTRIBUTE_NAME.fullmatch(column):
        raise _refuse(f"{where} has an invalid name", "a lowercase letter, then lowercase letters, digits, and _")
    if table(name).column(column) is not None:
        raise _refuse(f"{where} has the name of a contract column", "another name")
    if column.startswith(AUDIT_PREFIX):
        raise _refuse(f"{where} is a fairness audit column", "audit_* columns in guarantors, without declaring them")
    if PROTECTED_WORDS.intersection({column, *column.split("_")}):
        raise _refuse(
            f"{where} names a protected attribute, which never reaches a model",
            f"protected attributes only as {AUDIT_PREFIX}* columns in guarantors, for the fairness audit",
        )


def _read_control_totals(raw: Any) -> dict[str, ControlTotal]:
    if not isinstance(raw, dict):
        raise _refuse("control_totals is not a table", "[control_totals] with lines such as accounts = { rows = 10 }")
    _require_known(raw, TABLE_NAMES, "control_totals table")
    totals = {}
    for name, total in raw.items():
        if not isinstance(total, dict):
            raise _refuse(f"control_totals of {name} is not a table", '{ rows = 10, amount = "12.50" }')
        _require_known(total, ("rows", "amount"), f"key in control_totals of {name}")
        rows, amount = total.get("rows"), total.get("amount")
        if rows is not None and (isinstance(rows, bool) or not isinstance(rows, int) or rows < 0):
            raise _refuse(f"control_totals of {name}: rows is not a count", "a whole number, at least 0")
        if amount is not None and money_column(name) is None:
            raise _refuse(f"control_totals of {name}: the table has no money column", "only rows")
        totals[name] = ControlTotal(rows, None if amount is None else _dollars(name, amount))
    return totals


def money_column(name: str) -> str | None:
    """Return the column that a dollar control total sums: the table's first money column, if any.

    >>> money_column("transactions"), money_column("accounts")
    ('amount', None)
    """
    return next((column.name for column in any_table(name).columns if column.kind == "money"), None)


def _dollars(name: str, amount: object) -> Decimal:
    try:
        dollars = Decimal(amount) if isinstance(amount, str) or type(amount) is int else None
    except InvalidOperation:
        dollars = None
    if dollars is None or not dollars.is_finite():
        raise _refuse(
            f"control_totals of {name}: amount is not a dollar amount", 'text, such as amount = "48211904.17"'
        )
    return dollars


def write_metadata(metadata: Metadata, folder: Path) -> None:
    """Write `extract.toml` to a folder, readable only by its owner. The same metadata gives the same bytes."""
    lines = []
    if metadata.source_system is not None:
        lines.append(f"source_system = {_quote(metadata.source_system)}")
    if metadata.as_of is not None:
        lines.append(f"as_of = {metadata.as_of.isoformat()}")
    if metadata.control_totals:
        lines += ["", "[control_totals]"]
        lines += [f"{name} = {_inline(total)}" for name, total in sorted(metadata.control_totals.items())]
    for name, columns in sorted(metadata.attributes.items()):
        lines += ["", f"[attributes.{name}]", *(f"{column} = {_quote(kind)}" for column, kind in columns.items())]
    write_private(folder / FILE_NAME, ("\n".join(lines).lstrip("\n") + "\n").encode(), replace=True)


def _inline(total: ControlTotal) -> str:
    parts = []
    if total.rows is not None:
        parts.append(f"rows = {total.rows}")
    if total.amount is not None:
        parts.append(f'amount = "{total.amount}"')
    return "{ " + ", ".join(parts) + " }"


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _require_known(table: Mapping[str, object], allowed: tuple[str, ...], what: str) -> None:
    for key in table:
        if key not in allowed:
            raise _refuse(f"unknown {what} {key!r}", did_you_mean(key, allowed))


def _refuse(problem: str, allowed: str) -> ExtractRefusedError:
    return ExtractRefusedError(f"{FILE_NAME}: {problem}. Allowed: {allowed}. Correct {FILE_NAME} and load again.")
