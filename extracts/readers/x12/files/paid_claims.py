"""Stage the claims of a batch of 835 segments as columns, and check their line and claim balances.

Fields follow ASC X12 005010X221A1 (Health Care Claim Payment/Advice), loops 2100 and 2110.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from payrank.extracts.codes.code_lists import NO_APPEAL_RARCS
from payrank.extracts.readers.x12.files.balances import Balances
from payrank.extracts.readers.x12.syntax.fields import Amounts, Fields, Places

CLAIM_TAGS = frozenset("CAS NM1 MIA MOA REF DTM PER AMT QTY SVC LQ N1 N3 N4".split())
"""Segments that are allowed inside a claim."""
MIA_REMARKS = (5, 20, 21, 22, 23)
MOA_REMARKS = (3, 4, 5, 6, 7)
MAX_TRIPLES = 6


@dataclass(frozen=True, slots=True)
class ClaimSegments:
    """A batch of segments and its claims: the index of each CLP, in order, and each segment's claim index or -1."""

    segments: Sequence[str]
    fields: Fields
    claims: Places
    owners: Places


def choose_remark(remarks: Sequence[str]) -> str:
    """Choose a denial's remark code: the first that rules out an appeal, otherwise the first.

    >>> choose_remark(["N706", "MA130"]), choose_remark(["N706", "M76"]), choose_remark([])
    ('MA130', 'N706', '')
    """
    return next((remark for remark in remarks if remark in NO_APPEAL_RARCS), remarks[0] if remarks else "")


