"""The rows that each resource type adds to the staging tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from payrank.extracts.codes.payer_classes import TYPOLOGY_MARK
from payrank.extracts.readers.fhir.resources.adjudication import read_adjudication
from payrank.extracts.readers.fhir.resources.elements import (
    Node,
    add_money,
    read_codes,
    read_codings,
    read_day,
    read_list,
    read_money,
    read_object,
    read_word,
)
from payrank.extracts.readers.fhir.resources.eligibility import find_deleted
from payrank.extracts.readers.fhir.resources.references import Target, find_contained, read_target, resolve

Row = tuple[str, Mapping[str, str | None]]
"""A table in ROW_TABLES and the columns of one of its rows."""

ROW_TABLES: Mapping[str, tuple[str, ...]] = {
    "claims": ("patient", "created", "service_on", "total", "payer", "insured"),
    "covers": ("position", "coverage", "payer", "known_on"),
    "benefits": (
        "kind", "claim", "response", "patient", "payer", "created", "paid_on", "service_on", "submitted", "paid",
        "contractual", "calculated", "patient_part", "paid_by_patient", "insured",
    ),
    "reasons": ("position", "group_code", "carc", "rarc", "amount"),
    "replaced": ("claim",),
    "invoices": ("account", "patient", "issued_on", "amount", "responsibility", "status"),
    "reconciliations": ("amount",),
    "details": ("position", "request", "response", "paid_on", "amount", "payer"),
    "accounts": ("patient", "opened_on"),
    "coverages": ("payer", "ended_on", "type_codes"),
    "organizations": ("payer_name", "identifier"),
    "patients": ("birth_year",),
    "named_payers": ("payer", "payer_name"),
    "deleted": ("target",),
}  # fmt: skip
"""Text columns of each table. Each row also has the resource's key, file, and line."""

REPLACES = frozenset({"prior", "replaces"})
"""Relationship of a claim to an earlier claim that it replaces (HL7 code system ex-relatedclaimrelationship)."""


def read_rows(kind: str, resource: Node) -> list[Row]:
    """Return the rows of a resource.

    Raises
    ------
    BrokenLineError
        If an element does not have its FHIR R4 shape.
    """
    return list(READERS[kind](resource))


def _name_payer(target: Target) -> Iterator[Row]:
    if target.name is not None:
        yield "named_payers", {"payer": target.name, "payer_name": target.display}


def _read_covers(resource: Node, known_on: str | None) -> Iterator[Row]:
    """Yield the coverages of a claim, ordered by the sequence of its insurance, with the focal one first."""
    insurance = read_list(resource, "insurance")
    ordered = sorted(insurance, key=lambda cover: (_read_sequence(cover), cover.get("focal") is not True))
    for position, cover in enumerate(ordered, start=1):
        coverage = read_object(cover, "coverage")
        target = resolve(coverage, "Coverage", resource)
        payer = _read_contained_payer(resource, coverage)
        yield from _name_payer(payer)
        yield (
            "covers",
            {
                "position": str(position),
                "coverage": target.key,
                "payer": payer.name or (None if target.key else target.display),
                "known_on": known_on,
            },
        )
        if payer.name is None and target.key is None:
            yield from _name_payer(Target(None, target.display))


