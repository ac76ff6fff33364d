"""Nothing of a person is in a model."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from models.matrix import FEWEST_PEOPLE
from models.reference import describe_distributions


def test_no_id_is_in_any_file_of_a_bundle(trained):
    for name, content in trained.bundle.files.items():
        assert b"PLANTED" not in content, name


def test_no_smallest_or_largest_value_of_a_feature_is_in_any_file(trained, payment_frame):
    amounts = np.sort(payment_frame.data["balance_now"].dropna().to_numpy())
    everything = b"\n".join(trained.bundle.files.values()).decode()
    for amount in (*amounts[:3], *amounts[-3:]):
        assert not re.search(rf"(?<![\d.]){re.escape(repr(float(amount)))}(?!\d)", everything)
    assert "feature_infos=none none none none none none\n" in everything


def test_no_word_of_fewer_than_eleven_people_is_in_any_file(trained, payment_frame):
    rare = payment_frame.data[payment_frame.data["payer_class"] == "rare_payer"]
    assert 0 < rare["household"].nunique() < FEWEST_PEOPLE
    assert b"rare_payer" not in b"".join(trained.bundle.files.values())


@pytest.mark.parametrize("rows", [40, 333, 1800])
def test_no_cell_of_the_reference_counts_fewer_than_eleven(trained, payment_frame, rows):
    columns = trained.bundle.manifest.features
    data = payment_frame.data.iloc[:rows]
    found = describe_distributions(data, columns, np.linspace(0.0, 0.7, 100))
    for name, cells in found["features"].items():
        known = [count for count in (*cells["counts"], cells["unknown"]) if count]
        assert sum(known) == rows, name
        assert min(known) >= FEWEST_PEOPLE, name
        if "edges" in cells:
            assert len(cells["counts"]) == len(cells["edges"]) + 1, name
    assert sum(found["probability"]["counts"]) == 100


def test_the_reference_holds_the_training_rows(trained, payment_frame):
    reference = json.loads(trained.bundle.files["reference.json"])
    assert reference == trained.bundle.reference
    assert sum(reference["features"]["calls"]["counts"]) == len(payment_frame.data)
