"""Which resources count: their kind, status, use and outcome, and which version of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from payrank.extracts.readers.fhir.resources.elements import Node, read_codes, read_list, read_object, read_word
from payrank.extracts.readers.fhir.resources.references import render_key

STANDING_STATUS: Mapping[str, frozenset[str]] = {
    "Claim": frozenset({"active"}),
    "ClaimResponse": frozenset({"active"}),
    "Coverage": frozenset({"active"}),
    "ExplanationOfBenefit": frozenset({"active"}),
    "Invoice": frozenset({"issued", "balanced"}),
    "PaymentReconciliation": frozenset({"active"}),
}
"""Kind -> the statuses that count (FHIR R4, value sets fm-status, explanationofbenefit-status, invoice-status)."""

CLAIM_KINDS = frozenset({"Claim", "ClaimResponse", "ExplanationOfBenefit"})
KNOWN_STATUS = frozenset({"cancelled", "draft", "entered-in-error"})
NOT_ADJUDICATED = frozenset({"queued", "error"})
"""Outcomes of a response that hold no adjudication (FHIR R4, value set remittance-outcome)."""

REPLACED_BY = "replacedby"
"""Relationship of an answer to a later one (CARIN Blue Button guide, C4BBRelatedClaimRelationship)."""

AGAIN = "the same resource again"
OLDER = "an older version of a resource"
DELETED = "deleted at the source"
REPLACED = "replaced by a later claim"
EXPLAINED = "the same adjudication is in an ExplanationOfBenefit"
NOT_OPENED = "Account: neither servicePeriod nor an invoice says since when"
NO_CLAIM = "pays no claim that is named"


def find_aside(kind: str, resource: Node) -> str | None:
    """Say why a resource does not count, by itself; None where it does."""
    status = read_word(resource, "status")
    if kind == "Bundle" and not list(find_deleted(resource)):
        return "Bundle: not read, export its resources one a line"
    if kind == "Account" and status == "entered-in-error":
        return f"{kind}: status entered-in-error"
    if kind in STANDING_STATUS and status not in STANDING_STATUS[kind]:
        return f"{kind}: status {status if status in KNOWN_STATUS else 'missing or not known'}"
    return _find_claim_aside(kind, resource) if kind in CLAIM_KINDS else None


def _find_claim_aside(kind: str, resource: Node) -> str | None:
    if read_word(resource, "use") in {"preauthorization", "predetermination"}:
        return f"{kind}: asks or answers in advance (preauthorization, predetermination)"
    if any(REPLACED_BY in read_codes(related, "relationship") for related in read_list(resource, "related")):
        return REPLACED
    outcome = read_word(resource, "outcome")
    if kind != "Claim" and outcome in NOT_ADJUDICATED:
        return f"{kind}: not adjudicated (outcome {outcome})"
    return None


def find_deleted(bundle: Node) -> Iterator[str]:
    """Give the keys that a Bundle deletes, as a bulk export's `deleted` files do."""
    for entry in read_list(bundle, "entry"):
        request = read_object(entry, "request")
        key = render_key(read_word(request, "url") or "", "") if read_word(request, "method") == "DELETE" else None
        if key:
            yield key


def read_version(resource: Node) -> tuple[str | None, int | None]:
    """Return when a version was written, in UTC, and its number; None where meta does not say."""
    meta = read_object(resource, "meta")
    number = read_word(meta, "versionId")
    plain = number is not None and number.isascii() and number.isdigit() and len(number) < 18
    return _read_instant(read_word(meta, "lastUpdated")), int(number) if number and plain else None


def _read_instant(text: str | None) -> str | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment.tzinfo else None
