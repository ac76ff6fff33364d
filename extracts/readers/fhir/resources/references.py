"""Normalize references between resources to one kind of key, `Type/id`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from payrank.extracts.readers.fhir.resources.elements import Node, read_list, read_object, read_word

_LITERAL = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/([^/?#|]{1,128})(?:/_history/[^/]+)?")
_URN = re.compile(r"urn:(?:uuid|oid):(.+)")
_SEARCH = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)\?identifier=(.+)")


@dataclass(frozen=True, slots=True)
class Target:
    """What a reference names: `key` (`Type/id`; None if only words name it) and the display text."""

    key: str | None = None
    display: str | None = None

    @property
    def name(self) -> str | None:
        """The key, otherwise the display text."""
        return self.key or self.display


def render_key(reference: str, kind: str) -> str | None:
    """Normalize a reference to `Type/id`, whether relative, absolute (with or without a version), urn, or by
    identifier.

    Parameters
    ----------
    kind
        The resource type the element refers to, because a urn does not state it.

    >>> render_key("https://example.org/fhir/Patient/7/_history/2", "Patient"), render_key("urn:uuid:ab-1", "Claim")
    ('Patient/7', 'Claim/ab-1')
    >>> render_key("Organization?identifier=https://example.org/ids|0042", "Organization")
    'Organization/0042'
    """
    urn = _URN.fullmatch(reference)
    if urn:
        return f"{kind}/{urn[1]}"
    search = _SEARCH.fullmatch(reference)
    if search:
        return f"{search[1]}/{unquote(search[2]).rpartition('|')[2]}"
    literal = _LITERAL.fullmatch(reference)
    return f"{literal[1]}/{literal[2]}" if literal else None


def read_target(node: Node, name: str, kind: str, resource: Node | None = None) -> Target:
    """Return the target of the reference with that name. A contained Organization is identified by its name.

    Parameters
    ----------
    resource
        The enclosing resource, whose contained resources `#id` refers to.
    """
    return resolve(read_object(node, name), kind, resource)


def resolve(reference: Node, kind: str, resource: Node | None = None) -> Target:
    """Return the target of a Reference."""
    display = read_word(reference, "display")
    text = read_word(reference, "reference")
    if text and text.startswith("#"):
        inside = find_contained(resource or {}, text)
        return Target(None, display or read_word(inside, "name"))
    key = render_key(text, kind) if text else None
    if key is None:
        value = read_word(read_object(reference, "identifier"), "value")
        key = f"{kind}/{value}" if value else None
    return Target(key, display)


def find_contained(resource: Node, text: str) -> Node:
    """Return the contained resource with that `#id`, or an empty one."""
    return next((inside for inside in read_list(resource, "contained") if f"#{inside.get('id')}" == text), {})
