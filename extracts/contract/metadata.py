"""`extract.toml`: what an extract says about itself - source system, as-of date, control totals, site attributes."""

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

from payrank.extracts.contract.tables import TABLE_NAMES, any_table, table
from payrank.extracts.errors import ExtractRefusedError, did_you_mean

FILE_NAME = "extract.toml"
ATTRIBUTE_KINDS = ("category", "number", "boolean")
AUDIT_PREFIX = "audit_"
PROTECTED_WORDS = frozenset(
    {"age", "birth", "birthdate", "dob", "sex", "gender", "race", "ethnicity", "ethnic", "religion", "marital"}
    | {"nationality", "public_assistance"}
)
"""A site attribute with one of these words in its name is refused: protected attributes are for the audit alone
(`rules.md`), as `audit_*` columns of guarantors."""

_ATTRIBUTE_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """What the sender says a table holds: its rows, and the sum in dollars of its first money column."""

    rows: int | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Metadata:
    """`extract.toml`, read. The extract knows everything before the day `as_of`; `attributes` are table -> column
    -> kind."""

    source_system: str | None = None
    as_of: date | None = None
    control_totals: Mapping[str, ControlTotal] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def read_metadata(folder: Path) -> Metadata:
    """Read `extract.toml` of a folder; without the file everything is unknown.

    Raises
    ------
    ExtractRefusedError
        When the file is no TOML, or holds a key, table, kind or amount that the contract does not know.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return Metadata()
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise _refuse(f"cannot be read as TOML ({type(error).__name__})", "UTF-8 TOML, as in contracts.md") from None
    _know(raw, ("source_system", "as_of", "control_totals", "attributes"), "key")
    source_system = raw.get("source_system")
    if source_system is not None and not isinstance(source_system, str):
        raise _refuse(f"source_system is {type(source_system).__name__}", 'text, as source_system = "epic"')
    as_of = raw.get("as_of")
    if as_of is not None and (isinstance(as_of, datetime) or not isinstance(as_of, date)):
        raise _refuse(f"as_of is {type(as_of).__name__}", "a day without quotes, as as_of = 2026-11-20")
    return Metadata(
        source_system=source_system,
        as_of=as_of,
        control_totals=_read_control_totals(raw.get("control_totals", {})),
        attributes=read_attributes(raw.get("attributes", {})),
    )


def read_attributes(raw: Any) -> dict[str, dict[str, str]]:
    """Check an `[attributes.TABLE]` part: known tables, usable names, known kinds, nothing protected.

    Raises
    ------
    ExtractRefusedError
        Naming the table and the attribute.
    """
    if not isinstance(raw, dict):
        raise _refuse("attributes is no table", '[attributes.denials] with lines as diagnosis = "category"')
    _know(raw, TABLE_NAMES, "attributes table")
    for name, columns in raw.items():
        if not isinstance(columns, dict):
            raise _refuse(f"attributes.{name} is no table", f'[attributes.{name}] with lines as clinic = "category"')
        for column, kind in columns.items():
            _check_attribute(name, column, kind)
    return {name: dict(columns) for name, columns in raw.items()}


def _check_attribute(name: str, column: str, kind: object) -> None:
    where = f"attribute {column} of {name}"
    if not isinstance(kind, str) or kind not in ATTRIBUTE_KINDS:
        raise _refuse(f"{where} has an unknown kind", " or ".join(ATTRIBUTE_KINDS))
    if not _ATTRIBUTE_NAME.fullmatch(column):
        raise _refuse(f"{where} has a name that cannot be used", "a small letter, then small letters, digits and _")
    if table(name).column(column) is not None:
        raise _refuse(f"{where} has the name of a column of the contract", "another name")
    if column.startswith(AUDIT_PREFIX):
        raise _refuse(f"{where} is a column of the fairness audit", "audit_* columns undeclared, in guarantors")
    if PROTECTED_WORDS.intersection({column, *column.split("_")}):
        raise _refuse(
            f"{where} names a protected attribute, which never reaches a model",
            f"protected attributes only as {AUDIT_PREFIX}* columns of guarantors, for the fairness audit",
        )


def _read_control_totals(raw: Any) -> dict[str, ControlTotal]:
    if not isinstance(raw, dict):
        raise _refuse("control_totals is no table", "[control_totals] with lines as accounts = { rows = 10 }")
    _know(raw, TABLE_NAMES, "control_totals table")
    totals = {}
    for name, total in raw.items():
        if not isinstance(total, dict):
            raise _refuse(f"control_totals of {name} is no table", '{ rows = 10, amount = "12.50" }')
        _know(total, ("rows", "amount"), f"key in control_totals of {name}")
        rows, amount = total.get("rows"), total.get("amount")
        if rows is not None and (isinstance(rows, bool) or not isinstance(rows, int) or rows < 0):
            raise _refuse(f"control_totals of {name}: rows is no count", "a whole number from 0")
        if amount is not None and money_column(name) is None:
            raise _refuse(f"control_totals of {name}: the table has no money column", "rows alone")
        totals[name] = ControlTotal(rows, None if amount is None else _dollars(name, amount))
    return totals


def money_column(name: str) -> str | None:
    """Return the column that a control total of dollars sums: the table's first money column.

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
        raise _refuse(f"control_totals of {name}: amount is no sum of dollars", 'text, as amount = "48211904.17"')
    return dollars


def write_metadata(metadata: Metadata, folder: Path) -> None:
    """Write `extract.toml` into a folder; the same metadata gives the same bytes, readable by the owner alone."""
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
    path = folder / FILE_NAME
    path.touch(mode=0o600)
    path.write_text("\n".join(lines).lstrip("\n") + "\n", encoding="utf-8")
    path.chmod(0o600)


def _inline(total: ControlTotal) -> str:
    parts = []
    if total.rows is not None:
        parts.append(f"rows = {total.rows}")
    if total.amount is not None:
        parts.append(f'amount = "{total.amount}"')
    return "{ " + ", ".join(parts) + " }"


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _know(given: Mapping[str, object], allowed: tuple[str, ...], what: str) -> None:
    for key in given:
        if key not in allowed:
            raise _refuse(f"unknown {what} {key!r}", did_you_mean(key, allowed))


def _refuse(found: str, allowed: str) -> ExtractRefusedError:
    return ExtractRefusedError(f"{FILE_NAME}: {found}. Allowed: {allowed}. Correct {FILE_NAME} and load again.")
