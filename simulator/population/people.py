"""Guarantors: the attributes an extract shows, and the hidden ability and willingness to pay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.event_log import MISSING
from payrank.simulator.randomness import Booleans, Integers, happens, pick, sigmoid, stream

AREAS: tuple[tuple[str, str, float, float], ...] = (
    ("MA", "021", 14.0, -0.2),
    ("MA", "024", 9.0, 0.9),
    ("MA", "018", 8.0, 0.1),
    ("MA", "010", 9.0, -0.6),
    ("MA", "016", 8.0, -0.3),
    ("MA", "027", 7.0, -0.4),
    ("MA", "020", 7.0, 0.6),
    ("NH", "030", 8.0, 0.4),
    ("NH", "032", 5.0, 0.1),
    ("RI", "029", 8.0, -0.3),
    ("RI", "028", 5.0, 0.2),
    ("CT", "061", 5.0, -0.7),
    ("CT", "064", 3.0, 0.6),
    ("ME", "040", 2.0, 0.2),
    ("NY", "120", 1.0, 0.0),
    ("FL", "334", 1.0, 0.3),
)
"""State, zip3, weight, and mean ability to pay (in standard deviations)."""

STATES = tuple(sorted({area[0] for area in AREAS}))
LANGUAGES = ("en", "es", "pt", "zh", "other")
SEXES = ("female", "male")
GROUPS = ("white", "black", "hispanic", "asian", "other")


@dataclass(frozen=True, slots=True)
class People:
    """One entry per guarantor. Codes index the lists above; MISSING means unknown.

    `ability` and `willingness` are hidden and measured in standard deviations. `reach` is the hidden probability that
    one call reaches the guarantor. `bad_address` means that mail is returned.
    """

    age: Integers
    birth_year: Integers
    area: Integers
    language: Integers
    text_consent: Integers
    sex: Integers
    group: Integers
    ability: Floats
    willingness: Floats
    reach: Floats
    bad_address: Booleans
    high_deductible: Booleans

    @property
    def size(self) -> int:
        """Number of guarantors."""
        return len(self.age)


def make_people(size: int, seed: int, year: int) -> People:
    """Draw `size` guarantors, with ages as of `year`."""
    rng = stream(seed, "people")
    area = pick(rng, [a[2] for a in AREAS], size)
    wealth = np.array([a[3] for a in AREAS])[area]
    age = np.clip(np.rint(rng.normal(52, 19, size)), 18, 97).astype(np.int64)
    # A few accounts name a child as the guarantor by mistake, so that rule H5 has cases to catch.
    age = np.where(happens(rng, 0.006, size), rng.integers(2, 18, size), age)
    group = _draw_groups(rng, wealth)
    language = _draw_languages(rng, group)
    ability = 0.6 * wealth + 0.9 * rng.normal(size=size)
    willingness = 0.25 * (age - 52) / 19 + 0.97 * rng.normal(size=size)
    consent = np.where(happens(rng, 0.62 - 0.004 * (age - 52), size), 1, 0)
    return People(
        age=age,
        birth_year=np.where(happens(rng, 0.02, size), MISSING, year - age),
        area=np.where(happens(rng, 0.01, size), MISSING, area),
        language=np.where(happens(rng, 0.03, size), MISSING, language),
        text_consent=np.where(happens(rng, 0.08, size), MISSING, consent),
        sex=pick(rng, (0.55, 0.45), size),
        group=np.where(happens(rng, 0.06, size), MISSING, group),
        ability=ability,
        willingness=willingness,
        reach=sigmoid(-0.9 + 0.45 * willingness + 0.3 * rng.normal(size=size)),
        bad_address=happens(rng, sigmoid(-3.4 - 0.5 * ability), size),
        high_deductible=happens(rng, 0.24, size),
    )


def _draw_groups(rng: np.random.Generator, wealth: Floats) -> Integers:
    """Draw race and ethnicity with realistic differences between areas, so that the fairness audit has data."""
    poorer = wealth < 0
    draws = pick(rng, (0.74, 0.06, 0.09, 0.08, 0.03), len(wealth))
    return np.where(poorer, pick(rng, (0.58, 0.14, 0.20, 0.05, 0.03), len(wealth)), draws)


def _draw_languages(rng: np.random.Generator, group: Integers) -> Integers:
    language = np.where(happens(rng, 0.02, len(group)), 4, 0)
    language = np.where((group == 2) & happens(rng, 0.45, len(group)), 1, language)
    language = np.where((group == 4) & happens(rng, 0.30, len(group)), 2, language)
    return np.where((group == 3) & happens(rng, 0.25, len(group)), 3, language)
