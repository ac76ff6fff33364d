"""Old runs go when the site's settings say so: they hold patients' rows, and nobody needs them for ever."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

_RUN = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_LEAVING = ".leaving-"


def published_runs(out: Path) -> list[Path]:
    """Return the published runs of an output folder, the latest day first."""
    found = (path for path in out.glob("????-??-??") if _RUN.match(path.name) and not path.is_symlink())
    return sorted((path for path in found if (path / "manifest.json").is_file()), reverse=True)


def retire_runs(out: Path, keep: int | None) -> tuple[str, ...]:
    """Remove all but the `keep` latest runs, and return the days removed; None keeps all.

    The run that `current` points to stays whatever its day, and so does every folder that is no run of payrank's. A run
    leaves by one rename before its files go, so that a crash never leaves half a run to read.
    """
    clear_leaving(out)
    if keep is None:
        return ()
    current = (out / "current").resolve()
    gone = []
    for run in published_runs(out)[keep:]:
        if run.resolve() == current:
            continue
        leaving = out / f"{_LEAVING}{run.name}"
        run.rename(leaving)
        shutil.rmtree(leaving)
        gone.append(run.name)
    return tuple(sorted(gone))


def clear_leaving(out: Path) -> None:
    """Finish what a crash of an earlier run interrupted."""
    for leaving in sorted(out.glob(f"{_LEAVING}????-??-??")):
        shutil.rmtree(leaving)
