"""Publishing a folder: built aside where only its owner can look, and shown under its name by one rename."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from payrank.extracts.errors import WrongUsageError
from payrank.extracts.workspace import LOCK, make_workspace, release_workspace, remove_workspace


@contextmanager
def build_aside(out: Path, *, replaces: str) -> Iterator[Path]:
    """Give a private folder beside `out`; when the block ends well it becomes `out`, otherwise nothing is left of it.

    Parameters
    ----------
    replaces
        Name of a file by which a folder that may be replaced is known. An empty folder may be replaced too.

    Raises
    ------
    WrongUsageError
        When `out` exists and is neither: nothing that payrank did not make is overwritten.
    """
    out = out.absolute()
    if out.exists() and not (out / replaces).is_file() and not (out.is_dir() and not any(out.iterdir())):
        raise WrongUsageError(
            f"{out}: exists and was not made by this command (no {replaces} in it). Allowed: a new folder, an "
            "empty one, or one that the same command made. Choose another --out."
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = make_workspace(out.parent, f".{out.name}.")
    try:
        yield aside
        (aside / LOCK).unlink()
        _seal(aside)
        _show(aside, out)
        release_workspace(aside)
    except BaseException:
        remove_workspace(aside)
        raise


def _seal(folder: Path) -> None:
    folder.chmod(0o700)
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)


def _show(aside: Path, out: Path) -> None:
    if not out.exists() or not any(out.iterdir()):
        aside.replace(out)
        return
    # POSIX renames no folder over one that holds files: the old one steps aside first, and back if the new one fails.
    previous = Path(tempfile.mkdtemp(prefix=f".{out.name}.previous.", dir=out.parent))
    out.replace(previous)
    try:
        aside.replace(out)
    except BaseException:
        previous.replace(out)
        raise
    shutil.rmtree(previous)
