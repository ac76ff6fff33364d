"""Compares a challenger with the champion: both score the same later rows, and the metrics decide which to use."""

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
from payrank.models.records.evaluation import Alarm
from payrank.training.evaluate.bootstrap import RESAMPLES, SEED, percentile_interval
from payrank.training.evaluate.holdout import Forecast, HoldoutRows, make_holdout
from payrank.training.evaluate.metrics import ForecastMetrics
from payrank.training.evaluate.paired_ranking import resample_rankings
from payrank.training.evaluation import describe_holdout
from payrank.training.probes.alarms import TOO_GOOD

MIN_OUTCOMES = 30
"""Outcomes of each kind below which an interval is meaningless (as in `payrank.features.probes.ranking`)."""
ROLES = ("challenger", "champion")
SAMPLING = {"every_days", "snapshots", "history_days", "rows_per_unit"}
"""Settings of a target that select the snapshots and do not change what is predicted."""


def compare(
    extract: Extract,
    challenger: Bundle,
    champion: Bundle,
    as_of: date,
    *,
    names: tuple[str, str] = ROLES,
    capacity: float = 0.2,
    site_features: SiteFeatures = NO_SITE_FEATURES,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Comparison:
    """Score the same later rows with two models, and decide which one to use.

    The rows are the snapshots from the later training day on whose labels are known by `as_of`. Neither training run
    knew any of these outcomes, so neither model was fitted, tuned, or calibrated on them.

    Parameters
    ----------
    extract
        An extract with everything known before `as_of`.
    challenger, champion
        The two models.
    as_of
        Day by which the labels must have matured.
    names
        Display names of the two.
    capacity
        Share of each list that the office can work (0.2: the top 20%).
    site_features
        Features that the site's settings add to the catalog.
    resamples, seed
        Number of household resamples for the intervals, and their random seed.

    Raises
    ------
    WrongUsageError
        If both are the same model, or predict different outcomes, or there is no later row, or too few outcomes.
    NoUsableModelError
        If a model's features do not match the catalog in use.
    """
    _check_pair(challenger, champion)
    since = max(challenger.manifest.as_of, champion.manifest.as_of)
    target = later_target(_target(challenger), since, as_of)
    frame = training_frame(extract, target, as_of, site_features=site_features)
    for bundle in (challenger, champion):
        check_features(bundle, _features_at_training(bundle, frame.features))
    data = frame.data[frame.data["as_of"] >= pd.Timestamp(since)].reset_index(drop=True)
    holdout = make_holdout(data, np.zeros(len(data), dtype=np.intp), capacity, resamples=resamples, seed=seed)
    _check_outcomes(holdout, since, as_of)
    forecasts = {name: _forecast(bundle, holdout) for name, bundle in zip(ROLES, (challenger, champion), strict=True)}
    metrics, differences = _measure(holdout, forecasts)
    alarms = [*challenger.manifest.evaluation.alarms]
    auc = metrics["challenger"]["auc"].value
    if auc > TOO_GOOD:
        text = f"AUC {auc:.3f} on the compared rows is too good to be true; look for a feature that leaks the outcome"
        alarms.append(Alarm(name="auc_too_good", text=text))
    return Comparison(
        kind=challenger.manifest.kind,
        as_of=as_of,
        since=since,
        holdout=describe_holdout(holdout),
        challenger=_contender(names[0], challenger, metrics["challenger"]),
        champion=_contender(names[1], champion, metrics["champion"]),
        differences=differences,
        verdict=decide_verdict(differences["captured"], differences["ece"]),
        alarms=tuple(alarms),
    )


def later_target(target: Definition, since: date, as_of: date) -> Definition:
    """Return the target, limited to the snapshots between the training runs and the last day with matured labels.

    Raises
    ------
    WrongUsageError
        If there is no such snapshot, with days that would work.

    >>> later_target(PaymentTarget(horizon_days=60), date(2026, 7, 1), date(2026, 10, 1)).snapshots
    2
    """
    gap = target.label_lag_days
    latest = as_of - timedelta(days=gap)
    if latest < since:
        raise WrongUsageError(
            f"no rows to compare on: the later model was trained as of {since}, and a label is known {gap} days after "
            f"its snapshot, so by {as_of} only snapshots up to {latest} have a label; compare as of "
            f"{since + timedelta(days=gap)} or later, or train the challenger as of {latest} or earlier"
        )
    return target.model_copy(
        update={"snapshots": min(target.snapshots, (latest - since).days // target.every_days + 1)}
    )


def _check_pair(challenger: Bundle, champion: Bundle) -> None:
    if challenger.digest == champion.digest:
        raise WrongUsageError(
            f"challenger and champion are the same model (bundle {challenger.digest[:12]}); name a different "
            "challenger or champion"
        )
    if challenger.kind != champion.kind:
        raise WrongUsageError(
            f"the challenger is a {challenger.kind} model and the champion a {champion.kind} model; only models of the "
            "same kind can be compared"
        )
    first, second = _predicted_outcome(challenger), _predicted_outcome(champion)
    if first != second:
        names = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
        differences = "; ".join(f"{name} {first.get(name)} and {second.get(name)}" for name in names)
        raise WrongUsageError(
            f"the challenger and the champion predict different outcomes: {differences}; train a challenger with the "
            "champion's target, or promote it with --force and a reason"
        )


def _predicted_outcome(bundle: Bundle) -> dict[str, object]:
    return {name: value for name, value in bundle.manifest.target.items() if name not in SAMPLING}


def _target(bundle: Bundle) -> Definition:
    definition = PaymentTarget if bundle.kind == "payment" else OverturnTarget
    return definition.model_validate(dict(bundle.manifest.target))


def _features_at_training(bundle: Bundle, features: tuple[Feature, ...]) -> list[Feature]:
    """Return the features that a model was trained on, because the catalog may have grown since."""
    trained = {column.name for column in bundle.manifest.features}
    return [feature for feature in features if feature.name in trained]


def _check_outcomes(holdout: HoldoutRows, since: date, as_of: date) -> None:
    events = int(holdout.label.sum())
    others = len(holdout) - events
    if min(events, others) < MIN_OUTCOMES:
        raise WrongUsageError(
            f"too few later rows to compare on: {events} outcomes that happened and {others} that did not, in "
            f"snapshots from {since} on whose labels are known by {as_of}; needed: {MIN_OUTCOMES} of each; compare as "
            "of a later day, or train the challenger as of an earlier one"
        )


def _forecast(bundle: Bundle, holdout: HoldoutRows) -> Forecast:
    scores = predict(bundle, holdout.data)
    probability = scores["probability"].to_numpy(dtype=np.float64)
    worth = probability
    if holdout.in_dollars:
        amount = np.nan_to_num(holdout.data["amount"].to_numpy(dtype=np.float64, na_value=np.nan))
        worth = scores["expected_share"].to_numpy(dtype=np.float64) * amount
    return Forecast(scores["raw_score"].to_numpy(dtype=np.float64), probability, worth)


def _measure(
    holdout: HoldoutRows, forecasts: Mapping[str, Forecast]
) -> tuple[dict[str, dict[str, Estimate]], dict[str, Estimate]]:
    """Return the metrics of each model, and their differences from the same resamples."""
    measured = ForecastMetrics(holdout, forecasts)
    rankings = resample_rankings(
        holdout.households, holdout.label, {name: forecast.score for name, forecast in forecasts.items()}
    )
    values = {name: {**rankings[name], **measured.resamples(name)} for name in ROLES}
    if "captured" not in values["challenger"]:
        raise WrongUsageError(
            "nothing was recovered in the later rows, so no dollars can be captured; compare as of a later day"
        )
    differences = {}
    for metric in ("auc", "average_precision", "brier", "log_loss", "ece", "captured"):
        gap = values["challenger"][metric] - values["champion"][metric]
        differences[metric] = make_estimate(float(gap[0]), percentile_interval(gap))
    return {name: measured.metrics(name) for name in ROLES}, differences


def _contender(name: str, bundle: Bundle, metrics: Mapping[str, Estimate]) -> Contender:
    return Contender(name=name, digest=bundle.digest, trained_as_of=bundle.manifest.as_of, metrics=metrics)
