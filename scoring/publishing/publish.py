"""Publish a run atomically: build it in a hidden folder, rename that folder, then move the pointer `current`.

The order, and why a crash at any point loses nothing:

1. Take the lock `OUT/.lock`. While holding it, clean up what a crash of an earlier run left behind (`_recover`).
2. Build in the hidden sibling `OUT/.<as-of>.new`. A crash here leaves a hidden folder that the next run removes.
3. Make it private (folders 0700, files 0600) and flush every file and folder to disk.
4. If this as-of date was published before, move that folder to `OUT/.<as-of>.old`. After a crash between this step and
   the next, nothing is lost, but the folder of that date is missing until the next run moves it back.
5. Rename `.new` to `OUT/<as-of>`. From here on, the new run is complete.
6. Replace `OUT/current` by renaming a finished link over it, so a reader always finds the old run or the new one.
7. Remove `.old`, and the runs that the settings no longer keep. After an earlier crash, the next run removes them.

An exception in steps 2 to 6 undoes what was done, so a failed run leaves the previous ones as they were.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

from payrank.extracts.atomic import PRIVATE_FOLDER, flush, flush_tree, make_private, swap_folder, take_lock
from payrank.extracts.errors import PayrankError, RunLockedError
from payrank.scoring.publishing.retention import finish_removals, retire_runs

_LOCK = ".lock"
_POINTER = "current"
_NEW_LINK = ".current.new"

_WHY_NOT_WRITTEN = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "a file would exceed the file size limit",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "this user may not write there",
    errno.EPERM: "this user may not write there",
    errno.ENOTDIR: "part of the path is a file, not a folder",
    errno.ELOOP: "a link is in the place of a file that payrank writes",
    errno.ENAMETOOLONG: "the path is too long",
    errno.EIO: "the disk reports an error",
}
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


@contextmanager
def hold_lock(out: Path) -> Iterator[None]:
    """Lock the output folder for one run; the folder is created if it does not exist.

    The kernel holds the lock, so it is released when the process ends, however it ends. The lock file contains only
    the process id.

    Raises
    ------
    RunLockedError
        When another run holds it.
    PayrankError
        When the folder cannot be written.
    """
    with _explain_write_errors(out):
        out.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        handle = take_lock(out / _LOCK)
    if handle is None:
        holder = (out / _LOCK).read_bytes()[:20].decode("ascii", errors="replace").strip()
        raise RunLockedError(
            f"Another run holds the lock {out / _LOCK} (process {holder or 'unknown'}). One run at a time may "
            "write to an output folder: wait for it to end, or give this run another --out. The lock is "
            "released when that process ends."
        )
    try:
        with _explain_write_errors(out):
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(handle)


@contextmanager
def publish_run(out: Path, as_of: date, *, dry_run: bool = False, keep: int | None = None) -> Iterator[Path]:
    """Yield a hidden folder to build the run in; when the block ends without an exception, the run is published.

    Parameters
    ----------
    out
        The folder of all runs. The run becomes `out/<as-of>/` and `out/current` points to it.
    as_of
        The run's date. An earlier run of the same date is replaced.
    dry_run
        Build as usual, on the same disk and under the same lock, but publish nothing.
    keep
        How many runs to keep, including this one; None keeps all. Older ones are removed after this one is published.

    Raises
    ------
    RunLockedError
        When another run holds the lock.
    PayrankError
        When the folder cannot be written: full disk, read-only target, no permission. Earlier runs are unchanged.
    """
    run = out / as_of.isoformat()
    building, old = out / f".{run.name}.new", out / f".{run.name}.old"
    with hold_lock(out):
        _check_names(out, run)
        try:
            with _explain_write_errors(out):
                _recover(out)
                building.mkdir(mode=PRIVATE_FOLDER)
                yield building
                make_private(building)
                flush_tree(building)
                if not dry_run:
                    _swap_in(building, run, old)
                    with suppress(OSError):  # the run is published; the next one removes what could not be removed now
                        retire_runs(out, keep)
        finally:
            shutil.rmtree(building, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _check_names(out: Path, run: Path) -> None:
    pointer = out / _POINTER
    if pointer.exists() and not pointer.is_symlink():
        raise PayrankError(
            f"{pointer} is not a link, so payrank did not create it. Move it away: payrank uses that name to "
            "point to the latest run."
        )
    if run.is_symlink() or (run.exists() and not run.is_dir()):
        raise PayrankError(f"{run} is not a folder, so payrank did not create it. Move it away, then run again.")


def _recover(out: Path) -> None:
    """Clean up after a crash: restore a folder that was moved aside, and remove what was only half built."""
    for old in sorted(out.glob(".????-??-??.old")):
        run = out / old.name[1:-4]
        if run.exists():
            shutil.rmtree(old)
        else:
            old.rename(run)
    for building in sorted(out.glob(".????-??-??.new")):
        shutil.rmtree(building)
    (out / _NEW_LINK).unlink(missing_ok=True)
    finish_removals(out)


def _swap_in(building: Path, run: Path, old: Path) -> None:
    """Move the built folder into place and point `current` to it; on any exception, restore everything."""
    out = run.parent

    def point_to_run() -> None:
        flush(out)
        _point_to(run)

    try:
        swap_folder(building, run, old, then=point_to_run)
    except BaseException:
        (out / _NEW_LINK).unlink(missing_ok=True)
        raise
    with suppress(OSError):  # the run is published; a flush that fails here must not fail it
        flush(out)


def _point_to(run: Path) -> None:
    link = run.parent / _NEW_LINK
    link.symlink_to(run.name, target_is_directory=True)
    link.replace(run.parent / _POINTER)


@contextmanager
def _explain_write_errors(out: Path) -> Iterator[None]:
    """Turn a system error about writing to `out` into a PayrankError; raise other errors unchanged."""
    try:
        yield
    except OSError as error:
        why = _WHY_NOT_WRITTEN.get(error.errno or 0)
        about_out = error.errno in _FULL or _lies_under(error.filename, out)
        if why is None or not about_out:
            raise
        raise PayrankError(
            f"The run could not be written to {out}: {why}. Nothing was published, and earlier runs are unchanged. "
            "Free up space or choose another --out, then run again."
        ) from error


def _lies_under(name: object, out: Path) -> bool:
    if not isinstance(name, str | bytes | os.PathLike):
        return False
    path = Path(os.fsdecode(name)).absolute()
    return path.is_relative_to(out.absolute()) or out.absolute().is_relative_to(path)
