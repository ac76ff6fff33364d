"""Pictures of a training."""

from __future__ import annotations

import matplotlib.pyplot as plt

from payrank.models.records.estimate import Estimate
from payrank.models.records.fairness import AttributeAudit, Fairness, GroupMetrics
from payrank.training.plots.fairness_plot import draw_fairness
from payrank.training.plots.plots import PICTURES, draw_plots


def test_every_picture_is_drawn_the_same_twice_and_no_figure_stays_open(trained, tmp_path):
    first = draw_plots(trained, tmp_path / "first")
    second = draw_plots(trained, tmp_path / "second")
    assert tuple(first) == tuple(name for name in PICTURES if name != "fairness")  # no attribute was given
    for name, file in first.items():
        assert file.read_bytes().startswith(b"\x89PNG"), name
        assert file.read_bytes() == second[name].read_bytes(), name
    assert plt.get_fignums() == []


def test_the_fairness_picture_is_drawn_of_every_audit_the_same_twice(tmp_path, trained):
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
        for name, share in (("$a and a name that is far too long for a picture", half), ("c", low))
    )
    untold = {"group": "d", "shares": {"listed": None}, "events": None, "actual": None, "gap": None}
    groups = (groups[0].model_copy(update=untold), *groups)
    audits = tuple(AttributeAudit(attribute=name, groups=groups, worst_groups=()) for name in ("kin", "tongue"))
    found = trained.bundle.manifest.evaluation.model_copy(update={"fairness": Fairness(attributes=audits)})
    for name in ("one", "two"):
        draw_fairness(found, tmp_path / f"{name}.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    draw_fairness(trained.bundle.manifest.evaluation, tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
