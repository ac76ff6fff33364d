"""Settings are read strictly and answer with the nearest known name."""

from __future__ import annotations

import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.training.settings import TrainingSettings, parse_settings


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"treees": {}}, r"'treees': not known; did you mean 'trees'\?"),
        ({"trees": {"num_leavs": 3}}, r"'trees.num_leavs': not known; did you mean 'num_leaves'\?"),
        ({"validation": {"period": 3}}, r"'validation.period': not known; did you mean 'periods'\?"),
        ({"members": [{"seed": [1]}]}, r"did you mean 'seeds'\?"),
        ({"members": [{"trees": {"max_dept": 1}}]}, r"did you mean 'max_depth'\?"),
        ({"members": [{"trees": {"max_bin": 9999}}]}, "max_bin"),
        ({"members": [{}, {}]}, "a name of its own"),
        ({"trees": {"min_data_in_leaf": 5}}, "greater than or equal to 11; given: 5"),
        ({"validation": {"periods": 1}}, "greater than or equal to 2"),
        ({"calibration": "magic"}, "'auto', 'none', 'platt', 'beta' or 'isotonic'"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(values, said):
    with pytest.raises(WrongUsageError, match=said):
        parse_settings(values)


def test_a_toml_table_gives_settings_that_come_back_from_the_manifest():
    settings = parse_settings(
        {"trees": {"max_bin": 127}, "members": [{"seeds": [4, 5]}, {"name": "additive", "trees": {"max_depth": 1}}]}
    )
    assert settings.members[0].seeds == (4, 5)
    assert parse_settings(settings.model_dump(mode="json")) == settings
    assert parse_settings({}) == TrainingSettings()
