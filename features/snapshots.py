"""The grid of training snapshots: days whose labels have matured by the training day."""

from __future__ import annotations

from datetime import date, timedelta

from payrank.extracts.errors import WrongUsageError
from payrank.features.targets import OverturnTarget, PaymentTarget, Target


def snapshot_days(target: Target, as_of: date, first_known: date) -> list[date]:
    """Return the training snapshots, oldest first.

    The latest snapshot is the last day whose label has matured by `as_of`. Earlier ones follow every `every_days`, at
    most `snapshots` in all, and none before the extract has `history_days` of history.

    >>> from payrank.features.targets import PaymentTarget
    >>> target = PaymentTarget(horizon_days=30, every_days=30, snapshots=2)
    >>> [day.isoformat() for day in snapshot_days(target, date(2026, 7, 1), date(2020, 1, 1))]
    ['2026-05-02', '2026-06-01']
    """
    latest = as_of - timedelta(days=target.label_lag_days)
    days = (latest - timedelta(days=target.every_days * step) for step in range(target.snapshots))
    earliest = first_known + timedelta(days=target.history_days)
    return sorted(day for day in days if day >= earliest)


def require_snapshot_days(target: PaymentTarget | OverturnTarget, as_of: date, first_known: date) -> list[date]:
    """Return the training snapshots as `snapshot_days` does.

    Raises
    ------
    WrongUsageError
        When no snapshot has matured by `as_of`.
    """
    days = snapshot_days(target, as_of, first_known)
    if not days:
        raise WrongUsageError(
            f"no {target.unit} snapshot has matured as of {as_of}: a snapshot needs {target.history_days} days of "
            f"history before it and {target.label_lag_days} days after it. Train as of a later day, or lower "
            "history_days or the horizon in the settings"
        )
    return days
