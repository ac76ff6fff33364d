"""Reasons read as a collector would say them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.account_catalog import ACCOUNT_FEATURES
from features.catalog import Feature
from features.denial_catalog import DENIAL_FEATURES
from features.rate_catalog import site_features
from scoring.reasons import CODED, REST, explain_rows, read_codes, show_value, top_reasons

BY_NAME = {feature.name: feature for feature in (*DENIAL_FEATURES, *ACCOUNT_FEATURES)}
EVERY = (
    *ACCOUNT_FEATURES,
    *DENIAL_FEATURES,
    *site_features({"clinic": "category", "line": "category", "visits": "number", "urgent": "boolean"}, "paid"),
)


def sentence(name: str, value: float | str | None, support: float = 12.0) -> str:
    """The text of one feature that alone explains a row."""
    feature = BY_NAME[name]
    data = pd.DataFrame({name: [value], name.replace("_rate_", "_support_", 1): [support]})
    data[name] = [value]
    ((reason, *_),) = explain_rows([feature], data, np.array([[0.5]]))
    return reason.text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("patient_balance", 1234.5, "Patient owes $1,234"),
        ("household_paid_365d", 0.0, "Household paid nothing elsewhere in a year"),
        ("days_owed", 1.0, "Patient has owed for 1 day"),
        ("days_owed", 40.0, "Patient has owed for 40 days"),
        ("days_owed", None, "Patient share not yet billed"),
        ("payment_count", 1.0, "1 payment on this account"),
        ("payment_count", 0.0, "No payment on this account"),
        ("payment_count", 1200.0, "1,200 payments on this account"),
        ("household_settled_share", 0.755, "Paid 76% of earlier balances in full"),
        ("household_settled_share", None, "No earlier balance to judge by"),
        ("household_days_to_pay", 34.2, "Typically pays 34 days after the bill"),
        ("household_days_to_pay", -38.0, "Typically pays 38 days before the bill"),
        ("days_left", -1.0, "1 day past the last day to appeal"),
        ("days_left", 9.0, "9 days left to appeal"),
        ("next_payment_in", -5.0, "Next payment was to be expected 5 days ago"),
        ("payer_class", "workers_comp", "Payer class: workers' compensation"),
        ("last_contact_outcome", "right_party", "Last contact: spoke with the guarantor"),
        ("carc", "197", "Reason code: 197 (no prior authorisation)"),
        ("carc", "9999", "Reason code: 9999 (a code without a meaning on file)"),
        ("group_code", "CO", "Group code: CO (contractual obligation)"),
        ("rarc", None, "No remark code"),
        ("patient_class", "emergency", "Emergency visit"),
        ("service_line", "behavioral_health", "Service line: behavioral health"),
        ("tax_refund_season", 1.0, "Tax-refund season: yes"),
        ("denied_month", 2.0, "Denied in February"),
        ("weekday", 5.0, "It is a Friday"),
        ("overturned_rate_carc", 0.654, "With this reason code about 65% are overturned (12 earlier)"),
        ("paid_rate_payer_id", None, "No payer on record"),
    ],
)
def test_a_reason_tells_its_value_in_the_units_of_the_trade(name: str, value: float | str | None, text: str) -> None:
    assert sentence(name, value) == text


def test_a_rate_without_earlier_outcomes_says_so() -> None:
    assert sentence("overturned_rate_carc", 0.5, support=0.0).endswith("(none earlier)")


@pytest.mark.parametrize("feature", EVERY, ids=lambda feature: feature.name)
def test_every_phrase_of_the_catalogues_can_be_said(feature: Feature) -> None:
    for value in ("surgery",) if feature.is_category else (0.0, 1.0, 2.5):
        data = pd.DataFrame({feature.name: [value], feature.name.replace("_rate_", "_support_", 1): [value]})
        ((reason, *_),) = explain_rows([feature], data, np.array([[0.1]]))
        assert reason.text[0] == reason.text[0].upper()
        assert not {"{", "}", "_"} & set(reason.text)
        assert "nan" not in reason.text.lower()
    assert feature.meaning


@pytest.mark.parametrize("feature", EVERY, ids=lambda feature: feature.name)
def test_no_phrase_names_a_protected_attribute(feature: Feature) -> None:
    told = f"{feature.name} {feature.phrase} {feature.absent}".lower().replace("_", " ")
    assert not {"birth", "sex", "gender", "race", "ethnicity", "marital", "language", "religion"} & set(told.split())


def test_every_code_has_a_meaning_that_is_not_the_code() -> None:
    for feature in CODED:
        for code, meaning in read_codes()[feature].items():
            assert show_value("category", code, feature=feature) == f"{code} ({meaning})"
            assert meaning
            assert meaning != code


def test_the_strongest_come_first_and_the_rest_is_summed_so_that_all_adds_up() -> None:
    features = ACCOUNT_FEATURES[:12]
    draw = np.random.default_rng(4)
    data = pd.DataFrame(draw.uniform(1, 90, (25, 12)), columns=[feature.name for feature in features])
    contributions = draw.normal(0, 1, (25, 12))
    for row, reasons in enumerate(explain_rows(features, data, contributions, kept=5)):
        assert [reason.feature for reason in reasons][-1] == REST
        assert len(reasons) == 6
        strengths = [abs(reason.contribution) for reason in reasons[:-1]]
        assert strengths == sorted(np.abs(contributions[row]), reverse=True)[:5]
        assert sum(reason.contribution for reason in reasons) == pytest.approx(contributions[row].sum(), abs=1e-12)
        assert REST not in {reason.feature for reason in top_reasons(reasons, 99)}
        assert len(top_reasons(reasons, 3)) == 3


def test_what_contributes_nothing_or_has_no_words_is_no_reason() -> None:
    silent = BY_NAME["patient_balance"]
    data = pd.DataFrame({"patient_balance": [np.nan], "days_owed": [3.0]})
    (reasons,) = explain_rows([silent, BY_NAME["days_owed"]], data, np.array([[0.7, 0.0]]))
    assert [(reason.feature, reason.contribution) for reason in reasons] == [(REST, 0.7)]
