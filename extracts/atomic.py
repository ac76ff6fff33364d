"""Files and folders that appear complete or not at all, for their owner only, and the lock that guards them.

Three ideas, each in one place: a kernel lock that disappears with its process (`take_lock`), a file or folder that
only its owner can read (`create_private`, `write_private`, `make_private`), and a swap by renaming, so that a reader
finds the old version or the new one (`replace_file`, `swap_folder`).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from payrank.extracts.errors import PayrankError

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


def take_lock(path: Path, *, create: bool = True) -> int | None:
    """Lock a file and return its descriptor, or None if another process holds the lock. Close it to release the lock.

    The lock is the kernel's (`flock`), so it is released when the process ends, even if the process is killed.

    Raises
    ------
    OSError
        When the file cannot be opened or locked, or is a symbolic link.
    """
    handle = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0) | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE_FILE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    except BaseException:
        os.close(handle)
        raise
    return handle


def create_private(path: Path) -> None:
    """Create an empty file that only its owner can read, replacing any file with that name.

    The old file is deleted first. Writing into it would keep its permissions, and would follow a symbolic link.
    """
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE))
    path.chmod(PRIVATE_FILE)  # the umask may have removed the owner's own permissions


def write_private(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write a file that only its owner can read.

    Parameters
    ----------
    replace
        Whether to replace a file with that name, in one step.

    Raises
    ------
    FileExistsError
        When the file exists and `replace` is False.
    """
    if replace:
        with replace_file(path) as partial:
            partial.write_bytes(content)
        return
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, PRIVATE_FILE)
        file.write(content)


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Yield an empty private file next to `path`. It becomes `path` when the block ends without an error."""
    partial = path.with_name(f".{path.name}.new")
    try:
        create_private(partial)
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def make_private(folder: Path) -> None:
    """Restrict a folder and everything in it to its owner: folders 0700, files 0600.

    Raises
    ------
    PayrankError
        When it holds anything other than files and folders. A symbolic link could publish files from elsewhere.
    """
    folder.chmod(PRIVATE_FOLDER)
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise PayrankError(f"{path.name} is neither a file nor a folder. Only files and folders are published.")
        path.chmod(PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE)


def flush(path: Path) -> None:
    """Write a file or folder through to the disk (`fsync`)."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_tree(folder: Path) -> None:
    """Write a folder and everything in it through to the disk, contents first."""
    for path in sorted(folder.rglob("*")):
        flush(path)
    flush(folder)


def swap_folder(new: Path, target: Path, previous: Path, *, then: Callable[[], None] | None = None) -> None:
    """Rename `new` to `target`. Any folder already at `target` moves to `previous`, which the caller removes.

    POSIX cannot rename a folder over one that holds files, so the old folder moves out first. Any exception, including
    one from `then`, moves both folders back.

    Parameters
    ----------
    new, target, previous
        Paths on one file system. `previous` must not exist.
    then
        Called once `target` is the new folder.
    """
    try:
        if target.exists():
            target.rename(previous)
        new.rename(target)
        if then is not None:
            then()
    except BaseException:
        if target.exists() and not new.exists():
            target.rename(new)
        if previous.exists():
            previous.rename(target)
        raise
