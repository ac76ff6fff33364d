"""Parse one line as a resource: strict JSON, with numbers kept as written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

RULES: Mapping[str, str] = {
    "line_too_long": "a resource of at most 16 MiB",
    "not_utf8": "UTF-8 text",
    "not_json": "one complete JSON object per line",
    "duplicate_key": "unique names in each JSON object",
    "not_a_number": "JSON numbers, not NaN or Infinity",
    "no_resource_type": "a resourceType",
    "no_id": "an id",
    "wrong_shape": "lists and objects as FHIR R4 defines them",
    "two_versions": "a newer meta.lastUpdated or meta.versionId if a resource appears with different contents",
}
"""Quarantine rule of a line -> what is allowed."""


class NumberText(str):
    """A JSON number as written, so that money never becomes a float."""

    __slots__ = ()


class BrokenLineError(ValueError):
    """A line that is not a valid resource; `rule` is one of RULES."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def parse_resource(line: bytes) -> dict[str, Any]:
    """Parse a line.

    Raises
    ------
    BrokenLineError
        If it is not UTF-8, is not a JSON object, repeats a key, contains NaN or Infinity, or has no resourceType.

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
    """Return whether a JSON value is non-empty text rather than a number."""
    return isinstance(value, str) and value != "" and not isinstance(value, NumberText)


def _require_unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise BrokenLineError("duplicate_key")
    return members


def _refuse_constant(_: str) -> Any:
    raise BrokenLineError("not_a_number")


_DECODER = json.JSONDecoder(
    parse_float=NumberText,
    parse_int=NumberText,
    parse_constant=_refuse_constant,
    object_pairs_hook=_require_unique_keys,
)
