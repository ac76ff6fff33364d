"""A model contains nothing about any person."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.features.frame import Frame
from payrank.models.matrix import encode
from payrank.models.monitoring.reference import describe_distributions, describe_numbers
from payrank.training.train import Trained


def test_no_id_is_in_any_file_of_a_bundle(trained: Trained) -> None:
    for name, content in trained.bundle.files.items():
        assert b"PLANTED" not in content, name


def test_no_smallest_or_largest_value_of_a_feature_is_in_any_file(trained: Trained, payment_frame: Frame) -> None:
    amounts = np.sort(payment_frame.data["balance_now"].dropna().to_numpy())
    everything = b"\n".join(trained.bundle.files.values()).decode()
    for amount in (*amounts[:3], *amounts[-3:]):
        assert not re.search(rf"(?<![\d.]){re.escape(repr(float(amount)))}(?!\d)", everything)
    assert "feature_infos=none none none none none none\n" in everything


def test_no_value_of_fewer_than_eleven_people_is_in_any_file(trained: Trained, payment_frame: Frame) -> None:
    rare = payment_frame.data[payment_frame.data["payer_class"] == "rare_payer"]
    assert 0 < rare["household"].nunique() < MIN_PEOPLE
    assert b"rare_payer" not in b"".join(trained.bundle.files.values())


def _people_of_cells(cells: Any, values: Any, household: Any) -> Any:
    """Count the people in each cell of a numeric feature again, from its edges."""
    places = np.searchsorted(cells["edges"], values, side="right")
    assert np.bincount(places, minlength=len(cells["counts"])).tolist() == cells["counts"]
    return household.groupby(places).nunique().tolist()


@pytest.mark.parametrize("rows", [40, 333, 1800])
def test_no_cell_of_the_reference_has_fewer_than_eleven_people(
    trained: Trained, payment_frame: Frame, rows: int
) -> None:
    columns = trained.bundle.manifest.features
    data = payment_frame.data.iloc[:rows]
    holdout = pd.Series(["one"] * 40 + [f"H{n // 2}" for n in range(60)])  # the lowest 40 belong to one household
    probability = np.linspace(0.0, 0.7, 100)
    distributions = describe_distributions(data, columns, probability, holdout)
    matrix = encode(data, columns)
    for place, column in enumerate(columns):
        cells, known = distributions["features"][column.name], ~np.isnan(matrix[:, place])
        if "edges" in cells and cells["unknown"] == (~known).sum():
            people = _people_of_cells(cells, matrix[known, place], data["household"][known].reset_index(drop=True))
            assert min(people) >= MIN_PEOPLE, column.name
    people = _people_of_cells(distributions["probability"], probability, holdout)
    assert len(people) > 1
    assert min(people) >= MIN_PEOPLE
    for name, cells in distributions["features"].items():
        counts = [count for count in (*cells["counts"], cells["unknown"]) if count]
        assert sum(counts) == rows, name
        assert min(counts) >= MIN_PEOPLE, name
        if "edges" in cells:
            assert len(cells["counts"]) == len(cells["edges"]) + 1, name
    assert sum(distributions["probability"]["counts"]) == 100


def test_people_with_rows_in_two_merged_cells_count_once() -> None:
    few, many = np.tile(np.arange(10), 2), np.arange(10, 40)  # ten people below and in the middle, thirty above
    values = np.repeat([0.0, 1.0, 2.0], [10, 10, 30])
    assert describe_numbers(values, np.concatenate([few, many]))["counts"] == [50]


def test_the_reference_counts_every_training_row(trained: Trained, payment_frame: Frame) -> None:
    reference = json.loads(trained.bundle.files["reference.json"])
    assert reference == trained.bundle.reference
    assert sum(reference["features"]["calls"]["counts"]) == len(payment_frame.data)
