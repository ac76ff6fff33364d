"""Urgent lines: the same definition on the list, in the report, and in the work order (rule D2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from payrank.scoring.action_table import FOLLOW_UP
from payrank.scoring.worklist import DenialLine, PatientLine, Worklist


@pytest.mark.parametrize(
    ("left", "pending", "counted"),
    [(14, False, 1), (0, False, 1), (15, False, 0), (14, True, 0), (-3, True, 0), (-3, False, 0)],
)
def test_a_denial_is_urgent_until_its_appeal_is_filed(
    two_denials: Worklist[DenialLine], left: int, pending: bool, counted: int
) -> None:
    line = replace(two_denials.lines[0], days_left=left, queue=FOLLOW_UP if pending else "appeal")
    assert replace(two_denials, lines=(line,)).urgent == counted


def test_a_guarantors_line_is_urgent_by_its_deadline(
    household: Worklist[PatientLine], patient_list: Callable[..., Worklist[PatientLine]]
) -> None:
    assert household.urgent == 1
    assert replace(household, lines=(replace(household.lines[0], deadline=None),)).urgent == 0
