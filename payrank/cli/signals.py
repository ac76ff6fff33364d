"""Being stopped: an operator's Ctrl-C, a scheduler's TERM and a closed terminal all clean up before the end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Stop:
    """Whether somebody asked the process to stop."""

    asked: bool = False

    def ask(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the form of a signal handler
        """Take note, and leave whatever runs by an exception, so that every folder in the making is removed."""
        self.asked = True
        raise KeyboardInterrupt


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Take every signal that asks for an end as one exception, and put the handlers back afterwards."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.ask) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
