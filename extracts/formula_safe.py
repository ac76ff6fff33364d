"""Text that a spreadsheet does not run as a formula.

Text that starts like a formula gets a leading apostrophe (CWE-1236; OWASP, "CSV Injection").
"""

from __future__ import annotations

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
)  # spreadsheets run the full-width forms, too


def safe_text(text: str) -> str:
    """Return text that no spreadsheet runs as a formula.

    >>> safe_text("=HYPERLINK(1)"), safe_text("Call")
    ("'=HYPERLINK(1)", 'Call')
    """
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def on_one_line(text: str) -> str:
    r"""Return text with its line breaks replaced by spaces, so that every program reads one row per line.

    Python before 3.13 writes a lone carriage return without quotes, which would start a new row.

    >>> on_one_line("left message\r=1+1")
    'left message =1+1'
    """
    return " ".join(text.splitlines())


def safe_cell(value: object) -> object:
    """Return a value for a CSV cell: text is made safe and put on one line, and other values are unchanged.

    >>> safe_cell("-1+cmd"), safe_cell(-1.5), safe_cell(None)
    ("'-1+cmd", -1.5, None)
    """
    return on_one_line(safe_text(value)) if isinstance(value, str) else value
