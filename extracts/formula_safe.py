"""Text for a spreadsheet's cell that no spreadsheet runs.

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
)  # the full-width forms run too


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


def safe_cell(value: object) -> object:
    """Return a value for a CSV's cell: texts made safe and on one line, everything else as it is.

    >>> safe_cell("-1+cmd"), safe_cell(-1.5), safe_cell(None)
    ("'-1+cmd", -1.5, None)
    """
    return on_one_line(safe_text(value)) if isinstance(value, str) else value
