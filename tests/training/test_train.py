"""Training is honest and repeatable, and refuses bad input with the counts."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from payrank.extracts.errors import NoUsableModelError, WrongUsageError
from payrank.features.frame import Frame
from payrank.models.bundle import read_bundle
from payrank.models.predict import predict
from payrank.training.fit.boosters import mean_n_estimators, member_weights
from payrank.training.settings import Member, TrainingSettings
from payrank.training.train import Trained, train
from tests.conftest import FrameMaker
from tests.required import required

pytestmark = pytest.mark.slow

AS_OF = date(2025, 3, 1)
QUICK = TrainingSettings(
    max_n_estimators=60, share_n_estimators=20, early_stopping_rounds=10, members=(Member(seeds=(1,)),)
)


def test_two_training_runs_give_the_same_bytes_with_one_thread_or_two(payment_frame: Frame, tmp_path: Path) -> None:
    settings = QUICK.model_copy(update={"members": (Member(seeds=(1, 2, 3)),)})
    first = train(payment_frame, kind="payment", as_of=AS_OF, settings=settings, out=tmp_path / "one")
    two = train(payment_frame, kind="payment", as_of=AS_OF, settings=settings, out=tmp_path / "two")
    alone = train(payment_frame, kind="payment", as_of=AS_OF, settings=settings.model_copy(update={"threads": 1}))
    assert first.bundle.files == two.bundle.files
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
        if path.suffix == ".txt":
            assert path.read_bytes() == alone.bundle.files[path.name], path.name


def test_the_model_ranks_nearly_as_well_as_the_truth_and_is_calibrated(frame_maker: FrameMaker) -> None:
    frame = frame_maker(snapshots=14, rows=700, strength=1.3)
    trained = train(frame, kind="payment", as_of=date(2025, 6, 1), settings=TrainingSettings(members=QUICK.members))
    metrics = trained.bundle.manifest.metrics
    rows = trained.backtest_rows[trained.backtest.holdout]
    best = roc_auc_score(rows["label"], rows["truth"])
    assert metrics["auc"] - 0.5 >= 0.93 * (best - 0.5)
    assert metrics["ece"] < 0.035
    baselines = trained.bundle.manifest.baselines
    assert metrics["dollars_captured"] > baselines["oldest_first"]["dollars_captured"]
    assert metrics["dollars_captured"] > baselines["largest_first"]["dollars_captured"]
    assert metrics["brier"] < min(baselines[name]["brier"] for name in ("majority", "rate_by_age"))
    unseen = frame_maker(snapshots=1, rows=3000, seed=99, strength=1.3).data
    scores = predict(trained.bundle, unseen)
    assert np.abs(scores["probability"] - unseen["truth"]).mean() < 0.08
    assert scores["expected_share"].mean() == pytest.approx(unseen["share"].mean(), abs=0.03)


def test_backtest_scores_come_from_models_that_never_saw_the_rows(trained: Trained, payment_frame: Frame) -> None:
    backtest = trained.backtest
    assert (np.diff(backtest.period) >= 0).all()
    assert backtest.holdout.sum() == sum(p.predicted.rows for p in trained.bundle.manifest.windows.periods[1:-1])
    inside = predict(trained.bundle, payment_frame.data.iloc[backtest.rows])["raw_score"]
    assert roc_auc_score(backtest.label, inside) > roc_auc_score(backtest.label, backtest.raw)


def test_probabilities_of_a_period_are_calibrated_on_earlier_periods_only(payment_frame: Frame) -> None:
    changed = payment_frame.data.copy()
    last = changed["as_of"] == changed["as_of"].max()
    changed.loc[last, "label"] = 1.0 - changed.loc[last, "label"]
    before = train(payment_frame, kind="payment", as_of=AS_OF, settings=QUICK)
    after = train(replace(payment_frame, data=changed), kind="payment", as_of=AS_OF, settings=QUICK)
    for name in ("backtest", "final_test"):
        assert np.array_equal(getattr(before, name).raw, getattr(after, name).raw)
        assert np.array_equal(getattr(before, name).probability, getattr(after, name).probability)


def test_without_refit_the_last_validated_boosters_are_the_model(payment_frame: Frame) -> None:
    settings = QUICK.model_copy(update={"refit": False})
    trained = train(payment_frame, kind="payment", as_of=AS_OF, settings=settings)
    windows = trained.bundle.manifest.windows
    assert windows.fitted == windows.periods[-1].fitted
    assert not windows.refit
    final = required(trained.final_test)
    scores = predict(trained.bundle, payment_frame.data.iloc[final.rows])
    assert np.array_equal(scores["raw_score"], final.raw)


def test_without_amounts_metrics_count_outcomes_and_the_share_is_assumed(frame_maker: FrameMaker) -> None:
    frame = frame_maker(unit="denial", amounts=False)
    bundle = train(frame, kind="overturn", as_of=AS_OF, settings=QUICK).bundle
    assert bundle.manifest.share.method == "assumed"
    assert "outcomes_captured" in bundle.manifest.metrics
    assert "dollars_captured" not in bundle.manifest.metrics
    assert "largest_first" not in bundle.manifest.baselines
    assert bundle.manifest.horizon_days is None
    scores = predict(bundle, frame.data)
    assert (scores["expected_share"] == scores["probability"]).all()


def test_with_few_known_shares_the_mean_share_is_used(payment_frame: Frame) -> None:
    data = payment_frame.data.copy()
    data.loc[data.index[40:], "share"] = np.nan
    bundle = train(replace(payment_frame, data=data), kind="payment", as_of=AS_OF, settings=QUICK).bundle
    known = data["share"][(data["label"] == 1) & data["share"].notna()]
    assert bundle.manifest.share.method == "mean"
    assert bundle.manifest.share.mean == pytest.approx(known.mean(), abs=1e-4)
    assert "share.txt" not in bundle.files


def test_the_manifest_can_rebuild_the_settings_and_the_target(trained: Trained, payment_frame: Frame) -> None:
    manifest = trained.bundle.manifest
    assert TrainingSettings.model_validate(manifest.settings).members[1].name == "additive"
    assert type(payment_frame.target).model_validate(manifest.target) == payment_frame.target
    assert manifest.catalog_digest == payment_frame.digest
    assert manifest.rows == len(payment_frame.data)
    assert manifest.events == int(payment_frame.data["label"].sum())


def test_a_member_has_its_own_trees_seeds_and_weight(trained: Trained) -> None:
    texts = [trained.bundle.files[f"likelihood_{n}.txt"].decode() for n in range(3)]
    leaves = [max(int(leaf_count) for leaf_count in re.findall(r"^num_leaves=(\d+)$", text, re.M)) for text in texts]
    assert leaves[2] == 2 < min(leaves[:2])
    assert texts[0] != texts[1]
    settings = TrainingSettings(members=(Member(seeds=(1, 2)), Member(name="b", seeds=(1,), weight=2.0)))
    assert member_weights(settings) == pytest.approx((1 / 6, 1 / 6, 2 / 3))


def test_a_fixed_number_of_trees_is_used(payment_frame: Frame) -> None:
    settings = QUICK.model_copy(update={"members": (Member(seeds=(1, 2), n_estimators=7),)})
    trained = train(payment_frame, kind="payment", as_of=AS_OF, settings=settings)
    assert dict(trained.backtest.n_estimators) == {"trees": 7}
    assert [booster.num_trees() for booster in trained.bundle.likelihood] == [7, 7]
    assert mean_n_estimators(settings, list(trained.backtest.last_boosters)) == {"trees": 7}


def test_monotone_directions_are_enforced_if_the_setting_is_on(payment_frame: Frame) -> None:
    settings = QUICK.model_copy(update={"monotone": True})
    bundle = train(payment_frame, kind="payment", as_of=AS_OF, settings=settings).bundle
    rows = payment_frame.data.iloc[np.repeat(np.arange(20), 40)].copy()
    for name, direction in (("past_rate", 1), ("days_open", -1)):
        low, high = payment_frame.data[name].min(), payment_frame.data[name].max()
        swept = rows.assign(**{name: np.tile(np.linspace(low, high, 40), 20)})
        raw = predict(bundle, swept)["raw_score"].to_numpy().reshape(20, 40)
        assert (direction * np.diff(raw, axis=1) >= -1e-12).all(), name


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_a_single_outcome_is_refused_with_counts(payment_frame: Frame, label: float) -> None:
    frame = replace(payment_frame, data=payment_frame.data.assign(label=label))
    with pytest.raises(
        NoUsableModelError, match=r"only one kind of outcome.*1800 rows; needed: 50 of each.*longer history"
    ):
        train(frame, kind="payment", as_of=AS_OF)


def test_a_row_without_a_label_is_refused(payment_frame: Frame) -> None:
    data = payment_frame.data.copy()
    data.loc[3, "label"] = np.nan
    with pytest.raises(NoUsableModelError, match="a label \\(0 or 1\\) on every row"):
        train(replace(payment_frame, data=data), kind="payment", as_of=AS_OF)


def test_the_wrong_frame_is_refused(payment_frame: Frame) -> None:
    with pytest.raises(
        WrongUsageError, match="overturn models are trained on frames of denials; this frame contains accounts"
    ):
        train(payment_frame, kind="overturn", as_of=AS_OF)
    bare = replace(payment_frame, data=payment_frame.data.drop(columns=["label", "recovered"]))
    with pytest.raises(WrongUsageError, match="has no label, recovered"):
        train(bare, kind="payment", as_of=AS_OF)


def test_constant_and_empty_features_are_reported_and_do_no_harm(payment_frame: Frame, tmp_path: Path) -> None:
    data = payment_frame.data.assign(calls=3.0, noise=np.nan)
    data["payer_class"] = data["payer_class"].where(data["payer_class"].isna(), None).astype("str")
    frame = replace(payment_frame, data=data, unavailable=("noise", "payer_class"))
    train(frame, kind="payment", as_of=AS_OF, settings=QUICK, out=tmp_path / "bundle")
    bundle = read_bundle(tmp_path / "bundle")
    assert predict(bundle, data)["probability"].notna().all()
    assert any(
        "2 features are null because the extract lacks their tables or columns: noise, payer_class" in notice
        for notice in bundle.manifest.notices
    )
    assert any(
        "1 of 6 features have the same value in all 1,800 fitted rows" in notice for notice in bundle.manifest.notices
    )


def test_a_feature_that_contains_the_outcome_raises_an_alarm(payment_frame: Frame) -> None:
    frame = replace(payment_frame, data=payment_frame.data.assign(noise=payment_frame.data["label"]))
    notices = train(frame, kind="payment", as_of=AS_OF, settings=QUICK).bundle.manifest.notices
    assert any("too good" in notice for notice in notices)


def test_without_scikit_learn_training_names_the_package_and_the_command_to_install_it(
    payment_frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(WrongUsageError, match=r"scikit-learn is not installed.*pip install 'payrank\[train\]'"):
        train(payment_frame, kind="payment", as_of=AS_OF)
