"""What a bundle says of itself: `manifest.json`, with the SHA-256 of every other file and of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from payrank.models.matrix import Column
from payrank.models.records.auto_settings import Choices
from payrank.models.records.evaluation import Evaluation
from payrank.models.records.horizons import Horizon
from payrank.models.records.recalibration import Recalibration
from payrank.models.records.selection import Selection
from payrank.models.timing import Timing

FORMAT = 2
Kind = Literal["payment", "overturn"]
KINDS: tuple[Kind, ...] = ("payment", "overturn")
UNIT_OF_KIND: Mapping[str, str] = {"payment": "account", "overturn": "denial"}


class Window(BaseModel):
    """Rows of a span of snapshots: first and last as-of date, rows, events (outcomes that happened)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: date
    last: date
    rows: int
    events: int


class Period(BaseModel):
    """One validation period: the rows that were fitted, all known before it, and the later rows then predicted.

    The first period (`tuning`) chose what is chosen; the next (`holdout`) gave the figures; on the last (`final`)
    nothing was chosen, and no household of its `predicted` rows was among its `fitted` ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["tuning", "holdout", "final"]
    fitted: Window
    fitted_labels_known_by: date
    predicted: Window


class Reserved(BaseModel):
    """Households kept out of the fit of the final test, which judges them alone.

    `share` of all households are reserved, by a salted hash; `households` of the `of_households` of the last period.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float
    households: int
    of_households: int


class Windows(BaseModel):
    """The temporal design of a training. A row's label is known `gap_days` after its snapshot, or later.

    `reserved` is None where the final test's households are strangers to its fit anyway, or where it has none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    gap_days: int
    fitted: Window
    refit: bool
    calibrated_on: Window
    periods: tuple[Period, ...]
    reserved: Reserved | None = None


class Share(BaseModel):
    """How the share paid, given that the outcome happens, is known.

    `model`: LightGBM in share.txt; `mean`: one figure, for want of outcomes; `assumed`: 1.0, no share was known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["model", "mean", "assumed"]
    mean: float
    outcomes: int


class Manifest(BaseModel):
    """Everything that a bundle says of itself; see contracts.md, section 5. No row of data, no id.

    `weights` has one number a likelihood booster; they sum to 1; `n_estimators` is each member's number of trees.
    `together` names features that ranked the training rows alike, so that reasons tell them as one. `target` is what
    was predicted, as the features define it (`features/targets.py`); `settings` are the training settings. `evaluation`
    is how good the model is, with intervals; `metrics` and `baselines` are its bare figures, by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: int
    kind: Kind
    unit: str
    features: tuple[Column, ...]
    together: tuple[tuple[str, ...], ...]
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
    share: Share
    timing: Timing
    metrics: Mapping[str, float]
    baselines: Mapping[str, Mapping[str, float]]
    evaluation: Evaluation
    final_test: Evaluation | None
    choices: Choices
    recalibration: Recalibration
    selection: Selection | None
    horizons: tuple[Horizon, ...]
    settings: Mapping[str, Any]
    extract_digests: Mapping[str, str]
    notices: tuple[str, ...]
    libraries: Mapping[str, str]
    files: Mapping[str, str]


def render_manifest(manifest: Manifest) -> bytes:
    """Return the bytes of manifest.json, its own SHA-256 included: the same manifest gives the same bytes."""
    content = manifest.model_dump(mode="json")
    content["digest"] = digest_manifest(manifest)
    return (json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def digest_manifest(manifest: Manifest) -> str:
    """Return the SHA-256 of a manifest; as it covers the files' digests it names the whole bundle."""
    content = json.dumps(manifest.model_dump(mode="json"), sort_keys=True, allow_nan=False)
    return hashlib.sha256(content.encode()).hexdigest()


def parse_manifest(content: bytes) -> Manifest:
    """Return the manifest; raises ValueError unless `content` is, to the byte, what `render_manifest` wrote."""
    fields = json.loads(content)
    if not isinstance(fields, dict):
        raise ValueError("manifest.json does not hold an object")
    if fields.get("format") != FORMAT:
        raise ValueError(f"its format is {fields.get('format')!r:.20}, this payrank reads format {FORMAT}")
    fields.pop("digest", None)
    manifest = Manifest.model_validate_json(json.dumps(fields))
    if render_manifest(manifest) != content:
        raise ValueError("its content does not match its own digest")
    return manifest
