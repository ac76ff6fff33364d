"""Read why an insurer paid less: the coded group, CARC, and RARC of an adjudication."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from payrank.extracts.codes.never_denials import is_denial
from payrank.extracts.readers.fhir.resources.elements import (
    Node,
    read_codes,
    read_codings,
    read_list,
    read_money,
    read_object,
    read_word,
)

CARC = "claim-adjustment-reason-codes"
RARC = "remittance-advice-remark-codes"
GROUP = "claim-adjustment-group-codes"
"""Parts of the code system URLs, `https://x12.org/codes/...` (HL7 Terminology, X12 code systems)."""
DENIED = frozenset({"denialreason", "rejectreason"})
"""Categories of the CARIN Blue Button guide (C4BBAdjudicationDiscriminator) that mean denied even without a code."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. `amount` is in dollars if stated. `is_denial_category` means that the category itself says denied."""

    group: str | None
    carc: str | None
    rarc: str | None
    amount: str | None
    is_denial_category: bool

    @property
    def denies(self) -> bool:
        """Whether the reason is a denial rather than a contractual or patient amount."""
        if self.carc is None:
            return self.is_denial_category
        return is_denial(self.group, self.carc, self.rarc)


def read_reasons(adjudications: list[Node]) -> list[Reason]:
    """Return the reasons of one line or header. A remark code on its own is attached to the reasons without one."""
    reasons = [reason for adjudication in adjudications for reason in _read(adjudication)]
    unattached_rarcs = [
        reason.rarc for reason in reasons if reason.carc is None and reason.rarc and not reason.is_denial_category
    ]
    coded = [reason for reason in reasons if reason.carc or reason.is_denial_category]
    if not unattached_rarcs:
        return coded
    return [reason if reason.rarc else replace(reason, rarc=unattached_rarcs[0]) for reason in coded]


def _read(adjudication: Node) -> Iterator[Reason]:
    codings = [*read_codings(adjudication, "reason"), *_read_extensions(adjudication)]
    is_denial_category = not DENIED.isdisjoint(read_codes(adjudication, "category"))
    if not codings and not is_denial_category:
        return
    carcs = _pick(codings, CARC)
    rarc = next(iter(_pick(codings, RARC)), None)
    group = next(iter(_pick(codings, GROUP)), None)
    amount = read_money(adjudication, "amount")
    for carc in carcs:
        yield Reason(group, carc, rarc, amount, is_denial_category)
    if not carcs and (rarc or is_denial_category):
        yield Reason(group, None, rarc, amount, is_denial_category)


def _pick(codings: list[tuple[str, str]], system: str) -> list[str]:
    return [code for name, code in codings if system in name.casefold()]


def _read_extensions(adjudication: Node) -> Iterator[tuple[str, str]]:
    """Yield the codings of extensions, because R4 has no element for the group code."""
    for extension in read_list(adjudication, "extension"):
        yield from read_codings(extension, "valueCodeableConcept")
        coding = read_object(extension, "valueCoding")
        code = read_word(coding, "code")
        if code:
            yield read_word(coding, "system") or "", code
