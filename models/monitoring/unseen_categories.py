"""Category values not seen in training: counted by feature, never shown."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.models.bundle import Bundle


@dataclass(frozen=True, slots=True)
class UnseenCategories:
    """A category, its rows with values not seen in training, and the number expected from the training data.

    >>> UnseenCategories("service_line", 40, 3.5).unusual, UnseenCategories("service_line", 40, 31.0).unusual
    (True, False)
    """

    name: str
    rows: int
    expected: float

    @property
    def unusual(self) -> bool:
        """Whether there are more than twice as many as expected, and at least 11 more."""
        return self.rows > 2 * self.expected and self.rows - self.expected >= MIN_PEOPLE


def count_unseen_categories(bundle: Bundle, data: pd.DataFrame) -> tuple[UnseenCategories, ...]:
    """Count, by category, the rows with values that training did not see, or saw for fewer than 11 people.

    Such rows are scored all the same: `payrank.models.matrix.Column` says how. A value may be anything a site writes, a
    name among it, so none is repeated.

    Parameters
    ----------
    data
        Rows of a nightly frame. Missing values are not counted.

    Returns
    -------
    tuple of UnseenCategories
        Categories with at least one such row, by number of rows, largest first.
    """
    unseen = []
    for column in bundle.manifest.features:
        if column.levels is None:
            continue
        values = data[column.name]
        rows = int((values.notna() & ~values.isin(column.levels)).sum())
        trained = bundle.reference["features"][column.name]
        total = sum(trained["counts"]) + trained["unknown"]
        others = sum(trained["counts"][len(column.levels) :])
        unseen.append(UnseenCategories(column.name, rows, len(data) * others / total if total else 0.0))
    return tuple(
        sorted((category for category in unseen if category.rows), key=lambda category: (-category.rows, category.name))
    )
