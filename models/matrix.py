"""From a frame's columns to the numbers that LightGBM reads.

Categories become whole numbers by levels that the bundle keeps, the commonest first. By default a model splits them by
threshold, which every exact SHAP method explains; where training asks for it they are LightGBM's native categories,
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

    `definition` is the catalog digest of the feature alone, so that a stale feature can be named. `levels` are the
    words of a category in the order of their codes. `other` says that rarer words were merged in training: they, and
    words never seen, get the code after the last level; where nothing was merged they are unknown (NaN). `native` says
    that the model splits the codes as categories rather than by threshold.
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
        Rows of a training frame: the features' columns and `household`, by which people are counted.
    features
        The catalog; features that are no input to a model are left out.
    native
        Whether categories are to be split as such.
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


def _count_people(words: pd.Series, household: NDArray[np.intp]) -> dict[str, int]:
    """Return the number of households that hold each word."""
    codes, levels = pd.factorize(words)
    here = (codes >= 0) & (household >= 0)
    pairs = np.unique(codes[here].astype(np.int64) * (household.max(initial=0) + 1) + household[here])
    counts = np.bincount(pairs // (household.max(initial=0) + 1), minlength=len(levels))
    return {str(level): int(count) for level, count in zip(levels, counts, strict=True)}


def encode(data: pd.DataFrame, columns: Sequence[ModelColumn], *, order: Literal["C", "F"] = "C") -> Floats:
    """Return rows x columns of float64, NaN where unknown.

    Parameters
    ----------
    order
        How the numbers lie in memory: row by row for predictions, or column by column ("F"), which is filled in less
        than half the time and read as fast by a fit.

    Raises
    ------
    NoUsableModelError
        When the frame lacks a column that the model was trained on.
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
    place, words = pd.factorize(values)  # each word is looked up once, not each row
    encoded = np.array([*(codes.get(str(word), unseen) for word in words), np.nan])
    return encoded[place]
