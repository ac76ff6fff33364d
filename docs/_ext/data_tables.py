"""Directives that show payrank's own data files as tables: the canonical tables, the rules, the call caps, the actions.

The pages cannot drift from the code, since they are read from the files that the nightly run reads.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import payrank
from payrank.extracts.contract.tables import TABLES

RULES = Path(payrank.__file__).parent / "scoring" / "rules" / "rules.toml"
ACTIONS = Path(payrank.__file__).parent / "scoring" / "actions.toml"


class _MarkdownDirective(SphinxDirective):
    """A directive that writes Markdown."""

    def markdown(self) -> Iterable[str]:
        """Return the lines of the page."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Return what the lines parse to."""
        holder = nodes.container()
        self.state.nested_parse(StringList(list(self.markdown()), self.name), self.content_offset, holder)
        return holder.children


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a Markdown table.

    >>> table(["a", "b"], [["1", "x|y"]])
    ['| a | b |', '|---|---|', '| 1 | x\\\\|y |', '']
    """
    cells = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *cells, ""]


class ContractTables(_MarkdownDirective):
    """Show every canonical table with its columns."""

    def markdown(self) -> Iterable[str]:
        """Return one table per canonical table."""
        lines: list[str] = []
        for contract_table in TABLES:
            known = f"`{contract_table.known_on}`" if contract_table.known_on else "always known"
            key = ", ".join(f"`{name}`" for name in contract_table.key)
            lines += [f"**{contract_table.name}** (key: {key}; known on: {known})", ""]
            lines += table(
                ["column", "type", "required", "allowed values"],
                [
                    [f"`{column.name}`", column.kind, "yes" if column.required else "", ", ".join(column.levels)]
                    for column in contract_table.columns
                ],
            )
        return lines


class RulesTable(_MarkdownDirective):
    """Show one section of the rules: rule, denial_rule, policy, or clock."""

    required_arguments = 1
    HEADS: ClassVar[Mapping[str, Sequence[str]]] = {
        "rule": ("rule", "title", "citation", "reaches", "queue", "what happens instead"),
        "denial_rule": ("rule", "title", "citation", "queue", "what happens instead"),
        "policy": ("rule", "title", "citation"),
        "clock": ("rule", "title", "citation"),
    }

    def markdown(self) -> Iterable[str]:
        """Return one row per rule, in the order in which they run."""
        section = self.arguments[0]
        head = self.HEADS[section]
        keys = {"rule": "id", "reaches": "reach", "what happens instead": "action"}
        rules = tomllib.loads(RULES.read_text("utf-8"))[section]
        return table(head, [[str(rule.get(keys.get(name, name), "")) for name in head] for rule in rules])


class ActionsTable(_MarkdownDirective):
    """Show the next actions of one list."""

    required_arguments = 1

    def markdown(self) -> Iterable[str]:
        """Return one row per action, in the order in which they are tried."""
        actions: list[dict[str, Any]] = tomllib.loads(ACTIONS.read_text("utf-8"))[self.arguments[0]]
        return table(
            ["action", "name", "queue", "cost", "basis of the cost"],
            [
                [row["action"], f"`{row['name']}`", f"`{row['queue']}`", f"${row['cost']:,.2f}", row["basis"]]
                for row in actions
            ],
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx about the directives."""
    app.add_directive("contract-tables", ContractTables)
    app.add_directive("rules-table", RulesTable)
    app.add_directive("actions-table", ActionsTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
