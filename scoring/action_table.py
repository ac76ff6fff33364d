"""The table of next actions: what each is called, when it is taken, in which queue, and what it costs."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

ListName = Literal["patient_pay", "denials"]
FOLLOW_UP = "follow_up"
"""Queue of a denial whose appeal is filed and not decided."""


@dataclass(frozen=True, slots=True)
class NextAction:
    """One action: `cost` in dollars a piece with its `basis`, `days` until the payer is expected to have answered.

    `when` is SQL, empty for always; `action` and `why` may hold words in braces. `wait` marks work for another day.
    `rule` is the rule behind it, without which it is not taken.
    """

    name: str
    queue: str
    action: str
    why: str
    cost: float
    basis: str
    when: str = ""
    rule: str = ""
    days: int = 0
    wait: bool = False


@dataclass(frozen=True, slots=True)
class ActionTable:
    """The actions of each list in the order in which they are tried; `last_resort` is taken by rule D2 alone."""

    version: str
    patient_pay: tuple[NextAction, ...]
    denials: tuple[NextAction, ...]
    last_resort: NextAction

    @property
    def all(self) -> tuple[NextAction, ...]:
        """Every action."""
        return (*self.patient_pay, *self.denials, self.last_resort)

    def queues_of(self, name: ListName) -> tuple[str, ...]:
        """Queues of a list, each once, in the table's order."""
        rows = self.patient_pay if name == "patient_pay" else (*self.denials, self.last_resort)
        return tuple(dict.fromkeys(row.queue for row in rows))

    @property
    def queues(self) -> tuple[str, ...]:
        """Queues of both lists."""
        return (*self.queues_of("patient_pay"), *self.queues_of("denials"))


@cache
def read_actions() -> ActionTable:
    """Read the table that ships with payrank."""
    data = tomllib.loads(files("payrank.scoring").joinpath("actions.toml").read_text("utf-8"))

    def rows(given: list[dict[str, Any]]) -> tuple[NextAction, ...]:
        return tuple(NextAction(**row) for row in given)

    (last,) = rows(data["last_resort"])
    return ActionTable(data["version"], rows(data["patient_pay"]), rows(data["denials"]), last)
