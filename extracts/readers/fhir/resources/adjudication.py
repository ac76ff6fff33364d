"""Read an insurer's adjudication (ExplanationOfBenefit or ClaimResponse): amounts by category, and reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from payrank.extracts.codes.never_denials import OVER_CONTRACT_CARCS, PATIENT_SHARE_CARCS
from payrank.extracts.readers.fhir.resources.adjustment_reasons import Reason, read_reasons
from payrank.extracts.readers.fhir.resources.elements import (
    Node,
    add_money,
    read_codes,
    read_list,
    read_money,
    read_object,
    render_cents,
)

CATEGORIES: Mapping[str, str] = {
    # HL7 Terminology, code system adjudication.
    "submitted": "submitted",
    "eligible": "allowed",
    "copay": "copay",
    "deductible": "deductible",
    "benefit": "paid",
    # CARIN Blue Button guide, code system C4BBAdjudication.
    "coinsurance": "coinsurance",
    "noncovered": "noncovered",
    "paidtoprovider": "paid",
    "memberliability": "liability",
    "discount": "discount",
    "paidbypatient": "paid_by_patient",
    # CMS Blue Button variables, as in Synthea's ExplanationOfBenefit.
    "line_sbmtd_chrg_amt": "submitted",
    "line_alowd_chrg_amt": "allowed",
    "line_bene_ptb_ddctbl_amt": "deductible",
    "line_coinsrnc_amt": "coinsurance",
    "line_prvdr_pmt_amt": "paid",
}
"""Adjudication category code (the last part, if it is a URL) -> the amount's meaning."""


@dataclass(frozen=True, slots=True)
class Adjudication:
    """Amounts in dollars as text, positive as the insurer states them; None if not stated.

    `is_contractual_calculated`: no contractual amount is stated, so it is submitted - allowed - noncovered.
    """

    submitted: str | None
    paid: str | None
    contractual: str | None
    is_contractual_calculated: bool
    patient_part: str | None
    paid_by_patient: str | None
    reasons: tuple[Reason, ...]


def read_adjudication(resource: Node) -> Adjudication:
    """Read the amounts of a resource. Each category comes from the totals, otherwise the header, otherwise the lines.

    The insurance payment is `payment.amount` if given. Patient responsibility is memberliability; otherwise copay,
    deductible, and coinsurance; otherwise the adjustments with group code PR.
    """
    header = read_list(resource, "adjudication")
    lines = [(line, _by_category(line)) for line in _read_lines(resource)]
    groups = [*lines, (header, _by_category(header))]
    amounts = _sum_lines([by_category for _, by_category in lines])
    amounts |= groups[-1][1]
    amounts |= _by_category(read_list(resource, "total"))
    noncovered = amounts.get("noncovered")
    reasons = tuple(
        reason
        for group, by_category in groups
        for reason in _assign_noncovered(read_reasons(group), by_category.get("noncovered"))
    )
    contractual = amounts.get("discount") or add_money(
        reason.amount for reason in reasons if not reason.denies and _is_in_group(reason, "CO", OVER_CONTRACT_CARCS)
    )
    calculated = None if contractual else _subtract(amounts.get("submitted"), amounts.get("allowed"), noncovered)
    return Adjudication(
        submitted=amounts.get("submitted"),
        paid=read_money(read_object(resource, "payment"), "amount") or amounts.get("paid"),
        contractual=contractual or calculated,
        is_contractual_calculated=calculated is not None,
        patient_part=_read_patient_part(amounts, reasons),
        paid_by_patient=amounts.get("paid_by_patient"),
        reasons=tuple(reason for reason in reasons if reason.denies),
    )


def _read_lines(resource: Node) -> Iterator[list[Node]]:
    """Yield the adjudications of each line, or those of its details if the line has none."""
    for name in ("item", "addItem"):
        for item in read_list(resource, name):
            yield from _descend(item)


def _descend(item: Node) -> Iterator[list[Node]]:
    adjudications = read_list(item, "adjudication")
    if adjudications:
        yield adjudications
        return
    for name in ("detail", "subDetail"):
        for detail in read_list(item, name):
            yield from _descend(detail)


def _by_category(adjudications: Iterable[Node]) -> dict[str, str]:
    amounts_by_name: dict[str, list[str | None]] = {}
    for adjudication in adjudications:
        names = {CATEGORIES.get(code.rpartition("/")[2]) for code in read_codes(adjudication, "category")} - {None}
        amount = read_money(adjudication, "amount")
        for name in names:
            amounts_by_name.setdefault(str(name), []).append(amount)
    sums = {name: add_money(amounts) for name, amounts in amounts_by_name.items()}
    return {name: amount for name, amount in sums.items() if amount is not None}


def _sum_lines(lines: list[dict[str, str]]) -> dict[str, str]:
    names = sorted({name for line in lines for name in line})
    sums = {name: add_money(line.get(name) for line in lines) for name in names}
    return {name: amount for name, amount in sums.items() if amount is not None}


def _assign_noncovered(reasons: list[Reason], noncovered: str | None) -> Iterator[Reason]:
    """Assign the noncovered amount of a line to its only denial, if the denial has no amount."""
    denials = sum(reason.denies for reason in reasons)
    for reason in reasons:
        priced = reason.denies and denials == 1 and reason.amount is None and noncovered is not None
        yield (
            Reason(reason.group, reason.carc, reason.rarc, noncovered, reason.is_denial_category) if priced else reason
        )


def _read_patient_part(amounts: Mapping[str, str], reasons: Iterable[Reason]) -> str | None:
    if "liability" in amounts:
        return amounts["liability"]
    parts = add_money(amounts.get(name) for name in ("copay", "deductible", "coinsurance"))
    return parts or add_money(reason.amount for reason in reasons if _is_in_group(reason, "PR", PATIENT_SHARE_CARCS))


def _is_in_group(reason: Reason, group: str, carcs: frozenset[str]) -> bool:
    """Return whether a reason belongs to a group. Without a group code, use the codes that occur only in that group."""
    return reason.group == group if reason.group else reason.carc in carcs


def _subtract(submitted: str | None, allowed: str | None, noncovered: str | None) -> str | None:
    """Calculate the contractual adjustment. Returns None if it is not positive or the amounts are missing."""
    if submitted is None or allowed is None:
        return None
    try:
        rest = Decimal(submitted) - Decimal(allowed) - Decimal(noncovered or "0")
    except InvalidOperation:
        return None
    return render_cents(str(rest)) if rest > 0 else None
