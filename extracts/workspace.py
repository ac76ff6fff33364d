"""Private temporary folders. Folders left by a killed process are deleted by the next one.

A workspace holds copies of patients' rows. Its process holds a lock on it for as long as it runs. The operating system
releases the lock however the process ends, so the next run can tell which workspaces were abandoned.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from payrank.extracts.atomic import take_lock

PREFIX = "payrank-"
LOCK = ".lock"

_locks: dict[Path, int] = {}
"""Workspaces of this process -> the file descriptors that hold their locks."""


def make_workspace(parent: Path | None = None, prefix: str = PREFIX) -> Path:
    """Make a folder that only its owner can open, after deleting the folders that dead processes left next to it.

    Parameters
    ----------
    parent
        Where to make it. Defaults to the system's folder for temporary files.
    prefix
        Start of its name. Abandoned folders with the same prefix are deleted.
    """
    parent = Path(tempfile.gettempdir()) if parent is None else parent
    sweep_abandoned(parent, prefix)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = take_lock(folder / LOCK)
        if lock is not None:
            _locks[folder] = lock
            return folder
        # Another process is sweeping and took the lock first. It deletes this folder, so make another one.


def remove_workspace(folder: Path) -> None:
    """Delete a workspace and its contents. A workspace that no longer exists is not an error."""
    shutil.rmtree(folder, ignore_errors=True)
    release_workspace(folder)


def release_workspace(folder: Path) -> None:
    """Release the lock of a workspace that was published under another name and is no longer temporary."""
    lock = _locks.pop(folder, None)
    if lock is not None:
        os.close(lock)


@contextmanager
def workspace(parent: Path | None = None, prefix: str = PREFIX) -> Iterator[Path]:
    """Yield a workspace and delete it at the end."""
    folder = make_workspace(parent, prefix)
    try:
        yield folder
    finally:
        remove_workspace(folder)


def sweep_abandoned(parent: Path, prefix: str = PREFIX) -> int:
    """Delete this user's workspaces whose process has ended. Return how many were deleted."""
    swept = 0
    for folder in parent.glob(f"{escape(prefix)}*"):
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.getuid() or folder in _locks:
                continue
            lock = take_lock(folder / LOCK, create=False)
        except OSError:
            continue  # not a workspace, or deleted in the meantime
        if lock is None:
            continue  # in use
        try:
            shutil.rmtree(folder, ignore_errors=True)
            swept += 1
        finally:
            os.close(lock)
    return swept
