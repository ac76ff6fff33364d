"""The stages of a run, reported as each one ends: what was done, with counts and seconds and never a row of data."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stage:
    """A finished stage: its name, a one-line message, its duration in seconds, and named counts."""

    name: str
    message: str
    seconds: float
    counts: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> str:
        """Return the stage as one line of JSON for a machine-readable log.

        >>> Stage("load", "loaded 3 files", 0.5, {"files": 3}).as_json()
        '{"stage": "load", "message": "loaded 3 files", "seconds": 0.5, "files": 3}'
        """
        return json.dumps({"stage": self.name, "message": self.message, "seconds": self.seconds, **self.counts})


ProgressCallback = Callable[[Stage], None]


@dataclass(slots=True)
class StageTimer:
    """Reports each finished stage to `progress` and records its seconds by name. The first stage starts right away."""

    progress: ProgressCallback
    seconds: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def stage(self, name: str, message: str, **counts: int) -> None:
        """Record that a stage has ended, and start the next one."""
        now = time.perf_counter()
        self.seconds[name] = round(now - self.started, 3)
        self.started = now
        self.progress(Stage(name, message, self.seconds[name], counts))
