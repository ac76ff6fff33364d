"""One measurement: wall and processor seconds, the least of a few tries, on a machine that others may share."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of the quickest try; `processor` adds both cores and is the steadier figure on a shared machine."""

    wall: float
    processor: float


def processor_seconds() -> float:
    """Return the processor seconds that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(work: Callable[[], object], tries: int = 3) -> Measured:
    """Do the work some times and return the least of each figure."""
    found = []
    for _ in range(tries):
        started, used = time.perf_counter(), processor_seconds()
        work()
        found.append((time.perf_counter() - started, processor_seconds() - used))
    return Measured(min(wall for wall, _ in found), min(processor for _, processor in found))


def peak_memory() -> float:
    """Return the most memory that this process has held, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def load_average() -> float:
    """Return how many programs wanted a processor in the last minute."""
    return os.getloadavg()[0]
