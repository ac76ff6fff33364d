"""Comparing a challenger with the champion: the rows, the metrics, the verdict, and what is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from payrank.extracts.errors import NoUsableModelError, WrongUsageError
from payrank.extracts.extract import Extract
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import training_frame
from payrank.features.frame import Frame
from payrank.features.targets import PaymentTarget
from payrank.models.bundle import CALIBRATION, MANIFEST, Bundle, open_bundle
from payrank.models.calibration.methods import Platt
from payrank.models.manifest import render_manifest
from payrank.models.predict import predict
from payrank.models.records.evaluation import Alarm
from payrank.training.compare import compare
from payrank.training.evaluate.bootstrap import Households
from payrank.training.evaluate.paired_ranking import resample_rankings
from payrank.training.settings import Member, TrainingSettings
from payrank.training.train import train
from tests.conftest import Hospital
from tests.required import required

pytestmark = pytest.mark.slow

TRAINED = date(2026, 6, 1)
QUICK = TrainingSettings(
    max_n_estimators=30, share_n_estimators=10, min_outcomes=11, members=(Member(seeds=(1,), n_estimators=30),)
)
HALF = 0.5
"""With a few hundred rows, the dollars in a fifth of them would depend on a handful of balances."""
TARGET = PaymentTarget(horizon_days=90, snapshots=8)


def changed(bundle: Bundle, calibration: Any = None, **fields: Any) -> Bundle:
    """Return a copy of a bundle with changed manifest fields, or another calibration."""
    files = {name: content for name, content in bundle.files.items() if name != MANIFEST}
    if calibration is not None:
        files[CALIBRATION] = calibration.model_dump_json().encode()
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    manifest = bundle.manifest.model_copy(update={**fields, "files": digests})
    return open_bundle({**files, MANIFEST: render_manifest(manifest)}, "a changed bundle")


@pytest.fixture(scope="module")
def extract(hospital: Hospital) -> Iterator[Extract]:
    with load_extract(hospital.extract) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def frame(extract: Extract) -> Frame:
    return training_frame(extract, TARGET, TRAINED)


@pytest.fixture(scope="module")
def good(frame: Frame) -> Bundle:
    return train(frame, kind="payment", as_of=TRAINED, settings=QUICK).bundle


@pytest.fixture(scope="module")
def contrary(frame: Frame) -> Bundle:
    """A model trained on labels that say small balances are paid and large ones are not."""
    data = frame.data.copy()
    data["label"] = (data["amount"] < data["amount"].median()).astype("float64")
    data["share"] = data["label"]
    data["recovered"] = data["label"] * data["amount"]
    return train(replace(frame, data=data), kind="payment", as_of=TRAINED, settings=QUICK).bundle


def test_a_good_model_wins_against_a_bad_one_and_a_bad_one_loses(
    extract: Extract, hospital: Hospital, good: Bundle, contrary: Bundle
) -> None:
    comparison = compare(extract, good, contrary, hospital.as_of, names=("new", "old"), capacity=HALF)
    assert comparison.verdict == "wins"
    assert comparison.may_replace
    assert required(comparison.differences["captured"].low) > 0
    back = compare(extract, contrary, good, hospital.as_of, capacity=HALF)
    assert back.verdict == "loses"
    assert not back.may_replace
    assert back.differences["captured"].value == -comparison.differences["captured"].value
    assert (comparison.challenger.name, comparison.challenger.digest) == ("new", good.digest)
    assert comparison.champion.digest == contrary.digest


def test_only_rows_that_neither_model_was_fitted_on_are_compared_and_counted(
    extract: Extract, hospital: Hospital, good: Bundle, contrary: Bundle
) -> None:
    comparison = compare(extract, good, contrary, hospital.as_of)
    later = training_frame(extract, TARGET, hospital.as_of).data
    expected = later[later["as_of"] >= pd.Timestamp(TRAINED)]
    assert comparison.since == TRAINED
    assert comparison.holdout.rows == len(expected) > 100
    assert comparison.holdout.events == int(expected["label"].sum())
    assert comparison.holdout.first >= TRAINED
    assert comparison.holdout.last + timedelta(days=90) <= hospital.as_of
    assert comparison.holdout.households == expected["household"].nunique()
    scores = predict(good, expected)["raw_score"]
    assert comparison.challenger.metrics["auc"].value == pytest.approx(
        roc_auc_score(expected["label"], scores), abs=1e-5
    )
    assert comparison.challenger.metrics["average_precision"].value == pytest.approx(
        average_precision_score(expected["label"], scores), abs=1e-5
    )
    for metric in ("auc", "average_precision", "brier", "log_loss", "ece", "captured"):
        gap = comparison.differences[metric]
        assert gap.value == pytest.approx(
            comparison.challenger.metrics[metric].value - comparison.champion.metrics[metric].value, abs=2e-5
        )
        assert required(gap.low) < required(gap.high)


def test_calibration_decides_a_tie(extract: Extract, hospital: Hospital, good: Bundle) -> None:
    """The rankings are the same and capture the same, but one model's probabilities are far too high."""
    off = changed(good, Platt(slope=1.0, offset=1.5))
    better = compare(extract, good, off, hospital.as_of, capacity=0.99)
    assert better.verdict == "calibrates_better"
    assert better.may_replace
    assert better.differences["auc"].value == 0
    worse = compare(extract, off, good, hospital.as_of, capacity=0.99)
    assert worse.verdict == "ties"
    assert not worse.may_replace


