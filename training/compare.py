"""Champion against challenger: both score the same later rows, and the figures say which of them is to be used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd

from payrank.extracts.errors import WrongUsageError
from payrank.extracts.extract import Extract
from payrank.features.build_frames import training_frame
from payrank.features.feature import Feature
from payrank.features.frame import Definition
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures
from payrank.features.targets import OverturnTarget, PaymentTarget
from payrank.models.bundle import Bundle, check_features
from payrank.models.comparison import Comparison, Contender, decide_verdict
from payrank.models.predict import predict
from payrank.models.records.estimate import Estimate, make_estimate
from payrank.models.records.evaluation import Alarm, Holdout
from payrank.training.evaluate.bootstrap import RESAMPLES, SEED, interval
from payrank.training.evaluate.forecast_metrics import Measured
from payrank.training.evaluate.holdout import HoldoutRows, holdout_rows
from payrank.training.evaluate.metrics import Forecast
from payrank.training.evaluate.paired_ranking import resample_rankings
from payrank.training.probes.alarms import TOO_GOOD

FEWEST_OUTCOMES = 30
"""Outcomes of each kind below which an interval says nothing (as `payrank.features.probes.ranking.FEWEST`)."""
NAMES = ("challenger", "champion")
SAMPLING = {"every_days", "snapshots", "history_days", "rows_per_unit"}
"""Settings of a target that say which snapshots are taken, not what is predicted."""


def compare(
    extract: Extract,
    challenger: Bundle,
    champion: Bundle,
    as_of: date,
    *,
    names: tuple[str, str] = NAMES,
    capacity: float = 0.2,
    site_features: SiteFeatures = NO_SITE_FEATURES,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Comparison:
    """Let two models score the same later rows, and say which is to be used.

    The rows are those of snapshots from the later of both training days on, whose labels are known by `as_of`: no
    outcome in them was known to either training, so neither was fitted, tuned or calibrated on one.

    Parameters
    ----------
    extract
        Known up to `as_of`.
    as_of
        Day by which the labels must be ripe.
    names
        What the two are called for people.
    capacity
        Share of each list that the office can work (0.2: the top 20 %).
    site_features
        Features that the site's settings add to the catalog.
    resamples, seed
        Draws of households for the intervals, and where they start.

    Raises
    ------
    WrongUsageError
        When the two are the same, or predict different things, or when there is no later row or too few outcomes.
    NoUsableModelError
        When a model's features are not those of the catalog in use.
    """
    _check_pair(challenger, champion)
    since = max(challenger.manifest.as_of, champion.manifest.as_of)
    target = later_target(_target(challenger), since, as_of)
    frame = training_frame(extract, target, as_of, site_features=site_features)
    for bundle in (challenger, champion):
        check_features(bundle, _known_to(bundle, frame.features))
    data = frame.data[frame.data["as_of"] >= pd.Timestamp(since)].reset_index(drop=True)
    holdout = holdout_rows(data, np.zeros(len(data), dtype=np.intp), capacity, resamples=resamples, seed=seed)
    _check_outcomes(holdout, since, as_of)
    forecasts = {name: _forecast(bundle, holdout) for name, bundle in zip(NAMES, (challenger, champion), strict=True)}
    figures, differences = _measure(holdout, forecasts)
    alarms = [*challenger.manifest.evaluation.alarms]
    auc = figures["challenger"]["auc"].value
    if auc > TOO_GOOD:
        said = f"AUC {auc:.3f} on the compared rows is too good for this question"
        alarms.append(Alarm(name="auc_too_good", text=f"{said}: look for a feature that knows the outcome"))
    return Comparison(
        kind=challenger.manifest.kind,
        as_of=as_of,
        since=since,
        holdout=_describe(holdout),
        challenger=_contender(names[0], challenger, figures["challenger"]),
        champion=_contender(names[1], champion, figures["champion"]),
        differences=differences,
        verdict=decide_verdict(differences["captured"], differences["ece"]),
        alarms=tuple(alarms),
    )


def later_target(target: Definition, since: date, as_of: date) -> Definition:
    """Return the target with no more snapshots than lie between the trainings and the last ripe day.

    Raises
    ------
    WrongUsageError
        When no snapshot lies there, with the days that would do.

    >>> later_target(PaymentTarget(horizon_days=60), date(2026, 7, 1), date(2026, 10, 1)).snapshots
    2
    """
    gap = target.label_lag_days
    latest = as_of - timedelta(days=gap)
    if latest < since:
        raise WrongUsageError(
            f"no row to compare on: the later of both trainings is as of {since}, and a label is known {gap} days "
            f"after its snapshot, so by {as_of} only snapshots up to {latest} have theirs; compare as of "
            f"{since + timedelta(days=gap)} or later, or train the challenger as of {latest} or earlier"
        )
    return target.model_copy(
        update={"snapshots": min(target.snapshots, (latest - since).days // target.every_days + 1)}
    )


def _check_pair(challenger: Bundle, champion: Bundle) -> None:
    if challenger.digest == champion.digest:
        raise WrongUsageError(
            f"both are the same model, to the byte (bundle {challenger.digest[:12]}); name another challenger or "
            "champion"
        )
    if challenger.kind != champion.kind:
        raise WrongUsageError(
            f"the challenger is a model of kind {challenger.kind}, the champion of kind {champion.kind}; only models "
            "of one kind can be compared"
        )
    one, two = _question(challenger), _question(champion)
    if one != two:
        differ = sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name))
        found = "; ".join(f"{name} {one.get(name)} against {two.get(name)}" for name in differ)
        raise WrongUsageError(
            f"the models answer different questions: {found}; train a challenger for the champion's question, or "
            "promote it with --force and a reason"
        )


def _question(bundle: Bundle) -> dict[str, object]:
    return {name: value for name, value in bundle.manifest.target.items() if name not in SAMPLING}


def _target(bundle: Bundle) -> Definition:
    definition = PaymentTarget if bundle.kind == "payment" else OverturnTarget
    return definition.model_validate(dict(bundle.manifest.target))


def _known_to(bundle: Bundle, features: tuple[Feature, ...]) -> list[Feature]:
    """Return the features that a model was trained on: a catalog that grew since is no fault of the older one."""
    trained = {column.name for column in bundle.manifest.features}
    return [feature for feature in features if feature.name in trained]


def _check_outcomes(holdout: HoldoutRows, since: date, as_of: date) -> None:
    events = int(holdout.label.sum())
    others = len(holdout) - events
    if min(events, others) < FEWEST_OUTCOMES:
        raise WrongUsageError(
            f"too few later rows to compare on: {events} outcomes that happened and {others} that did not, in "
            f"snapshots from {since} on whose labels are known by {as_of}; needed: {FEWEST_OUTCOMES} of each; compare "
            "as of a later day, or train the challenger as of an earlier one"
        )


def _forecast(bundle: Bundle, holdout: HoldoutRows) -> Forecast:
    scores = predict(bundle, holdout.data)
    probability = scores["probability"].to_numpy(dtype=np.float64)
    worth = probability
    if holdout.dollars:
        amount = np.nan_to_num(holdout.data["amount"].to_numpy(dtype=np.float64, na_value=np.nan))
        worth = scores["expected_share"].to_numpy(dtype=np.float64) * amount
    return Forecast(scores["raw_score"].to_numpy(dtype=np.float64), probability, worth)


def _measure(
    holdout: HoldoutRows, forecasts: Mapping[str, Forecast]
) -> tuple[dict[str, dict[str, Estimate]], dict[str, Estimate]]:
    """Return the figures of each, and the differences in the same resamples."""
    measured = Measured(holdout, forecasts)
    rankings = resample_rankings(holdout.households, holdout.label, {n: one.score for n, one in forecasts.items()})
    found = {name: {**rankings[name], **measured.resamples(name)} for name in NAMES}
    if "captured" not in found["challenger"]:
        raise WrongUsageError(
            "nothing was recovered in the later rows, so there is nothing to capture; compare as of a later day"
        )
    differences = {}
    for figure in ("auc", "average_precision", "brier", "log_loss", "ece", "captured"):
        gap = found["challenger"][figure] - found["champion"][figure]
        differences[figure] = make_estimate(float(gap[0]), interval(gap))
    return {name: measured.figures(name) for name in NAMES}, differences


def _describe(holdout: HoldoutRows) -> Holdout:
    days = holdout.data["as_of"].dt.date
    return Holdout(
        rows=len(holdout),
        households=holdout.people,
        events=int(holdout.label.sum()),
        first=days.min(),
        last=days.max(),
        gain_unit="dollars" if holdout.dollars else "outcomes",
        total=round(float(holdout.gain.sum())),
        capacity=holdout.capacity,
        resamples=holdout.households.resamples,
        seed=holdout.households.seed,
    )


def _contender(name: str, bundle: Bundle, figures: Mapping[str, Estimate]) -> Contender:
    return Contender(name=name, digest=bundle.digest, trained_as_of=bundle.manifest.as_of, metrics=figures)
