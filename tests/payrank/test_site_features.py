"""A site's own features go through training, scoring and checking alike, and a model without them is refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from payrank.models.bundle import read_bundle
from payrank.settings import read_settings
from tests.conftest import Hospital
from tests.payrank.conftest import Run

pytestmark = pytest.mark.slow

RECORD = """
[[features.account]]
name = "texts_{days}d"
meaning = "Texts sent to the guarantor in {days} days"
unit = "count"
family = "contact"
phrase = "{{value}} text{{s}} in {days} days"
source = {{ take = "count", of = "contacts", where = {{ channel = "text" }}, within_days = {within} }}

[[features.account]]
name = "facility"
meaning = "Hospital that the account belongs to"
unit = "category"
family = "payer mix"
phrase = "Seen at {{value}}"
source = {{ take = "value", column = "facility" }}

[payment]
snapshots = 6

[training]
min_outcomes = 11
members = [{{ seeds = [1] }}]
max_n_estimators = 30
"""


def write(days: int = 30, within: int = 30) -> None:
    Path("payrank.toml").write_text(RECORD.format(days=days, within=within))


def test_a_site_feature_is_trained_and_scored_and_its_absence_is_refused(
    payrank: Run, hospital: Hospital, tmp_path: Path
) -> None:
    write()
    model, runs = tmp_path / "model", tmp_path / "runs"
    assert payrank("train", "payment", hospital.extract, "--as-of", hospital.as_of, "--out", model).code == 0
    columns = {column.name: column for column in read_bundle(model).manifest.features}
    assert columns["own_texts_30d"].meaning == "Texts sent to the guarantor in 30 days"
    assert columns["own_facility"].levels
    models = ("--payment", model, "--overturn", hospital.bundles["overturn"])
    night = ("score", hospital.extract, "--as-of", hospital.as_of, *models, "--out")
    assert payrank(*night, runs).code == 0
    splits: Counter[str] = Counter()
    for trees in read_bundle(model).likelihood:
        splits.update(dict(zip(trees.feature_name(), trees.feature_importance(), strict=True)))
    assert splits["own_texts_30d"] + splits["own_facility"] > 0

    write(within=45)
    changed = payrank(*night, tmp_path / "changed")
    assert changed.code == 5
    assert "computed differently: own_texts_30d" in changed.last

    write(days=60)
    renamed = payrank(*night, tmp_path / "renamed")
    assert renamed.code == 5
    assert "missing from the catalog in use: own_texts_30d" in renamed.last
    assert "unknown to the model: own_texts_60d" in renamed.last

    Path("payrank.toml").unlink()
    gone = payrank(*night, tmp_path / "gone")
    assert gone.code == 5
    assert "own_facility, own_texts_30d" in gone.last
    assert not (tmp_path / "gone" / hospital.as_of.isoformat()).exists()


def test_features_and_check_include_site_features(payrank: Run, hospital: Hospital, tmp_path: Path) -> None:
    write()
    out = tmp_path / "frame.parquet"
    result = payrank("features", hospital.extract, "--unit", "account", "--as-of", hospital.as_of, "--out", out)
    assert result.code == 0
    assert {"own_texts_30d", "own_facility"} <= set(pq.read_schema(out).names)
    assert payrank("check", hospital.extract).code == 0


def test_a_faulty_feature_record_exits_with_2_before_the_extract_is_read(payrank: Run, tmp_path: Path) -> None:
    Path("payrank.toml").write_text(RECORD.format(days=30, within=30).replace('of = "contacts"', 'of = "contact"'))
    result = payrank("score", tmp_path / "no-extract", "--as-of", "2026-11-20", "--out", tmp_path / "runs")
    assert result.code == 2
    assert "[[features.account]] texts_30d" in result.last
    assert "did you mean 'contacts'" in result.last


def test_the_example_on_the_settings_page_works(payrank: Run) -> None:
    page = (Path(__file__).parents[2] / "docs" / "guides" / "site_features.md").read_text("utf-8")
    block = page.split("```toml\n")[1].split("```")[0]
    Path("payrank.toml").write_text(block)
    site_features = read_settings(None).features
    assert [feature.name for feature in site_features.account] == ["own_texts_30d"]
