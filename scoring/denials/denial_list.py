"""The denial list: value the denials, plan the day on which to work each, and describe the plan."""

from __future__ import annotations

from payrank.scoring.denials.denial_lines import make_denial_lines
from payrank.scoring.denials.denial_plan import describe_plan
from payrank.scoring.denials.denial_values import value_denials
from payrank.scoring.nightly_run import NightlyRun
from payrank.scoring.outcome import ListPlan
from payrank.scoring.scores import Scored


def plan_denial_list(run: NightlyRun, scored: Scored) -> ListPlan:
    """Plan the denial list of a run from its scored denials."""
    table = value_denials(run, scored)
    return ListPlan(
        table,
        lambda explained: make_denial_lines(table, explained, run.settings.reasons_shown),
        notices=describe_plan(table, run.as_of, run.settings),
    )
