"""Decide which resources are eligible, by type, status, use, and outcome, and read their versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from payrank.extracts.readers.fhir.resources.elements import Node, read_codes, read_list, read_object, read_word
from payrank.extracts.readers.fhir.resources.references import render_key

ELIGIBLE_STATUS: Mapping[str, frozenset[str]] = {
    "Claim": frozenset({"active"}),
    "ClaimResponse": frozenset({"active"}),
    "Coverage": frozenset({"active"}),
    "ExplanationOfBenefit": frozenset({"active"}),
    "Invoice": frozenset({"issued", "balanced"}),
    "PaymentReconciliation": frozenset({"active"}),
}
"""Resource type -> eligible statuses (FHIR R4 value sets fm-status, explanationofbenefit-status, invoice-status)."""

CLAIM_KINDS = frozenset({"Claim", "ClaimResponse", "ExplanationOfBenefit"})
KNOWN_STATUS = frozenset({"cancelled", "draft", "entered-in-error"})
NOT_ADJUDICATED = frozenset({"queued", "error"})
"""Response outcomes without an adjudication (FHIR R4, value set remittance-outcome)."""

REPLACED_BY = "replacedby"
"""Relationship of a response to a later one (CARIN Blue Button guide, C4BBRelatedClaimRelationship)."""

DUPLICATE = "duplicate resource"
OLDER = "older version of a resource"
DELETED = "deleted at the source"
REPLACED = "replaced by a later claim"
EXPLAINED = "adjudication already in an ExplanationOfBenefit"
NOT_OPENED = "Account: no servicePeriod or invoice to date it"
NO_CLAIM = "payment without a claim reference"


def find_skip_reason(kind: str, resource: Node) -> str | None:
    """Return why a resource is skipped, judged on its own, or None if it is eligible."""
    status = read_word(resource, "status")
    if kind == "Bundle" and not list(find_deleted(resource)):
        return "Bundle: not read; export one resource per line"
    if kind == "Account" and status == "entered-in-error":
        return f"{kind}: status entered-in-error"
    if kind in ELIGIBLE_STATUS and status not in ELIGIBLE_STATUS[kind]:
        return f"{kind}: status {status if status in KNOWN_STATUS else 'missing or unknown'}"
    return _find_claim_skip_reason(kind, resource) if kind in CLAIM_KINDS else None


def _find_claim_skip_reason(kind: str, resource: Node) -> str | None:
    if read_word(resource, "use") in {"preauthorization", "predetermination"}:
        return f"{kind}: preauthorization or predetermination"
    if any(REPLACED_BY in read_codes(related, "relationship") for related in read_list(resource, "related")):
        return REPLACED
    outcome = read_word(resource, "outcome")
    if kind != "Claim" and outcome in NOT_ADJUDICATED:
        return f"{kind}: not adjudicated (outcome {outcome})"
    return None


def find_deleted(bundle: Node) -> Iterator[str]:
    """Yield the keys that a Bundle deletes, as in the `deleted` files of a bulk export."""
    for entry in read_list(bundle, "entry"):
        request = read_object(entry, "request")
        key = render_key(read_word(request, "url") or "", "") if read_word(request, "method") == "DELETE" else None
        if key:
            yield key


def read_version(resource: Node) -> tuple[str | None, int | None]:
    """Return when a version was written, in UTC, and its number; None if meta does not state it."""
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
