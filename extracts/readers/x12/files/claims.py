"""Read the body of an 837 claim, professional or institutional: charges and payers.

Fields follow ASC X12 005010X222A1 and 005010X223A2. Version 4010 (X098A1, X096A1) has the same fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from math import isnan

from payrank.extracts.readers.x12.files.balances import Balances, read_cents
from payrank.extracts.readers.x12.files.remittance import Handler
from payrank.extracts.readers.x12.files.staged import Staged
from payrank.extracts.readers.x12.syntax.chunks import read_text
from payrank.extracts.readers.x12.syntax.elements import pick

EMERGENCY_REVENUE = "045"
"""Revenue codes 0450 to 0459: emergency room (NUBC)."""
_UNIT, _RECORD = "\x1f", "\x1e"


def digest_lines(lines: Sequence[tuple[str, str, str]], service_day: str) -> tuple[str, str, str, str, str]:
    """Hash a claim's lines (procedure, charge, day) so that claims can be compared. Formatting of amounts does not
    matter.

    Returns
    -------
    Hashes of the lines in order, of the procedures, of the procedures with charges, and of the days, then the first
    day.
    If no line has a day, the claim's own day is used; a hash is empty if there is nothing to hash.

    >>> line_text = digest_lines([("HC:1", "100.00", "20260105")], "")
    >>> line_text == digest_lines([("HC:1", "100", "20260105")], ""), line_text[4], digest_lines([], "")[3]
    (True, '20260105', '')
    """
    # An invalid amount is kept as text, so its claim matches no other claim.
    billed = [
        f"{name}{_UNIT}{amount if isnan(cents := read_cents(amount)) else int(cents)}" for name, amount, _ in lines
    ]
    days = sorted({day for *_, day in lines if day} or ({service_day} if service_day else set()))
    dated_lines = [f"{line_text}{_UNIT}{day}" for line_text, (*_, day) in zip(billed, lines, strict=True)]
    groups = (dated_lines, sorted(name for name, *_ in lines), sorted(billed), days)
    digests = [sha256(_RECORD.join(group).encode()).hexdigest()[:24] if group else "" for group in groups]
    return digests[0], digests[1], digests[2], digests[3], days[0] if days else ""


class Claims:
    """Reads the segments between ST*837 and SE."""

    def __init__(self, staged: Staged, balances: Balances) -> None:
        self.staged = staged
        self.balances = balances
        self.component = ":"
        self.claim: list[str] | None = None
        self.handlers: dict[str, Handler] = {
            "BHT": self.read_beginning,
            "HL": self.start_level,
            "SBR": self.read_subscriber,
            "NM1": self.read_party,
            "CLM": self.start_claim,
            "DTP": self.read_day,
            "REF": self.read_reference,
            "LX": self.start_line,
            "SV1": self.read_professional,
            "SV2": self.read_institutional,
        }

    def start(self, _: int) -> None:
        """Start a transaction set at its ST."""
        self.created = self.purpose = self.provider = ""
        self.claim = None
        self.reset_subscriber()

    def end(self) -> None:
        """End a transaction set at its SE."""
        self.finish_claim()

    def set_component(self, component: str) -> None:
        """Set the component separator for the following segments."""
        self.component = component

    def reset_subscriber(self) -> None:
        """Clear the fields of the current subscriber."""
        self.priority = self.filing = self.payer = self.payer_name = self.subscriber = ""

    def read_beginning(self, elements: list[str], _: int) -> None:
        """Read the creation date (BHT04) and whether claims are charged or only reported (BHT06)."""
        self.created, self.purpose = pick(elements, 4), pick(elements, 6)

    def start_level(self, elements: list[str], _: int) -> None:
        """Start a hierarchical level (HL): billing provider (20), subscriber (22), patient (23)."""
        self.finish_claim()
        if pick(elements, 3) in {"20", "22"}:
            self.reset_subscriber()

    def read_subscriber(self, elements: list[str], _: int) -> None:
        """Read the payer sequence (SBR01) and claim filing indicator (SBR09) of this payer or another payer."""
        priority, filing = pick(elements, 1), pick(elements, 9)
        if self.claim is None:
            self.priority, self.filing = priority, filing
        else:
            self.other_payers.append([priority, filing, "", ""])

    def read_party(self, elements: list[str], _: int) -> None:
        """Read billing provider (85), subscriber (IL), and payer (PR), or another payer inside a claim."""
        kind = pick(elements, 1)
        if self.claim is None:
            if kind == "85":
                self.provider = pick(elements, 9)
            elif kind == "IL":
                self.subscriber = pick(elements, 9)
            elif kind == "PR":
                self.payer_name, self.payer = read_text(pick(elements, 3)), pick(elements, 9)
        elif kind == "PR" and self.other_payers and not self.line:
            self.other_payers[-1][2:] = [pick(elements, 9), read_text(pick(elements, 3))]

    def start_claim(self, elements: list[str], position: int) -> None:
        """Start a claim (CLM): account, charge, place of service."""
        self.finish_claim()
        self.claim = elements
        self.position = position
        self.other_payers: list[list[str]] = []
        self.service_day = self.original_claim = ""
        self.line = self.emergency = 0
        self.charged = 0.0
        self.lines: list[tuple[str, str, str]] = []

    def read_day(self, elements: list[str], _: int) -> None:
        """Read dates: statement from (434) for the claim, service (472) for a line."""
        kind, day = pick(elements, 1), pick(elements, 3).split("-", maxsplit=1)[0]
        if self.claim is None:
            return
        if kind == "434":
            self.service_day = day
        elif kind == "472" and self.lines:
            self.lines[-1] = (*self.lines[-1][:2], day)

    def read_reference(self, elements: list[str], _: int) -> None:
        """Read the payer's number of the claim that this claim replaces or voids (REF*F8)."""
        if self.claim is not None and not self.line and pick(elements, 1) == "F8":
            self.original_claim = pick(elements, 2).strip()

    def start_line(self, *_: object) -> None:
        """Start a service line (LX)."""
        self.line += self.claim is not None

    def read_professional(self, elements: list[str], _: int) -> None:
        """Read a professional line (SV1): procedure and charge."""
        self.add_line(pick(elements, 1), pick(elements, 2))

    def read_institutional(self, elements: list[str], _: int) -> None:
        """Read an institutional line (SV2): revenue code, procedure, and charge."""
        revenue = pick(elements, 1)
        if revenue.zfill(4).startswith(EMERGENCY_REVENUE):
            self.emergency = 1
        self.add_line(f"{revenue} {pick(elements, 2)}".strip(), pick(elements, 3))

    def add_line(self, procedure: str, amount: str) -> None:
        """Add a line to the current claim."""
        if self.claim is not None:
            self.lines.append((procedure.replace(self.component, ":"), amount, ""))
            self.charged += read_cents(amount)

    def finish_claim(self) -> None:
        """Check and stage the current claim, if there is one."""
        claim = self.claim
        if claim is None:
            return
        rows, position = self.staged.rows, self.position
        place, kind, frequency = [*pick(claim, 5).split(self.component), "", ""][:3]
        self.balances.check_balance("charges", position, self.charged - read_cents(pick(claim, 2)))
        head = (position, pick(claim, 1), pick(claim, 2), place, kind, frequency, self.priority, self.filing)
        people = (self.payer, self.payer_name, self.subscriber, self.provider)
        days = (self.created, self.purpose, self.service_day)
        row = (*head, *people, *days, self.emergency, self.original_claim, *digest_lines(self.lines, self.service_day))
        rows["submitted_claims"].append(row)
        rows["charge_lines"] += [(position, number, *line) for number, line in enumerate(self.lines, start=1)]
        rows["other_coverages"] += [
            (position, number, *other) for number, other in enumerate(self.other_payers, start=1)
        ]
        self.claim = None
        self.staged.flush_many()
