"""One measurement: wall and processor seconds, on a machine that others may share."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds; `processor` adds both cores and is the steadier figure on a shared machine."""

    wall: float
    processor: float

    def told(self) -> dict[str, float]:
        """Return the seconds by name, as JSON takes them."""
        return asdict(self)


def processor_seconds() -> float:
    """Return the processor seconds that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(work: Callable[[], object]) -> Measured:
    """Do the work once."""
    started, used = time.perf_counter(), processor_seconds()
    work()
    return Measured(time.perf_counter() - started, processor_seconds() - used)


def alternate(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Measured]:
    """Let the contestants work in turns, so that a busy machine slows them alike, and return the median of each."""
    found: dict[str, list[Measured]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, work in contestants.items():
            found[name].append(measure(work))
    return {
        name: Measured(median(each.wall for each in tries), median(each.processor for each in tries))
        for name, tries in found.items()
    }


def peak_memory() -> float:
    """Return the most memory that this process has held, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def load_average() -> float:
    """Return how many programs wanted a processor in the last minute."""
    return os.getloadavg()[0]
