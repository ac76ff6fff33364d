"""What a model predicts: the population, the horizon, and when a label has matured."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Target(BaseModel):
    """The layout of training snapshots in time, shared by both targets.

    Snapshots are `every_days` apart, at most `snapshots` of them, counted back from the latest. None precedes
    `history_days` of history, because features that look back need history to read. `rows_per_unit` keeps that many
    snapshots of each account or denial, chosen by a hash (None keeps all).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    every_days: int = Field(30, ge=1)
    """Days between training snapshots."""
    snapshots: int = Field(24, ge=1)
    """At most this many training snapshots, the latest first."""
    history_days: int = Field(180, ge=1)
    """No snapshot is taken before the extract has this many days of history."""
    rows_per_unit: int | None = Field(None, ge=1)
    """Snapshots kept per account or denial, chosen by a hash; none keeps all."""

    @property
    def label_lag_days(self) -> int:
        """Days after a snapshot from which its label may be used."""
        raise NotImplementedError


class PaymentTarget(Target):
    """Whether patient payments in [D, D + horizon) reach a share of the balance of the account."""

    unit: Literal["account"] = "account"
    horizon_days: int = Field(120, ge=1)
    """Days after the snapshot in which patient payments count."""
    min_share: float = Field(0.0, ge=0, le=1)
    """Share of the balance that must be paid for the label to be 1; 0 means any payment."""
    min_balance: float = Field(10.0, ge=0)
    """Smallest patient balance, in dollars, that is scored."""

    @property
    def label_lag_days(self) -> int:
        """The horizon itself."""
        return self.horizon_days


class OverturnTarget(Target):
    """Whether the appeal of an open denial is decided in the provider's favor, once it is decided.

    A snapshot is used only after `maturity_days` (default: three rounds of 60 days), because quick decisions alone are
    not representative.
    """

    unit: Literal["denial"] = "denial"
    snapshots: int = Field(180, ge=1)
    """At most this many training snapshots, the latest first."""
    history_days: int = Field(180, ge=1)
    """No snapshot is taken before the extract has this many days of history."""
    rows_per_unit: int | None = Field(1, ge=1)
    """Snapshots kept per denial, chosen by a hash; none keeps all."""
    maturity_days: int = Field(180, ge=1)
    """A snapshot is used once appeals have had this many days to be decided."""

    @property
    def label_lag_days(self) -> int:
        """`maturity_days`, within which nearly all appeals are decided."""
        return self.maturity_days
