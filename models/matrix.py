"""Encode a frame's columns as the numbers that LightGBM reads.

Categories become integers by the levels stored in the bundle, most frequent first. By default a model splits them by
threshold, which every exact SHAP method can explain. With the setting `native` they are LightGBM's native categories,
which rank small data with many levels better and are explained by LightGBM itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.extracts.errors import NoUsableModelError
from payrank.features.arrays import Floats
from payrank.features.feature import Feature, catalog_digest


class ModelColumn(BaseModel):
    """One column of a model's matrix.

    `definition` is the catalog digest of this feature alone, so that an outdated feature can be named. `levels` are the
    values of a category in the order of their codes. `other` means that rare values were merged in training: they, and
    values not seen in training, get the code after the last level; without merged values they are missing (NaN).
    `native` means that the model splits the codes as categories, not by threshold.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str
    unit: str
    meaning: str
    family: str
    direction: int
    definition: str
    levels: tuple[str, ...] | None = None
    other: bool = False
    native: bool = False


def learn_columns(data: pd.DataFrame, features: Iterable[Feature], *, native: bool = False) -> tuple[ModelColumn, ...]:
    """Return the columns of a model trained on `data`, with the levels of each category.

    Parameters
    ----------
    data
        Rows of a training frame: the features' columns, and `household`, which identifies people.
    features
        The catalog. Features that are not model inputs are skipped.
    native
        Whether the model splits categories natively.
    """
    household, _ = pd.factorize(data["household"])
    return tuple(_learn_column(data, feature, native, household) for feature in features if feature.modeled)


def _learn_column(data: pd.DataFrame, feature: Feature, native: bool, household: NDArray[np.intp]) -> ModelColumn:
    levels: tuple[str, ...] | None = None
    other = False
    if feature.is_category:
        people = _count_people(data[feature.name], household)
        common = {level: count for level, count in people.items() if count >= MIN_PEOPLE}
        levels = tuple(sorted(common, key=lambda level: (-common[level], level)))
        other = len(common) < len(people)
    return ModelColumn(
        name=feature.name,
        unit=feature.unit,
        meaning=feature.meaning,
        family=feature.family,
        direction=feature.direction,
        definition=catalog_digest((feature,)),
        levels=levels,
        other=other,
        native=native and feature.is_category,
    )


def _count_people(values: pd.Series, household: NDArray[np.intp]) -> dict[str, int]:
    """Return the number of households with each value."""
    codes, levels = pd.factorize(values)
    known = (codes >= 0) & (household >= 0)
    pairs = np.unique(codes[known].astype(np.int64) * (household.max(initial=0) + 1) + household[known])
    counts = np.bincount(pairs // (household.max(initial=0) + 1), minlength=len(levels))
    return {str(level): int(count) for level, count in zip(levels, counts, strict=True)}


def encode(data: pd.DataFrame, columns: Sequence[ModelColumn], *, order: Literal["C", "F"] = "C") -> Floats:
    """Return a matrix of float64, rows x columns, with NaN for missing values.

    Parameters
    ----------
    order
        Memory layout: by row ("C") for predictions, or by column ("F"), which takes less than half the time to fill and
        is read as fast by a fit.

    Raises
    ------
    NoUsableModelError
        When the frame lacks a feature of the model.
    """
    missing = [column.name for column in columns if column.name not in data.columns]
    if missing:
        raise NoUsableModelError(
            f"the frame lacks {len(missing)} of the model's {len(columns)} features: {', '.join(missing)}; "
            "build it with the catalog that the model was trained on, or retrain"
        )
    matrix = np.empty((len(data), len(columns)), dtype=np.float64, order=order)
    for position, column in enumerate(columns):
        matrix[:, position] = _encode_column(data[column.name], column)
    return matrix


def _encode_column(values: pd.Series, column: ModelColumn) -> Floats:
    if column.levels is None:
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    codes = {level: float(code) for code, level in enumerate(column.levels)}
    unseen = float(len(codes)) if column.other else np.nan
    place, distinct = pd.factorize(values)  # looks up each distinct value once, not each row
    encoded = np.array([*(codes.get(str(value), unseen) for value in distinct), np.nan])
    return encoded[place]
