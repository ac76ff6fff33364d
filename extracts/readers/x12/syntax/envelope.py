"""The envelopes of X12: interchange (ISA to IEA), functional group (GS to GE), transaction set (ST to SE).

Each must close, count what it holds, and repeat its control number (ASC X12.5 and X12.6; TA1 and 999 notes name the
same faults).
"""

from __future__ import annotations

from payrank.extracts.readers.x12.syntax.refuse import refuse_segment

OUTSIDE, INTERCHANGE, GROUP, TRANSACTION = range(4)
_OPENS = ("", "ISA", "GS", "ST")
_CLOSES = ("", "IEA", "GE", "SE")
_NAMES = ("", "interchange", "functional group", "transaction")


class Envelope:
    """Where in the envelopes a file stands."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.depth = OUTSIDE
        self.control = ["", "", "", ""]
        self.count = [0, 0, 0, 0]
        self.started = 0

    def open(self, depth: int, control: str, position: int) -> None:
        """Enter an envelope.

        Raises
        ------
        ExtractRefusedError
            When another one is still open, or the one around it is not.
        """
        if self.depth != depth - 1:
            raise self._misplaced(_OPENS[depth], position)
        self.count[self.depth] += 1
        self.depth = depth
        self.count[depth] = 0
        self.control[depth] = control.strip()
        self.started = position

    def close(self, depth: int, elements: list[str], position: int) -> None:
        """Leave an envelope, comparing the count and the control number that its last segment states.

        Raises
        ------
        ExtractRefusedError
            When it is not the one that is open, or count or control number differ.
        """
        tag = _CLOSES[depth]
        if self.depth != depth:
            raise self._misplaced(tag, position)
        counted = position - self.started + 1 if depth == TRANSACTION else self.count[depth]
        stated = elements[1].strip() if len(elements) > 1 else ""
        if not (stated.isascii() and stated.isdigit() and int(stated[:18]) == counted):
            what = ("", "functional groups", "transactions", "segments")[depth]
            raise refuse_segment(
                self.name, position, f"{tag} states another number of {what} than there are", f"the count, {counted:,}"
            )
        control = elements[2].strip() if len(elements) > 2 else ""
        if not _same_control(depth, control, self.control[depth]):
            raise refuse_segment(
                self.name, position, f"{tag} and {_OPENS[depth]} have different control numbers", "the same in both"
            )
        self.depth = depth - 1

    def refuse_orphan(self, position: int) -> Exception:
        """Say that a segment stands outside every transaction."""
        return refuse_segment(
            self.name, position, "a body segment outside every transaction", "body segments between ST and SE alone"
        )

    def finish(self, position: int) -> None:
        """Make sure, at the end of the file, that every envelope is closed.

        Raises
        ------
        ExtractRefusedError
            When one is not.
        """
        if self.depth != OUTSIDE:
            found = f"the file ends while an {_NAMES[1]} is open (no IEA)"
            if self.depth > INTERCHANGE:
                found = f"the file ends while a {_NAMES[self.depth]} is open (no {_CLOSES[self.depth]})"
            raise refuse_segment(self.name, position, found, "SE, GE and IEA for each ST, GS and ISA")

    def _misplaced(self, tag: str, position: int) -> Exception:
        if self.depth == OUTSIDE:
            found = f"{tag} outside every interchange"
        else:
            found = f"{tag} while {_OPENS[self.depth]} is open (no {_CLOSES[self.depth]}, or no {tag} to belong to)"
        return refuse_segment(self.name, position, found, "ISA, GS, ST, SE, GE, IEA, each inside the one before")


def _same_control(depth: int, given: str, opened: str) -> bool:
    """Compare control numbers: those of interchange and group are numbers, that of a transaction is text."""
    if depth != TRANSACTION and given.isdigit() and opened.isdigit():
        return given.lstrip("0") == opened.lstrip("0")
    return given == opened
