"""What an insurer made of a claim (ExplanationOfBenefit or ClaimResponse): amounts by category, and reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from payrank.extracts.readers.fhir.resources.denial_reasons import Reason, read_reasons
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
    # CMS Blue Button variables, as Synthea's ExplanationOfBenefit has them.
    "line_sbmtd_chrg_amt": "submitted",
    "line_alowd_chrg_amt": "allowed",
    "line_bene_ptb_ddctbl_amt": "deductible",
    "line_coinsrnc_amt": "coinsurance",
    "line_prvdr_pmt_amt": "paid",
}
"""Code of an adjudication's category, by the last part of it where it is a URL -> what the amount is."""

OVER_CONTRACT = frozenset({"45", "253"})
"""CARC over the contract's fee, and sequestration: contractual where no group says so."""
PATIENT_SHARE = frozenset({"1", "2", "3"})
"""CARC deductible, coinsurance and copay: the patient's where no group says so."""


@dataclass(frozen=True, slots=True)
class Adjudication:
    """Amounts in dollars as text, positive as the insurer writes them; None where it says nothing.

    `contractual_worked_out`: no amount is named contractual, and it is submitted - allowed - noncovered.
    """

    submitted: str | None
    paid: str | None
    contractual: str | None
    contractual_worked_out: bool
    patient_part: str | None
    paid_by_patient: str | None
    reasons: tuple[Reason, ...]


def read_adjudication(resource: Node) -> Adjudication:
    """Read the amounts of a resource from its totals, else its header, else its lines, each category by itself.

    What the insurer paid is `payment.amount` first. The patient's part is memberliability, else copay, deductible and
    coinsurance, else what is adjusted under group PR.
    """
    header = read_list(resource, "adjudication")
    lines = [(line, _by_category(line)) for line in _read_lines(resource)]
    groups = [*lines, (header, _by_category(header))]
    amounts = _add_lines([by_category for _, by_category in lines])
    amounts |= groups[-1][1]
    amounts |= _by_category(read_list(resource, "total"))
    noncovered = amounts.get("noncovered")
    reasons = tuple(
        reason for group, by_category in groups for reason in _price(read_reasons(group), by_category.get("noncovered"))
    )
    contractual = amounts.get("discount") or add_money(
        reason.amount for reason in reasons if not reason.denies and _belongs(reason, "CO", OVER_CONTRACT)
    )
    worked_out = None if contractual else _subtract(amounts.get("submitted"), amounts.get("allowed"), noncovered)
    return Adjudication(
        submitted=amounts.get("submitted"),
        paid=read_money(read_object(resource, "payment"), "amount") or amounts.get("paid"),
        contractual=contractual or worked_out,
        contractual_worked_out=worked_out is not None,
        patient_part=_read_patient_part(amounts, reasons),
        paid_by_patient=amounts.get("paid_by_patient"),
        reasons=tuple(reason for reason in reasons if reason.denies),
    )


def _read_lines(resource: Node) -> Iterator[list[Node]]:
    """Give the adjudications of each line; those of its details where the line itself has none."""
    for name in ("item", "addItem"):
        for item in read_list(resource, name):
            yield from _descend(item)


def _descend(item: Node) -> Iterator[list[Node]]:
    own = read_list(item, "adjudication")
    if own:
        yield own
        return
    for name in ("detail", "subDetail"):
        for detail in read_list(item, name):
            yield from _descend(detail)


def _by_category(adjudications: Iterable[Node]) -> dict[str, str]:
    found: dict[str, list[str | None]] = {}
    for adjudication in adjudications:
        names = {CATEGORIES.get(code.rpartition("/")[2]) for code in read_codes(adjudication, "category")} - {None}
        amount = read_money(adjudication, "amount")
        for name in names:
            found.setdefault(str(name), []).append(amount)
    sums = {name: add_money(amounts) for name, amounts in found.items()}
    return {name: amount for name, amount in sums.items() if amount is not None}


def _add_lines(lines: list[dict[str, str]]) -> dict[str, str]:
    names = sorted({name for line in lines for name in line})
    sums = {name: add_money(line.get(name) for line in lines) for name in names}
    return {name: amount for name, amount in sums.items() if amount is not None}


def _price(reasons: list[Reason], noncovered: str | None) -> Iterator[Reason]:
    """Give the noncovered amount of a line to its one denial, where that has no amount of its own."""
    denials = sum(reason.denies for reason in reasons)
    for reason in reasons:
        priced = reason.denies and denials == 1 and reason.amount is None and noncovered is not None
        yield Reason(reason.group, reason.carc, reason.rarc, noncovered, reason.said) if priced else reason


def _read_patient_part(amounts: Mapping[str, str], reasons: Iterable[Reason]) -> str | None:
    if "liability" in amounts:
        return amounts["liability"]
    parts = add_money(amounts.get(name) for name in ("copay", "deductible", "coinsurance"))
    return parts or add_money(reason.amount for reason in reasons if _belongs(reason, "PR", PATIENT_SHARE))


def _belongs(reason: Reason, group: str, carcs: frozenset[str]) -> bool:
    """Say whether a reason is of a group; where no group is coded, by the codes that are of one group alone."""
    return reason.group == group if reason.group else reason.carc in carcs


def _subtract(submitted: str | None, allowed: str | None, noncovered: str | None) -> str | None:
    """Work out what the contract takes off; None where it takes nothing off or the amounts do not say."""
    if submitted is None or allowed is None:
        return None
    try:
        rest = Decimal(submitted) - Decimal(allowed) - Decimal(noncovered or "0")
    except InvalidOperation:
        return None
    return render_cents(str(rest)) if rest > 0 else None
