"""Settings of the nightly run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from payrank.extracts.errors import did_you_mean
from payrank.scoring.action_table import read_actions
from payrank.scoring.list_spec import LIST_NAMES
from payrank.scoring.schedule.capacity import Capacity

Dollars = Annotated[float, Field(ge=0)]
RENAMED: dict[str, str] = {
    "change": "override",
    "plan_instalment_dollars": "plan_installment_dollars",
    "plan_most_months": "plan_max_months",
}
"""Old setting names, each with the name to use now. An old name is refused with a message that gives the new one."""
RENAMED_LIMITS: dict[str, str] = {"most": "max_contacts"}
"""Old names of limits in an override, each with the name to use now."""


class Waiver(BaseModel):
    """A rule that a site does not apply, with the reason that the report shows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    """ID of the rule that is not applied."""
    reason: str = Field(min_length=10)
    """Reason, shown in the report."""


class RuleOverride(BaseModel):
    """A different queue or different limits for a rule, with the reason that the report shows.

    `state` (two letters) limits an override of rule S1 to one state; S1's limits are max_contacts, days and quiet_days.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    """ID of the rule that is overridden."""
    reason: str = Field(min_length=10)
    """Reason, shown in the report."""
    queue: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]*$")
    """Queue that replaces the rule's own."""
    limits: Mapping[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    """Limits of the rule that are overridden, by name."""
    state: str = Field("", pattern=r"^([A-Za-z]{2})?$")
    """Two-letter state to which an override of rule S1 applies."""

    @property
    def summary(self) -> str:
        """What is overridden, in words.

        >>> RuleOverride(rule="S1", reason="our counsel's advice", limits={"max_contacts": 3}, state="NY").summary
        'max_contacts 3 in NY'
        """
        parts = [f"queue {self.queue}"] if self.queue else []
        parts += [f"{name} {value:g}" for name, value in self.limits.items()]
        return ", ".join(parts) + (f" in {self.state.upper()}" if self.state else "")


class ScoringSettings(BaseModel):
    """Settings of a run. Amounts are in dollars, durations in days, and rates are shares of 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    capacity: Capacity | None = None
    """Lines per day of each list, or a table by list, queue, and weekday; none lists all that is worth its cost."""
    plan_days: int = Field(20, ge=1, le=260)
    """Working days over which a capacity plans the denials."""
    holidays: tuple[date, ...] = ()
    """Holidays: days, in addition to Saturdays and Sundays, on which no one works."""
    costs: Mapping[str, Dollars] = Field(default_factory=dict)
    """Cost in dollars of doing an action once, by the name of the action, queue, or list."""
    annual_discount_rate: float = Field(0.08, ge=0, le=1)
    """How much less a dollar is worth a year from now; 8% is about the cost of short-term credit."""
    follow_up_after_days: int = Field(30, ge=0)
    """Days to wait after filing an appeal before asking for a decision."""
    follow_up_gain: float = Field(0.1, ge=0, le=1)
    """Assumed value of a follow-up on an appeal, as a share of the denial's expected recovery."""
    peer_to_peer_days: int = Field(14, ge=0)
    """Days after the denial in which the payer offers a peer-to-peer review."""
    small_balance_dollars: float = Field(25.0, ge=0)
    """Below this balance, send statements only (rule S8)."""
    max_extract_age_days: int = Field(3, ge=0)
    """Largest age of the extract in days; an older one is refused (exit code 4)."""
    max_flags_age_days: int = Field(3, ge=0)
    """Largest age of the flags in days; if they are older, no patient list is published (rule H12)."""
    max_volume_drop: float = Field(0.3, ge=0, le=1)
    """Largest share by which accounts, denials, or transactions may shrink since the previous run (exit code 4)."""
    max_volume_growth: float = Field(1.0, ge=0)
    """Largest share by which they may grow."""
    harmless_flags: tuple[str, ...] = ()
    """Flags of your site that no rule reads; any other unknown flag suppresses its account or guarantor."""
    keep_runs: int | None = Field(None, ge=2)
    """Number of published runs to keep, including the newest; none keeps all."""
    reasons_shown: int = Field(5, ge=1, le=20)
    """Reasons per line on the page."""
    plan_from_dollars: float = Field(500.0, ge=0)
    """Offer a payment plan for balances of at least this amount."""
    plan_months: int = Field(12, ge=1)
    """Usual number of months of a plan; more if a month would exceed the installment below."""
    plan_installment_dollars: float = Field(200.0, gt=0)
    """Largest installment in dollars per month, within the largest number of months."""
    plan_max_months: int = Field(36, ge=1)
    """Largest number of months of a plan."""
    assistance_below_probability: float = Field(0.15, ge=0, le=1)
    """Offer screening for financial assistance below this probability of payment."""
    assistance_from_dollars: float = Field(1000.0, ge=0)
    """Offer screening for financial assistance only for balances of at least this amount."""
    waive: tuple[Waiver, ...] = ()
    """Rules that are not applied, each with a reason."""
    override: tuple[RuleOverride, ...] = ()
    """Rules whose queue or limits differ, each with a reason."""

    @field_validator("costs", mode="before")
    @classmethod
    def _refuse_unknown_costs(cls, costs: object) -> object:
        table = read_actions()
        known = sorted({*(row.name for row in table.all), *table.queues, *LIST_NAMES})
        for name in costs if isinstance(costs, Mapping) else ():
            if name not in known:
                raise ValueError(f"unknown action, queue or list {name!r}; {did_you_mean(str(name), known)}")
        return costs

    @property
    def waived(self) -> frozenset[str]:
        """Ids of the rules that the site waives."""
        return frozenset(waiver.rule for waiver in self.waive)
