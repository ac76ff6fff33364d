"""Console output: tables on stdout, progress on stderr as a spinner, plain lines, or JSON."""

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
    """Prints each stage as it ends, with its seconds."""

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
        """Show a spinner during the work and a line after it; print nothing on failure, because the error says it."""
        self._last = time.perf_counter()
        if self._console.is_terminal:
            with self._console.status(what):
                yield
        else:
            yield
        self.log(what)


def print_stage(stage: Stage) -> None:
    """Print a finished stage of a run as a line of text with its seconds."""
    STDERR.print(f"  {stage.message} ({stage.seconds:.1f} s)", markup=False)


def log_stage(stage: Stage) -> None:
    """Print a finished stage of a run as one line of JSON."""
    click.echo(stage.as_json(), err=True)


def make_table(title: str, columns: list[tuple[str, bool]], rows: list[list[str]]) -> Table:
    """Return a table that fits a terminal; each column is a heading and whether its cells are numbers."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for heading, number in columns:
        table.add_column(heading, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
