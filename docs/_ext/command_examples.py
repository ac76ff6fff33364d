"""Add each command's examples to its section of the command-line page."""

from __future__ import annotations

import click
from sphinx.application import Sphinx


def add_examples(_: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Append the examples that `--help` prints at its end."""
    example = getattr(context.command, "example", "")
    if example:
        lines += ["", ".. rubric:: Examples", "", ".. code-block:: console", ""]
        lines += [f"   $ {line}" for line in example.splitlines()]
        lines.append("")


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx about the examples."""
    app.connect("sphinx-click-process-epilog", add_examples)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
