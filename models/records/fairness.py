"""Who is listed, called, and helped, by protected group: aggregates from `audit_*` columns that no model sees."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from payrank.models.records.estimate import Estimate

MERGED = "other groups, combined"
"""The cell into which every group of fewer than 11 people goes."""
NOT_RECORDED = "not recorded"
SUPPRESSED = "suppressed"
"""Shown in place of a metric that would reveal fewer than 11 people; in a record such a metric is None."""
GROUP_METRIC_LABELS: Mapping[str, str] = {
    "listed": "listed",
    "called": "called",
    "passed_over": "passed over",
    "assistance": "assistance",
    "gap": "predicted - actual",
}
"""Labels of the metrics by which groups are compared."""


def label_attribute(attribute: str) -> str:
    """Return how a protected attribute is shown.

    >>> label_attribute("race_ethnicity"), label_attribute("marital_status")
    ('race/ethnicity', 'marital status')
    """
    return {"race_ethnicity": "race/ethnicity"}.get(attribute, attribute.replace("_", " "))


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class GroupMetrics(_Record):
    """One group of an attribute, among the holdout rows.

    `shares` of the group's rows, by name: `listed` (in the top of the list at capacity), `called` (an outbound call
    within the horizon, historically), `passed_over` (not listed, among the rows whose outcome happened), `assistance`
    (financial assistance requested or granted within the horizon). `predicted` is the mean probability, `actual` the
    outcome rate, `gap` predicted - actual, and `auc` the AUC within the group.

    A metric that would reveal fewer than 11 people, even by subtraction, is None: a share; or the outcomes and
    everything derived from them (`events`, passed over, `actual`, `gap`, `auc`). A share that was not measured is
    absent.
    """

    group: str
    rows: int
    households: int
    events: int | None
    shares: Mapping[str, Estimate | None]
    predicted: float
    actual: Estimate | None
    gap: Estimate | None
    auc: Estimate | None = None


class WorstGroup(_Record):
    """The least favorable group by one metric, or one significantly less favorable than all rows together."""

    metric: str
    group: str
    value: Estimate
    overall: float

    @property
    def is_significant(self) -> bool:
        """Whether the group's interval excludes the value of all rows; some group always ranks last."""
        low, high = self.value.low, self.value.high
        return low is not None and high is not None and not low <= self.overall <= high


class AttributeAudit(_Record):
    """The groups of one attribute, and the least favorable ones by metric, the lowest-ranked group first."""

    attribute: str
    groups: tuple[GroupMetrics, ...]
    worst_groups: tuple[WorstGroup, ...]


class Fairness(_Record):
    """The fairness audit; when the extract has no protected attribute, `not_checked` says that nothing was audited."""

    attributes: tuple[AttributeAudit, ...] = ()
    not_checked: str = ""
    notes: tuple[str, ...] = Field(default=())


NO_ATTRIBUTES = (
    "Not audited: the extract has no protected attributes. Add audit_* columns to guarantors (audit_sex, "
    "audit_race_ethnicity, ...) and train again (in Python: train(..., audit=payrank.read_audit(extract))). The audit "
    "alone reads these columns; they never become features."
)
