"""A simulated hospital: no public data holds patients' payments or appealed denials, so demo and tests run on this."""

from payrank.simulator.simulate import Simulated, simulate

__all__ = ["Simulated", "simulate"]
