"""A simulated hospital for the demo, the tests, and the notebooks.

No public data set contains patient payments or claim-level denials with their appeals.
"""

from payrank.simulator.simulate import Simulated, simulate

__all__ = ["Simulated", "simulate"]
