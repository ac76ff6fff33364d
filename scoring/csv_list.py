"""A worklist as CSV: UTF-8, one row a line, fixed formats, and no cell that a spreadsheet would run.

Text that starts like a formula gets a leading apostrophe (CWE-1236; OWASP, "CSV Injection"). Numbers and dates are
never touched, so a negative balance stays a number.
"""

from __future__ import annotations

import csv
import io
from datetime import date

from scoring.columns import Kind, Value, grid_of
from scoring.worklist import Line, Worklist

_FORMULA_STARTS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)  # the full-width forms run too


def render_csv(worklist: Worklist[Line]) -> bytes:
    r"""Return the list as UTF-8 CSV with `\n` line ends: money with 2 decimals, probabilities with 4, ISO days.

    Unknown is an empty cell. A list without lines is its header alone.
    """
    grid = grid_of(worklist.lines, worklist.name)
    kinds = [kind for _, _, kind, _ in grid.columns]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(grid.names)
    writer.writerows([_cell(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in grid.rows)
    return text.getvalue().encode("utf-8", errors="replace")


def safe_text(text: str) -> str:
    """Return text that no spreadsheet takes for a formula.

    >>> safe_text("=HYPERLINK(1)"), safe_text("Call")
    ("'=HYPERLINK(1)", 'Call')
    """
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def on_one_line(text: str) -> str:
    r"""Return text with its line breaks turned into spaces: one row a line, whatever program reads it.

    A lone carriage return would otherwise go out unquoted (Python before 3.13) and start a row of its own.

    >>> on_one_line("left message\r=1+1")
    'left message =1+1'
    """
    return " ".join(text.splitlines())


def _cell(value: Value, kind: Kind) -> str:
    if value is None:
        return ""
    if kind == "money":
        return f"{value:z.2f}"
    if kind == "probability":
        return f"{value:z.4f}"
    if isinstance(value, date):
        return value.isoformat()
    return on_one_line(safe_text(value)) if isinstance(value, str) else str(value)
