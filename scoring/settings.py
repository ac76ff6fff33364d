"""What a site may set for its nightly run."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Waiver(BaseModel):
    """A rule that a site does not apply, with the reason that its report will show."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    reason: str = Field(min_length=10)


class ScoringSettings(BaseModel):
    """Settings of a run.

    Dollars and days. `account_cost` is what working one patient account costs; `appeal_cost` what fighting one claim
    costs (Premier: $57.23 in 2023). `capacity` is the number of lines of each list (None: all worth more than their
    cost). `max_extract_age_days` is how old an extract may be; `max_flags_age_days` how old its knowledge of the flags
    may be before no patient list is published (rule H12); `max_volume_drop` and `max_volume_growth` by which share
    accounts, denials and transactions may shrink or grow against the previous run (flags, contacts, guarantors, plans
    and promises: shrink). `harmless_flags` are words of the flags feed that no rule reads and that keep nobody off.
    `keep_runs` is how many published runs stay, the newest among them (None: all).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    capacity: int | None = Field(None, ge=0)
    account_cost: float = Field(6.0, ge=0)
    appeal_cost: float = Field(57.23, ge=0)
    max_extract_age_days: int = Field(3, ge=0)
    max_flags_age_days: int = Field(3, ge=0)
    max_volume_drop: float = Field(0.3, ge=0, le=1)
    max_volume_growth: float = Field(1.0, ge=0)
    harmless_flags: tuple[str, ...] = ()
    keep_runs: int | None = Field(None, ge=2)
    reasons_shown: int = Field(3, ge=1, le=20)
    plan_from_dollars: float = Field(500.0, ge=0)
    plan_months: int = Field(12, ge=1)
    assistance_below_probability: float = Field(0.15, ge=0, le=1)
    assistance_from_dollars: float = Field(1000.0, ge=0)
    waive: tuple[Waiver, ...] = ()
