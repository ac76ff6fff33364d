"""Measurements of wall and CPU seconds on a machine that others may share."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Seconds:
    """Wall and CPU seconds. `cpu` adds up all cores and varies less on a shared machine."""

    wall: float
    cpu: float

    def to_json(self) -> dict[str, float]:
        """Return the seconds by name."""
        return asdict(self)


def cpu_seconds() -> float:
    """Return the CPU seconds that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(work: Callable[[], object]) -> Seconds:
    """Run the work once and measure it."""
    started, used = time.perf_counter(), cpu_seconds()
    work()
    return Seconds(time.perf_counter() - started, cpu_seconds() - used)


def measure_in_turns(candidates: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, Seconds]:
    """Run the candidates in turns and return each one's medians, so that a busy machine slows all of them alike."""
    runs: dict[str, list[Seconds]] = {name: [] for name in candidates}
    for _ in range(repeats):
        for name, work in candidates.items():
            runs[name].append(measure(work))
    return {
        name: Seconds(median(run.wall for run in each), median(run.cpu for run in each)) for name, each in runs.items()
    }


def peak_memory() -> float:
    """Return the peak memory of this process, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def load_average() -> float:
    """Return the mean number of processes that wanted a CPU during the last minute."""
    return os.getloadavg()[0]
