"""A site's overrides take effect, are reported with their reason, and can only name what exists."""

from __future__ import annotations

import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.scoring.rules.rules import read_rules
from payrank.scoring.rules.site_rules import describe_overrides, rules_in_force
from payrank.scoring.settings import RuleOverride, ScoringSettings, Waiver

WHY = "our counsel's advice of May"


def overriding(**override: object) -> ScoringSettings:
    return ScoringSettings(override=(RuleOverride.model_validate({"reason": WHY, **override}),))


def test_an_overridden_queue_applies_to_every_row_of_the_rule_and_to_no_other() -> None:
    rules = rules_in_force(read_rules(), overriding(rule="H9", queue="comp_desk"))
    assert {rule.queue for rule in rules.patient if rule.id == "H9"} == {"comp_desk"}
    others = [rule for rule in rules.patient if rule.id != "H9"]
    assert others == [rule for rule in read_rules().patient if rule.id != "H9"]
    denials = rules_in_force(read_rules(), overriding(rule="D3", queue="billing_desk")).denial
    assert [rule.queue for rule in denials if rule.id == "D3"] == ["billing_desk"]


def test_an_overridden_limit_replaces_the_limit_of_the_table() -> None:
    rules = rules_in_force(read_rules(), overriding(rule="S5", limits={"grace_days": 7}))
    assert rules.limit("S5", "grace_days") == 7
    assert "+ CAST(7 AS INTEGER)" in next(rule.condition for rule in rules.patient if rule.id == "S5")
    assert rules_in_force(read_rules(), overriding(rule="S3", limits={"window_days": 365})).clock.limits == {
        "action_days": 120,
        "window_days": 365,
    }


def test_call_caps_can_be_overridden_by_state_and_added_for_a_new_state() -> None:
    stricter = rules_in_force(read_rules(), overriding(rule="S1", limits={"max_contacts": 3})).call_caps
    assert {cap.state: cap.max_contacts for cap in stricter} == {"": 3, "MA": 2, "WA": 3}
    joined = rules_in_force(
        read_rules(), overriding(rule="S1", limits={"max_contacts": 4, "days": 14}, state="ny")
    ).call_caps
    assert {(cap.state, cap.max_contacts, cap.days) for cap in joined} >= {("NY", 4, 14), ("", 7, 7)}


def test_an_override_is_reported_with_its_reason_after_the_waivers() -> None:
    settings = overriding(rule="S1", limits={"max_contacts": 4}, state="ny").model_copy(
        update={"waive": (Waiver(rule="S8", reason="balances are small here"),)}
    )
    assert describe_overrides(settings) == (
        "Rule S8 is waived by this site: balances are small here",
        f"Rule S1 is overridden by this site (max_contacts 4 in NY): {WHY}",
    )


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ({"rule": "H21", "queue": "legal"}, "unknown rule 'H21'.*did you mean 'H2'"),
        ({"rule": "S5", "limits": {"grace_day": 4}}, "limit 'grace_day' of rule S5; did you mean 'grace_days'"),
        ({"rule": "H1", "limits": {"days": 4}}, "limit 'days' of rule H1; that rule has no limit"),
        ({"rule": "S1", "limits": {"calls": 4}}, "limit 'calls' of rule S1; known: max_contacts, days, quiet_days"),
        ({"rule": "S1", "limits": {"most": 4}}, "limit 'most' of rule S1; it is now named 'max_contacts'"),
        ({"rule": "S7", "queue": "mail"}, "queue of rule S7, which suppresses nobody.*D1, D3, H1"),
    ],
)
def test_an_override_of_something_unknown_is_refused_with_the_nearest_name(
    override: dict[str, object], message: str
) -> None:
    with pytest.raises(WrongUsageError, match=message):
        rules_in_force(read_rules(), overriding(**override))


def test_every_rule_is_in_the_table_with_a_citation_and_a_date() -> None:
    expected = {*(f"H{number}" for number in range(1, 13)), *(f"S{number}" for number in (1, 3, 4, 5, 6, 7, 8)), "D1"}
    titles = read_rules().titles
    assert set(titles) == expected | {"D2", "D3"}
    assert all(title and citation for title, citation in titles.values())
    assert all(
        "since 20" in cited or "since 19" in cited for rule, (_, cited) in titles.items() if rule not in {"H12", "D2"}
    )
