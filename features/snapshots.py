"""Which days training looks back from: a grid of snapshots whose labels are ripe by the training day."""

from __future__ import annotations

from datetime import date, timedelta

from payrank.features.targets import Target


def snapshot_days(target: Target, as_of: date, first_known: date) -> list[date]:
    """Return the training snapshots, oldest first.

    The latest is the last day whose label is ripe by `as_of`; the others lie `every_days` apart before it, none before
    the extract has the target's days of history, at most `snapshots` of them.

    >>> from payrank.features.targets import PaymentTarget
    >>> target = PaymentTarget(horizon_days=30, every_days=30, snapshots=2)
    >>> [day.isoformat() for day in snapshot_days(target, date(2026, 7, 1), date(2020, 1, 1))]
    ['2026-05-02', '2026-06-01']
    """
    latest = as_of - timedelta(days=target.label_lag_days)
    days = (latest - timedelta(days=target.every_days * step) for step in range(target.snapshots))
    earliest = first_known + timedelta(days=target.history_days)
    return sorted(day for day in days if day >= earliest)
