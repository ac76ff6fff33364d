"""Why an insurer paid less: group, CARC and RARC of an adjudication, where they are coded."""

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
"""Parts of the systems' names, `https://x12.org/codes/...` (HL7 Terminology, X12 code systems)."""
DENIED = frozenset({"denialreason", "rejectreason"})
"""Categories of the CARIN Blue Button guide (C4BBAdjudicationDiscriminator) that say denied without a code, too."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: `amount` in dollars where the adjudication gives it; `said`: its category itself says denied."""

    group: str | None
    carc: str | None
    rarc: str | None
    amount: str | None
    said: bool

    @property
    def denies(self) -> bool:
        """Whether it is a denial, and no ordinary arithmetic of a payment."""
        if self.carc is None:
            return self.said
        return is_denial(self.group, self.carc, self.rarc)


def read_reasons(adjudications: list[Node]) -> list[Reason]:
    """Return the reasons of one line or header. A remark that stands alone belongs to the reasons without one."""
    found = [reason for adjudication in adjudications for reason in _read(adjudication)]
    alone = [reason.rarc for reason in found if reason.carc is None and reason.rarc and not reason.said]
    kept = [reason for reason in found if reason.carc or reason.said]
    if not alone:
        return kept
    return [reason if reason.rarc else replace(reason, rarc=alone[0]) for reason in kept]


def _read(adjudication: Node) -> Iterator[Reason]:
    codings = [*read_codings(adjudication, "reason"), *_read_extensions(adjudication)]
    said = not DENIED.isdisjoint(read_codes(adjudication, "category"))
    if not codings and not said:
        return
    carcs = _pick(codings, CARC)
    rarc = next(iter(_pick(codings, RARC)), None)
    group = next(iter(_pick(codings, GROUP)), None)
    amount = read_money(adjudication, "amount")
    for carc in carcs:
        yield Reason(group, carc, rarc, amount, said)
    if not carcs and (rarc or said):
        yield Reason(group, None, rarc, amount, said)


def _pick(codings: list[tuple[str, str]], system: str) -> list[str]:
    return [code for name, code in codings if system in name.casefold()]


def _read_extensions(adjudication: Node) -> Iterator[tuple[str, str]]:
    """Give codings of extensions: R4 has no place of its own for the group code."""
    for extension in read_list(adjudication, "extension"):
        yield from read_codings(extension, "valueCodeableConcept")
        coding = read_object(extension, "valueCoding")
        code = read_word(coding, "code")
        if code:
            yield read_word(coding, "system") or "", code
