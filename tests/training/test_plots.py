"""The plots of a training."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from payrank.models.records.estimate import Estimate
from payrank.models.records.fairness import AttributeAudit, Fairness, GroupMetrics
from payrank.training.plots.plots import PLOTS, draw_evaluation, draw_plots
from payrank.training.train import Trained

pytestmark = pytest.mark.slow


def test_every_plot_is_drawn_twice_with_the_same_bytes_and_no_figure_stays_open(
    trained: Trained, tmp_path: Path
) -> None:
    first = draw_plots(trained, tmp_path / "first")
    second = draw_plots(trained, tmp_path / "second")
    assert tuple(first) == PLOTS  # the extract has no protected attribute to audit
    for name, file in first.items():
        assert file.read_bytes().startswith(b"\x89PNG"), name
        assert file.read_bytes() == second[name].read_bytes(), name
    assert plt.get_fignums() == []


def test_each_audited_attribute_gets_its_own_plot_with_the_same_bytes_twice(tmp_path: Path, trained: Trained) -> None:
    half, low = Estimate(value=0.5, low=0.4, high=0.6), Estimate(value=0.0, low=0.0, high=0.2)
    groups = tuple(
        GroupMetrics(
            group=name,
            rows=200,
            households=90,
            events=50,
            shares={"listed": share},
            predicted=0.3,
            actual=half,
            gap=low,
        )
        for name, share in (("$a and a name that is far too long for a plot", half), ("c", low))
    )
    suppressed = {"group": "d", "shares": {"listed": None}, "events": None, "actual": None, "gap": None}
    groups = (groups[0].model_copy(update=suppressed), *groups)
    audits = tuple(AttributeAudit(attribute=name, groups=groups, worst_groups=()) for name in ("kin", "../tongue"))
    evaluation = trained.bundle.manifest.evaluation
    audited = evaluation.model_copy(update={"fairness": Fairness(attributes=audits)})
    drawn = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        drawn.append(draw_evaluation(audited, folder))
        assert {file.parent for file in drawn[-1].values()} == {folder}
    assert set(drawn[0]) - set(draw_evaluation(evaluation, tmp_path)) == {"fairness_kin", "fairness____tongue"}
    for name in drawn[0]:
        assert drawn[0][name].read_bytes() == drawn[1][name].read_bytes()
        assert drawn[0][name].read_bytes().startswith(b"\x89PNG")
