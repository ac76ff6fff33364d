"""What a site changes in the rules: waivers, other queues, other limits, each with the reason that its report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from payrank.extracts.errors import WrongUsageError, did_you_mean
from payrank.scoring.rules.call_caps import CallCap
from payrank.scoring.rules.rules import RuleTable
from payrank.scoring.settings import Change, ScoringSettings

CALL_LIMITS = ("most", "days", "quiet_days")
"""What of a row of scoring/rules/call_caps.toml a change of rule S1 may set."""


def rules_in_force(table: RuleTable, settings: ScoringSettings) -> RuleTable:
    """Return the table with the site's changes.

    Raises
    ------
    WrongUsageError
        When a waiver or a change names a rule that does not exist, or what that rule does not have.
    """
    for rule in (*(waiver.rule for waiver in settings.waive), *(change.rule for change in settings.change)):
        if rule not in table.titles:
            raise WrongUsageError(
                f"settings waive or change an unknown rule {rule!r}; {did_you_mean(rule, sorted(table.titles))}"
            )
    for change in settings.change:
        table = _change(table, change)
    return table


def tell_changes(settings: ScoringSettings) -> tuple[str, ...]:
    """Return a sentence for every rule that a site waives or changes, with its reason."""
    waived = [f"Rule {one.rule} is waived by this site: {one.reason}" for one in settings.waive]
    changed = [f"Rule {one.rule} is changed by this site ({one.what}): {one.reason}" for one in settings.change]
    return (*waived, *changed)


def _change(table: RuleTable, change: Change) -> RuleTable:
    if change.rule == "S1" and change.limits:
        table = replace(table, call_caps=_change_caps(table, change))
    elif change.limits:
        table = _change_limits(table, change)
    if change.queue is None:
        return table
    queue = change.queue
    if all(rule.id != change.rule for rule in (*table.patient, *table.denial)):
        keepers = sorted({rule.id for rule in (*table.patient, *table.denial)})
        raise WrongUsageError(
            f"settings change the queue of rule {change.rule}, which keeps nobody off and so has none; "
            f"rules with a queue: {', '.join(keepers)}"
        )
    return replace(
        table,
        patient=tuple(replace(rule, queue=queue) if rule.id == change.rule else rule for rule in table.patient),
        denial=tuple(replace(rule, queue=queue) if rule.id == change.rule else rule for rule in table.denial),
    )


def _change_limits(table: RuleTable, change: Change) -> RuleTable:
    own = [rule.limits for rule in table.patient if rule.id == change.rule]
    own += [table.clock.limits] if change.rule == table.clock.id else []
    _check_limits(change, sorted({name for limits in own for name in limits}))

    def new(limits: Mapping[str, float]) -> dict[str, float]:
        return {name: change.limits.get(name, value) for name, value in limits.items()}

    if change.rule == table.clock.id:
        return replace(table, clock=replace(table.clock, limits=new(table.clock.limits)))
    changed = (replace(rule, limits=new(rule.limits)) if rule.id == change.rule else rule for rule in table.patient)
    return replace(table, patient=tuple(changed))


def _change_caps(table: RuleTable, change: Change) -> tuple[CallCap, ...]:
    _check_limits(change, CALL_LIMITS)
    figures: dict[str, Any] = {name: int(value) for name, value in change.limits.items()}
    state = change.state.upper()
    found = [cap for cap in table.call_caps if cap.state == state]
    if not found:
        federal = next(cap for cap in table.call_caps if not cap.state)
        found = [replace(federal, state=state, citation=change.reason, quiet_days=0)]
    others = [cap for cap in table.call_caps if cap.state != state]
    return (*others, replace(found[0], **figures))


def _check_limits(change: Change, known: Sequence[str]) -> None:
    for name in change.limits:
        if name not in known:
            told = did_you_mean(name, known) if known else "that rule has no limit"
            raise WrongUsageError(f"settings change an unknown limit {name!r} of rule {change.rule}; {told}")