def test_an_alarm_blocks_a_winner(extract: Extract, hospital: Hospital, good: Bundle, contrary: Bundle) -> None:
    alarm = Alarm(name="feature_too_good_alone", text="status_today alone has an AUC of 0.990")
    evaluation = good.manifest.evaluation.model_copy(update={"alarms": (alarm,)})
    comparison = compare(extract, changed(good, evaluation=evaluation), contrary, hospital.as_of, capacity=HALF)
    assert comparison.verdict == "wins"
    assert comparison.alarms == (alarm,)
    assert not comparison.may_replace


def test_repeating_a_comparison_gives_the_same_bytes(
    extract: Extract, hospital: Hospital, good: Bundle, contrary: Bundle
) -> None:
    first, two = (compare(extract, good, contrary, hospital.as_of) for _ in range(2))
    assert first.model_dump_json() == two.model_dump_json()


def test_a_comparison_without_later_rows_is_refused_with_days_that_would_work(
    extract: Extract, good: Bundle, contrary: Bundle
) -> None:
    with pytest.raises(WrongUsageError) as caught:
        compare(extract, good, contrary, date(2026, 8, 1))
    assert str(caught.value) == (
        "no rows to compare on: the later model was trained as of 2026-06-01, and a label is known 90 days after its "
        "snapshot, so by 2026-08-01 only snapshots up to 2026-05-03 have a label; compare as of 2026-08-30 or later, "
        "or train the challenger as of 2026-05-03 or earlier"
    )


def test_too_few_outcomes_are_refused_with_their_count(
    hospital: Hospital, good: Bundle, contrary: Bundle, tmp_path: Path
) -> None:
    small = hospital.copy(
        tmp_path / "small",
        transactions="SELECT * FROM {table} WHERE NOT (kind = 'patient_payment' AND posted_on >= DATE '2026-06-01')",
    )
    with (
        load_extract(small) as few,
        pytest.raises(WrongUsageError, match=r"^too few later rows to compare on: 0 outcomes"),
    ):
        compare(few, good, contrary, hospital.as_of)


def test_models_that_cannot_be_compared_are_refused(
    extract: Extract, hospital: Hospital, good: Bundle, contrary: Bundle
) -> None:
    with pytest.raises(WrongUsageError, match="challenger and champion are the same model"):
        compare(extract, good, good, hospital.as_of)
    shorter = changed(good, target={**good.manifest.target, "horizon_days": 60})
    with pytest.raises(WrongUsageError, match="predict different outcomes: horizon_days 60 and 90"):
        compare(extract, shorter, good, hospital.as_of)
    first, *rest = good.manifest.features
    stale = changed(good, features=(first.model_copy(update={"definition": "another"}), *rest))
    with pytest.raises(NoUsableModelError, match=f"computed differently: {first.name}"):
        compare(extract, contrary, stale, hospital.as_of)
    absent = changed(good, features=(first.model_copy(update={"name": "gone"}), *rest))
    with pytest.raises(NoUsableModelError, match="missing from the catalog in use: gone"):
        compare(extract, contrary, absent, hospital.as_of)


def test_metrics_of_a_resample_count_each_row_as_often_as_it_was_drawn() -> None:
    draw = np.random.default_rng(3)
    label = (draw.random(60) < 0.4).astype(float)
    score = np.round(label * 0.3 + draw.random(60), 1)  # with ties
    households = Households(np.repeat(np.arange(20), 3), 20, 25, 9)
    metrics = resample_rankings(households, label, {"one": score, "other": -score})
    again = np.random.default_rng(9)
    for resample in range(1, 26):
        times = np.bincount(again.integers(20, size=20), minlength=20)[households.of_row]
        for name, sign in (("one", 1), ("other", -1)):
            auc = roc_auc_score(label, sign * score, sample_weight=times)
            precision = average_precision_score(label, sign * score, sample_weight=times)
            assert metrics[name]["auc"][resample] == pytest.approx(auc)
            assert metrics[name]["average_precision"][resample] == pytest.approx(precision)
    assert metrics["one"]["auc"][0] == pytest.approx(roc_auc_score(label, score))
