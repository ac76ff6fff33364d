"""Which folder an import may replace: one that an import of the same system made, unchanged since then."""

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
MAX_NAMED = 5


def require_replaceable(out: Path, source_system: str | None) -> None:
    """Check that replacing a folder destroys only an import. A folder without an import report is not checked here.

    Raises
    ------
    WrongUsageError
        When the folder has a file that an import does not write, an edited `extract.toml`, or an import of another
        system.
    """
    path = out / IMPORT_REPORT
    if not path.is_file():
        return
    foreign = sorted(entry.name for entry in out.iterdir() if entry.name not in WRITTEN or not entry.is_file())
    if foreign:
        more = f" and {len(foreign) - MAX_NAMED} more" if len(foreign) > MAX_NAMED else ""
        _refuse(out, f"has files that an import does not write: {', '.join(foreign[:MAX_NAMED])}{more}")
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
        system, written = made["source_system"], made.get("metadata_sha256")
    except (ValueError, TypeError, KeyError, AttributeError):
        _refuse(out, f"its {IMPORT_REPORT} was not written by an import")
    if system != source_system:
        _refuse(
            out, f"was made by an import from {system or 'an unnamed system'}, and this one is from {source_system}"
        )
    if written is not None and (out / FILE_NAME).is_file() and digest_file(out / FILE_NAME) != written:
        _refuse(out, f"its {FILE_NAME} was edited since the import wrote it")


def _refuse(out: Path, problem: str) -> NoReturn:
    raise WrongUsageError(
        f"{out}: {problem}. Replacing the folder would destroy that. Allowed: a new folder, an empty one, or one that "
        "an import of the same system made, unchanged. Choose another --out, or move the files that you want to keep."
    )
