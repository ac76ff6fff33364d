"""Any line is either a resource with rows or breaks a known rule."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from payrank.extracts.readers.fhir.resources.elements import add_money, render_cents
from payrank.extracts.readers.fhir.resources.eligibility import find_skip_reason, read_version
from payrank.extracts.readers.fhir.resources.parse_resource import RULES, BrokenLineError, parse_resource
from payrank.extracts.readers.fhir.resources.resource_rows import READERS, ROW_TABLES, read_rows

NAMES = (
    "id meta lastUpdated versionId status use outcome created patient insurer claim request response claimResponse "
    "reference display identifier value insurance sequence focal coverage item addItem detail subDetail adjudication "
    "category reason coding system code amount total payment date net related relationship extension "
    "valueCodeableConcept valueCoding contained payor billablePeriod start end paymentIssuer paymentAmount "
    "paymentDate account recipient subject totalGross totalNet servicePeriod guarantor party priority period type "
    "name birthDate entry method url currency"
).split()
WORDS = st.one_of(
    st.sampled_from(["USD", "EUR", "submitted", "copay", "prior", "DELETE", "active", "claim", "2024-01-05", "#c", ""]),
    st.text(max_size=8),
)
LEAVES = st.one_of(WORDS, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
NODES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=25,
)  # fmt: skip


def read(line: bytes) -> tuple[Any, ...]:
    """Read a line as the reader does. Returns its type, its rows, and the rule that it breaks."""
    try:
        resource = parse_resource(line)
        kind = resource["resourceType"]
        find_skip_reason(kind, resource)
        read_version(resource)
        return kind, read_rows(kind, resource) if kind in READERS else [], None
    except BrokenLineError as broken:
        return None, [], broken.rule


@settings(max_examples=400, deadline=None)
@given(kind=st.sampled_from(sorted(READERS)), body=st.dictionaries(st.sampled_from(NAMES), NODES, max_size=8))
def test_any_resource_yields_rows_of_known_columns_or_breaks_a_known_rule(kind: Any, body: Any) -> None:
    parsed_kind, rows, rule = read(json.dumps(body | {"resourceType": kind}).encode())
    assert rule in RULES if parsed_kind is None else parsed_kind == kind
    for table, row in rows:
        assert set(row) == set(ROW_TABLES[table])
        assert all(value is None or isinstance(value, str) for value in row.values())


@given(line=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
@example(b'{"resourceType": "Claim", "a": 1e999999999}')
@example(b'{"resourceType": "Claim", "a": ' + b"9" * 5000 + b"}")
def test_any_bytes_are_a_resource_or_break_a_known_rule(line: Any) -> None:
    parsed_kind, _, rule = read(line)
    assert rule in RULES if parsed_kind is None else rule is None


@given(st.lists(st.decimals(min_value=-(10**9), max_value=10**9, places=2), min_size=1, max_size=20))
def test_dollars_add_up_exactly(amounts: Any) -> None:
    assert Decimal(add_money(map(str, amounts)) or "") == sum(amounts)


@pytest.mark.parametrize(
    ("written", "cents"),
    [
        ("-0.00", "0.00"), ("-3", "-3.00"), ("0.005", "0.005"), ("1e-2", "0.01"), ("1E20", "1E20"),
        ("1e999999", "1e999999"), ("12.3400", "12.34"), ("words", "words"), ("NaN", "NaN"),
    ],
)  # fmt: skip
def test_an_amount_that_is_not_whole_cents_is_unchanged(written: str, cents: str) -> None:
    assert render_cents(written) == cents
