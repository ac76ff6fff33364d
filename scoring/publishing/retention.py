"""Remove old runs when the site's settings say so: they contain patient data, and nobody needs them forever."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

_RUN = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_REMOVING = ".leaving-"


def published_runs(out: Path) -> list[Path]:
    """Return the published runs of an output folder, latest first."""
    folders = (path for path in out.glob("????-??-??") if _RUN.match(path.name) and not path.is_symlink())
    return sorted((path for path in folders if (path / "manifest.json").is_file()), reverse=True)


def retire_runs(out: Path, keep: int | None) -> tuple[str, ...]:
    """Remove all except the `keep` latest runs, and return the dates removed; None keeps all.

    The run that `current` points to is kept whatever its date, and so is every folder that is not a payrank run. A run
    is renamed before its files are removed, so a crash never leaves half a run where people read.
    """
    finish_removals(out)
    if keep is None:
        return ()
    current = (out / "current").resolve()
    removed = []
    for run in published_runs(out)[keep:]:
        if run.resolve() == current:
            continue
        removing = out / f"{_REMOVING}{run.name}"
        run.rename(removing)
        shutil.rmtree(removing)
        removed.append(run.name)
    return tuple(sorted(removed))


def finish_removals(out: Path) -> None:
    """Finish a removal that a crash interrupted."""
    for removing in sorted(out.glob(f"{_REMOVING}????-??-??")):
        shutil.rmtree(removing)
