"""Pictures of a training."""

from __future__ import annotations

import matplotlib.pyplot as plt

from training.plots import PICTURES, draw_plots


def test_every_picture_is_drawn_the_same_twice_and_no_figure_stays_open(trained, tmp_path):
    first = draw_plots(trained, tmp_path / "first")
    second = draw_plots(trained, tmp_path / "second")
    assert tuple(first) == PICTURES
    for name, file in first.items():
        assert file.read_bytes().startswith(b"\x89PNG"), name
        assert file.read_bytes() == second[name].read_bytes(), name
    assert plt.get_fignums() == []
