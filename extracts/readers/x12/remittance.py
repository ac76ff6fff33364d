"""The body of an 835: what the payer paid, adjusted and denied, and whether it balances.

Fields by ASC X12 005010X221A1 (Health Care Claim Payment/Advice); 004010X091A1 differs in none of those read here.
"""

from __future__ import annotations

from collections.abc import Callable

from extracts.readers.x12.balances import Balances, Cents
from extracts.readers.x12.chunks import read_text
from extracts.readers.x12.never_denials import NO_APPEAL
from extracts.readers.x12.staged import Staged

Handler = Callable[[list[str], int], None]

NO_MORE = [""] * 32
"""What is appended to a segment so that its trailing elements, which senders leave off, are there and empty."""
MIA_REMARKS = (5, 20, 21, 22, 23)
MOA_REMARKS = (3, 4, 5, 6, 7)


class Remittances:
    """Reads the segments between ST*835 and SE, transaction after transaction, claim after claim.

    Parameters
    ----------
    staged
        Where rows go.
    balances
        Where each line's, claim's and transaction's balance is noted.
    """

    def __init__(self, staged: Staged, balances: Balances) -> None:
        self.staged = staged
        self.balances = balances
        self.cents = Cents()
        self.component = ":"
        self.remit = 0
        self.claims = staged.rows["paid_claims"]
        self.services = staged.rows["services"]
        self.adjustments = staged.rows["adjustments"]
        self.claim: list[str] | None = None
        self.service: list[str] | None = None
        self.handlers: dict[str, Handler] = {
            "BPR": self.read_payment,
            "TRN": self.read_trace,
            "N1": self.read_party,
            "REF": self.read_reference,
            "DTM": self.read_day,
            "LX": self.end_claim,
            "CLP": self.start_claim,
            "NM1": self.read_person,
            "MIA": self.read_inpatient,
            "MOA": self.read_outpatient,
            "AMT": self.read_amount,
            "CAS": self.read_adjustments,
            "SVC": self.start_service,
            "LQ": self.read_remark,
            "PLB": self.read_provider_adjustment,
        }

    def start(self, position: int) -> None:
        """Begin a transaction set, at its ST."""
        self.remit += 1
        self.position = position
        self.total = self.effective = self.produced = self.trace = self.company = ""
        self.payer = self.payer_name = self.payer_reference = self.payee = ""
        self.party = ""
        self.ordinal = 0
        self.claim = self.service = None
        self.sum_paid = self.sum_provider = 0.0

    def end(self) -> None:
        """End a transaction set, at its SE, and weigh it."""
        self.finish_claim()
        payer = self.payer or self.payer_reference or self.company
        self.balances.weigh("transaction", self.position, self.sum_paid - self.sum_provider - self.cents[self.total])
        self.staged.rows["remittances"].append(
            (self.remit, self.position, payer, self.payer_name, self.trace, self.company, self.total)
            + (self.effective, self.produced, self.payee)
        )
        self.staged.flush_many()

    def read_payment(self, elements: list[str], _: int) -> None:
        """Take total (BPR02) and effective day (BPR16)."""
        self.total, self.effective = pick(elements, 2), pick(elements, 16)

    def read_trace(self, elements: list[str], _: int) -> None:
        """Take the trace number (TRN02) and who issued it (TRN03)."""
        self.trace, self.company = pick(elements, 2), pick(elements, 3)

    def read_party(self, elements: list[str], _: int) -> None:
        """Take payer (N1*PR) and payee (N1*PE)."""
        self.party = pick(elements, 1)
        if self.party == "PR":
            self.payer_name, self.payer = read_text(pick(elements, 2)), pick(elements, 4)
        elif self.party == "PE":
            self.payee = pick(elements, 4)

    def read_reference(self, elements: list[str], _: int) -> None:
        """Take the payer's number (REF*2U) and the claim that a claim replaces (REF*F8)."""
        kind = elements[1] if len(elements) > 2 else ""
        if kind == "F8" and self.claim is not None and self.service is None:
            self.original_claim = elements[2]
        elif kind == "2U" and self.claim is None and self.party == "PR":
            self.payer_reference = elements[2]

    def read_day(self, elements: list[str], _: int) -> None:
        """Take days: produced (405), claim from (232), service (472, or from 150)."""
        kind, day = pick(elements, 1), pick(elements, 2)
        if self.service is not None:
            if kind in {"472", "150"}:
                self.service_day = day
        elif self.claim is not None:
            if kind == "232":
                self.claim_day = day
        elif kind == "405":
            self.produced = day

    def end_claim(self, *_: object) -> None:
        """End the claim before a new header number (LX)."""
        self.finish_claim()

    def start_claim(self, elements: list[str], position: int) -> None:
        """Begin a claim (CLP): account, status, charge, payment."""
        self.finish_claim()
        self.claim = elements + NO_MORE[: max(0, 10 - len(elements))]
        self.claim_position = position
        self.ordinal += 1
        self.adjusted = 0.0
        self.service_number = self.adjustment_number = 0
        self.inpatient = self.remark_count = 0
        self.claim_day = self.original_claim = self.patient = self.insured = self.remark = self.interest = ""

    def finish_claim(self) -> None:
        """Weigh and stage the claim that is open, if one is."""
        if self.claim is None:
            return
        self.finish_service()
        (_, account, status, charged, paid, _, filing, payer_claim, *_) = self.claim
        cents = self.cents
        self.balances.weigh("claim", self.claim_position, cents[charged] - self.adjusted - cents[paid])
        self.sum_paid += cents[paid]
        self.claims.append(
            (self.claim_position, self.remit, self.ordinal, account, status, charged, paid, filing, payer_claim)
            + (self.original_claim, self.patient, self.insured, self.claim_day, self.inpatient, self.remark)
            + (self.remark_count, self.interest)
        )
        self.claim = None
        self.staged.flush_many()

    def read_person(self, elements: list[str], _: int) -> None:
        """Take the member ids of patient (QC) and insured (IL)."""
        if elements[1] == "QC":
            self.patient = pick(elements, 9)
        elif elements[1] == "IL":
            self.insured = pick(elements, 9)

    def read_inpatient(self, elements: list[str], _: int) -> None:
        """Take the remarks of an inpatient claim (MIA)."""
        self.inpatient = 1
        self.keep_remarks([pick(elements, place) for place in MIA_REMARKS])

    def read_outpatient(self, elements: list[str], _: int) -> None:
        """Take the remarks of an outpatient or professional claim (MOA)."""
        self.keep_remarks([pick(elements, place) for place in MOA_REMARKS])

    def keep_remarks(self, remarks: list[str]) -> None:
        """Keep the claim's first remark, and any that ends appeal rights before it."""
        for remark in filter(None, remarks):
            self.remark_count += 1
            if not self.remark or (remark in NO_APPEAL and self.remark not in NO_APPEAL):
                self.remark = remark

    def read_amount(self, elements: list[str], _: int) -> None:
        """Take the claim's interest (AMT*I)."""
        if elements[1] == "I" and self.claim is not None and self.service is None:
            self.interest = pick(elements, 2)

    def read_adjustments(self, elements: list[str], _: int) -> None:
        """Take up to six adjustments (CAS): reason, amount, and a quantity that is not read."""
        if self.claim is None:
            return
        group, number, service = elements[1], self.adjustment_number, self.service_number
        if service and self.service is None:
            service = 0
        sum_cents = 0.0
        for place in range(2, len(elements), 3):
            reason = elements[place]
            amount = elements[place + 1] if place + 1 < len(elements) else ""
            if not reason and not amount:
                continue
            number += 1
            self.adjustments.append((self.claim_position, service, number, group, reason, amount))
            sum_cents += self.cents[amount]
        self.adjustment_number = number
        self.adjusted += sum_cents
        if service:
            self.line_adjusted += sum_cents

    def start_service(self, elements: list[str], position: int) -> None:
        """Begin a service line (SVC): procedure, charge, payment."""
        if self.claim is None:
            return
        if self.service is not None:
            self.finish_service()
        self.service = elements
        self.service_position = position
        self.service_number += 1
        self.line_adjusted = 0.0
        self.line_remark_count = 0
        self.service_day = self.line_remark = ""

    def finish_service(self) -> None:
        """Weigh and stage the service line that is open, if one is."""
        service = self.service
        if service is None:
            return
        charged, paid = pick(service, 2), pick(service, 3)
        self.balances.weigh("line", self.service_position, self.cents[charged] - self.line_adjusted - self.cents[paid])
        procedure = pick(service, 1).replace(self.component, ":")
        self.services.append(
            (self.claim_position, self.service_number, procedure, self.service_day, self.line_remark)
            + (self.line_remark_count,)
        )
        self.service = None

    def read_remark(self, elements: list[str], _: int) -> None:
        """Take a line's remark (LQ*HE): the first, and any that ends appeal rights before it."""
        if self.service is None or pick(elements, 1) != "HE":
            return
        remark = pick(elements, 2)
        self.line_remark_count += 1
        if not self.line_remark or (remark in NO_APPEAL and self.line_remark not in NO_APPEAL):
            self.line_remark = remark

    def read_provider_adjustment(self, elements: list[str], position: int) -> None:
        """Take up to six adjustments to the provider's account (PLB), which are no claim's."""
        self.finish_claim()
        for ordinal, place in enumerate(range(3, len(elements), 2), start=1):
            reason, amount = elements[place], pick(elements, place + 1)
            if reason or amount:
                self.sum_provider += self.cents[amount]
                code = reason.split(self.component, maxsplit=1)[0]
                self.staged.rows["provider_adjustments"].append((position, self.remit, ordinal, code, amount))


def pick(elements: list[str], place: int) -> str:
    """Return an element, empty where the segment ends before it.

    >>> pick(["BPR", "I", "100"], 2), pick(["BPR", "I", "100"], 16)
    ('100', '')
    """
    return elements[place] if place < len(elements) else ""
