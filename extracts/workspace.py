"""Private temporary folders: swept when their process was killed before it could clean up.

A workspace holds copies of patients' rows. Who makes one holds a lock on it as long as it lives; the operating system
lets go of the lock however the process ends, so the next run knows what was abandoned.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

PREFIX = "payrank-"
LOCK = ".lock"

_held: dict[Path, int] = {}
"""Locked folders of this process, and the file descriptors that hold the locks."""


def make_workspace(parent: Path | None = None, prefix: str = PREFIX) -> Path:
    """Make a folder that only its owner may enter, after sweeping what dead processes left beside it.

    Parameters
    ----------
    parent
        Where; the system's folder for temporary files when None.
    prefix
        What its name begins with; folders of the same prefix are swept.
    """
    parent = Path(tempfile.gettempdir()) if parent is None else parent
    sweep_abandoned(parent, prefix)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        if _take(lock):
            _held[folder] = lock
            return folder
        os.close(lock)  # a sweeper came between: it takes the folder away, another one is made


def remove_workspace(folder: Path) -> None:
    """Delete a workspace with all that it holds; one that is gone is no fault."""
    shutil.rmtree(folder, ignore_errors=True)
    release_workspace(folder)


def release_workspace(folder: Path) -> None:
    """Let go of a workspace that is published, under another name, and no longer temporary."""
    lock = _held.pop(folder, None)
    if lock is not None:
        os.close(lock)


@contextmanager
def workspace(parent: Path | None = None, prefix: str = PREFIX) -> Iterator[Path]:
    """Give a workspace and delete it at the end."""
    folder = make_workspace(parent, prefix)
    try:
        yield folder
    finally:
        remove_workspace(folder)


def sweep_abandoned(parent: Path, prefix: str = PREFIX) -> int:
    """Delete this user's workspaces whose process is gone. Return how many were found."""
    swept = 0
    for folder in parent.glob(f"{escape(prefix)}*"):
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.getuid() or folder in _held:
                continue
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # none of ours, or gone meanwhile
        try:
            if _take(lock):
                shutil.rmtree(folder, ignore_errors=True)
                swept += 1
        finally:
            os.close(lock)
    return swept


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
