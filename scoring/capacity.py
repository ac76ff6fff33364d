"""How much a team can work in a day: a number, or a table by queue and day of the week."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from payrank.extracts.errors import did_you_mean
from payrank.scoring.action_table import ListName, read_actions

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LISTS = ("patient_pay", "denials")
Count = Annotated[int, Field(ge=0)]
ADay = Count | dict[Weekday, Count]
"""Lines a day; by weekday, a weekday that is not named has none."""
ZERO = "0 lines a day list nobody; give 1 or more, or leave capacity out for all that are worth their cost"


class Capacity(BaseModel):
    """Lines a day: of each list (`total`), of one list (patient_pay, denials), and of each queue that is named.

    A queue's lines count against its list's as well; what is not named has no limit of its own.

    >>> Capacity.model_validate(40).on("appeal", date(2026, 11, 20)) is None
    True
    >>> Capacity.model_validate({"total": 40, "appeal": {"fri": 5}}).on("appeal", date(2026, 11, 20))
    5
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lines: Mapping[str, ADay]

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        """Take a number for the lines of each list, or a table."""
        if isinstance(given, Capacity) or (isinstance(given, Mapping) and set(given) == {"lines"}):
            return given
        if isinstance(given, int) and not isinstance(given, bool):
            return {"lines": {"total": given}}
        if not isinstance(given, Mapping):
            raise ValueError("give a number of lines a day, or a table of them by queue")
        known = ("total", *LISTS, *dict.fromkeys(read_actions().queues))
        for name in given:
            if name not in known:
                raise ValueError(f"unknown queue {name!r}; {did_you_mean(str(name), known)}")
        return {"lines": dict(given)}

    @model_validator(mode="after")
    def _refuse_zero(self) -> Capacity:
        whole = [self.lines[name] for name in ("total", *LISTS) if name in self.lines]
        if not self.lines or any(_most(one) == 0 for one in whole) or not any(map(_most, self.lines.values())):
            raise ValueError(ZERO)
        return self

    def of_list(self, name: ListName, day: date) -> int | None:
        """Lines of a whole list on a day; None without limit."""
        found = [here for key in ("total", name) if (here := self.on(key, day)) is not None]
        return min(found) if found else None

    def on(self, name: str, day: date) -> int | None:
        """Lines of what is named on a day; None without limit of its own."""
        if name not in self.lines:
            return None
        a_day = self.lines[name]
        return a_day if isinstance(a_day, int) else a_day.get(WEEKDAYS[day.weekday()], 0)


def _most(a_day: ADay) -> int:
    return a_day if isinstance(a_day, int) else max(a_day.values(), default=0)
