"""A worklist as CSV: UTF-8, one row per line, fixed formats, and no cell that a spreadsheet would execute.

Text that starts like a formula gets a leading apostrophe (CWE-1236; OWASP, "CSV Injection"). Numbers and dates are
left alone, so a negative balance stays a number.
"""

from __future__ import annotations

import csv
import io
from datetime import date

from payrank.extracts.formula_safe import on_one_line, safe_text
from payrank.scoring.worklist import Line, Worklist
from payrank.scoring.worklists.columns import CellFormat, Value, list_grid


def render_csv(worklist: Worklist[Line]) -> bytes:
    r"""Return the list as UTF-8 CSV with `\n` line ends: money with 2 decimals, probabilities with 4, ISO dates.

    An unknown value is an empty cell. A list without lines has only its header.
    """
    grid = list_grid(worklist.lines, worklist.name)
    formats = [cell_format for _, _, cell_format, _ in grid.columns]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(grid.names)
    writer.writerows(
        [_cell(value, cell_format) for value, cell_format in zip(row, formats, strict=True)] for row in grid.rows
    )
    return text.getvalue().encode("utf-8", errors="replace")


def _cell(value: Value, cell_format: CellFormat) -> str:
    if value is None:
        return ""
    if cell_format == "money":
        return f"{value:z.2f}"
    if cell_format == "probability":
        return f"{value:z.4f}"
    if isinstance(value, date):
        return value.isoformat()
    return on_one_line(safe_text(value)) if isinstance(value, str) else str(value)
