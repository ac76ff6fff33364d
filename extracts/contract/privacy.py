"""The smallest group of people for which anything is reported or learned separately."""

from __future__ import annotations

MIN_PEOPLE = 11
"""Counts of 1 to 10 people are suppressed or merged with others, as in the CMS cell size suppression policy.

Every cell of a report, level of a category, bin of a reference distribution, and slice of an evaluation uses this
limit. Counts of 0 may be shown.
"""
