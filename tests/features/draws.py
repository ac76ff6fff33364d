"""How many small extracts the proofs draw: a few dozen in every run, a thousand with HYPOTHESIS_PROFILE=deep."""

from __future__ import annotations

import os

from hypothesis import settings
from hypothesis import strategies as st

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
"""Many extracts, and others in each run; else the same few in each, so that a run fails for what changed alone."""
SEEDS = st.integers(0, 2**32 - 1)


def draws(count: int) -> settings:
    """Return Hypothesis' settings for so many examples in every run, and forty times as many in a deep one."""
    return settings(max_examples=40 * count if DEEP else count, deadline=None, derandomize=not DEEP)
