"""How many small extracts the tests draw: a few dozen per run, or a thousand with HYPOTHESIS_PROFILE=deep."""

from __future__ import annotations

import os

from hypothesis import settings
from hypothesis import strategies as st

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
"""Whether to draw many different extracts. By default, each run draws the same few, so only a change can fail it."""
SEEDS = st.integers(0, 2**32 - 1)


def draws(count: int) -> settings:
    """Return Hypothesis settings for so many examples in a normal run, and forty times as many in a deep run."""
    return settings(max_examples=40 * count if DEEP else count, deadline=None, derandomize=not DEEP)
