"""X12 envelopes: interchange (ISA to IEA), functional group (GS to GE), transaction set (ST to SE).

Each must close, state the correct count, and repeat its control number (ASC X12.5 and X12.6; TA1 and 999 report the
same faults).
"""

from __future__ import annotations

from payrank.extracts.readers.x12.syntax.refuse import refuse_segment

OUTSIDE, INTERCHANGE, GROUP, TRANSACTION = range(4)
_OPENS = ("", "ISA", "GS", "ST")
_CLOSES = ("", "IEA", "GE", "SE")
_NAMES = ("", "interchange", "functional group", "transaction")


class Envelope:
    """The current position in the envelopes of a file."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.depth = OUTSIDE
        self.control = ["", "", "", ""]
        self.count = [0, 0, 0, 0]
        self.started = 0

    def open(self, depth: int, control: str, position: int) -> None:
        """Open an envelope.

        Raises
        ------
        ExtractRefusedError
            If another envelope is still open, or the enclosing envelope is not open.
        """
        if self.depth != depth - 1:
            raise self._refuse_misplaced(_OPENS[depth], position)
        self.count[self.depth] += 1
        self.depth = depth
        self.count[depth] = 0
        self.control[depth] = control.strip()
        self.started = position

    def close(self, depth: int, elements: list[str], position: int) -> None:
        """Close an envelope and compare the stated count and control number.

        Raises
        ------
        ExtractRefusedError
            If a different envelope is open, or the count or control number differs.
        """
        tag = _CLOSES[depth]
        if self.depth != depth:
            raise self._refuse_misplaced(tag, position)
        counted = position - self.started + 1 if depth == TRANSACTION else self.count[depth]
        stated = elements[1].strip() if len(elements) > 1 else ""
        if not (stated.isascii() and stated.isdigit() and int(stated[:18]) == counted):
            what = ("", "functional groups", "transactions", "segments")[depth]
            raise refuse_segment(
                self.name,
                position,
                f"{tag} states a wrong number of {what}",
                f"the count, {counted:,}",
            )
        control = elements[2].strip() if len(elements) > 2 else ""
        if not _same_control(depth, control, self.control[depth]):
            raise refuse_segment(
                self.name, position, f"{tag} and {_OPENS[depth]} have different control numbers", "the same in both"
            )
        self.depth = depth - 1

    def refuse_orphan(self, position: int) -> Exception:
        """Return the error for a segment outside any transaction."""
        return refuse_segment(
            self.name, position, "a body segment outside any transaction", "body segments only between ST and SE"
        )

    def finish(self, position: int) -> None:
        """Check, at the end of the file, that every envelope is closed.

        Raises
        ------
        ExtractRefusedError
            If one is still open.
        """
        if self.depth != OUTSIDE:
            problem = f"the file ends while an {_NAMES[1]} is open (no IEA)"
            if self.depth > INTERCHANGE:
                problem = f"the file ends while a {_NAMES[self.depth]} is open (no {_CLOSES[self.depth]})"
            raise refuse_segment(self.name, position, problem, "SE, GE and IEA for each ST, GS and ISA")

    def _refuse_misplaced(self, tag: str, position: int) -> Exception:
        if self.depth == OUTSIDE:
            problem = f"{tag} outside any interchange"
        else:
            problem = f"{tag} while {_OPENS[self.depth]} is open (no {_CLOSES[self.depth]}, or an unmatched {tag})"
        return refuse_segment(self.name, position, problem, "ISA, GS, ST, SE, GE, IEA, each nested in the one before")


def _same_control(depth: int, closing: str, opening: str) -> bool:
    """Compare control numbers. Interchange and group numbers compare as integers, transaction numbers as text."""
    if depth != TRANSACTION and closing.isdigit() and opening.isdigit():
        return closing.lstrip("0") == opening.lstrip("0")
    return closing == opening
