"""What is predicted: who is in the population, over which horizon, and when a label is ripe."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Target(BaseModel):
    """What both targets share: how training snapshots are laid out in time.

    `every_days` is the distance between snapshots; at most `snapshots` of them are taken, the latest first, none before
    the extract has `history_days` of history, for features that look back need something to see;
    `rows_per_unit` keeps that many snapshots of one account or denial, chosen by a hash (None: all).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    every_days: int = Field(30, ge=1)
    snapshots: int = Field(24, ge=1)
    history_days: int = Field(180, ge=1)
    rows_per_unit: int | None = Field(None, ge=1)

    @property
    def label_lag_days(self) -> int:
        """Days after a snapshot from which its label may be used."""
        raise NotImplementedError


class PaymentTarget(Target):
    """Whether patient payments in [D, D + horizon) reach a share of the balance (contracts.md, section 2).

    `min_share` 0 means any payment. `min_balance` is in dollars.
    """

    unit: Literal["account"] = "account"
    horizon_days: int = Field(120, ge=1)
    min_share: float = Field(0.0, ge=0, le=1)
    min_balance: float = Field(10.0, ge=0)

    @property
    def label_lag_days(self) -> int:
        """The horizon itself."""
        return self.horizon_days


class OverturnTarget(Target):
    """Whether an open denial's appeal is decided for us, once it is decided.

    A snapshot is used only after `maturity_days` (default: three rounds of 60 days), so that quick decisions do not
    stand for all.
    """

    unit: Literal["denial"] = "denial"
    snapshots: int = Field(180, ge=1)
    history_days: int = Field(180, ge=1)
    rows_per_unit: int | None = Field(1, ge=1)
    maturity_days: int = Field(180, ge=1)

    @property
    def label_lag_days(self) -> int:
        """The days within which nearly all appeals are decided."""
        return self.maturity_days
