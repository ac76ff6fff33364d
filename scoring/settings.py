"""What a site may set for its nightly run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from payrank.extracts.errors import did_you_mean
from payrank.scoring.action_table import read_actions
from payrank.scoring.capacity import LISTS, Capacity

Dollars = Annotated[float, Field(ge=0)]


class Waiver(BaseModel):
    """A rule that a site does not apply, with the reason that its report will show."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    reason: str = Field(min_length=10)


class Change(BaseModel):
    """Another queue or other limits of a rule, with the reason that the report will show.

    `state` (two letters) narrows a change of rule S1 to a state; its limits are most, days and quiet_days.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    reason: str = Field(min_length=10)
    queue: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]*$")
    limits: Mapping[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    state: str = Field("", pattern=r"^([A-Za-z]{2})?$")

    @property
    def what(self) -> str:
        """What is changed, in words.

        >>> Change(rule="S1", reason="our counsel's advice", limits={"most": 3}, state="NY").what
        'most 3 in NY'
        """
        told = [f"queue {self.queue}"] if self.queue else []
        told += [f"{name} {value:g}" for name, value in self.limits.items()]
        return ", ".join(told) + (f" in {self.state.upper()}" if self.state else "")


class ScoringSettings(BaseModel):
    """Settings of a run.

    Dollars, days, and shares of 1. `capacity` is lines a day (see `Capacity`); without it everything worth its cost is
    listed for today. With it denials are planned over `plan_days` working days, Monday to Friday but for `holidays`.
    `costs` overrides what an action costs, by its name, its queue or its list. `annual_discount_rate` takes from a
    dollar what a year's wait is worth; 8% is about what a hospital pays for short-term credit.
    `follow_up_after_days` is how long a filed appeal is left alone, `follow_up_gain` which share of its expected
    recovery asking for a decision is worth. `max_extract_age_days` is how old an extract may be; `max_flags_age_days`
    how old its knowledge of the flags may be before no patient list is published (rule H12); `max_volume_drop` and
    `max_volume_growth` by which share accounts, denials and transactions may shrink or grow against the previous run
    (flags, contacts, guarantors, plans and promises: shrink). `harmless_flags` are words of the flags feed that no rule
    reads and that keep nobody off. `keep_runs` is how many published runs stay, the newest among them (None: all).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    capacity: Capacity | None = None
    plan_days: int = Field(20, ge=1, le=260)
    holidays: tuple[date, ...] = ()
    costs: Mapping[str, Dollars] = Field(default_factory=dict)
    annual_discount_rate: float = Field(0.08, ge=0, le=1)
    follow_up_after_days: int = Field(30, ge=0)
    follow_up_gain: float = Field(0.1, ge=0, le=1)
    peer_to_peer_days: int = Field(14, ge=0)
    small_balance_dollars: float = Field(25.0, ge=0)
    max_extract_age_days: int = Field(3, ge=0)
    max_flags_age_days: int = Field(3, ge=0)
    max_volume_drop: float = Field(0.3, ge=0, le=1)
    max_volume_growth: float = Field(1.0, ge=0)
    harmless_flags: tuple[str, ...] = ()
    keep_runs: int | None = Field(None, ge=2)
    reasons_shown: int = Field(5, ge=1, le=20)
    plan_from_dollars: float = Field(500.0, ge=0)
    plan_months: int = Field(12, ge=1)
    plan_installment_dollars: float = Field(200.0, gt=0)
    plan_most_months: int = Field(36, ge=1)
    assistance_below_probability: float = Field(0.15, ge=0, le=1)
    assistance_from_dollars: float = Field(1000.0, ge=0)
    waive: tuple[Waiver, ...] = ()
    change: tuple[Change, ...] = ()

    @field_validator("costs", mode="before")
    @classmethod
    def _refuse_unknown_costs(cls, costs: object) -> object:
        table = read_actions()
        known = sorted({*(row.name for row in table.all), *table.queues, *LISTS})
        for name in costs if isinstance(costs, Mapping) else ():
            if name not in known:
                raise ValueError(f"unknown action, queue or list {name!r}; {did_you_mean(str(name), known)}")
        return costs

    @property
    def waived(self) -> frozenset[str]:
        """The rules that the site waives."""
        return frozenset(waiver.rule for waiver in self.waive)
