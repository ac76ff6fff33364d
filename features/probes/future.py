"""Probe: rows known on or after a day, in any table, change no bit of a feature or of a label in use."""

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
    """Compare nightly and training frames as of a day between the extract and a copy with a different future.

    Parameters
    ----------
    day
        A day inside the extract's history. Rows known on or after it are the future.
    """
    later = count_future(extract, day)
    if not later:
        return ProbeResult(
            PROBE, target.unit, 0, "", not_run=f"no row is known on or after {day}, so there is nothing to shuffle"
        )
    with change_future(extract, day) as changed:
        pairs = [
            (
                "nightly",
                nightly_frame(extract, target, day, site_features=site_features),
                nightly_frame(changed, target, day, site_features=site_features),
            )
        ]
        # With too little history before the day to train on, only the nightly frames are compared.
        with suppress(PayrankError):
            trained = (
                training_frame(extract, target, day, site_features=site_features),
                training_frame(changed, target, day, site_features=site_features),
            )
            pairs.append(("training", *trained))
    leaks = tuple(
        Leak(name, f"{name} of the {kind} frame as of {day} depends on later rows, in {where}")
        for kind, before, after in pairs
        for name, where in find_differences(before, after)
    )
    rows = sum(len(before.data) for _, before, _ in pairs)
    details = f"{later:,} later rows changed; {len(pairs[0][1].features)} features of {rows:,} rows compared bit by bit"
    return ProbeResult(PROBE, target.unit, len(pairs[0][1].features), details, leaks)


def choose_day(extract: Extract, target: Definition, as_of: date) -> date:
    """Return a day with a future: the last one with matured labels, and no later than the unit's newest row."""
    table, known_on, _ = SUBJECT_TABLE[target.unit]
    (newest,) = fetch_one_row(extract.connection, f"SELECT max({known_on}) FROM {table}")
    matured = as_of - timedelta(days=target.label_lag_days)
    return matured if newest is None else min(matured, newest)


def find_differences(before: Frame, after: Frame) -> list[tuple[str, str]]:
    """Return the columns that differ between two frames, each with the rows affected.

    If the two frames have different snapshots, the only entry is named `rows`.
    """
    keys = ["unit_id", "as_of"]
    if not before.data[keys].equals(after.data[keys]):
        both = before.data[keys].merge(after.data[keys], how="outer", indicator=True)
        unmatched = int((both["_merge"] != "both").sum())
        return [("rows", f"{unmatched:,} snapshots that only one of the two has")]
    return [
        (name, f"{int(differs.sum()):,} of {len(differs):,} rows")
        for name in before.data.columns
        if (differs := _differs(before.data[name], after.data[name])).any()
    ]


def _differs(before: pd.Series, after: pd.Series) -> pd.Series:
    return ~((before == after) | (before.isna() & after.isna()))
