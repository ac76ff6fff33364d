"""Probe: rows known on or after the day, in any table, change no bit of a feature, nor of a label that is used."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta

import pandas as pd

from payrank.extracts.errors import PayrankError
from payrank.extracts.extract import Extract
from payrank.extracts.fetch_row import fetch_one_row
from payrank.features.build_frames import nightly_frame, training_frame
from payrank.features.frame import SUBJECT_TABLE, Definition, Frame
from payrank.features.probes.changed_future import change_future, count_future
from payrank.features.probes.result import Leak, ProbeResult
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures

PROBE = "future shuffle"


def probe_future(
    extract: Extract, target: Definition, day: date, site_features: SiteFeatures = NO_SITE_FEATURES
) -> ProbeResult:
    """Compare the night's and the training's frame as of a day with those of the same extract with another future.

    Parameters
    ----------
    day
        A day inside the extract's history: rows known on or after it are the future.
    """
    later = count_future(extract, day)
    if not later:
        return ProbeResult(PROBE, target.unit, 0, "", not_run=f"no row is known on or after {day}: nothing to shuffle")
    with change_future(extract, day) as changed:
        pairs = [
            (
                "nightly",
                nightly_frame(extract, target, day, site_features=site_features),
                nightly_frame(changed, target, day, site_features=site_features),
            )
        ]
        # Too short a history before the day to train on: then the night alone is compared.
        with suppress(PayrankError):
            trained = (
                training_frame(extract, target, day, site_features=site_features),
                training_frame(changed, target, day, site_features=site_features),
            )
            pairs.append(("training", *trained))
    leaks = tuple(
        Leak(name, f"{name} of the {kind} frame as of {day} changes with what was known later, in {told}")
        for kind, before, after in pairs
        for name, told in find_differences(before, after)
    )
    rows = sum(len(before.data) for _, before, _ in pairs)
    figures = f"{later:,} later rows changed; {len(pairs[0][1].features)} features of {rows:,} rows compared bit by bit"
    return ProbeResult(PROBE, target.unit, len(pairs[0][1].features), figures, leaks)


def choose_day(extract: Extract, target: Definition, as_of: date) -> date:
    """Return a day with a future: as long before `as_of` as labels need, and no later than the unit's newest row."""
    table, known_on, _ = SUBJECT_TABLE[target.unit]
    (newest,) = fetch_one_row(extract.connection, f"SELECT max({known_on}) FROM {table}")
    ripe = as_of - timedelta(days=target.label_lag_days)
    return ripe if newest is None else min(ripe, newest)


def find_differences(before: Frame, after: Frame) -> list[tuple[str, str]]:
    """Return the columns that differ between two frames, each with where; who is in them is called `rows`."""
    keys = ["unit_id", "as_of"]
    if not before.data[keys].equals(after.data[keys]):
        both = before.data[keys].merge(after.data[keys], how="outer", indicator=True)
        off = int((both["_merge"] != "both").sum())
        return [("rows", f"{off:,} snapshots that only one of the two has")]
    return [
        (name, f"{int(differs.sum()):,} of {len(differs):,} rows")
        for name in before.data.columns
        if (differs := _differs(before.data[name], after.data[name])).any()
    ]


def _differs(before: pd.Series, after: pd.Series) -> pd.Series:
    return ~((before == after) | (before.isna() & after.isna()))
