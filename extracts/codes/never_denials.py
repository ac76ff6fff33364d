"""Which adjustments of a remittance are denials, and which are the ordinary arithmetic of a payment.

The key is the triple of group, CARC and RARC: a CARC alone misleads. Codes and their meanings: claim adjustment reason
codes (X12 external code list 139), remittance advice remark codes (list 411), adjustment group codes (list 974).
"""

from __future__ import annotations

from dataclasses import dataclass

from payrank.extracts.contract.source_file import quote_text

GROUPS = ("CO", "CR", "OA", "PI", "PR")
"""Contractual obligation, correction and reversal (4010), other, payer initiated, patient responsibility."""
NO_APPEAL = ("MA130", "N211")
"""Remarks that leave no right to appeal. What they stand on is a denial all the same: one to correct, or to give up."""


@dataclass(frozen=True, slots=True)
class NeverDenial:
    """Adjustments that nobody denied: `group` and `rarc` of None stand for any."""

    group: str | None
    carc: str
    rarc: str | None
    why: str


NEVER_DENIALS: tuple[NeverDenial, ...] = (
    NeverDenial(None, "1", None, "deductible"),
    NeverDenial(None, "2", None, "coinsurance"),
    NeverDenial(None, "3", None, "copay"),
    NeverDenial(None, "23", None, "what an earlier payer paid and adjusted"),
    NeverDenial("CO", "24", None, "paid by capitation"),
    NeverDenial(None, "42", None, "over the fee schedule (code of 4010)"),
    NeverDenial(None, "44", None, "prompt-pay discount"),
    NeverDenial(None, "45", None, "over the fee schedule or contract; beside a denial it is still none"),
    NeverDenial(None, "59", None, "multiple-procedure rule"),
    NeverDenial(None, "66", None, "blood deductible"),
    NeverDenial(None, "69", None, "day outlier"),
    NeverDenial(None, "70", None, "cost outlier"),
    NeverDenial(None, "74", None, "indirect medical education"),
    NeverDenial(None, "75", None, "direct medical education"),
    NeverDenial(None, "76", None, "disproportionate share"),
    NeverDenial(None, "85", None, "patient's interest"),
    NeverDenial(None, "90", None, "ingredient cost"),
    NeverDenial(None, "91", None, "dispensing fee"),
    NeverDenial(None, "94", None, "paid over the charge"),
    NeverDenial(None, "100", None, "paid to the patient"),
    NeverDenial(None, "101", None, "predetermination"),
    NeverDenial(None, "102", None, "major medical"),
    NeverDenial(None, "103", None, "provider's promotional discount"),
    NeverDenial(None, "104", None, "managed care withhold"),
    NeverDenial(None, "105", None, "tax withheld"),
    NeverDenial(None, "118", None, "ESRD network support"),
    NeverDenial(None, "121", None, "indemnification"),
    NeverDenial(None, "122", None, "psychiatric reduction"),
    NeverDenial(None, "130", None, "fee for submitting a claim"),
    NeverDenial(None, "131", None, "negotiated discount"),
    NeverDenial(None, "132", None, "prearranged demonstration"),
    NeverDenial(None, "137", None, "regulatory surcharge"),
    NeverDenial(None, "139", None, "contracted funding agreement"),
    NeverDenial(None, "142", None, "monthly Medicaid patient liability"),
    NeverDenial(None, "143", None, "part of the payment deferred"),
    NeverDenial(None, "144", None, "incentive"),
    NeverDenial(None, "161", None, "performance bonus"),
    NeverDenial(None, "172", None, "payment adjusted by specialty"),
    NeverDenial(None, "187", None, "paid from the patient's spending account"),
    NeverDenial(None, "194", None, "anesthesia by the operating physician"),
    NeverDenial(None, "223", None, "adjustment by law without a code of its own"),
    NeverDenial(None, "225", None, "penalty or interest"),
    NeverDenial(None, "235", None, "sales tax"),
    NeverDenial(None, "237", None, "penalty by law or regulation"),
    NeverDenial(None, "241", None, "low-income copay"),
    NeverDenial(None, "245", None, "performance withhold"),
    NeverDenial(None, "246", None, "code for reporting alone, not payable"),
    NeverDenial(None, "247", None, "deductible of a professional service in a facility"),
    NeverDenial(None, "248", None, "coinsurance of a professional service in a facility"),
    NeverDenial(None, "253", None, "sequestration"),
    NeverDenial(None, "262", None, "delivery cost"),
    NeverDenial(None, "263", None, "shipping cost"),
    NeverDenial(None, "264", None, "postage"),
    NeverDenial(None, "265", None, "administrative cost"),
    NeverDenial(None, "266", None, "compounding cost"),
    NeverDenial(None, "A2", None, "contract (code of 4010)"),
    NeverDenial(None, "P12", None, "workers' compensation fee schedule"),
    NeverDenial("CO", "16", "N620", "quality code, reported and not payable"),
)

_BY_CARC: dict[str, list[NeverDenial]] = {}
for _rule in NEVER_DENIALS:
    _BY_CARC.setdefault(_rule.carc, []).append(_rule)


def is_denial(group: str | None, carc: str | None, rarc: str | None = None) -> bool:
    """Say whether an adjustment is a denial. Group CR corrects, and an adjustment without a reason denies nothing.

    >>> is_denial("CO", "197"), is_denial("CO", "45"), is_denial("PR", "1"), is_denial("PR", "96", "N130")
    (True, False, False, True)
    >>> is_denial("CO", "16", "M76"), is_denial("CO", "16", "N620"), is_denial("CO", "016")
    (True, False, True)
    """
    if not carc or group == "CR":
        return False
    return not any(rule.group in (None, group) and rule.rarc in (None, rarc) for rule in _BY_CARC.get(carc, ()))


def render_is_denial(group: str, carc: str, rarc: str) -> str:
    """Render `is_denial` as SQL over three expressions of text, whose unknown is null or empty.

    >>> sql = render_is_denial("g", "c", "r")
    >>> import duckdb
    >>> duckdb.connect().execute(f"SELECT {sql} FROM (VALUES ('CO', '197', NULL)) AS t (g, c, r)").fetchall()
    [(True,)]
    """
    anywhere = ", ".join(quote_text(rule.carc) for rule in NEVER_DENIALS if rule.group is None and rule.rarc is None)
    narrow = []
    for rule in NEVER_DENIALS:
        if rule.group is None and rule.rarc is None:
            continue
        parts = [f"({carc}) = {quote_text(rule.carc)}"]
        parts += [f"coalesce({group}, '') = {quote_text(rule.group)}"] if rule.group else []
        parts += [f"coalesce({rarc}, '') = {quote_text(rule.rarc)}"] if rule.rarc else []
        narrow.append(f"({' AND '.join(parts)})")
    never = " OR ".join([f"({carc}) IN ({anywhere})", *narrow])
    return f"(coalesce({carc}, '') <> '' AND coalesce({group}, '') <> 'CR' AND NOT ({never}))"
