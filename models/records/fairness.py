"""What a model's list does to groups of people: aggregates by group, from `audit_*` columns that no model ever sees."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from payrank.models.records.estimate import Estimate

MERGED = "other groups, joined"
"""The cell into which every group under 11 people goes."""
NOT_RECORDED = "not recorded"
NOT_TOLD = "not told"
"""What stands where a figure would tell of fewer than 11 people; in a record it is None."""
FIGURES_OF_GROUPS: Mapping[str, str] = {
    "listed": "listed",
    "called": "called",
    "passed_over": "passed over",
    "assistance": "assistance",
    "gap": "promised - seen",
}
"""What is told of each group, as a reader sees it."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class GroupFigures(_Record):
    """One group of an attribute, among the judged rows.

    `shares` by name, each of the group's rows: `listed` (in the top of the list at capacity), `called` (an outbound
    call within the horizon, in history), `passed_over` (of the rows whose outcome happened: not listed), `assistance`
    (charity asked for or granted within the horizon). `promised` is the mean probability, `happened` the share that
    happened, `gap` promised less happened. `auc` within the group.

    What would tell of fewer than 11 people, even by subtraction, is None: a share; or the outcomes, and all that is
    made of them (`events`, passed over, `happened`, `gap`, `auc`). A share that was not checked has no name.
    """

    group: str
    rows: int
    households: int
    events: int | None
    shares: Mapping[str, Estimate | None]
    promised: float
    happened: Estimate | None
    gap: Estimate | None
    auc: Estimate | None = None


class Worst(_Record):
    """A group that fares worst by one figure, or surely worse than all rows, beside all rows."""

    figure: str
    group: str
    value: Estimate
    overall: float

    @property
    def apart(self) -> bool:
        """Whether the group's interval leaves out the figure of all rows; some group is always the worst."""
        low, high = self.value.low, self.value.high
        return low is not None and high is not None and not low <= self.overall <= high


class AttributeAudit(_Record):
    """One attribute: its groups, and which fare worst by what; the worst by each figure comes first."""

    attribute: str
    groups: tuple[GroupFigures, ...]
    worst: tuple[Worst, ...]


class Fairness(_Record):
    """The audit. Where no attribute came with the extract nothing was checked, and `not_checked` says so."""

    attributes: tuple[AttributeAudit, ...] = ()
    not_checked: str = ""
    notes: tuple[str, ...] = Field(default=())


NOT_GIVEN = (
    "Not checked: the audit was given no protected attribute. Send audit_* columns in guarantors (audit_sex, "
    "audit_race_ethnicity, ...) and train again (in Python: train(..., audit=payrank.read_audit(extract))); they reach "
    "the audit alone."
)
