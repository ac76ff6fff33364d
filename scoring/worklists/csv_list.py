"""A worklist as CSV: UTF-8, one row a line, fixed formats, and no cell that a spreadsheet would run.

Text that starts like a formula gets a leading apostrophe (CWE-1236; OWASP, "CSV Injection"). Numbers and dates are
never touched, so a negative balance stays a number.
"""

from __future__ import annotations

import csv
import io
from datetime import date

from payrank.extracts.formula_safe import on_one_line, safe_text
from payrank.scoring.worklist import Line, Worklist
from payrank.scoring.worklists.columns import Kind, Value, grid_of


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
