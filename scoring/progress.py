"""The stages of a run, told one by one as they end: what was done, with counts and seconds, never with a row."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stage:
    """A finished stage: its name, a plain line, counts by what was counted, and seconds."""

    name: str
    told: str
    seconds: float
    counts: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> str:
        """Return the stage as one line of JSON, for a log that a machine reads.

        >>> Stage("load", "loaded 3 files", 0.5, {"files": 3}).as_json()
        '{"stage": "load", "told": "loaded 3 files", "seconds": 0.5, "files": 3}'
        """
        return json.dumps({"stage": self.name, "told": self.told, "seconds": self.seconds, **self.counts})


Tell = Callable[[Stage], None]


@dataclass(slots=True)
class StageTimer:
    """Tells each stage to `tell` and keeps its seconds by name. The first stage starts when the clock is made."""

    tell: Tell
    seconds: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def stage(self, name: str, told: str, **counts: int) -> None:
        """Tell that a stage has ended."""
        now = time.perf_counter()
        self.seconds[name] = round(now - self.started, 3)
        self.started = now
        self.tell(Stage(name, told, self.seconds[name], counts))
