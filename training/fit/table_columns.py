"""The columns of any table, for the scikit-learn estimator: which are categories, their words, and their directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.models.matrix import ModelColumn, encode


@dataclass(frozen=True, slots=True)
class TableColumns:
    """What was learned of a table's columns.

    `words` holds the categories by position, as the models' own columns; `directions` the monotone directions.
    """

    words: Mapping[int, ModelColumn]
    directions: Mapping[int, int]

    @property
    def categories(self) -> tuple[int, ...]:
        """Positions of the categories."""
        return tuple(self.words)

    def directions_of(self, features: int) -> tuple[int, ...]:
        """Return one direction a feature; ValueError for one of a feature that is not there."""
        beyond = [place for place in self.directions if not 0 <= place < features]
        if beyond:
            raise ValueError(f"parameter 'monotone': no feature {beyond[0]}; the table has {features}")
        return tuple(self.directions.get(place, 0) for place in range(features))

    def encode(self, table: Any) -> Any:
        """Return the table with its categories as numbers; one without categories as it is."""
        if not self.words:
            return table
        data = table.copy() if isinstance(table, pd.DataFrame) else pd.DataFrame(table)
        for place, column in self.words.items():
            if place < data.shape[1]:
                words = _words(data.iloc[:, place]).rename(column.name).to_frame()
                data.isetitem(place, encode(words, (column,))[:, 0])
        return data if isinstance(table, pd.DataFrame) else data.to_numpy()


def learn_table_columns(
    table: Any, categories: str | Sequence[Any], monotone: Mapping[Any, int] | Sequence[int] | None
) -> TableColumns:
    """Learn the columns of a table.

    Raises
    ------
    ValueError
        When a category or a direction names no column, or a category has a direction.

    >>> table = pd.DataFrame({"payer": ["a"] * 30 + ["b"] * 20, "age": range(50)})
    >>> learned = learn_table_columns(table, "from_dtype", {"age": -1})
    >>> learned.categories, learned.directions_of(2), learned.words[0].levels
    ((0,), (0, -1), ('a', 'b'))
    """
    places = _category_places(table, categories)
    words = {place: _learn_words(pd.DataFrame(table).iloc[:, place], place) for place in places}
    return TableColumns(words, _directions(table, monotone, places))


def _category_places(table: Any, categories: str | Sequence[Any]) -> list[int]:
    if not isinstance(categories, str):
        return sorted(_place(table, name, "categories") for name in categories)
    if categories != "from_dtype":
        raise ValueError(f"parameter 'categories': 'from_dtype' or names are allowed; given: {categories!r}")
    if not isinstance(table, pd.DataFrame):
        return []
    return [place for place, dtype in enumerate(table.dtypes) if _holds_words(table.iloc[:, place], dtype)]


def _holds_words(column: pd.Series, dtype: Any) -> bool:
    if isinstance(dtype, (pd.CategoricalDtype, pd.StringDtype)):
        return True
    return pd.api.types.is_object_dtype(dtype) and bool(column.map(lambda value: isinstance(value, str)).any())


def _directions(
    table: Any, monotone: Mapping[Any, int] | Sequence[int] | None, categories: Sequence[int]
) -> dict[int, int]:
    given = monotone if isinstance(monotone, Mapping) else dict(enumerate(monotone or ()))
    found = {_place(table, name, "monotone"): int(direction) for name, direction in given.items() if direction}
    for place, direction in found.items():
        if direction not in {-1, 1} or place in categories:
            raise ValueError(
                f"parameter 'monotone': -1, 0 and 1 are allowed, of numbers only; feature {place} has {direction}"
                + (" and is a category" if place in categories else "")
            )
    return found


def _place(table: Any, name: Any, parameter: str) -> int:
    if isinstance(name, int) and not isinstance(name, bool):
        return name
    names = list(table.columns) if isinstance(table, pd.DataFrame) else []
    if name not in names:
        raise ValueError(f"parameter {parameter!r}: the table has no column {name!r}; positions and names are allowed")
    return names.index(name)


def _words(values: pd.Series) -> pd.Series:
    known = values.notna()
    return values.astype(object).map(str).where(known, None)


def _learn_words(values: pd.Series, place: int) -> ModelColumn:
    counts = _words(values).dropna().value_counts()
    common = counts[counts >= MIN_PEOPLE]
    return ModelColumn(
        name=f"feature_{place}",
        unit="category",
        meaning="a category of the given table",
        family="given",
        direction=0,
        definition="",
        levels=tuple(sorted(map(str, common.index), key=lambda word: (-int(common[word]), word))),
        other=len(common) < len(counts),
        native=True,
    )
