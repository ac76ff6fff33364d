"""What became of a list: every account or denial is listed, over capacity, suppressed, or quarantined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from payrank.extracts.errors import PayrankError
from payrank.models.monitoring.drift import Drift
from payrank.models.monitoring.unseen_categories import UnseenCategories
from payrank.scoring.list_spec import LISTED, OVER_CAPACITY, SUPPRESSED, ListSpec
from payrank.scoring.scores import Explained
from payrank.scoring.worklist import Line, Worklist


@dataclass(frozen=True, slots=True)
class ListPlan:
    """A planned list: the table of all scored rows with their `place`, and how to make its lines.

    `notices` concern this list only. `why_withheld` says why a planned list must not be published; empty otherwise.
    """

    table: pd.DataFrame
    lines: Callable[[Explained], tuple[Line, ...]]
    notices: tuple[str, ...] = ()
    why_withheld: str = ""


@dataclass(frozen=True, slots=True)
class ListOutcome:
    """Counts of one list, in accounts or denials: received = listed + over_capacity + suppressed + quarantined.

    `suppressed_by` counts by rule; several rules may suppress one account. `why_unpublished` is empty for a published
    list.
    """

    spec: ListSpec
    received: int = 0
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

    @property
    def title(self) -> str:
        """The list's title."""
        return self.spec.title

    @classmethod
    def count(
        cls, spec: ListSpec, table: pd.DataFrame, population: int, quarantined: int, unavailable: tuple[str, ...]
    ) -> ListOutcome:
        """Count a table with the columns `place` and `suppressed_by`, one row per scored account or denial.

        Raises
        ------
        PayrankError
            When a row is counted twice or lost; the run is then not published.
        """
        places = Counter(table["place"])
        counted = places[LISTED] + places[OVER_CAPACITY] + places[SUPPRESSED]
        if counted != population or table.index.nunique() != population:
            raise PayrankError(
                f"{spec.title}: {population:,} were scored but {counted:,} are accounted for. Nothing was published. "
                "This is a bug in payrank: please report it with these numbers."
            )
        rules = Counter(rule for suppressing_rules in table["suppressed_by"] for rule in suppressing_rules)
        return cls(
            spec,
            received=population + quarantined,
            listed=places[LISTED],
            over_capacity=places[OVER_CAPACITY],
            suppressed=places[SUPPRESSED],
            quarantined=quarantined,
            suppressed_by=dict(sorted(rules.items())),
            unavailable_features=unavailable,
            table=table,
        )

    def withheld(self, why: str) -> ListOutcome:
        """Return the outcome of a list that is not published: nobody is listed, so all count as over capacity."""
        return replace(self, listed=0, over_capacity=self.over_capacity + self.listed, why_unpublished=why)

    def with_drift(self, drift: tuple[Drift, ...], unseen_categories: tuple[UnseenCategories, ...]) -> ListOutcome:
        """Return the outcome with each feature's drift since training and its unseen categories."""
        return replace(self, drift=drift, unseen_categories=unseen_categories)

    def published(self, worklist: Worklist[Line]) -> ListOutcome:
        """Return the outcome with its published list."""
        return replace(self, worklist=worklist)
