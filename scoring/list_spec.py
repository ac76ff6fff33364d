"""The two worklists, described once: which model, table, columns, and score file stand behind each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from payrank.models.manifest import ModelKind

ListName = Literal["patient_pay", "denials"]
Place = Literal["listed", "over_capacity", "suppressed"]
LISTED: Place = "listed"
OVER_CAPACITY: Place = "over_capacity"
SUPPRESSED: Place = "suppressed"
"""Where a scored account or denial ends up: on the list, over its capacity, or suppressed by a rule."""


@dataclass(frozen=True, slots=True)
class ListSpec:
    """What one worklist is made of.

    Parameters
    ----------
    name
        Stem of the list's files, and its key in settings and manifests.
    title
        What pages call the list.
    model_kind
        The kind of model that scores the list.
    table
        Canonical table with one row per unit.
    unit, subject
        What is scored, and who gets a line: a guarantor has one line for all accounts of a household.
    population
        Everyone who is scored, in words.
    amount
        Column of the score file with the dollars at stake.
    score_file
        Name of the Parquet file with every score.
    """

    name: ListName
    title: str
    model_kind: ModelKind
    table: str
    unit: str
    subject: str
    population: str
    amount: str
    score_file: str

    @property
    def unit_id(self) -> str:
        """Column of the score file that identifies what is scored."""
        return f"{self.unit}_id"

    @property
    def subject_id(self) -> str:
        """Column of the score file that identifies a line."""
        return f"{self.subject}_id"


PATIENT_PAY = ListSpec(
    name="patient_pay",
    title="Patient pay",
    model_kind="payment",
    table="accounts",
    unit="account",
    subject="guarantor",
    population="accounts",
    amount="patient_balance",
    score_file="payment_scores.parquet",
)
DENIALS = ListSpec(
    name="denials",
    title="Denials",
    model_kind="overturn",
    table="denials",
    unit="denial",
    subject="denial",
    population="open denials",
    amount="denied_amount",
    score_file="denial_scores.parquet",
)
LISTS = (PATIENT_PAY, DENIALS)
"""Every worklist of a run, in the order in which they are made."""
LIST_NAMES: tuple[ListName, ...] = tuple(spec.name for spec in LISTS)
