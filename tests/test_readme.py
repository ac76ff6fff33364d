"""The README's Python runs as printed, and its links lead somewhere."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
DOCUMENTS = sorted([*HOME.glob("*.md"), *HOME.glob("docs/**/*.md"), *HOME.glob("experiments/*/README.md")])


def test_the_readme_python_prints_what_the_readme_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(
        str(HOME / "README.md"), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert tried >= 10
    assert failed == 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(HOME)))
def test_links_of_a_document_lead_to_files_that_are_there(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert not missing


def test_the_commands_that_the_readme_leads_with_are_in_the_makefile() -> None:
    makefile = (HOME / "Makefile").read_text("utf-8")
    named = re.findall(r"^make (\w+)", (HOME / "README.md").read_text("utf-8"), flags=re.MULTILINE)
    assert named[:2] == ["demo", "test"]
    assert all(f"\n{name}:" in makefile for name in named)
