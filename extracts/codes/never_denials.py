"""Which adjustments on a remittance are denials, and which are ordinary payment arithmetic.

The key is the combination of group code, CARC, and RARC, because a CARC alone is ambiguous: CO-24 is capitation, and
OA-24 is a coverage denial. The code lists are named in `payrank.extracts.codes`.
"""

from __future__ import annotations

from dataclasses import dataclass

from payrank.extracts.contract.source_file import quote_text


@dataclass(frozen=True, slots=True)
class NeverDenial:
    """Adjustments that are never denials. A `group` or `rarc` of None matches any."""

    group: str | None
    carc: str
    rarc: str | None
    why: str


NEVER_DENIALS: tuple[NeverDenial, ...] = (
    NeverDenial(None, "1", None, "deductible"),
    NeverDenial(None, "2", None, "coinsurance"),
    NeverDenial(None, "3", None, "copay"),
    NeverDenial(None, "23", None, "prior payer's payment and adjustments"),
    NeverDenial("CO", "24", None, "paid by capitation"),
    NeverDenial(None, "42", None, "over the fee schedule (code of 4010)"),
    NeverDenial(None, "44", None, "prompt-pay discount"),
    NeverDenial(None, "45", None, "over the fee schedule or contract, even on a denied claim"),
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
    NeverDenial(None, "223", None, "adjustment required by law that has no code of its own"),
    NeverDenial(None, "225", None, "penalty or interest"),
    NeverDenial(None, "235", None, "sales tax"),
    NeverDenial(None, "237", None, "penalty required by law or regulation"),
    NeverDenial(None, "241", None, "low-income copay"),
    NeverDenial(None, "245", None, "performance withhold"),
    NeverDenial(None, "246", None, "reporting-only code, not payable"),
    NeverDenial(None, "247", None, "deductible for a professional service in a facility"),
    NeverDenial(None, "248", None, "coinsurance for a professional service in a facility"),
    NeverDenial(None, "253", None, "sequestration"),
    NeverDenial(None, "262", None, "delivery cost"),
    NeverDenial(None, "263", None, "shipping cost"),
    NeverDenial(None, "264", None, "postage"),
    NeverDenial(None, "265", None, "administrative cost"),
    NeverDenial(None, "266", None, "compounding cost"),
    NeverDenial(None, "A2", None, "contract (code of 4010)"),
    NeverDenial(None, "P12", None, "workers' compensation fee schedule"),
    NeverDenial("CO", "16", "N620", "quality reporting code, not payable"),
)

OVER_CONTRACT_CARCS = frozenset({"45", "253"})
"""Charges above the contract, and sequestration: contractual if no group code is given."""
PATIENT_SHARE_CARCS = frozenset({"1", "2", "3"})
"""Deductible, coinsurance, and copay: patient responsibility if no group code is given."""

_BY_CARC: dict[str, list[NeverDenial]] = {}
for _rule in NEVER_DENIALS:
    _BY_CARC.setdefault(_rule.carc, []).append(_rule)


def is_denial(group: str | None, carc: str | None, rarc: str | None = None) -> bool:
    """Return whether an adjustment is a denial. Corrections (group CR) and adjustments without a CARC are not.

    >>> is_denial("CO", "197"), is_denial("CO", "45"), is_denial("PR", "1"), is_denial("PR", "96", "N130")
    (True, False, False, True)
    >>> is_denial("CO", "16", "M76"), is_denial("CO", "16", "N620"), is_denial("CO", "016")
    (True, False, True)
    """
    return bool(carc) and group != "CR" and not is_never_denial(group, carc or "", rarc)


def is_never_denial(group: str | None, carc: str, rarc: str | None = None) -> bool:
    """Return whether an adjustment is ordinary payment arithmetic by its codes, as listed in `NEVER_DENIALS`.

    >>> is_never_denial("CO", "45"), is_never_denial("CO", "197")
    (True, False)
    """
    return any(rule.group in (None, group) and rule.rarc in (None, rarc) for rule in _BY_CARC.get(carc, ()))


def render_is_denial(group: str, carc: str, rarc: str) -> str:
    """Return `is_denial` as a SQL condition on three text expressions, where null or empty means unknown.

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
