"""The training settings are read strictly, and an error names the nearest known setting."""

from __future__ import annotations

from typing import Any

import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.training.settings import RENAMED, Member, TrainingSettings, parse_settings


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"treez": {}}, r"'treez' is unknown; did you mean 'trees'\?"),
        ({"trees": {"num_leavs": 3}}, r"'trees.num_leavs' is unknown; did you mean 'num_leaves'\?"),
        ({"validation": {"period": 3}}, r"'validation.period' is unknown; did you mean 'periods'\?"),
        ({"members": [{"seed": [1]}]}, r"did you mean 'seeds'\?"),
        ({"members": [{"trees": {"max_dept": 1}}]}, r"did you mean 'max_depth'\?"),
        ({"members": [{"trees": {"max_bin": 9999}}]}, "max_bin"),
        ({"members": [{}, {}]}, "each member needs its own name"),
        ({"trees": {"min_data_in_leaf": 5}}, "greater than or equal to 11; found: 5"),
        ({"validation": {"periods": 1}}, "greater than or equal to 2"),
        ({"calibration": "magic"}, "'auto', 'none', 'platt', 'beta' or 'isotonic'"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(values: Any, message: str) -> None:
    with pytest.raises(WrongUsageError, match=message):
        parse_settings(values)


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
@pytest.mark.parametrize("kind", ["payment", "overturn"])
def test_a_renamed_setting_is_refused_with_its_new_name(old: Any, new: Any, kind: str) -> None:
    table, _, name = old.rpartition(".")
    values = {"members": [{name: 1}]} if table == "members" else {name: 1}
    place = f"members.0.{name}" if table == "members" else name
    with pytest.raises(WrongUsageError, match=f"^training setting '{place}' was renamed; write '{new}'$"):
        parse_settings(values, kind)


def test_every_new_name_is_a_setting_and_no_old_name_is_one() -> None:
    for old, new in RENAMED.items():
        fields = (Member if old.startswith("members.") else TrainingSettings).model_fields
        assert new in fields
        assert old.rpartition(".")[2] not in fields


def test_settings_from_a_toml_table_survive_a_round_trip_through_the_manifest() -> None:
    settings = parse_settings(
        {"trees": {"max_bin": 127}, "members": [{"seeds": [4, 5]}, {"name": "additive", "trees": {"max_depth": 1}}]}
    )
    assert settings.members[0].seeds == (4, 5)
    assert parse_settings(settings.model_dump(mode="json")) == settings
    assert parse_settings({}) == TrainingSettings()
