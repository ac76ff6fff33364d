"""How many lines a team can work in a day: one number, or a table by queue and weekday."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from payrank.extracts.errors import did_you_mean
from payrank.scoring.action_table import read_actions
from payrank.scoring.list_spec import LIST_NAMES, ListName

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Count = Annotated[int, Field(ge=0)]
DailyCount = Count | dict[Weekday, Count]
"""Lines a day. In a table by weekday, a weekday that is not named has none."""
ZERO = "A capacity of 0 lists nothing. Give 1 or more, or leave capacity out to list everything worth its cost"


class Capacity(BaseModel):
    """Lines a day: for each list (`total`), for one list (patient_pay, denials), and for each queue that is named.

    A queue's lines also count toward the limit of its list. What is not named has no limit of its own.

    >>> Capacity.model_validate(40).on("appeal", date(2026, 11, 20)) is None
    True
    >>> Capacity.model_validate({"total": 40, "appeal": {"fri": 5}}).on("appeal", date(2026, 11, 20))
    5
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lines: Mapping[str, DailyCount]

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        """Accept one number for each list, or a table."""
        if isinstance(value, Capacity) or (isinstance(value, Mapping) and set(value) == {"lines"}):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return {"lines": {"total": value}}
        if not isinstance(value, Mapping):
            raise ValueError("give a number of lines a day, or a table of lines a day by queue")
        known = ("total", *LIST_NAMES, *dict.fromkeys(read_actions().queues))
        for name in value:
            if name not in known:
                raise ValueError(f"unknown queue {name!r}; {did_you_mean(str(name), known)}")
        return {"lines": dict(value)}

    @model_validator(mode="after")
    def _refuse_zero(self) -> Capacity:
        whole_lists = [self.lines[name] for name in ("total", *LIST_NAMES) if name in self.lines]
        if not self.lines or any(_highest(count) == 0 for count in whole_lists):
            raise ValueError(ZERO)
        if not any(map(_highest, self.lines.values())):
            raise ValueError(ZERO)
        return self

    def of_list(self, name: ListName, day: date) -> int | None:
        """Return the lines of a whole list on a day; None when there is no limit."""
        limits = [limit for key in ("total", name) if (limit := self.on(key, day)) is not None]
        return min(limits) if limits else None

    def on(self, name: str, day: date) -> int | None:
        """Return the limit of a list or queue on a day; None when it has no limit of its own."""
        if name not in self.lines:
            return None
        count = self.lines[name]
        return count if isinstance(count, int) else count.get(WEEKDAYS[day.weekday()], 0)


def _highest(count: DailyCount) -> int:
    return count if isinstance(count, int) else max(count.values(), default=0)
