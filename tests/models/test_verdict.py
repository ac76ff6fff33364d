"""What is said of a model beside other rankings: ahead, a tie or behind, plainly, with numbers and the next step."""

from __future__ import annotations

import pytest

from payrank.models.bundle import read_bundle
from payrank.models.card.verdict import beats_all_baselines, describe_final_test, describe_verdict, summarize_verdict
from payrank.models.card.write_card import render_markdown
from payrank.models.records.estimate import Estimate


@pytest.fixture(scope="module")
def manifest(hospital):
    return read_bundle(hospital.bundles["payment"]).manifest


def _set(manifest, **ahead):
    """The manifest with the model ahead of these baselines by (value, low, high), and surely of all others."""
    sure = Estimate(value=0.2, low=0.1, high=0.3)
    baselines = tuple(
        one.model_copy(
            update={
                "advantage": Estimate(**dict(zip(("value", "low", "high"), ahead[one.name], strict=True)))
                if one.name in ahead
                else sure
            }
        )
        for one in manifest.evaluation.baselines
    )
    holdout = manifest.evaluation.model_copy(update={"baselines": baselines})
    return manifest.model_copy(update={"evaluation": holdout})


def test_a_model_that_is_surely_ahead_of_all_is_said_to_be_and_warns_of_nothing(manifest):
    found = _set(manifest)
    (said,) = describe_verdict(found.evaluation)
    assert "surely captures more dollars than all" in said
    assert beats_all_baselines(found.evaluation)
    assert f"**{said}**" not in render_markdown(found)
    assert said in render_markdown(found)


def test_a_tie_is_told_with_its_numbers_and_the_next_step_and_stands_first_in_the_card(manifest):
    found = _set(manifest, scorecard=(0.02, -0.01, 0.05), logistic=(-0.02, -0.09, 0.06))
    (said,) = describe_verdict(found.evaluation)
    count = len(found.evaluation.baselines)
    assert f"does not surely capture more dollars than 2 of {count} others: logistic regression (model -2.0%" in said
    assert "too few to tell them apart" in said
    assert "train again when there is more history" in said
    assert "Brier score" in said
    assert not beats_all_baselines(found.evaluation)
    assert render_markdown(found).index(f"**{said}**") < render_markdown(found).index("## What it is for")


def test_a_model_that_loses_is_not_to_be_worked_by(manifest):
    found = _set(manifest, oldest_first=(-0.1, -0.2, -0.01), logistic=(0.0, -0.1, 0.1))
    loses, ties = describe_verdict(found.evaluation)
    assert "surely captures fewer dollars than oldest first (model -10.0%, -20.0% to -1.0%)" in loses
    assert "Do not work by this model" in loses
    assert "logistic regression (model +0.0%" in ties


def test_the_nights_report_says_in_a_few_words_how_the_model_stands(manifest, night):
    found = _set(manifest, oldest_first=(-0.1, -0.2, -0.01), logistic=(0.0, -0.1, 0.1))
    count = len(manifest.evaluation.baselines)
    assert (
        summarize_verdict(found.evaluation)
        == f"surely ahead of {count - 2} of {count} in dollars, level with 1, behind 1"
    )
    assert summarize_verdict(manifest.evaluation) in (night.night.folder / "report.html").read_text("utf-8")


def test_a_final_test_that_is_worse_beyond_the_intervals_is_the_figure_to_expect(manifest):
    final = manifest.final_test.model_copy(
        update={"metrics": {**manifest.final_test.metrics, "auc": Estimate(value=0.5, low=0.45, high=0.51)}}
    )
    holdout = manifest.evaluation.model_copy(
        update={"metrics": {**manifest.evaluation.metrics, "auc": Estimate(value=0.8, low=0.7, high=0.9)}}
    )
    (said,) = describe_final_test(manifest.model_copy(update={"final_test": final, "evaluation": holdout}))
    assert "AUC 0.500 (0.450 to 0.510) against 0.800 (0.700 to 0.900)" in said
    assert "expect the final test's figures" in said
    assert describe_final_test(manifest.model_copy(update={"final_test": None})) == ()
    near = manifest.model_copy(update={"final_test": manifest.evaluation})
    assert "expect the final" not in describe_final_test(near)[0]
