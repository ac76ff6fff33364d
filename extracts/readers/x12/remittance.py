"""The body of an 835: who paid whom, claim after claim, and adjustments to the provider's account.

Fields by ASC X12 005010X221A1 (Health Care Claim Payment/Advice); 004010X091A1 differs in none of those read here.
"""

from __future__ import annotations

from collections.abc import Callable

from extracts.readers.x12.balances import Balances, read_cents
from extracts.readers.x12.chunks import read_text
from extracts.readers.x12.elements import pick
from extracts.readers.x12.fields import Fields, Places
from extracts.readers.x12.paid_claims import OpenedClaim, PaidClaims
from extracts.readers.x12.staged import Staged

Handler = Callable[[list[str], int], None]


class Remittances:
    """Reads the segments between ST*835 and SE, transaction after transaction.

    Claims are opened here one by one, and read together at the end of a batch. `in_claim`: one is open.
    """

    def __init__(self, staged: Staged, balances: Balances) -> None:
        self.staged = staged
        self.balances = balances
        self.component = ":"
        self.remit = 0
        self.in_claim = False
        self.opened: list[OpenedClaim] = []
        self.first = 0
        self.handlers: dict[str, Handler] = {
            "BPR": self.read_payment,
            "TRN": self.read_trace,
            "N1": self.read_party,
            "REF": self.read_reference,
            "DTM": self.read_day,
            "LX": self.end_claim,
            "CLP": self.start_claim,
            "PLB": self.read_provider_adjustment,
        }

    def set_component(self, component: str) -> None:
        """Take over what separates the parts of an element from here on."""
        self.component = component

    def start(self, position: int) -> None:
        """Begin a transaction set, at its ST."""
        self.remit += 1
        self.position = position
        self.total = self.effective = self.produced = self.trace = self.company = ""
        self.payer = self.payer_name = self.payer_reference = self.payee = self.party = ""
        self.ordinal = 0
        self.in_claim = False
        self.sum_paid = self.sum_provider = 0.0

    def end(self) -> None:
        """End a transaction set, at its SE, and weigh it."""
        self.in_claim = False
        payer = self.payer or self.payer_reference or self.company
        self.balances.weigh("transaction", self.position, self.sum_paid - self.sum_provider - read_cents(self.total))
        known = (self.remit, self.position, payer, self.payer_name, self.trace, self.company)
        self.staged.take("remittances", (*known, self.total, self.effective, self.produced, self.payee))

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
        """Take the payer's number (REF*2U)."""
        if self.party == "PR" and pick(elements, 1) == "2U":
            self.payer_reference = pick(elements, 2)

    def read_day(self, elements: list[str], _: int) -> None:
        """Take the day of production (DTM*405)."""
        if pick(elements, 1) == "405":
            self.produced = pick(elements, 2)

    def start_claim(self, elements: list[str], position: int) -> None:
        """Begin a claim (CLP)."""
        self.ordinal += 1
        self.in_claim = True
        self.opened.append(OpenedClaim(position - self.first, position, self.remit, self.ordinal))
        self.sum_paid += read_cents(pick(elements, 4))

    def end_claim(self, *_: object) -> None:
        """End the claim before a new header number (LX)."""
        self.in_claim = False

    def start_batch(self, first: int) -> None:
        """Begin a batch of segments, the first of which stands at this position."""
        self.first = first
        self.opened = []

    def read_claims(self, segments: list[str], fields: Fields, owners: Places) -> None:
        """Read the claims opened in a batch: `owners` says which segment belongs to which, or -1."""
        if not self.opened:
            return
        claims = PaidClaims(segments, fields, self.opened, owners)
        self.staged.sink("adjustments", claims.stage_adjustments())
        self.staged.sink("services", claims.stage_services(self.component))
        self.staged.sink("paid_claims", claims.stage_claims())
        claims.weigh(self.balances)

    def read_provider_adjustment(self, elements: list[str], position: int) -> None:
        """Take up to six adjustments to the provider's account (PLB), which are no claim's."""
        self.in_claim = False
        for ordinal, place in enumerate(range(3, len(elements), 2), start=1):
            reason, amount = elements[place], pick(elements, place + 1)
            if reason or amount:
                self.sum_provider += read_cents(amount)
                code = reason.split(self.component, maxsplit=1)[0]
                self.staged.take("provider_adjustments", (position, self.remit, ordinal, code, amount))
