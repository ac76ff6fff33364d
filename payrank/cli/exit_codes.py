"""How a command ends: the last line on stderr, and the exit code of the contract."""

from __future__ import annotations

import traceback
from pathlib import Path

import click

from payrank.extracts.errors import PayrankError

STOPPED = "Stopped. Anything published earlier is unchanged."


def report_failure(fault: BaseException, *, stopped: bool) -> int:
    """Print why a command ended, and return its exit code.

    Parameters
    ----------
    stopped
        Whether a signal asked for the end. A library that was interrupted may report that as an error of its own.
    """
    if isinstance(fault, click.exceptions.Exit):
        return int(fault.exit_code)
    if isinstance(fault, click.ClickException) and not isinstance(fault, click.Abort):
        fault.show()
        return 2
    if stopped or isinstance(fault, click.Abort | KeyboardInterrupt):
        text, code = STOPPED, 1
    elif isinstance(fault, PayrankError):
        text, code = f"payrank: {fault}", fault.exit_code
    elif isinstance(fault, OSError):
        text, code = _describe_os_error(fault), 1
    else:
        for frame in traceback.extract_tb(fault.__traceback__):
            click.echo(f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}", err=True)
        text, code = _describe_unexpected(fault), 1
    click.echo(text, err=True)
    return code


def _describe_os_error(fault: OSError) -> str:
    place = f" {fault.filename}" if fault.filename else ""
    return (
        f"payrank: could not read or write{place} ({fault.strerror or type(fault).__name__}). Anything published "
        "earlier is unchanged. Choose a place that this user can write to and that has free space, then run again."
    )


def _describe_unexpected(fault: BaseException) -> str:
    return (
        f"payrank: unexpected {type(fault).__name__} at the last line listed above. Its text is withheld because it "
        "may quote a row of data. Anything published earlier is unchanged. Please report it with these lines."
    )
