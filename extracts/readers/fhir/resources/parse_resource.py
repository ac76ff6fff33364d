"""One line as a resource: strict JSON, numbers kept as they are written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

RULES: Mapping[str, str] = {
    "line_too_long": "a resource of at most 16 MiB",
    "not_utf8": "UTF-8 text",
    "not_json": "one whole JSON object a line",
    "duplicate_key": "each name once in a JSON object",
    "not_a_number": "JSON numbers; NaN and Infinity are none",
    "no_resource_type": "a resourceType",
    "no_id": "an id",
    "wrong_shape": "lists and objects where FHIR R4 has them",
    "two_versions": "a newer meta.lastUpdated or meta.versionId where a resource came with different contents",
}
"""Rule under which a line is quarantined -> what it allows."""


class NumberText(str):
    """A number of the JSON text as it is written: money never becomes a float."""

    __slots__ = ()


class BrokenLineError(ValueError):
    """A line that is no resource; `rule` is one of RULES."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def parse_resource(line: bytes) -> dict[str, Any]:
    """Parse a line.

    Raises
    ------
    BrokenLineError
        When it is no UTF-8, no JSON object, names a key twice, holds NaN or Infinity, or has no resourceType.

    Examples
    --------
    >>> parse_resource(b'{"resourceType": "Claim", "total": {"value": 10.50}}')["total"]
    {'value': '10.50'}
    >>> parse_resource(b'{"resourceType": "Claim", "id": "1", "id": "2"}')
    Traceback (most recent call last):
    payrank.extracts.readers.fhir.resources.parse_resource.BrokenLineError: duplicate_key
    """
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise BrokenLineError("not_utf8") from None
    try:
        resource = _DECODER.decode(text)
    except BrokenLineError:
        raise
    except (ValueError, RecursionError):
        raise BrokenLineError("not_json") from None
    if not isinstance(resource, dict):
        raise BrokenLineError("not_json")
    if not is_text(resource.get("resourceType")):
        raise BrokenLineError("no_resource_type")
    return resource


def is_text(value: object) -> bool:
    """Say whether a JSON value is a text that is not empty, and no number."""
    return isinstance(value, str) and value != "" and not isinstance(value, NumberText)


def _collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BrokenLineError("duplicate_key")
    return found


def _refuse_constant(_: str) -> Any:
    raise BrokenLineError("not_a_number")


_DECODER = json.JSONDecoder(
    parse_float=NumberText, parse_int=NumberText, parse_constant=_refuse_constant, object_pairs_hook=_collect
)
