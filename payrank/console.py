"""What is seen while work goes on, all on stderr: a spinner on a terminal, plain lines elsewhere, JSON on request."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.table import Table

from payrank.scoring.progress import Stage

STDERR = Console(stderr=True, highlight=False, soft_wrap=True)
STDOUT = Console(highlight=False, soft_wrap=True, markup=False)


class Progress:
    """Tell of stages as they end, each with its seconds."""

    def __init__(self, console: Console = STDERR) -> None:
        self._console = console
        self._last = time.perf_counter()

    def log(self, line: str) -> None:
        """Print one finished stage."""
        now = time.perf_counter()
        self._console.print(f"  {line} ({now - self._last:.1f} s)", markup=False)
        self._last = now

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show that something goes on, then that it is done; silent about how it failed, for the error says so."""
        self._last = time.perf_counter()
        if self._console.is_terminal:
            with self._console.status(what):
                yield
        else:
            yield
        self.log(what)


def print_stage(stage: Stage) -> None:
    """Print a finished stage of a run as a plain line with its seconds."""
    STDERR.print(f"  {stage.message} ({stage.seconds:.1f} s)", markup=False)


def log_stage(stage: Stage) -> None:
    """Print a finished stage of a run as one line of JSON."""
    click.echo(stage.as_json(), err=True)


def make_table(title: str, columns: list[tuple[str, bool]], rows: list[list[str]]) -> Table:
    """Return a table that fits a terminal; a column is its heading and whether it holds numbers."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for heading, number in columns:
        table.add_column(heading, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