class PaidClaims:
    """The complete claims of a batch. `positions` are the positions of their CLP segments in the file."""

    def __init__(self, batch: ClaimSegments, positions: Places) -> None:
        fields, owners = batch.fields, batch.owners
        self.segments = batch.segments
        self.fields = fields
        self.owners = owners
        self.places = batch.claims
        self.positions = positions
        self.inside = owners >= 0
        services = self.inside & fields.find("SVC")
        self.services = np.flatnonzero(services)
        before = np.cumsum(services)
        self.line = before - 1
        """For each segment, the index in `services` of its service line, valid where `number` is above 0."""
        self.number = np.where(self.inside, before - before[self.places][owners], 0)
        """For each segment, the number of its service line within the claim; 0 before the first line."""

    def check_balance(self, balances: Balances) -> Amounts:
        """Check every line and claim balance. Returns the paid amount of each claim in cents."""
        fields, services = self.fields, self.services
        places, amounts = self.adjustments
        lines = self.number[places] > 0
        of_line = _sum(amounts[lines], self.line[places[lines]], len(services))
        of_claim = _sum(amounts, self.owners[places], len(self.places))
        differences = fields.cents(services, 2) - of_line - fields.cents(services, 3)
        balances.check_balances("line", self.positions_of(services), differences)
        paid = fields.cents(self.places, 4)
        balances.check_balances("claim", self.positions, fields.cents(self.places, 3) - of_claim - paid)
        return paid

    def positions_of(self, places: Places) -> Places:
        """Return the positions of segments in the file."""
        owners = self.owners[places]
        return self.positions[owners] + places - self.places[owners]

    def stage_adjustments(self) -> pa.Table:
        """Return the adjustments of every CAS: up to six groups of reason, amount, and an ignored quantity."""
        fields = self.fields
        rows = np.flatnonzero(self.inside & fields.find("CAS"))
        places, parts, reasons, amounts, cents = [], [], [], [], []
        for triple in range(MAX_TRIPLES):
            rows = rows[fields.elements[rows] >= 2 + 3 * triple]
            if not len(rows):
                break
            has_value = np.zeros(len(rows), np.bool_)
            for number in (2 + 3 * triple, 3 + 3 * triple):
                begin, end = fields.span(rows, number)
                has_value |= end > begin
            with_value = rows[has_value]
            places.append(with_value)
            parts.append(np.full(len(with_value), triple))
            reasons.append(fields.texts(with_value, 2 + 3 * triple))
            amounts.append(fields.texts(with_value, 3 + 3 * triple))
            cents.append(fields.cents(with_value, 3 + 3 * triple))
        if not places:
            places, parts, cents = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
            reasons = amounts = [pa.array([], pa.string())]
        all_places = np.concatenate(places)
        order = np.lexsort([np.concatenate(parts), all_places])
        all_places = all_places[order]
        self.adjustments: tuple[Places, Amounts] = (all_places, np.concatenate(cents)[order])
        owners = self.owners[all_places]
        return _table(
            source_line=self.positions[owners],
            service=self.number[all_places],
            number=np.arange(1, len(owners) + 1) - np.searchsorted(owners, owners),
            group_code=fields.texts(all_places, 1),
            carc=pa.concat_arrays(reasons).take(whole_numbers(order)),
            amount=pa.concat_arrays(amounts).take(whole_numbers(order)),
        )

    def stage_services(self, component: str) -> pa.Table:
        """Return every service line: procedure, date (472, or the start 150), and remark codes (LQ*HE)."""
        fields, services = self.fields, self.services
        remarks, counts = self.read_remarks(fields.find_kind("LQ", "HE") & (self.number > 0), self.line, len(services))
        procedures = fields.texts(services, 1)
        days = self.last(
            (fields.find_kind("DTM", "472") | fields.find_kind("DTM", "150")) & (self.number > 0),
            self.line,
            len(services),
        )
        return _table(
            source_line=self.positions[self.owners[services]],
            service=self.number[services],
            procedure=procedures if component == ":" else pc.replace_substring(procedures, component, ":"),
            service_day=fields.texts(days, 2),
            remark=remarks,
            remarks=counts,
        )

    def stage_claims(self, remits: Places, ordinals: Places) -> pa.Table:
        """Return every claim: parties, amounts, and claim-level details."""
        fields, claim_level, count = self.fields, self.number == 0, len(self.places)
        named = {tag: self.inside & claim_level & fields.find(tag) for tag in ("MIA", "MOA")}
        remarks, counts = self.read_remarks(named["MIA"] | named["MOA"], self.owners, count)
        inpatient = np.zeros(count, np.int64)
        inpatient[self.owners[named["MIA"]]] = 1

        def element(tag: str, kind: str, number: int) -> pa.StringArray:
            flags = self.inside & claim_level & fields.find_kind(tag, kind)
            return fields.texts(self.last(flags, self.owners, count), number)

        return _table(
            source_line=self.positions,
            remit=remits,
            ordinal=ordinals,
            account=fields.texts(self.places, 1),
            status=fields.texts(self.places, 2),
            charged=fields.texts(self.places, 3),
            paid=fields.texts(self.places, 4),
            filing=fields.texts(self.places, 6),
            payer_claim=fields.texts(self.places, 7),
            original_claim=element("REF", "F8", 2),
            patient=element("NM1", "QC", 9),
            insured=element("NM1", "IL", 9),
            service_day=element("DTM", "232", 2),
            inpatient=inpatient,
            remark=remarks,
            remarks=counts,
            interest=element("AMT", "I", 2),
        )

    def last(self, flags: np.ndarray[tuple[int], np.dtype[np.bool_]], owners: Places, count: int) -> Places:
        """Return, for each owner, the index of its last flagged segment, or -1 if it has none."""
        last_places = np.full(count, -1, np.int64)
        places = np.flatnonzero(flags)
        last_places[owners[places]] = places
        return last_places

    def read_remarks(
        self, flags: np.ndarray[tuple[int], np.dtype[np.bool_]], owners: Places, count: int
    ) -> tuple[pa.Array, Places]:
        """Return each owner's remark code and its number of remark codes."""
        remarks_by_owner: dict[int, list[str]] = {}
        separator = chr(self.fields.separator)
        for place in np.flatnonzero(flags).tolist():
            elements = self.segments[place].split(separator)
            numbers = {"MIA": MIA_REMARKS, "MOA": MOA_REMARKS}.get(elements[0], (2,))
            remarks = [elements[number] for number in numbers if number < len(elements) and elements[number]]
            remarks_by_owner.setdefault(int(owners[place]), []).extend(remarks)
        counts = np.zeros(count, np.int64)
        chosen = [""] * count
        for owner, remarks in remarks_by_owner.items():
            counts[owner], chosen[owner] = len(remarks), choose_remark(remarks)
        return pa.array(chosen, pa.string()), counts


def _sum(amounts: Amounts, owners: Places, count: int) -> Amounts:
    """Sum cents by owner; NaN if any amount is NaN. Whole cents are exact up to 2^53."""
    return np.bincount(owners, weights=amounts, minlength=count).astype(np.float64)


def whole_numbers(numbers: Places) -> pa.Int64Array:
    """Return integers as an Arrow column. Passing a NumPy array directly would import pandas (40 MiB)."""
    return pa.Int64Array.from_buffers(
        pa.int64(), len(numbers), [None, pa.py_buffer(numbers.astype(np.int64).tobytes())]
    )


def _table(**columns: pa.Array | Places) -> pa.Table:
    return pa.table(
        [whole_numbers(column) if isinstance(column, np.ndarray) else column for column in columns.values()],
        names=list(columns),
    )
