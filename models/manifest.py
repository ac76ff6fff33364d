"""The description of a bundle, `manifest.json`, with the SHA-256 of every other file and of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from payrank.models.matrix import ModelColumn
from payrank.models.records.auto_settings import AutoSettings
from payrank.models.records.evaluation import Evaluation
from payrank.models.records.horizons import HorizonMetrics
from payrank.models.records.recalibration import Recalibration
from payrank.models.records.selection import SelectionBias
from payrank.models.timing import Timing

FORMAT = 3
"""Version of the bundle's layout. Raise it whenever an older payrank could not read a new bundle, or the reverse."""
ModelKind = Literal["payment", "overturn"]
MODEL_KINDS: tuple[ModelKind, ...] = ("payment", "overturn")
UNIT_BY_KIND: Mapping[str, str] = {"payment": "account", "overturn": "denial"}


class OldFormatError(ValueError):
    """A manifest of an earlier bundle layout, which is no longer read."""


class Window(BaseModel):
    """Rows in a range of snapshots: first and last as-of date, rows, and events (rows whose outcome happened)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: date
    last: date
    rows: int
    events: int


class Period(BaseModel):
    """One validation period: earlier rows that were fitted, and the later rows that were then predicted.

    All labels of the fitted rows were known before the period began. The first period (`tuning`) selects the settings,
    the following ones (`holdout`) give the metrics, and the last (`final`) is the final test: nothing was selected on
    it, and no household of its `predicted` rows is among its `fitted` rows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["tuning", "holdout", "final"]
    fitted: Window
    fitted_labels_known_by: date
    predicted: Window


class Reserved(BaseModel):
    """Households excluded from the fit of the final test, which is evaluated on them alone.

    A salted hash reserves a `share` of all households: `households` of the `of_households` of the last period.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float
    households: int
    of_households: int


class Windows(BaseModel):
    """The temporal design of a training. A row's label is known `label_lag_days` or more after its snapshot.

    `reserved` is None when the households of the final test are new to its fit anyway, or when there is no final test.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label_lag_days: int
    fitted: Window
    refit: bool
    calibrated_on: Window
    periods: tuple[Period, ...]
    reserved: Reserved | None = None


class ShareModel(BaseModel):
    """How the share of the amount, given that the outcome happens, is predicted.

    `model`: LightGBM in share.txt. `mean`: one mean for all rows, because there were too few outcomes. `assumed`: 1.0,
    because no share was known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["model", "mean", "assumed"]
    mean: float
    outcomes: int


class Manifest(BaseModel):
    """The description of a bundle, without any row of data or ID (contracts.md, section 5).

    `weights` are those of the likelihood boosters and sum to 1; `n_estimators` is the number of trees per ensemble
    member. `correlated_features` are groups of features that ranked the training rows alike, so that reasons treat each
    group as one. `target` is the outcome as the features define it (`features/targets.py`), and `settings` are the
    training settings. `evaluation` holds the metrics with intervals; `metrics` and `baselines` are the same metrics
    without intervals, by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: int
    kind: ModelKind
    unit: str
    features: tuple[ModelColumn, ...]
    correlated_features: tuple[tuple[str, ...], ...]
    catalog_digest: str
    target: Mapping[str, Any]
    horizon_days: int | None
    min_share: float | None
    as_of: date
    windows: Windows
    rows: int
    events: int
    households: int
    weights: tuple[float, ...]
    n_estimators: Mapping[str, int]
    share: ShareModel
    timing: Timing
    metrics: Mapping[str, float]
    baselines: Mapping[str, Mapping[str, float]]
    evaluation: Evaluation
    final_test: Evaluation | None
    auto_settings: AutoSettings
    recalibration: Recalibration
    selection: SelectionBias | None
    horizons: tuple[HorizonMetrics, ...]
    settings: Mapping[str, Any]
    extract_digests: Mapping[str, str]
    notices: tuple[str, ...]
    libraries: Mapping[str, str]
    files: Mapping[str, str]


def render_manifest(manifest: Manifest) -> bytes:
    """Return the bytes of manifest.json, including its own SHA-256. The same manifest always gives the same bytes."""
    content = manifest.model_dump(mode="json")
    content["digest"] = digest_manifest(manifest)
    return (json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def digest_manifest(manifest: Manifest) -> str:
    """Return the SHA-256 of a manifest. It covers the digests of all other files, so it identifies the whole bundle."""
    content = json.dumps(manifest.model_dump(mode="json"), sort_keys=True, allow_nan=False)
    return hashlib.sha256(content.encode()).hexdigest()


def parse_manifest(content: bytes) -> Manifest:
    """Return the manifest that `render_manifest` wrote.

    Raises
    ------
    OldFormatError
        When an earlier version of payrank wrote it.
    ValueError
        When its format is unknown, or when it differs by a byte from what `render_manifest` wrote.
    """
    fields = json.loads(content)
    if not isinstance(fields, dict):
        raise ValueError("manifest.json is not a JSON object")
    version = fields.get("format")
    if isinstance(version, int) and 0 < version < FORMAT:
        raise OldFormatError(f"bundle format {version}; this version of payrank reads format {FORMAT}")
    if version != FORMAT:
        raise ValueError(f"unknown bundle format {version!r:.20}; this version of payrank reads format {FORMAT}")
    fields.pop("digest", None)
    manifest = Manifest.model_validate_json(json.dumps(fields))
    if render_manifest(manifest) != content:
        raise ValueError("manifest.json does not match its own digest")
    return manifest
