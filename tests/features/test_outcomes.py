"""Outcomes of the whole population equal the training labels, and none is returned before it matures."""

from __future__ import annotations

from datetime import timedelta

import pytest

from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import population_frame, training_frame
from payrank.features.frame import Definition
from payrank.features.outcomes import find_outcomes
from payrank.features.targets import OverturnTarget, PaymentTarget
from tests.conftest import Hospital


@pytest.mark.parametrize("target", [PaymentTarget(), OverturnTarget()])
def test_outcomes_are_the_training_labels_of_the_whole_population(hospital: Hospital, target: Definition) -> None:
    with load_extract(hospital.extract) as extract:
        frame = training_frame(extract, target.model_copy(update={"rows_per_unit": None}), hospital.as_of).data
        days = [day.date() for day in sorted(set(frame["as_of"]))][-3:]
        outcomes = find_outcomes(extract, target, days, hospital.as_of)
    labeled = frame[frame["as_of"].dt.date.isin(days)].reset_index(drop=True)
    assert len(outcomes) > 0
    for name in ("unit_id", "as_of", "label", "share", "recovered"):
        assert outcomes[name].equals(labeled[name])


def test_an_outcome_is_not_returned_before_it_matures(hospital: Hospital) -> None:
    with load_extract(hospital.extract) as extract:
        assert find_outcomes(extract, OverturnTarget(), [hospital.as_of - timedelta(days=60)], hospital.as_of).empty


def test_the_population_frame_has_each_training_row_at_the_same_snapshot(hospital: Hospital) -> None:
    often = OverturnTarget(every_days=7)
    with load_extract(hospital.extract) as extract:
        drawn = training_frame(extract, often, hospital.as_of).data[["unit_id", "as_of"]]
        everyone = population_frame(extract, often, hospital.as_of).data[["unit_id", "as_of"]]
    assert len(drawn.merge(everyone, on=["unit_id", "as_of"])) == len(drawn) < len(everyone)
