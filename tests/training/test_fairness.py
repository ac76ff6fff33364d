"""The fairness audit: metrics counted by hand, clear notes, and no way for an attribute to reach a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import training_frame
from payrank.features.feature import Feature
from payrank.features.frame import Frame, build_catalog
from payrank.features.site.features import read_site_features
from payrank.features.sources import Snapshot
from payrank.features.targets import PaymentTarget
from payrank.models.audit import AuditFacts, count_groups, read_audit
from payrank.models.records.estimate import Estimate
from payrank.models.records.fairness import MERGED, NOT_RECORDED, GroupMetrics
from payrank.training.evaluate.holdout import Forecast, make_holdout
from payrank.training.settings import Member, TrainingSettings
from payrank.training.slices.fairness import audit_fairness, has_event_within
from payrank.training.slices.worst_groups import find_worst_groups
from payrank.training.train import Trained, train
from tests.conftest import Hospital
from tests.required import required

QUICK = TrainingSettings(
    max_n_estimators=20, share_n_estimators=10, early_stopping_rounds=5, members=(Member(seeds=(1,)),)
)


def _rows() -> tuple[pd.DataFrame, Forecast]:
    """400 households with one row each: 160 a, 160 b, 8 c, 72 unknown; a ranks above b, and every second row paid."""
    data = pd.DataFrame(
        {
            "household": [f"H{n}" for n in range(400)],
            "as_of": pd.Timestamp("2024-01-01"),
            "label": np.tile([1.0, 0.0], 200),
            "amount": 100.0,
            "recovered": np.tile([100.0, 0.0], 200),
        }
    )
    score = np.linspace(0.9, 0.1, 400)
    return data, Forecast(score, score, score)


GROUPS = pd.DataFrame({"kin": ["a"] * 160 + ["b"] * 160 + ["c"] * 8 + [None] * 72}, index=[f"H{n}" for n in range(400)])


def _facts(groups: pd.DataFrame = GROUPS, called: Sequence[int] = (*range(20), *range(160, 200))) -> AuditFacts:
    """Twenty of a and forty of b were called; twelve of a asked for assistance, and ten more a day too late."""
    calls = pd.DataFrame({"household": [f"H{n}" for n in called], "day": pd.Timestamp("2024-01-01")})
    late = pd.DataFrame(
        {"household": [f"H{n}" for n in range(22)], "day": pd.to_datetime(["2024-01-30"] * 12 + ["2024-01-31"] * 10)}
    )
    return AuditFacts(groups, calls, late)


def test_the_metrics_of_each_group_match_a_count_by_hand() -> None:
    data, forecast = _rows()
    holdout = make_holdout(data, np.zeros(400, dtype=int), 0.3, resamples=100)
    (audit,) = audit_fairness(holdout, forecast, _facts(), 30).attributes
    by_group = {group.group: group for group in audit.groups}
    assert set(by_group) == {"a", "b", MERGED}
    assert {name: group.rows for name, group in by_group.items()} == {"a": 160, "b": 160, MERGED: 80}
    a, b = by_group["a"].shares, by_group["b"].shares
    gap = required(by_group["b"].gap)
    assert (required(a["listed"]).value, required(b["listed"]).value) == (120 / 160, 0)
    assert (required(a["called"]).value, required(b["called"]).value) == (20 / 160, 40 / 160)
    assert (required(a["passed_over"]).value, required(b["passed_over"]).value) == (20 / 80, 80 / 80)
    assert (required(a["assistance"]).value, required(b["assistance"]).value) == (12 / 160, 0)
    score = required(forecast.probability)
    assert gap.value == pytest.approx(score[160:320].mean() - 0.5, abs=1e-5)
    assert required(gap.low) < gap.value < required(gap.high)
    worst = {worst.metric: (worst.group, worst.overall) for worst in audit.worst_groups}
    assert worst["listed"] == ("b", 0.3)
    assert worst["called"] == ("a", 0.15)
    assert worst["passed_over"] == ("b", 140 / 200)
    assert worst["gap"][0] == "a"


def test_a_group_of_ten_people_is_never_shown() -> None:
    data, forecast = _rows()
    holdout = make_holdout(data, np.zeros(400, dtype=int), 0.3, resamples=20)
    groups = pd.DataFrame({"kin": ["a"] * 379 + ["b"] * 11 + ["c"] * 10}, index=GROUPS.index)
    (audit,) = audit_fairness(holdout, forecast, _facts(groups), 30).attributes
    assert {group.group: group.households for group in audit.groups} == {"a": 379, MERGED: 21}
    counts = count_groups(groups, {"listed": [f"H{n}" for n in range(390)], "assistance": ["H390"]})
    assert {group.group: group.counts for group in counts} == {
        "a": {"listed": None, "assistance": None},  # else subtraction would reveal the other
        MERGED: {"listed": None, "assistance": None},  # one of twelve was not listed
    }


def test_shares_that_reveal_fewer_than_eleven_people_are_suppressed() -> None:
    data, forecast = _rows()
    holdout = make_holdout(data, np.zeros(400, dtype=int), 0.3, resamples=20)
    most = range(160, 315)  # all of b except five
    for called, expected in (
        ([0], {"a": None, "b": None, MERGED: 0.0}),  # one of a; b too, or subtraction would reveal a
        (range(12), {"a": 12 / 160, "b": 0.0, MERGED: 0.0}),
        ((*range(30), *most, *range(330, 370)), {"a": None, "b": None, MERGED: 0.5}),
        ((*range(5), *range(160, 164), *range(330, 342)), {"a": None, "b": None, MERGED: 12 / 80}),
    ):
        fairness = audit_fairness(holdout, forecast, _facts(called=called), 30)
        (audit,) = fairness.attributes
        shares = {group.group: group.shares["called"] for group in audit.groups}
        assert {name: share and share.value for name, share in shares.items()} == expected
        hidden = None in expected.values()
        assert ("called" in {worst.metric for worst in audit.worst_groups}) is not hidden
        note = "kin: suppressed for some groups because fewer than 11 people are involved: called"
        assert fairness.notes == ((note,) if hidden else ())


def test_a_share_of_all_rows_from_fewer_than_eleven_people_is_suppressed() -> None:
    data, forecast = _rows()
    holdout = make_holdout(data, np.zeros(400, dtype=int), 0.3, resamples=20)
    groups = pd.DataFrame({"kin": np.repeat(["a", "b", "c", "d"], 100)}, index=GROUPS.index)
    (audit,) = audit_fairness(holdout, forecast, _facts(groups, called=(0, 100)), 30).attributes
    assert [group.shares["called"] and group.shares["called"].value for group in audit.groups] == [None, None, 0.0, 0.0]
    assert "called" not in {worst.metric for worst in audit.worst_groups}


def test_outcomes_of_one_household_with_many_rows_are_suppressed_in_every_metric() -> None:
    data, forecast = _rows()
    data["household"] = ["H0"] * 40 + [f"H{n}" for n in range(40, 400)]
    data["label"] = np.where(np.arange(400) < 40, 1.0, np.where(np.arange(400) < 160, 0.0, data["label"]))
    holdout = make_holdout(data, np.zeros(400, dtype=int), 0.3, resamples=20)
    fairness = audit_fairness(holdout, forecast, _facts(), 30)
    by_group = {group.group: group for group in fairness.attributes[0].groups}
    for name, hidden in {"a": True, MERGED: True, "b": False}.items():
        group = by_group[name]
        suppressed = (group.events, group.actual, group.gap, group.auc, group.shares["passed_over"])
        assert [value is None for value in suppressed] == [hidden] * 5, name
    assert "passed over" in fairness.notes[0]
    assert "outcomes and AUC" in fairness.notes[0]


def test_an_event_counts_within_the_horizon_and_only_for_its_household() -> None:
    data = pd.DataFrame({"household": ["A", "A", "B", None], "as_of": pd.to_datetime(["2024-01-01", "2024-03-01"] * 2)})
    events = pd.DataFrame({"household": ["A", "C"], "day": pd.to_datetime(["2024-01-31", "2024-03-01"])})
    assert has_event_within(data, events, 31).tolist() == [1, 0, 0, 0]
    assert has_event_within(data, events, 30).tolist() == [0, 0, 0, 0]
    on_the_day = events.assign(day=pd.to_datetime(["2024-01-01", "2024-01-01"]))
    assert has_event_within(data, on_the_day, 1).tolist() == [1, 0, 0, 0]


def test_without_attributes_the_report_says_that_nothing_was_audited(trained: Trained) -> None:
    fairness = trained.bundle.manifest.evaluation.fairness
    assert fairness.attributes == ()
    assert fairness.not_checked.startswith("Not audited")
    data, forecast = _rows()
    holdout = make_holdout(data, np.zeros(400, dtype=int), 0.3, resamples=20)
    for groups in (GROUPS[[]], pd.DataFrame({"kin": [None] * 400}, index=GROUPS.index, dtype=object)):
        fairness = audit_fairness(holdout, forecast, _facts(groups), 30)
        assert fairness.attributes == ()
        assert fairness.not_checked.startswith("Not audited")
    bare = audit_fairness(holdout, forecast, AuditFacts(GROUPS, None, None), 30)
    assert bare.notes == (
        "called was not audited because the extract has no contacts",
        "assistance was not audited because the extract has no flags and transactions",
    )
    assert set(bare.attributes[0].groups[0].shares) == {"listed", "passed_over"}


def test_an_extract_provides_groups_calls_and_assistance_for_the_audit(hospital: Hospital) -> None:
    with load_extract(hospital.extract) as extract:
        facts = read_audit(extract)
        assert list(facts.groups.columns) == ["race_ethnicity", "sex"]
        assert len(facts.groups) == extract.tables["guarantors"].rows_loaded
        assert len(required(facts.calls)) > 100
        assert set(required(facts.assistance)["household"]) <= set(facts.groups.index)
        assert len(required(facts.assistance)) > 10


def test_no_attribute_reaches_a_frame_or_a_model_and_the_audit_changes_no_byte(
    hospital: Hospital, tmp_path: Path
) -> None:
    with_attribute = hospital.copy(
        tmp_path / "with_attribute", guarantors="SELECT *, 'x' || (row_number() OVER ()) AS audit_who FROM {table}"
    )
    bare = hospital.copy(
        tmp_path / "bare", guarantors="SELECT * EXCLUDE (audit_sex, audit_race_ethnicity) FROM {table}"
    )
    target = PaymentTarget(snapshots=8)
    models = []
    for folder in (with_attribute, bare):
        with load_extract(folder) as extract:
            for feature in build_catalog(extract, "account"):
                assert "audit" not in repr(feature)
            frame = training_frame(extract, target, hospital.as_of)
            assert not [name for name in frame.data.columns if "audit" in name or "sex" in name or "race" in name]
            settings = QUICK.model_copy(update={"min_outcomes": 11})
            bundle = train(
                frame, kind="payment", as_of=hospital.as_of, settings=settings, audit=read_audit(extract)
            ).bundle
        models.append({name: text for name, text in bundle.files.items() if name != "manifest.json"})
        checked = [audit.attribute for audit in bundle.manifest.evaluation.fairness.attributes]
        assert checked == (["race_ethnicity", "sex"] if folder == with_attribute else [])
        assert "x1" not in bundle.files["manifest.json"].decode().split('"fairness"')[1][:2000]
    assert models[0] == models[1]


def test_an_attribute_cannot_enter_through_the_catalog_the_extract_or_the_settings(
    hospital: Hospital, tmp_path: Path
) -> None:
    folder = hospital.copy(tmp_path / "extract")
    text = (folder / "extract.toml").read_text()
    for table in ("guarantors", "accounts"):
        (folder / "extract.toml").write_text(f'{text}\n[attributes.{table}]\naudit_sex = "category"\n')
        with pytest.raises(ExtractRefusedError, match="fairness audit"):
            load_extract(folder)
    (folder / "extract.toml").write_text(text)
    for source in (
        {"take": "value", "column": "audit_sex"},
        {"take": "rate", "by": ["audit_sex"]},
        {"take": "latest", "of": "guarantors", "column": "audit_sex"},
        {"take": "count", "of": "contacts", "where": {"audit_sex": "f"}},
        {"take": "ratio", "over": "audit_sex", "under": "patient_balance"},
    ):
        record = {
            "name": "kin",
            "meaning": "what it is",
            "unit": "category",
            "family": "history",
            "phrase": "is {value}",
        }
        with pytest.raises(WrongUsageError, match=r"audit_sex|not a relation that features may read"):
            read_site_features({"account": [{**record, "source": source}]})


def test_a_feature_that_reads_an_audit_column_finds_none_in_the_frame(payment_frame: Frame) -> None:
    smuggled = Feature(
        name="kin", meaning="kin", unit="category", family="history", source=Snapshot("audit_sex"), phrase="{value}"
    )
    with pytest.raises(KeyError):
        train(
            replace(payment_frame, features=(*payment_frame.features, smuggled)),
            kind="payment",
            as_of=date(2025, 3, 1),
            settings=QUICK,
        )


def test_unrecorded_groups_are_shown_but_are_never_the_least_favorable() -> None:
    data, forecast = _rows()
    holdout = make_holdout(data, np.zeros(400, dtype=int), 0.3, resamples=20)
    groups = pd.DataFrame({"kin": ["a"] * 160 + ["b"] * 160 + [None] * 80}, index=GROUPS.index)
    (audit,) = audit_fairness(holdout, forecast, _facts(groups), 30).attributes
    assert [group.group for group in audit.groups] == ["a", "b", NOT_RECORDED]
    assert NOT_RECORDED not in {worst.group for worst in audit.worst_groups}


def test_a_large_group_that_is_significantly_worse_off_is_reported_after_a_small_one() -> None:
    half = Estimate(value=0.5)

    def group(name: str, *ends: float) -> GroupMetrics:
        listed = Estimate(value=ends[0], low=ends[1], high=ends[2])
        return GroupMetrics(
            group=name, rows=90, households=90, events=45, shares={"listed": listed}, predicted=0.5, actual=half,
            gap=Estimate(value=0.0, low=-0.1, high=0.1),
        )  # fmt: skip

    groups = (group("few", 0.1, 0.0, 0.4), group("many", 0.12, 0.1, 0.14), group("most", 0.3, 0.25, 0.35))
    worst_groups = find_worst_groups(groups, {"rows": 270.0, "events": 135.0, "predicted": 135.0, "listed": 54.0})
    assert [
        (worst.metric, worst.group, worst.is_significant) for worst in worst_groups if worst.metric == "listed"
    ] == [
        ("listed", "few", False),
        ("listed", "many", True),
    ]


def test_the_interval_of_a_share_of_zero_reaches_above_zero() -> None:
    data, forecast = _rows()
    holdout = make_holdout(data, np.zeros(400, dtype=int), 0.3, resamples=100)
    (audit,) = audit_fairness(holdout, forecast, _facts(), 30).attributes
    none = required(next(group for group in audit.groups if group.group == "b").shares["listed"])
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 160), abs=1e-5)
