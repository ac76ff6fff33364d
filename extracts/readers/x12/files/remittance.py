"""Read the body of an 835: payer, payee, claims, and provider-level adjustments.

Fields follow ASC X12 005010X221A1 (Health Care Claim Payment/Advice). Version 004010X091A1 has the same fields.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from payrank.extracts.readers.x12.files.balances import Balances, read_cents
from payrank.extracts.readers.x12.files.paid_claims import ClaimSegments, PaidClaims
from payrank.extracts.readers.x12.files.staged import Staged
from payrank.extracts.readers.x12.syntax.chunks import read_text
from payrank.extracts.readers.x12.syntax.elements import pick
from payrank.extracts.readers.x12.syntax.fields import Places

Handler = Callable[[list[str], int], None]


class Remittances:
    """Reads the segments between ST*835 and SE.

    Segments inside claims do not pass through here one by one: `read_claims` reads all claims of a batch together. A
    transaction's balance is checked once the claims of the batch that ends it are read.
    """

    def __init__(self, staged: Staged, balances: Balances) -> None:
        self.staged = staged
        self.balances = balances
        self.component = ":"
        self.grouped = ""
        self.remit = 0
        self.paid: dict[int, float] = {}
        self.ended: list[tuple[int, int, float]] = []
        self.counted = (0, 0)
        self.handlers: dict[str, Handler] = {
            "BPR": self.read_payment,
            "TRN": self.read_trace,
            "N1": self.read_party,
            "REF": self.read_reference,
            "DTM": self.read_day,
            "LX": self.ignore,
            "PLB": self.read_provider_adjustment,
        }

    def set_component(self, component: str) -> None:
        """Set the component separator for the following segments."""
        self.component = component

    def start(self, position: int) -> None:
        """Start a transaction set at its ST."""
        self.remit += 1
        self.position = position
        self.total = self.effective = self.produced = self.trace = self.company = ""
        self.payer = self.payer_name = self.payer_reference = self.payee = self.party = ""
        self.sum_provider = 0.0
        self.paid[self.remit] = 0.0

    def end(self) -> None:
        """End a transaction set at its SE."""
        payer = self.payer or self.payer_reference or self.company
        self.ended.append((self.remit, self.position, self.sum_provider + read_cents(self.total)))
        known = (self.remit, self.position, payer, self.payer_name, self.trace, self.company)
        # A remittance without its own date takes the date of its functional group (GS04).
        produced = self.produced or ("" if self.effective else self.grouped)
        self.staged.take("remittances", (*known, self.total, self.effective, produced, self.payee))

    def read_payment(self, elements: list[str], _: int) -> None:
        """Read the total (BPR02) and the effective date (BPR16)."""
        self.total, self.effective = pick(elements, 2), pick(elements, 16)

    def read_trace(self, elements: list[str], _: int) -> None:
        """Read the trace number (TRN02) and its issuer (TRN03)."""
        self.trace, self.company = pick(elements, 2), pick(elements, 3)

    def read_party(self, elements: list[str], _: int) -> None:
        """Read the payer (N1*PR) and the payee (N1*PE)."""
        self.party = pick(elements, 1)
        if self.party == "PR":
            self.payer_name, self.payer = read_text(pick(elements, 2)), pick(elements, 4)
        elif self.party == "PE":
            self.payee = pick(elements, 4)

    def read_reference(self, elements: list[str], _: int) -> None:
        """Read the payer's ID (REF*2U)."""
        if self.party == "PR" and pick(elements, 1) == "2U":
            self.payer_reference = pick(elements, 2)

    def read_day(self, elements: list[str], _: int) -> None:
        """Read the production date (DTM*405)."""
        if pick(elements, 1) == "405":
            self.produced = pick(elements, 2)

    def ignore(self, *_: object) -> None:
        """Ignore a header number (LX)."""

    def read_claims(self, batch: ClaimSegments, remits: Places, first: int) -> None:
        """Read the claims of a batch, and check the balances of the transactions that ended in it.

        Parameters
        ----------
        remits
            Transaction set of each claim, in order.
        first
            Position of the batch's first segment.
        """
        if len(remits):
            within = np.arange(len(remits)) - np.searchsorted(remits, remits) + 1
            ordinals = within + np.where(remits == self.counted[0], self.counted[1], 0)
            self.counted = (int(remits[-1]), int(ordinals[-1]))
            claims = PaidClaims(batch, first + batch.claims)
            self.staged.sink("adjustments", claims.stage_adjustments())
            self.staged.sink("services", claims.stage_services(self.component))
            self.staged.sink("paid_claims", claims.stage_claims(remits, ordinals))
            paid = np.bincount(remits - remits[0], weights=claims.check_balance(self.balances))
            for remit in np.unique(remits).tolist():
                self.paid[remit] += float(paid[remit - remits[0]])
        for remit, position, stated in self.ended:
            self.balances.check_balance("transaction", position, self.paid.pop(remit) - stated)
        self.ended = []

    def read_provider_adjustment(self, elements: list[str], position: int) -> None:
        """Read up to six provider-level adjustments (PLB). They belong to no claim."""
        for ordinal, place in enumerate(range(3, len(elements), 2), start=1):
            reason, amount = elements[place], pick(elements, place + 1)
            if reason or amount:
                self.sum_provider += read_cents(amount)
                code = reason.split(self.component, maxsplit=1)[0]
                self.staged.take("provider_adjustments", (position, self.remit, ordinal, code, amount))
