"""Publish a folder: build it privately next to its destination, then rename it into place."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from payrank.extracts.atomic import make_private, swap_folder
from payrank.extracts.errors import WrongUsageError
from payrank.extracts.workspace import LOCK, make_workspace, release_workspace, remove_workspace


@contextmanager
def publish_folder(out: Path, *, replaces: str) -> Iterator[Path]:
    """Yield a private folder next to `out`. It becomes `out` when the block ends without an error, else it is deleted.

    Parameters
    ----------
    replaces
        Name of a file that marks a folder as replaceable. An empty folder may be replaced, too.

    Raises
    ------
    WrongUsageError
        When `out` exists and is neither. Only folders that payrank made are overwritten.
    """
    out = out.absolute()
    if out.exists() and not (out / replaces).is_file() and not (out.is_dir() and not any(out.iterdir())):
        raise WrongUsageError(
            f"{out}: exists and was not made by this command (no {replaces} in it). Allowed: a new folder, an "
            "empty one, or one that the same command made. Choose another --out."
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    building = make_workspace(out.parent, f".{out.name}.")
    previous = out.with_name(f".{out.name}.previous-{secrets.token_hex(4)}")
    try:
        yield building
        (building / LOCK).unlink()
        make_private(building)
        swap_folder(building, out, previous)
        release_workspace(building)
    except BaseException:
        remove_workspace(building)
        raise
    shutil.rmtree(previous, ignore_errors=True)
