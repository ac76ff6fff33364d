"""The command line, run in this process in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from payrank.cli.main import main


@dataclass(frozen=True, slots=True)
class Result:
    """A finished command: its exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line on stderr, which must say what was wrong."""
        return self.err.strip().splitlines()[-1]


Run = Callable[..., Result]


@pytest.fixture
def payrank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in an empty working folder, without a model store unless the test makes one."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        code = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
        streams = capsys.readouterr()
        return Result(code, streams.out, streams.err)

    return run
