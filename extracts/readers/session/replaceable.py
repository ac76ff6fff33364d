"""What an import may replace: a folder that an import of the same system made, and that nobody touched since."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

from payrank.extracts.contract.metadata import FILE_NAME
from payrank.extracts.contract.source_file import IMPORT_FILES, IMPORT_REPORT, digest_file
from payrank.extracts.contract.tables import STATED_BALANCES, TABLE_NAMES
from payrank.extracts.errors import WrongUsageError

WRITTEN = {FILE_NAME, *IMPORT_FILES, *(f"{name}.parquet" for name in (*TABLE_NAMES, STATED_BALANCES.name))}
"""Every file that an import writes."""
MOST_NAMED = 5


def require_replaceable(out: Path, source_system: str | None) -> None:
    """Make sure that replacing a folder with an import report in it destroys nothing but an import.

    Raises
    ------
    WrongUsageError
        When it holds anything that an import does not write, an `extract.toml` edited since, or an import of another
        system. A folder without an import report is not validated here.
    """
    path = out / IMPORT_REPORT
    if not path.is_file():
        return
    foreign = sorted(entry.name for entry in out.iterdir() if entry.name not in WRITTEN or not entry.is_file())
    if foreign:
        more = f" and {len(foreign) - MOST_NAMED} more" if len(foreign) > MOST_NAMED else ""
        _refuse(out, f"holds what no import writes: {', '.join(foreign[:MOST_NAMED])}{more}")
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
        system, written = made["source_system"], made.get("metadata_sha256")
    except (ValueError, TypeError, KeyError, AttributeError):
        _refuse(out, f"its {IMPORT_REPORT} is not one that an import wrote")
    if system != source_system:
        _refuse(out, f"was made by an import of {system or 'an unnamed system'}, and this is one of {source_system}")
    if written is not None and (out / FILE_NAME).is_file() and digest_file(out / FILE_NAME) != written:
        _refuse(out, f"its {FILE_NAME} was edited since the import wrote it")


def _refuse(out: Path, found: str) -> NoReturn:
    raise WrongUsageError(
        f"{out}: {found}. Replacing the folder would destroy that. Allowed: a new folder, an empty one, or one that an "
        "import of the same system made, as it made it. Choose another --out, or move what is to be kept."
    )
