"""How a command ends: the last line on stderr, and the exit code of the contract."""

from __future__ import annotations

import traceback
from pathlib import Path

import click

from payrank.extracts.errors import PayrankError

STOPPED = "Stopped. What was published before stands as it was."


def tell_end(fault: BaseException, *, stopped: bool) -> int:
    """Say what ended a command, and return its exit code.

    Parameters
    ----------
    stopped
        Whether somebody asked for the end: a library that was stopped in the middle tells of it in its own way.
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
        text, code = _describe_place(fault), 1
    else:
        for frame in traceback.extract_tb(fault.__traceback__):
            click.echo(f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}", err=True)
        text, code = _describe_fault(fault), 1
    click.echo(text, err=True)
    return code


def _describe_place(fault: OSError) -> str:
    place = f": {fault.filename}" if fault.filename else ""
    return (
        f"payrank: could not read or write{place} ({fault.strerror or type(fault).__name__}). What was published "
        "before stands as it was. Give a place that this user may use, with room, then run again."
    )


def _describe_fault(fault: BaseException) -> str:
    return (
        f"payrank: unexpected fault, {type(fault).__name__}, at the place above (its text is withheld, for it may "
        "quote a row). What was published before stands as it was. Please report it with these lines."
    )
