"""Write the balances of an X12 import that do not agree, in a machine-readable file."""

from __future__ import annotations

from pathlib import Path

from payrank.extracts.contract.source_file import quote_text
from payrank.extracts.readers.session.import_session import ImportSession


def write_balances(session: ImportSession, path: Path) -> None:
    """Write each balance that is off or unreadable, in order of files and segments, without amounts or IDs.

    Columns: file, level (line, claim, transaction, charges), segment (position from 1), fault (off, unreadable).
    """
    names = " ".join(f"WHEN {source.number} THEN {quote_text(source.name)}" for source in session.sources)
    session.connection.execute(
        f"COPY (SELECT CASE file {names} END AS file, level, source_line AS segment, fault FROM x12_imbalances "
        f"ORDER BY x12_imbalances.file, source_line, level) TO {quote_text(str(path))} (FORMAT csv, HEADER)"
    )
    path.chmod(0o600)
