"""Every reason of a simulated run as people read it: all features, with all values in the simulated hospital."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from payrank.extracts.codes.descriptions import read_descriptions
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import nightly_frame
from payrank.features.frame import Frame
from payrank.features.targets import OverturnTarget, PaymentTarget
from payrank.scoring.reasons.format_values import format_category
from payrank.scoring.reasons.reasons import explain_rows
from payrank.simulator import simulate

AS_OF = date(2026, 11, 20)
PROTECTED = re.compile(r"\b(age [0-9]|birth|sex|gender|race|ethnic|marital|married|language|religion|disab)", re.I)


RAW_CODE = re.compile(r"\b([Rr]eason|[Rr]emark|[Gg]roup)( code:)? [A-Z0-9]+\b(?! \()|\b(M|N|MA)[0-9]{2,4}\b(?! \()")


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hospital") / "extract"
    simulate(folder, accounts=1500, seed=5, as_of=AS_OF)
    return folder


@pytest.fixture(scope="module")
def frames(hospital: Path) -> dict[str, Frame]:
    with load_extract(hospital) as extract:
        return {
            "account": nightly_frame(extract, PaymentTarget(), AS_OF),
            "denial": nightly_frame(extract, OverturnTarget(), AS_OF),
        }


@pytest.mark.parametrize("unit", ["account", "denial"])
def test_every_value_in_the_hospital_is_explained_in_plain_words(frames: dict[str, Frame], unit: str) -> None:
    frame = frames[unit]
    rows = frame.data.head(150)
    texts: set[str] = set()
    for turn in range(0, len(frame.features), 8):  # eight reasons per row: together the rounds cover every feature
        push = np.zeros((len(rows), len(frame.features)))
        push[:, turn : turn + 8] = 1.0
        explained = explain_rows(frame.features, rows, push)
        texts |= {reason.text for reasons in explained for reason in reasons}
    assert len(texts) > 300
    for text in texts:
        assert not PROTECTED.search(text), text
        assert not re.search(r"\bnan\b|: None\b|[{}_]|<NA>|  ", text), text
        assert text[0] == text[0].upper(), text
        assert not RAW_CODE.search(text), text


def test_every_code_in_the_hospital_has_a_description(hospital: Path) -> None:
    made_up = {"QX9", "Z99"}  # the simulator's codes that no list holds
    with duckdb.connect() as connection:
        for feature in ("group_code", "carc", "rarc"):
            path = hospital / "denials.parquet"
            sent = connection.execute(f"SELECT DISTINCT {feature} FROM '{path}' WHERE {feature} IS NOT NULL").fetchall()
            assert {code for (code,) in sent} - made_up <= set(read_descriptions()[feature])
            assert all(re.search(r" \(.+\)$", format_category(code, feature)) for (code,) in sent)
