"""Code knowledge in one place: descriptions, formats, and adjustments that are never denials agree with each other."""

from __future__ import annotations

import re
from typing import Any

import pytest

from payrank.extracts.codes.code_lists import CODE_FORMATS, GROUP_CODES, NO_APPEAL_RARCS
from payrank.extracts.codes.descriptions import describe_carc, describe_group, describe_rarc, read_descriptions
from payrank.extracts.codes.never_denials import NEVER_DENIALS, is_denial, is_never_denial
from payrank.simulator.claims.codes import DENIAL_CODES, NON_DENIAL_CODES


@pytest.mark.parametrize("column", CODE_FORMATS)
def test_every_described_code_has_the_format_of_its_list(column: Any) -> None:
    pattern, _ = CODE_FORMATS[column]
    assert [code for code in read_descriptions()[column] if not re.fullmatch(pattern, code)] == []


def test_every_group_code_and_no_appeal_remark_is_described() -> None:
    assert all(map(describe_group, GROUP_CODES))
    assert all("no appeal rights" in (describe_rarc(code) or "") for code in NO_APPEAL_RARCS)


def test_no_never_denial_rule_is_listed_twice() -> None:
    keys = [(rule.group, rule.carc, rule.rarc) for rule in NEVER_DENIALS]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("code", DENIAL_CODES + NON_DENIAL_CODES, ids=lambda code: f"{code.group}-{code.carc}")
def test_the_simulator_sends_denials_and_ordinary_adjustments_by_the_same_rules(code: Any) -> None:
    for rarc in code.rarcs:
        assert is_denial(code.group, code.carc, rarc) == (code in DENIAL_CODES)
        assert is_never_denial(code.group, code.carc, rarc) == (code in NON_DENIAL_CODES)
    assert describe_carc(code.carc)
