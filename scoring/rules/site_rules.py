"""Apply a site's overrides to the rules: waivers, other queues, other limits, each with a reason for the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from payrank.extracts.errors import WrongUsageError, did_you_mean
from payrank.scoring.rules.call_caps import CallCap
from payrank.scoring.rules.rules import RuleTable
from payrank.scoring.settings import RENAMED_LIMITS, RuleOverride, ScoringSettings

CALL_LIMITS = ("max_contacts", "days", "quiet_days")
"""The fields of a call cap (scoring/rules/call_caps.toml) that an override of rule S1 may set."""


def rules_in_force(table: RuleTable, settings: ScoringSettings) -> RuleTable:
    """Return the rule table with the site's overrides applied.

    Raises
    ------
    WrongUsageError
        When a waiver or an override names a rule that does not exist, or a queue or limit that the rule does not have.
    """
    for rule in (*(waiver.rule for waiver in settings.waive), *(override.rule for override in settings.override)):
        if rule not in table.titles:
            raise WrongUsageError(
                f"the settings waive or override an unknown rule {rule!r}; {did_you_mean(rule, sorted(table.titles))}"
            )
    for override in settings.override:
        table = _apply(table, override)
    return table


def describe_overrides(settings: ScoringSettings) -> tuple[str, ...]:
    """Return a sentence for every rule that the site waives or overrides, with its reason."""
    waived = [f"Rule {waiver.rule} is waived by this site: {waiver.reason}" for waiver in settings.waive]
    overridden = [
        f"Rule {override.rule} is overridden by this site ({override.summary}): {override.reason}"
        for override in settings.override
    ]
    return (*waived, *overridden)


def _apply(table: RuleTable, override: RuleOverride) -> RuleTable:
    if override.rule == "S1" and override.limits:
        table = replace(table, call_caps=_override_caps(table, override))
    elif override.limits:
        table = _override_limits(table, override)
    if override.queue is None:
        return table
    queue = override.queue
    if all(rule.id != override.rule for rule in (*table.patient, *table.denial)):
        with_queue = sorted({rule.id for rule in (*table.patient, *table.denial)})
        raise WrongUsageError(
            f"the settings override the queue of rule {override.rule}, which suppresses nobody and so has no queue; "
            f"rules with a queue: {', '.join(with_queue)}"
        )
    return replace(
        table,
        patient=tuple(replace(rule, queue=queue) if rule.id == override.rule else rule for rule in table.patient),
        denial=tuple(replace(rule, queue=queue) if rule.id == override.rule else rule for rule in table.denial),
    )


def _override_limits(table: RuleTable, override: RuleOverride) -> RuleTable:
    overridden = [rule.limits for rule in table.patient if rule.id == override.rule]
    overridden += [table.clock.limits] if override.rule == table.clock.id else []
    _check_limits(override, sorted({name for limits in overridden for name in limits}))

    def replaced(limits: Mapping[str, float]) -> dict[str, float]:
        return {name: override.limits.get(name, value) for name, value in limits.items()}

    if override.rule == table.clock.id:
        return replace(table, clock=replace(table.clock, limits=replaced(table.clock.limits)))
    rules = (
        replace(rule, limits=replaced(rule.limits)) if rule.id == override.rule else rule for rule in table.patient
    )
    return replace(table, patient=tuple(rules))


def _override_caps(table: RuleTable, override: RuleOverride) -> tuple[CallCap, ...]:
    _check_limits(override, CALL_LIMITS)
    limits: dict[str, Any] = {name: int(value) for name, value in override.limits.items()}
    state = override.state.upper()
    caps = [cap for cap in table.call_caps if cap.state == state]
    if not caps:
        federal = next(cap for cap in table.call_caps if not cap.state)
        caps = [replace(federal, state=state, citation=override.reason, quiet_days=0)]
    others = [cap for cap in table.call_caps if cap.state != state]
    return (*others, replace(caps[0], **limits))


def _check_limits(override: RuleOverride, known: Sequence[str]) -> None:
    for name in override.limits:
        if name not in known:
            hint = did_you_mean(name, known) if known else "that rule has no limit"
            if RENAMED_LIMITS.get(name) in known:
                hint = f"it is now named {RENAMED_LIMITS[name]!r}"
            raise WrongUsageError(f"the settings override an unknown limit {name!r} of rule {override.rule}; {hint}")
