"""Reasons read as a collector would say them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from payrank.extracts.codes.descriptions import read_descriptions
from payrank.features.catalog.accounts import ACCOUNT_FEATURES
from payrank.features.catalog.denials import DENIAL_FEATURES
from payrank.features.catalog.rates import attribute_features
from payrank.features.feature import Feature
from payrank.features.sources import HistoricalRate
from payrank.scoring.reasons.format_values import CODED, format_category, format_value
from payrank.scoring.reasons.reasons import (
    DAYS_TO_PAY,
    PAST_ACCOUNTS,
    REST,
    SETTLED_SHARE,
    explain_rows,
    group_features,
    top_reasons,
)

BY_NAME = {feature.name: feature for feature in (*DENIAL_FEATURES, *ACCOUNT_FEATURES)}
CATALOGS = {
    "accounts": ACCOUNT_FEATURES,
    "denials": DENIAL_FEATURES,
    "site": attribute_features(
        {"clinic": "category", "line": "category", "visits": "number", "urgent": "boolean"}, "paid"
    ),
}

PROTECTED = {"birth", "sex", "gender", "race", "ethnicity", "marital", "married", "language", "religion", "pregnant"}


def sentence(name: str, value: float | str | None, support: float = 12.0, **others: Any) -> str:
    """Return the text of one feature that explains a row on its own."""
    feature = BY_NAME[name]
    data = pd.DataFrame({name: [value], name.replace("_rate_", "_support_", 1): [support], **others})
    data[name] = [value]
    ((reason, *_),) = explain_rows([feature], data, np.array([[0.5]]))
    return reason.text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("patient_balance", 1234.5, "Patient owes $1,234"),
        ("household_paid_365d", 0.0, "Household paid nothing on other accounts in the last year"),
        ("days_owed", 1.0, "Patient balance due for 1 day"),
        ("days_owed", 40.0, "Patient balance due for 40 days"),
        ("days_owed", None, "No patient balance billed yet"),
        ("payment_count", 1.0, "1 payment on this account"),
        ("payment_count", 0.0, "No payments on this account"),
        ("payment_count", 1200.0, "1,200 payments on this account"),
        ("household_settled_share", 0.755, "Household paid 76% of its earlier balances in full"),
        ("household_settled_share", None, "No earlier patient balance in the household"),
        ("household_days_to_pay", 34.2, "Household typically pays 34 days after billing"),
        ("household_days_to_pay", -38.0, "Household typically pays 38 days before billing"),
        ("days_left", -1.0, "1 day past the appeal deadline"),
        ("days_left", 9.0, "9 days left to appeal"),
        ("next_payment_in", -5.0, "Household's next payment was expected 5 days ago"),
        ("payer_class", "workers_comp", "Payer class: workers' compensation"),
        ("last_contact_outcome", "right_party", "Last contact: spoke with the guarantor"),
        ("carc", "197", "Reason code: 197 (no prior authorization)"),
        ("carc", "9999", "Reason code: 9999 (no description on file)"),
        ("group_code", "CO", "Group code: CO (contractual obligation)"),
        ("rarc", None, "No remark code"),
        ("patient_class", "emergency", "Emergency visit"),
        ("service_line", "behavioral_health", "Service line: behavioral health"),
        ("tax_refund_season", 1.0, "Tax-refund season: yes"),
        ("denied_month", 2.0, "Denied in February"),
        ("weekday", 5.0, "Day of the week: Friday"),
        ("overturned_rate_carc", 0.654, "This CARC: about 65% overturned (12 past cases)"),
        ("paid_rate_payer_id", None, "No payer on record"),
    ],
)
def test_a_reason_shows_its_value_in_the_usual_units(name: str, value: float | str | None, text: str) -> None:
    assert sentence(name, value) == text


@pytest.mark.parametrize(
    ("name", "others", "text"),
    [
        ("paid_rate_payer_class", {"payer_class": "medicare"}, "Medicare: about 50% of patients paid (12 past cases)"),
        (
            "paid_rate_payer_class_patient_class_recent",
            {"payer_class": "self_pay", "patient_class": "emergency"},
            "Self-pay, emergency: about 50% of patients paid recently (12 past cases)",
        ),
        ("paid_rate_payer_id", {}, "This payer: about 50% of patients paid (12 past cases)"),
        (
            "overturned_rate_payer_id_carc",
            {"carc": "16"},
            "This payer, CARC 16 (information missing or wrong): about 50% overturned (12 past cases)",
        ),
        ("overturned_rate_rarc", {"rarc": "X9"}, "RARC X9 (no description on file): about 50% "),
    ],
)
def test_a_rate_says_what_it_refers_to(name: str, others: dict[str, Any], text: str) -> None:
    assert sentence(name, 0.5, **others).startswith(text)


@pytest.mark.parametrize(("support", "count"), [(0.0, "no"), (0.4, "no"), (3.0, "fewer than 11"), (11.0, "11")])
def test_fewer_than_11_earlier_outcomes_are_not_counted(support: float, count: str) -> None:
    assert sentence("overturned_rate_carc", 0.5, support=support).endswith(f"({count} past cases)")


@pytest.mark.parametrize("name", [SETTLED_SHARE, PAST_ACCOUNTS, DAYS_TO_PAY])
@pytest.mark.parametrize(
    ("share", "count", "days", "text"),
    [
        (0.75, 4.0, 34.2, "Paid 3 of 4 earlier balances in full, typically in 34 days"),
        (0.0, 4.0, None, "Paid none of 4 earlier balances in full"),
        (1.0, 1.0, -3.0, "Paid 1 of 1 earlier balance in full"),
    ],
)
def test_how_the_household_paid_before_is_one_sentence(
    name: Any, share: float, count: float, days: float | None, text: str
) -> None:
    values: dict[str, Any] = {SETTLED_SHARE: share, PAST_ACCOUNTS: count, DAYS_TO_PAY: days}
    assert sentence(name, values.pop(name), **values) == text


@pytest.mark.parametrize("catalog", CATALOGS)
def test_every_phrase_in_the_catalogs_reads_as_a_sentence(catalog: str) -> None:
    for feature in CATALOGS[catalog]:
        for value in ("surgery",) if feature.is_category else (0.0, 1.0, 2.5):
            data = pd.DataFrame({feature.name: [value], feature.name.replace("_rate_", "_support_", 1): [value]})
            ((reason, *_),) = explain_rows([feature], data, np.array([[0.1]]))
            assert reason.text[0] == reason.text[0].upper(), feature.name
            assert not {"{", "}", "_"} & set(reason.text), feature.name
            assert "nan" not in reason.text.lower().replace("financial", ""), feature.name
        assert feature.meaning, feature.name


@pytest.mark.parametrize("catalog", CATALOGS)
def test_no_phrase_names_a_protected_attribute(catalog: str) -> None:
    for feature in CATALOGS[catalog]:
        texts = f"{feature.name} {feature.phrase} {feature.when_unknown} {feature.when_zero}".lower().replace("_", " ")
        assert not PROTECTED & set(re.findall(r"[a-z]+", texts)), feature.name


def test_no_code_description_names_a_protected_attribute() -> None:
    descriptions = {
        meaning: set(re.findall(r"[a-z]+", meaning.lower()))
        for codes in read_descriptions().values()
        for meaning in codes.values()
    }
    assert not [meaning for meaning, words in descriptions.items() if words & (PROTECTED | {"age"})]


def test_every_code_has_a_description_other_than_the_code() -> None:
    for feature in CODED:
        for code, meaning in read_descriptions()[feature].items():
            assert format_value("category", code, feature=feature) == f"{code} ({meaning})"
            assert meaning
            assert meaning != code


def test_the_strongest_reasons_come_first_and_the_rest_is_summed() -> None:
    features = [feature for feature in ACCOUNT_FEATURES if not feature.is_category][:12]
    draw = np.random.default_rng(4)
    data = pd.DataFrame(draw.uniform(1, 90, (25, 12)), columns=[feature.name for feature in features])
    contributions = draw.normal(0, 1, (25, 12))
    for row, reasons in enumerate(explain_rows(features, data, contributions, max_reasons=5)):
        assert [reason.feature for reason in reasons][-1] == REST
        assert len(reasons) == 6
        strengths = [abs(reason.contribution) for reason in reasons[:-1]]
        assert strengths == sorted(np.abs(contributions[row]), reverse=True)[:5]
        assert sum(reason.contribution for reason in reasons) == pytest.approx(contributions[row].sum(), abs=1e-12)
        assert REST not in {reason.feature for reason in top_reasons(reasons, 99)}
        assert len(top_reasons(reasons, 3)) == 3


def test_a_feature_without_contribution_or_text_gives_no_reason() -> None:
    silent = BY_NAME["patient_balance"]
    data = pd.DataFrame({"patient_balance": [np.nan], "days_owed": [3.0]})
    (reasons,) = explain_rows([silent, BY_NAME["days_owed"]], data, np.array([[0.7, 0.0]]))
    assert [(reason.feature, reason.contribution) for reason in reasons] == [(REST, 0.7)]


def names_of(groups: list[list[int]], features: tuple[Feature, ...]) -> set[frozenset[str]]:
    return {frozenset(features[place].name for place in group) for group in groups if len(group) > 1}


def test_a_category_its_rates_and_their_support_make_one_reason() -> None:
    joined = names_of(group_features(DENIAL_FEATURES), DENIAL_FEATURES)
    rate = "overturned_rate_carc"
    assert {"carc", rate, f"{rate}_recent", "overturned_support_carc", "overturned_support_carc_recent"} in joined
    for feature in DENIAL_FEATURES:
        if isinstance(feature.source, HistoricalRate):
            (group,) = (group for group in joined if feature.name in group)
            rates = [BY_NAME[name].source for name in group if "_rate_" in name]
            assert {rate.keys for rate in rates if isinstance(rate, HistoricalRate)} == {feature.source.keys}
            assert all(isinstance(rate, HistoricalRate) for rate in rates)


def test_correlated_features_add_up_and_the_strongest_in_the_sums_direction_gives_the_text() -> None:
    features = tuple(BY_NAME[name] for name in ("days_owed", "patient_balance", "charges"))
    data = pd.DataFrame({"days_owed": [9.0, 9.0], "patient_balance": [50.0, 50.0], "charges": [80.0, 80.0]})
    contributions = np.array([[0.1, 0.5, -0.7], [0.4, 0.3, 0.2]])
    correlated = (("patient_balance", "charges", "not in the model"),)
    first, second = explain_rows(features, data, contributions, correlated=correlated)
    assert [reason.feature for reason in first[:-1]] == ["charges", "days_owed"]
    assert [reason.contribution for reason in first[:-1]] == pytest.approx([-0.2, 0.1])
    assert [reason.text for reason in second[:-1]] == ["Patient owes $50", "Patient balance due for 9 days"]
    assert [reason.contribution for reason in second[:-1]] == pytest.approx([0.5, 0.4])


def test_a_rate_gives_the_text_even_when_its_support_contributes_more() -> None:
    features = tuple(BY_NAME[name] for name in ("overturned_rate_carc", "overturned_support_carc"))
    data = pd.DataFrame({"overturned_rate_carc": [0.7], "overturned_support_carc": [40.0], "carc": ["16"]})
    ((reason, rest),) = explain_rows(features, data, np.array([[0.1, -0.6]]))
    assert reason.text == "CARC 16 (information missing or wrong): about 70% overturned (40 past cases)"
    assert (reason.contribution, rest.contribution) == (-0.5, 0.0)


@pytest.mark.parametrize(
    ("category", "text"),
    [("a\u202eb\x00c", "a b c"), ("x" * 90, "x" * 59 + "\u2026"), ("UNKNOWN", "unknown"), (" \u200b ", "unknown")],
)
def test_a_sites_own_category_is_shown_on_one_short_line_in_one_direction(category: str, text: str) -> None:
    assert format_category(category, "site_clinic") == text
