"""Deployment: the Dockerfile and the documented schedules name things that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from payrank.cli.score import score

HOME = Path(__file__).parents[1]
NIGHTLY = (HOME / "docs/guides/nightly_job.md").read_text("utf-8")


PACKAGES = {"extracts", "features", "models", "scoring", "simulator", "training", "payrank"}


def copied() -> list[str]:
    lines = re.findall(r"^COPY (?!--from)(.+)$", (HOME / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    return [name for line in lines for name in line.split()[:-1]]


def test_the_container_copies_every_package_and_only_files_that_exist() -> None:
    assert set(copied()) >= PACKAGES
    assert [name for name in copied() if not (HOME / name).exists()] == []


def test_the_container_is_built_from_hashed_pins_and_sees_no_other_file() -> None:
    text = (HOME / "Dockerfile").read_text("utf-8")
    assert ".ci/install --wheel postgres" in text
    assert re.findall(r"^FROM python:(\S+)", text, flags=re.MULTILINE) == ["3.11.14-slim-bookworm"] * 2
    visible = [line[1:] for line in (HOME / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    assert sorted(visible) == sorted(copied())
    assert (HOME / ".dockerignore").read_text("utf-8").startswith("*\n")


def test_the_documented_schedules_use_options_that_score_has() -> None:
    known = {option for parameter in score.params for option in parameter.opts}
    calls = re.findall(r"payrank score extract (--as-of [^'\"\n]*(?:\"[^\"]*\")?[^'\n]*)", NIGHTLY)
    assert len(calls) == 4
    for call in calls:
        assert set(re.findall(r"--[a-z-]+", call)) <= known


def test_the_airflow_example_is_python() -> None:
    (example,) = re.findall(r"```python\n(.+?)```", NIGHTLY, flags=re.DOTALL)
    assert ast.parse(example).body