def _read_sequence(cover: Node) -> int:
    text = str(cover.get("sequence") or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _read_contained_payer(resource: Node, coverage: Node) -> Target:
    """Return the payer of a contained Coverage, as Synthea writes it."""
    text = read_word(coverage, "reference") or ""
    payors = read_list(find_contained(resource, text), "payor") if text.startswith("#") else []
    return resolve(payors[0], "Organization", resource) if payors else Target()


def read_claim(resource: Node) -> Iterator[Row]:
    """Read a Claim. The charge is its total, or the sum of its lines' net amounts."""
    created = read_day(resource, "created")
    insurer = read_target(resource, "insurer", "Organization", resource)
    nets = add_money(read_money(item, "net") for item in read_list(resource, "item"))
    yield (
        "claims",
        {
            "patient": read_target(resource, "patient", "Patient", resource).name,
            "created": created,
            "service_on": read_day(read_object(resource, "billablePeriod"), "start"),
            "total": read_money(resource, "total") or nets,
            "payer": insurer.name,
            "insured": "yes" if insurer.name or read_list(resource, "insurance") else None,
        },
    )
    yield from _name_payer(insurer)
    yield from _read_covers(resource, created)
    yield from _read_replaced(resource)


def _read_replaced(resource: Node) -> Iterator[Row]:
    for related in read_list(resource, "related"):
        earlier = read_target(related, "claim", "Claim", resource).key
        if earlier and REPLACES & set(read_codes(related, "relationship")):
            yield "replaced", {"claim": earlier}


def read_benefit(resource: Node) -> Iterator[Row]:
    """Read an ExplanationOfBenefit or ClaimResponse: insurance payment, adjustments, and patient responsibility."""
    explained = resource["resourceType"] == "ExplanationOfBenefit"
    created = read_day(resource, "created")
    insurer = read_target(resource, "insurer", "Organization", resource)
    adjudication = read_adjudication(resource)
    yield (
        "benefits",
        {
            "kind": "explanation" if explained else "response",
            "claim": read_target(resource, "claim" if explained else "request", "Claim", resource).key,
            "response": read_target(resource, "claimResponse", "ClaimResponse", resource).key if explained else None,
            "patient": read_target(resource, "patient", "Patient", resource).name,
            "payer": insurer.name,
            "created": created,
            "paid_on": read_day(read_object(resource, "payment"), "date"),
            "service_on": read_day(read_object(resource, "billablePeriod"), "start"),
            "submitted": adjudication.submitted,
            "paid": adjudication.paid,
            "contractual": adjudication.contractual,
            "calculated": "yes" if adjudication.is_contractual_calculated else None,
            "patient_part": adjudication.patient_part,
            "paid_by_patient": adjudication.paid_by_patient,
            "insured": "yes",
        },
    )
    yield from _name_payer(insurer)
    for position, reason in enumerate(adjudication.reasons, start=1):
        yield (
            "reasons",
            {
                "position": str(position),
                "group_code": reason.group,
                "carc": reason.carc,
                "rarc": reason.rarc,
                "amount": reason.amount,
            },
        )
    if explained:
        yield from _read_covers(resource, created)
        yield from _read_replaced(resource)


def read_invoice(resource: Node) -> Iterator[Row]:
    """Read an Invoice: totalGross, or totalNet. The patient owes it unless the recipient is an Organization."""
    recipient = read_target(resource, "recipient", "Patient", resource)
    yield (
        "invoices",
        {
            "account": read_target(resource, "account", "Account", resource).key,
            "patient": read_target(resource, "subject", "Patient", resource).name or recipient.name,
            "issued_on": read_day(resource, "date"),
            "amount": read_money(resource, "totalGross") or read_money(resource, "totalNet"),
            "responsibility": "insurance" if (recipient.key or "").startswith("Organization/") else "patient",
            "status": read_word(resource, "status"),
        },
    )


def read_reconciliation(resource: Node) -> Iterator[Row]:
    """Read a PaymentReconciliation: an insurance payment, one row for each claim that it pays."""
    issuer = read_target(resource, "paymentIssuer", "Organization", resource)
    yield from _name_payer(issuer)
    yield "reconciliations", {"amount": read_money(resource, "paymentAmount")}
    paid_on = read_day(resource, "paymentDate")
    for position, detail in enumerate(read_list(resource, "detail"), start=1):
        yield (
            "details",
            {
                "position": str(position),
                "request": read_target(detail, "request", "Claim", resource).key,
                "response": read_target(detail, "response", "ClaimResponse", resource).key,
                "paid_on": read_day(detail, "date") or paid_on,
                "amount": read_money(detail, "amount"),
                "payer": issuer.name,
            },
        )


def read_account(resource: Node) -> Iterator[Row]:
    """Read an Account: its guarantor, start date, and coverages by priority."""
    guarantors = read_list(resource, "guarantor")
    subjects = read_list(resource, "subject")
    party = read_target(guarantors[0], "party", "Patient", resource).name if guarantors else None
    subject = resolve(subjects[0], "Patient", resource).name if subjects else None
    opened_on = read_day(read_object(resource, "servicePeriod"), "start")
    yield "accounts", {"patient": party or subject, "opened_on": opened_on}
    for position, cover in enumerate(read_list(resource, "coverage"), start=1):
        target = read_target(cover, "coverage", "Coverage", resource)
        yield (
            "covers",
            {
                "position": str(cover.get("priority") or position),
                "coverage": target.key,
                "payer": None if target.key else target.display,
                "known_on": opened_on,
            },
        )


def read_coverage(resource: Node) -> Iterator[Row]:
    """Read a Coverage: its first payer, its end date, and the codes of its type."""
    payors = read_list(resource, "payor")
    payer = resolve(payors[0], "Organization", resource) if payors else Target()
    yield (
        "coverages",
        {
            "payer": payer.name,
            "ended_on": read_day(read_object(resource, "period"), "end"),
            "type_codes": " ".join(_read_typology(resource)) or None,
        },
    )
    yield from _name_payer(payer)


def _read_typology(resource: Node) -> Iterator[str]:
    """Yield the codes of a coverage's type. Source of Payment Typology codes (NAHDO) are marked."""
    for system, code in read_codings(resource, "type"):
        typology = "sopt" in system.casefold() or "2.16.840.1.113883.3.221.5" in system
        yield f"{TYPOLOGY_MARK}{code}" if typology else code


def read_organization(resource: Node) -> Iterator[Row]:
    """Read an Organization: its name, once for each identifier that references may use."""
    values = [read_word(identifier, "value") for identifier in read_list(resource, "identifier")]
    for value in values or [None]:
        yield "organizations", {"payer_name": read_word(resource, "name"), "identifier": value}


def read_patient(resource: Node) -> Iterator[Row]:
    """Read a Patient: only the birth year."""
    born = read_word(resource, "birthDate")
    plain = born is not None and len(born) in {4, 7, 10} and born[:4].isdigit()
    yield "patients", {"birth_year": born[:4] if born and plain else born}


def read_bundle(resource: Node) -> Iterator[Row]:
    """Read a Bundle of deletions, as in the `deleted` files of a bulk export."""
    for key in find_deleted(resource):
        yield "deleted", {"target": key}


READERS: Mapping[str, Callable[[Node], Iterator[Row]]] = {
    "Account": read_account,
    "Bundle": read_bundle,
    "Claim": read_claim,
    "ClaimResponse": read_benefit,
    "Coverage": read_coverage,
    "ExplanationOfBenefit": read_benefit,
    "Invoice": read_invoice,
    "Organization": read_organization,
    "Patient": read_patient,
    "PaymentReconciliation": read_reconciliation,
}
"""Resource type (FHIR R4, Financial and Administration modules) -> its reader."""
