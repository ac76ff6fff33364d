"""What became of each list: everyone who came in is listed, below the cut, suppressed or quarantined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from payrank.extracts.errors import PayrankError
from payrank.models.monitoring.drift import Drift
from payrank.models.monitoring.unseen_categories import UnseenCategories
from payrank.scoring.worklist import Line, Worklist


@dataclass(frozen=True, slots=True)
class ListOutcome:
    """Counts of one list, in accounts or denials: came_in = listed + over_capacity + suppressed + quarantined.

    `suppressed_by` counts by rule; one account may fall under several. `why_unpublished` is empty for a published list.
    """

    name: str
    title: str
    came_in: int = 0
    listed: int = 0
    over_capacity: int = 0
    suppressed: int = 0
    quarantined: int = 0
    suppressed_by: Mapping[str, int] = field(default_factory=dict)
    why_unpublished: str = ""
    unavailable_features: tuple[str, ...] = ()
    table: pd.DataFrame | None = None
    worklist: Worklist[Line] | None = None
    drift: tuple[Drift, ...] = ()
    unseen_categories: tuple[UnseenCategories, ...] = ()

    @classmethod
    def count(
        cls, name: str, title: str, table: pd.DataFrame, population: int, quarantined: int, unavailable: tuple[str, ...]
    ) -> ListOutcome:
        """Count a table with the columns `place` and `suppressed_by`, one row everyone in the `population`.

        Raises
        ------
        PayrankError
            When somebody is counted twice or lost: such a run is not published.
        """
        places = Counter(table["place"])
        counted = places["listed"] + places["over_capacity"] + places["suppressed"]
        if counted != population or table.index.nunique() != population:
            raise PayrankError(
                f"{title}: {population:,} were scored but {counted:,} have a place; nothing was published. This is a "
                "fault of payrank: please report it with these figures."
            )
        rules = Counter(rule for found in table["suppressed_by"] for rule in found)
        return cls(
            name,
            title,
            came_in=population + quarantined,
            listed=places["listed"],
            over_capacity=places["over_capacity"],
            suppressed=places["suppressed"],
            quarantined=quarantined,
            suppressed_by=dict(sorted(rules.items())),
            unavailable_features=unavailable,
            table=table,
        )

    def unpublished(self, why: str) -> ListOutcome:
        """Return the outcome of a list that is held back: nobody is listed, all fall below the cut."""
        return replace(self, listed=0, over_capacity=self.over_capacity + self.listed, why_unpublished=why)

    def drifted(self, drift: tuple[Drift, ...], unseen_categories: tuple[UnseenCategories, ...] = ()) -> ListOutcome:
        """Return the outcome with how far each feature has moved from training, and the words that are new to it."""
        return replace(self, drift=drift, unseen_categories=unseen_categories)

    def published(self, worklist: Worklist[Line]) -> ListOutcome:
        """Return the outcome with its list."""
        return replace(self, worklist=worklist)
