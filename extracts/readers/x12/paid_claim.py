"""One claim of an 835: from its CLP to the next, split into its own segments and those of its service lines.

Fields by ASC X12 005010X221A1 (Health Care Claim Payment/Advice), loops 2100 and 2110.
"""

from __future__ import annotations

from extracts.readers.x12.balances import Balances, read_cents
from extracts.readers.x12.never_denials import NO_APPEAL
from extracts.readers.x12.staged import Staged

Segments = list[list[str]]

CLAIM_TAGS = frozenset("CAS NM1 MIA MOA REF DTM PER AMT QTY SVC LQ N1 N3 N4 DTP TOO K3 NTE RAS".split())
"""What may stand inside a claim. Those that are not read are kept to count positions."""
MIA_REMARKS = (5, 20, 21, 22, 23)
MOA_REMARKS = (3, 4, 5, 6, 7)
_NO_MORE = [""] * 10


def pick(elements: list[str], place: int) -> str:
    """Return an element, empty where the segment ends before it.

    >>> pick(["BPR", "I", "100"], 2), pick(["BPR", "I", "100"], 16)
    ('100', '')
    """
    return elements[place] if place < len(elements) else ""


def choose_remark(remarks: list[str]) -> str:
    """Choose the remark that a denial is known by: one that ends appeal rights, otherwise the first.

    >>> choose_remark(["N706", "MA130"]), choose_remark(["N706", "M76"]), choose_remark([])
    ('MA130', 'N706', '')
    """
    return next((remark for remark in remarks if remark in NO_APPEAL), remarks[0] if remarks else "")


class PaidClaims:
    """Stages claims and weighs them: each line, and each claim with its lines."""

    def __init__(self, staged: Staged, balances: Balances) -> None:
        self.component = ":"
        self.weigh = balances.weigh
        self.claims = staged.rows["paid_claims"]
        self.services = staged.rows["services"]
        self.adjustments = staged.rows["adjustments"]

    def read(self, segments: Segments, position: int, remit: int, ordinal: int) -> float:
        """Read a claim: `segments` from its CLP, which stands at `position`; return its payment in cents."""
        starts = [place for place, elements in enumerate(segments) if elements[0] == "SVC"]
        starts.append(len(segments))
        adjusted = self.read_head(segments[: starts[0]], position, remit, ordinal)
        for number in range(1, len(starts)):
            start = starts[number - 1]
            adjusted += self.read_line(segments[start : starts[number]], position, number, position + start)
        _, _, _, charged, paid, *_ = segments[0] + _NO_MORE
        cents = read_cents(paid)
        self.weigh("claim", position, read_cents(charged) - adjusted - cents)
        return cents

    def read_head(self, segments: Segments, position: int, remit: int, ordinal: int) -> float:
        """Stage what the claim says of itself; return its own adjustments in cents."""
        adjusted = 0.0
        persons = {"QC": "", "IL": ""}
        days: dict[str, str] = {}
        references: dict[str, str] = {}
        interest = ""
        remarks: list[str] = []
        inpatient = 0
        for elements in segments:
            tag, kind = elements[0], pick(elements, 1)
            if tag == "CAS":
                adjusted += self.adjust(elements, position, 0)
            elif tag == "NM1":
                persons[kind] = pick(elements, 9)
            elif tag == "DTM":
                days[kind] = pick(elements, 2)
            elif tag == "REF":
                references[kind] = pick(elements, 2)
            elif tag == "AMT" and kind == "I":
                interest = pick(elements, 2)
            elif tag in {"MIA", "MOA"}:
                inpatient += tag == "MIA"
                places = MIA_REMARKS if tag == "MIA" else MOA_REMARKS
                remarks += filter(None, [pick(elements, place) for place in places])
        _, account, status, charged, paid, _, filing, payer_claim, *_ = segments[0] + _NO_MORE
        head = (position, remit, ordinal, account, status, charged, paid, filing, payer_claim)
        people = (references.get("F8", ""), persons["QC"], persons["IL"], days.get("232", ""), inpatient)
        self.claims.append((*head, *people, choose_remark(remarks), len(remarks), interest))
        return adjusted

    def read_line(self, segments: Segments, claim: int, number: int, position: int) -> float:
        """Stage and weigh a service line, whose SVC stands at `position`; return its adjustments in cents."""
        adjusted = 0.0
        day = ""
        remarks: list[str] | tuple[()] = ()
        for elements in segments:
            tag = elements[0]
            if tag == "CAS":
                adjusted += self.adjust(elements, claim, number)
            elif tag == "DTM":
                if len(elements) > 2 and elements[1] in {"472", "150"}:
                    day = elements[2]
            elif tag == "LQ" and len(elements) > 2 and elements[1] == "HE":
                remarks = [*remarks, elements[2]]
        service = segments[0]
        if len(service) < 4:
            service = service + _NO_MORE
        self.weigh("line", position, read_cents(service[2]) - adjusted - read_cents(service[3]))
        procedure = service[1] if self.component == ":" else service[1].replace(self.component, ":")
        remark = choose_remark(remarks) if remarks else ""
        self.services.append((claim, number, procedure, day, remark, len(remarks)))
        return adjusted

    def adjust(self, elements: list[str], claim: int, service: int) -> float:
        """Stage up to six adjustments (CAS): reason, amount, and a quantity that is not read; return their cents."""
        if len(elements) == 4:
            _, group, reason, amount = elements
            self.adjustments.append((claim, service, group, reason, amount))
            return read_cents(amount)
        adjusted = 0.0
        for place in range(2, len(elements), 3):
            reason, amount = elements[place], pick(elements, place + 1)
            if reason or amount:
                self.adjustments.append((claim, service, elements[1], reason, amount))
                adjusted += read_cents(amount)
        return adjusted
