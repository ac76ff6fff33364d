"""The verdict on a model: better than its baselines, no different, or worse, with numbers and the next step."""

from __future__ import annotations

from typing import Any

import pytest

from payrank.models.bundle import read_bundle
from payrank.models.card.verdict import beats_all_baselines, describe_final_test, describe_verdict, summarize_verdict
from payrank.models.card.write_card import render_markdown
from payrank.models.manifest import Manifest
from payrank.models.records.estimate import Estimate
from tests.conftest import FinishedRun, Hospital


@pytest.fixture(scope="module")
def manifest(hospital: Hospital) -> Manifest:
    return read_bundle(hospital.bundles["payment"]).manifest


def _set(manifest: Manifest, **advantages: Any) -> Any:
    """The manifest with these advantages (value, low, high) over baselines, and significant ones over all others."""
    significant = Estimate(value=0.2, low=0.1, high=0.3)
    baselines = tuple(
        baseline.model_copy(
            update={
                "advantage": Estimate(**dict(zip(("value", "low", "high"), advantages[baseline.name], strict=True)))
                if baseline.name in advantages
                else significant
            }
        )
        for baseline in manifest.evaluation.baselines
    )
    holdout = manifest.evaluation.model_copy(update={"baselines": baselines})
    return manifest.model_copy(update={"evaluation": holdout})


def test_a_model_that_beats_all_baselines_has_a_verdict_and_no_warning(manifest: Manifest) -> None:
    changed = _set(manifest)
    (sentences,) = describe_verdict(changed.evaluation)
    assert "significantly better than all" in sentences
    assert beats_all_baselines(changed.evaluation)
    assert f"**{sentences}**" not in render_markdown(changed)
    assert sentences in render_markdown(changed)


def test_a_tie_is_reported_with_numbers_and_the_next_step_at_the_top_of_the_card(manifest: Manifest) -> None:
    changed = _set(manifest, scorecard=(0.02, -0.01, 0.05), logistic=(-0.02, -0.09, 0.06))
    (sentences,) = describe_verdict(changed.evaluation)
    count = len(changed.evaluation.baselines)
    assert "no significant difference in dollars captured in the top 20% of the list" in sentences
    assert f"from 2 of {count} baselines: logistic regression (model -2.0%" in sentences
    assert "too few to tell them apart" in sentences
    assert "train again when you have a longer history" in sentences
    assert "Brier score" in sentences
    assert not beats_all_baselines(changed.evaluation)
    assert render_markdown(changed).index(f"**{sentences}**") < render_markdown(changed).index("## Intended use")


def test_a_worse_model_comes_with_the_advice_not_to_use_it(manifest: Manifest) -> None:
    changed = _set(manifest, oldest_first=(-0.1, -0.2, -0.01), logistic=(0.0, -0.1, 0.1))
    loses, ties = describe_verdict(changed.evaluation)
    assert (
        "captures significantly fewer dollars in the top 20% of the list than oldest first (model -10.0%, -20.0% to "
        "-1.0%)" in loses
    )
    assert "Do not use this model until you know why" in loses
    assert "logistic regression (model +0.0%" in ties


def test_the_run_report_shows_the_verdict_in_one_line(manifest: Manifest, finished_run: FinishedRun) -> None:
    changed = _set(manifest, oldest_first=(-0.1, -0.2, -0.01), logistic=(0.0, -0.1, 0.1))
    count = len(manifest.evaluation.baselines)
    assert summarize_verdict(changed.evaluation) == (
        f"Significantly better than {count - 2} of {count} baselines in dollars captured; "
        "no significant difference from 1; significantly worse than 1"
    )
    assert summarize_verdict(manifest.evaluation) in (finished_run.folder / "report.html").read_text("utf-8")


def test_a_significantly_worse_final_test_gives_the_metrics_to_expect(manifest: Manifest) -> None:
    assert manifest.final_test is not None
    final = manifest.final_test.model_copy(
        update={"metrics": {**manifest.final_test.metrics, "auc": Estimate(value=0.5, low=0.45, high=0.51)}}
    )
    holdout = manifest.evaluation.model_copy(
        update={"metrics": {**manifest.evaluation.metrics, "auc": Estimate(value=0.8, low=0.7, high=0.9)}}
    )
    (sentences,) = describe_final_test(manifest.model_copy(update={"final_test": final, "evaluation": holdout}))
    assert "AUC 0.500 (0.450 to 0.510) vs. 0.800 (0.700 to 0.900)" in sentences
    assert "expect the metrics of the final test" in sentences
    assert describe_final_test(manifest.model_copy(update={"final_test": None})) == ()
    near = manifest.model_copy(update={"final_test": manifest.evaluation})
    assert "expect the metrics" not in describe_final_test(near)[0]
