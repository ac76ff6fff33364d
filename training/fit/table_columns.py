"""Learns the columns of any table for the scikit-learn estimator: categories, their levels, and directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.models.matrix import ModelColumn, encode


@dataclass(frozen=True, slots=True)
class TableColumns:
    """The learned columns of a table: `category_columns` and monotone `directions`, both by position."""

    category_columns: Mapping[int, ModelColumn]
    directions: Mapping[int, int]

    @property
    def categories(self) -> tuple[int, ...]:
        """Positions of the categories."""
        return tuple(self.category_columns)

    def directions_of(self, features: int) -> tuple[int, ...]:
        """Return one direction per feature; raise ValueError for a feature that the table lacks."""
        beyond = [place for place in self.directions if not 0 <= place < features]
        if beyond:
            raise ValueError(f"parameter 'monotone': no feature {beyond[0]}; the table has {features}")
        return tuple(self.directions.get(place, 0) for place in range(features))

    def encode(self, table: Any) -> Any:
        """Return the table with its categories as numbers. A table without categories is returned unchanged."""
        if not self.category_columns:
            return table
        data = table.copy() if isinstance(table, pd.DataFrame) else pd.DataFrame(table)
        for place, column in self.category_columns.items():
            if place < data.shape[1]:
                values = _as_text(data.iloc[:, place]).rename(column.name).to_frame()
                data.isetitem(place, encode(values, (column,))[:, 0])
        return data if isinstance(table, pd.DataFrame) else data.to_numpy()


def learn_table_columns(
    table: Any, categories: str | Sequence[Any], monotone: Mapping[Any, int] | Sequence[int] | None
) -> TableColumns:
    """Learn the columns of a table.

    Raises
    ------
    ValueError
        If a category or a direction names a missing column, or a category has a direction.

    >>> table = pd.DataFrame({"payer": ["a"] * 30 + ["b"] * 20, "age": range(50)})
    >>> learned = learn_table_columns(table, "from_dtype", {"age": -1})
    >>> learned.categories, learned.directions_of(2), learned.category_columns[0].levels
    ((0,), (0, -1), ('a', 'b'))
    """
    places = _category_places(table, categories)
    columns = {place: _learn_levels(pd.DataFrame(table).iloc[:, place], place) for place in places}
    return TableColumns(columns, _directions(table, monotone, places))


def _category_places(table: Any, categories: str | Sequence[Any]) -> list[int]:
    if not isinstance(categories, str):
        return sorted(_place(table, name, "categories") for name in categories)
    if categories != "from_dtype":
        raise ValueError(f"parameter 'categories': 'from_dtype' or a list of columns is allowed; found: {categories!r}")
    if not isinstance(table, pd.DataFrame):
        return []
    return [place for place, dtype in enumerate(table.dtypes) if _contains_text(table.iloc[:, place], dtype)]


def _contains_text(column: pd.Series, dtype: Any) -> bool:
    if isinstance(dtype, (pd.CategoricalDtype, pd.StringDtype)):
        return True
    return pd.api.types.is_object_dtype(dtype) and bool(column.map(lambda value: isinstance(value, str)).any())


def _directions(
    table: Any, monotone: Mapping[Any, int] | Sequence[int] | None, categories: Sequence[int]
) -> dict[int, int]:
    by_column = monotone if isinstance(monotone, Mapping) else dict(enumerate(monotone or ()))
    directions = {_place(table, name, "monotone"): int(direction) for name, direction in by_column.items() if direction}
    for place, direction in directions.items():
        if direction not in {-1, 1} or place in categories:
            raise ValueError(
                f"parameter 'monotone': -1, 0, and 1 are allowed, for numeric features only; feature {place} has "
                f"{direction}" + (" and is a category" if place in categories else "")
            )
    return directions


def _place(table: Any, name: Any, parameter: str) -> int:
    if isinstance(name, int) and not isinstance(name, bool):
        return name
    names = list(table.columns) if isinstance(table, pd.DataFrame) else []
    if name not in names:
        raise ValueError(f"parameter {parameter!r}: the table has no column {name!r}; use names or positions")
    return names.index(name)


def _as_text(values: pd.Series) -> pd.Series:
    known = values.notna()
    return values.astype(object).map(str).where(known, None)


def _learn_levels(values: pd.Series, place: int) -> ModelColumn:
    counts = _as_text(values).dropna().value_counts()
    common = counts[counts >= MIN_PEOPLE]
    return ModelColumn(
        name=f"feature_{place}",
        unit="category",
        meaning="a category of the table",
        family="table",
        direction=0,
        definition="",
        levels=tuple(sorted(map(str, common.index), key=lambda level: (-int(common[level]), level))),
        other=len(common) < len(counts),
        native=True,
    )
