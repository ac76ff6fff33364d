"""Read elements of a resource by name: objects, lists, text, dates, and money. A wrong shape breaks the line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from payrank.extracts.readers.fhir.resources.parse_resource import BrokenLineError, NumberText, is_text

Node = Mapping[str, Any]
_CENT = Decimal("0.01")
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?")


def read_object(node: Node, name: str) -> Node:
    """Return the object with that name, or an empty one."""
    value = node.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BrokenLineError("wrong_shape")
    return value


def read_list(node: Node, name: str) -> list[Node]:
    """Return the list of objects with that name, or an empty list."""
    value = node.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise BrokenLineError("wrong_shape")
    return value


def read_word(node: Node, name: str) -> str | None:
    """Return the text with that name, or None."""
    value = node.get(name)
    if value is None or value == "":
        return None
    if not is_text(value):
        raise BrokenLineError("wrong_shape")
    return str(value)


def read_day(node: Node, name: str) -> str | None:
    """Return the date of a date, dateTime, or instant, in its own UTC offset.

    A year or month alone is not a date. It is returned unchanged, for validation to reject.

    >>> read_day({"created": "2024-03-01T23:30:00-05:00"}, "created"), read_day({"created": "2024-03"}, "created")
    ('2024-03-01', '2024-03')
    """
    value = read_word(node, name)
    match = _DAY.fullmatch(value) if value else None
    return match[1] if match else value


def read_codings(node: Node, name: str) -> Iterator[tuple[str, str]]:
    """Yield the (system, code) pairs of a CodeableConcept."""
    for coding in read_list(read_object(node, name), "coding"):
        code = read_word(coding, "code")
        if code:
            yield read_word(coding, "system") or "", code


def read_codes(node: Node, name: str) -> tuple[str, ...]:
    """Return the codes of a CodeableConcept, for any system."""
    return tuple(code for _, code in read_codings(node, name))


def read_money(node: Node, name: str) -> str | None:
    """Return a Money as dollars and cents. A value that is not whole US cents is returned unchanged, to be quarantined.

    >>> money = {"value": NumberText("1E+2"), "currency": "USD"}
    >>> read_money({"total": money}, "total"), read_money({"total": {"value": NumberText("12.345")}}, "total")
    ('100.00', '12.345')
    >>> read_money({"total": {"value": NumberText("5"), "currency": "EUR"}}, "total")
    '5 EUR'
    """
    money = read_object(node, name)
    value = money.get("value")
    if value is None:
        return None
    if not isinstance(value, str):
        raise BrokenLineError("wrong_shape")
    # STU3 servers, and some that claim R4, write the currency as `code`.
    currency = read_word(money, "currency") or read_word(money, "code")
    if currency not in {None, "USD"}:
        return f"{value} {currency}"
    return render_cents(value) if isinstance(value, NumberText) else str(value)


@lru_cache(maxsize=1 << 14)
def render_cents(value: str) -> str:
    """Format a number with two decimals if that is exact; otherwise return it unchanged."""
    try:
        number = Decimal(value)
        exact = abs(number) < Decimal(10) ** 16 and number == number.quantize(_CENT)
    except InvalidOperation:
        return str(value)
    return f"{number.quantize(_CENT) + 0:.2f}" if exact else str(value)


def add_money(amounts: Iterable[str | None]) -> str | None:
    """Add amounts exactly. Returns None if there are none, or the first unreadable amount, to be quarantined.

    >>> add_money(["10.00", None, "0.105", "0.005"]), add_money([]), add_money(["1.00", "5 EUR"])
    ('10.11', None, '5 EUR')
    """
    present = [amount for amount in amounts if amount is not None]
    if len(present) <= 1:
        return present[0] if present else None
    total = None
    for amount in present:
        try:
            total = (total or Decimal(0)) + Decimal(amount)
        except InvalidOperation:
            return amount
    return None if total is None else render_cents(str(total))
