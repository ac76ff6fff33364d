"""The command line. Each command's module is imported when the command runs, so `payrank --help` is instant."""

from __future__ import annotations

import sys

import click

from payrank import __version__
from payrank.cli.exit_codes import report_failure
from payrank.cli.lazy_group import LazyGroup
from payrank.cli.signals import stop_on_signals

COMMANDS = {
    "demo": "demo:demo",
    "simulate": "simulate:simulate",
    "import": "imports.group:import_",
    "check": "check.command:check",
    "features": "features:features",
    "train": "train:train",
    "models": "models.group:models",
    "score": "score:score",
    "monitor": "monitor:monitor",
}


@click.group(
    cls=LazyGroup,
    places=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "--version", prog_name="payrank")
def payrank() -> None:
    """Rank unpaid accounts and denied claims by what working them today is worth, with reasons.

    \b
    Exit codes: 0 done, 1 unexpected error, 2 wrong usage, 3 extract refused,
    4 too old or volume out of line, 5 no usable model, 6 another run holds the lock.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with the contract's code."""
    with stop_on_signals() as stop:
        code = 0
        try:
            payrank.main(args=arguments, standalone_mode=False)
        except (Exception, KeyboardInterrupt) as fault:
            code = report_failure(fault, stopped=stop.requested)
    sys.exit(code)
