"""The catalog is broad, readable, and portable, has unique names, and reads no protected attribute."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payrank.extracts.errors import WrongUsageError
from payrank.features.catalog.accounts import ACCOUNT_FEATURES
from payrank.features.catalog.denials import DENIAL_FEATURES
from payrank.features.catalog.rates import attribute_features
from payrank.features.dialects.dialect import DuckDBDialect
from payrank.features.feature import FAMILIES, Feature, catalog_digest, check_catalog
from payrank.features.snapshots import snapshot_days
from payrank.features.sources import Count, Snapshot
from payrank.features.sql.plan import plan_sql
from payrank.features.targets import OverturnTarget, PaymentTarget
from tests.features.small_extracts import SITE

CATALOGS = {
    "account": (*ACCOUNT_FEATURES, *attribute_features(SITE["accounts"], "paid")),
    "denial": (*DENIAL_FEATURES, *attribute_features(SITE["denials"], "overturned")),
}
EVERY = [feature for features in CATALOGS.values() for feature in features]
BOTH = pytest.mark.parametrize("unit", ["account", "denial"])


def rendered(unit: str, matured_by: date | None = date(2026, 6, 1)) -> str:
    target = PaymentTarget() if unit == "account" else OverturnTarget()
    attributes = tuple(SITE["accounts" if unit == "account" else "denials"])
    days = [date(2026, 1, 1), date(2026, 2, 1)]
    plan = plan_sql(target, CATALOGS[unit], days, DuckDBDialect(), lambda _: True, attributes, matured_by)
    assert plan.unavailable == ()
    return "\n".join(step.sql for step in plan.steps)


def test_an_account_has_at_least_forty_features_and_a_denial_twenty_five() -> None:
    assert len(ACCOUNT_FEATURES) >= 40
    assert len(DENIAL_FEATURES) >= 25


def test_the_catalogs_cover_every_family() -> None:
    families = {"account": set(FAMILIES), "denial": set(FAMILIES) - {"contact"}}
    assert {unit: {feature.family for feature in features} for unit, features in CATALOGS.items()} == families


@BOTH
def test_feature_names_are_unique(unit: str) -> None:
    names = [feature.name for feature in CATALOGS[unit]]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)


def test_two_features_with_the_same_name_are_refused() -> None:
    with pytest.raises(WrongUsageError, match="two features are named 'days_left'"):
        check_catalog([feature for feature in DENIAL_FEATURES if feature.name == "days_left"] * 2)


@pytest.mark.parametrize("feature", EVERY, ids=lambda feature: feature.name)
def test_every_feature_has_readable_texts(feature: Feature) -> None:
    assert feature.meaning[0].isupper()
    assert not feature.meaning.endswith(".")
    text = feature.phrase.format(value="THIS", support="12", like="These", s="s")
    assert "{" not in text
    assert "THIS" in text
    assert "{" not in feature.when_unknown
    assert "{" not in feature.when_zero.format(value="THIS", s="s")
    assert feature.when_zero != feature.phrase
    assert feature.sensitivity in ("none", "proxy")
    assert feature.direction in (-1, 0, 1)


@BOTH
def test_no_protected_attribute_is_in_the_sql(unit: str) -> None:
    words = set(re.findall(r"[a-z_0-9]+", rendered(unit).lower()))
    assert words.isdisjoint({"guarantors", "birth_year", "state_code", "zip3", "language", "text_consent"})
    assert not [word for word in words if word.startswith("audit_")]
    assert not re.search(r"\b[a-z]\.state\b|\bstate AS\b", rendered(unit))


@BOTH
def test_features_that_could_stand_in_for_a_protected_trait_are_marked_as_proxies(unit: str) -> None:
    """Payers can stand in for age and public assistance, service lines for sex, and site attributes for anything."""
    sensitive = re.compile(r"payer_id|payer_class|service_line|charity|site_")
    for feature in CATALOGS[unit]:
        assert (feature.sensitivity == "proxy") == bool(sensitive.search(repr(feature.source))), feature.name


@BOTH
@pytest.mark.parametrize("matured_by", [None, date(2026, 6, 1)], ids=["nightly", "training"])
def test_the_sql_uses_no_engine_specific_keywords(unit: str, matured_by: date | None) -> None:
    words = {word.upper() for word in re.findall(r"[A-Za-z_]+", rendered(unit, matured_by))}
    engine_specific = (
        "ASOF QUALIFY FILTER MEDIAN INTERVAL LIST UNNEST STRUCT ARG_MAX ANY_VALUE EXCLUDE USING SAMPLE PIVOT TRY_CAST"
    )
    assert words.isdisjoint(engine_specific.split())
    assert "::" not in rendered(unit, matured_by)


def test_the_same_catalog_renders_to_the_same_text() -> None:
    assert rendered("account") == rendered("account")


@BOTH
def test_the_digest_depends_only_on_what_defines_the_values(unit: str) -> None:
    features = CATALOGS[unit]
    digest = catalog_digest(features)
    first = features[0]
    other = "Else {value}"
    worded = [
        replace(first, phrase=other),
        replace(first, meaning=other),
        replace(first, when_unknown=other),
        replace(first, when_zero=other),
    ]
    for same in (*worded, replace(first, sensitivity="proxy")):
        assert catalog_digest((same, *features[1:])) == digest
    changed = [
        replace(first, name="other"),
        replace(first, unit="count"),
        replace(first, source=Snapshot("1 + 1")),
        replace(first, direction=-1),
        replace(first, modeled=False),
    ]
    digests = {catalog_digest((other, *features[1:])) for other in changed}
    digests |= {catalog_digest(features[1:]), catalog_digest(features[::-1])}
    assert len(digests) == 7
    assert digest not in digests


def test_a_time_window_is_part_of_the_digest() -> None:
    feature = next(feature for feature in ACCOUNT_FEATURES if feature.name == "calls_90d")
    assert isinstance(feature.source, Count)
    longer = replace(feature, source=replace(feature.source, within_days=91))
    assert catalog_digest([feature]) != catalog_digest([longer])


def test_an_unknown_family_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(WrongUsageError, match=r"did you mean.*history"):
        Feature(
            name="late",
            meaning="Late",
            unit="days",
            family="histry",
            source=Snapshot("account_age"),
            phrase="{value}",
        )


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(0, 2000),
    st.integers(1, 90),
    st.integers(1, 30),
    st.integers(1, 300),
    st.integers(1, 300),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_snapshot_days_are_a_grid_of_matured_days_with_history(
    as_of: date, known_for: int, every: int, most: int, history: int, horizon: int
) -> None:
    target = PaymentTarget(every_days=every, snapshots=most, history_days=history, horizon_days=horizon)
    first_known = date.fromordinal(as_of.toordinal() - known_for)
    days = snapshot_days(target, as_of, first_known)
    assert len(days) <= most
    assert all((later - earlier).days == every for earlier, later in pairwise(days))
    assert all((as_of - day).days >= horizon and (day - first_known).days >= history for day in days)
    assert bool(days) == (known_for >= horizon + history)
    if days:
        assert (as_of - days[-1]).days == horizon
        assert len(days) == most or (days[0] - first_known).days - every < history


RENDERED = {
    "account": "4f2386a7793a338667c683a96a5fb822bea5ea10b72092503ac24856911c6341",
    "denial": "cebd4aa0b420302d8c7a0119604886bb9553b85210a8be669a43c611a0ec344d",
}
"""SHA-256 of the SQL of each unit's nightly frame, for the current `COMPUTATION`."""


@pytest.mark.parametrize("unit", sorted(RENDERED))
def test_a_change_of_the_rendered_sql_is_noticed(unit: str) -> None:
    digest = hashlib.sha256(rendered(unit, None).encode()).hexdigest()
    assert digest == RENDERED[unit], (
        "the rendered SQL changed: if it changes any feature's value, raise COMPUTATION in features/feature.py, so "
        f"that earlier models are refused. Then update the digest here: {digest}"
    )
