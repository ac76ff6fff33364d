"""The patient-pay list: value the accounts, decide who gets a line, and withhold the list without reliable flags."""

from __future__ import annotations

from payrank.scoring.nightly_run import NightlyRun
from payrank.scoring.outcome import ListPlan
from payrank.scoring.patient_pay.account_values import value_accounts
from payrank.scoring.patient_pay.patient_lines import make_patient_lines
from payrank.scoring.scores import Scored


def plan_patient_list(run: NightlyRun, scored: Scored) -> ListPlan:
    """Plan the patient-pay list of a run from its scored accounts."""
    accounts = value_accounts(run, scored)
    why = run.why_flags_unusable
    return ListPlan(
        accounts.table,
        lambda explained: make_patient_lines(run, accounts, explained),
        notices=run.unchecked_rules,
        why_withheld=why
        and (
            f"No one can be verified as safe to contact (rule H12): {why}. Scores are written. Provide a complete, "
            "current flags table. If this ledger has no flags, waive H12 in the settings, with a reason."
        ),
    )
