"""`payrank.toml`: unknown settings are refused with the nearest name, known ones take effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.scoring.schedule.capacity import Capacity
from payrank.settings import Settings, read_settings


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[scorin]", r"unknown section \[scorin\]; did you mean 'scoring'"),
        ("[scoring]\ncapcity = 5", "unknown setting 'capcity'; did you mean 'capacity'"),
        ("[scoring]\ncapacity = -5", "setting 'capacity.*: .*greater than or equal to 0; found -5"),
        ("[scoring]\nreasons_shown = 'all'", "setting 'reasons_shown': .*integer.*; found 'all'"),
        ("[scoring]\ncapacity = 0", "setting 'capacity': A capacity of 0 lists nothing"),
        ("[scoring.costs]\ncal = 5", "setting 'costs': unknown action, queue or list 'cal'; did you mean 'call'"),
        ("[[scoring.override]]\nrule = 'S5'\nreson = 'no such day here'", "did you mean 'reason'"),
        ("[[scoring.change]]\nrule = 'S5'", "setting 'change' was renamed; write 'override'"),
        ("[scoring]\nplan_most_months = 12", "setting 'plan_most_months' was renamed; write 'plan_max_months'"),
        (
            "[scoring]\nplan_instalment_dollars = 100",
            "setting 'plan_instalment_dollars' was renamed; write 'plan_installment_dollars'",
        ),
        ("[[scoring.waive]]\nrule = 'H12'\nreasn = 'no such flags here'", "did you mean 'reason'"),
        ("[[scoring.waive]]\nrule = 'H12'\nreason = 'no'", "waive.0.reason.* at least 10 characters"),
        ("[payment]\nhorizon = 60", "did you mean 'horizon_days'"),
        ("[overturn]\nmaturity_days = 0", "maturity_days"),
        ("training = 5", "training is not a table"),
        ("[scoring", "is not valid TOML"),
    ],
)
def test_an_error_names_the_setting_and_the_nearest_known_one(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "payrank.toml"
    path.write_text(text)
    with pytest.raises(WrongUsageError, match=says):
        read_settings(path)


def test_a_named_settings_file_must_exist_but_the_default_need_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings(None) == Settings()
    with pytest.raises(WrongUsageError, match=r"no settings file at other\.toml"):
        read_settings(Path("other.toml"))


def test_the_settings_file_in_the_working_folder_takes_effect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "payrank.toml").write_text(
        "[scoring]\ncapacity = 7\n[payment]\nhorizon_days = 60\n"
        "[training]\nrefit = false\n[training.overturn]\nhalf_life_days = 90\n"
    )
    monkeypatch.chdir(tmp_path)
    settings = read_settings(None)
    assert settings.scoring.capacity == Capacity.model_validate(7)
    assert settings.payment.horizon_days == 60
    assert settings.training_of("payment") == {"refit": False}
    assert settings.training_of("overturn") == {"refit": False, "half_life_days": 90}
