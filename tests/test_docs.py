"""The documentation site: every page is listed, every link resolves, every command and setting exists."""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import payrank
from payrank.cli.main import payrank as command_line
from payrank.settings import SECTIONS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(page for page in DOCS.glob("**/*.md") if "_build" not in page.parts)
READ_ALONE = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(DOCS)))


def blocks(text: str, language: str) -> list[str]:
    return [body for name, body in FENCE.findall(text) if name == language]


def prose(text: str) -> str:
    return FENCE.sub("", text)


def anchors(page: Path) -> set[str]:
    text = page.read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", prose(text), flags=re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r"^\(([\w-]+)\)=$", text, flags=re.MULTILINE))


def listed_pages(page: Path) -> Iterator[Path]:
    """Yield the pages below a page, as its lists of contents name them."""
    for body in blocks(page.read_text("utf-8"), "{toctree}"):
        for name in body.split("\n"):
            if name and not name.startswith(":"):
                stem = page.parent / name
                below = next(path for path in (Path(f"{stem}.md"), Path(f"{stem}.ipynb")) if path.is_file())
                yield below
                if below.suffix == ".md":
                    yield from listed_pages(below)


def test_every_page_and_notebook_is_listed_exactly_once() -> None:
    listed = [page.resolve() for page in listed_pages(DOCS / "index.md")]
    assert len(set(listed)) == len(listed)
    notebooks = {path.resolve() for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert set(listed) == {page.resolve() for page in PAGES} - {(DOCS / "index.md").resolve()} | notebooks


def test_no_folder_has_more_than_a_dozen_pages() -> None:
    counts = {folder: len(list(folder.glob("*.md"))) for folder in {page.parent for page in PAGES}}
    assert max(counts.values()) <= 12


@each_page
def test_links_to_headings_resolve(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^):\s]*)#([^)]+)\)", prose(page.read_text("utf-8"))):
        linked = (page.parent / target) if target else page
        assert anchor in anchors(linked), f"{target}#{anchor}"


@each_page
def test_links_to_notebooks_resolve(page: Path) -> None:
    for target in re.findall(r"\{doc\}`(?:[^<`]*<)?(/[^>`]+)>?`", page.read_text("utf-8")):
        assert Path(f"{DOCS}{target}.ipynb").is_file() or Path(f"{DOCS}{target}.md").is_file()


def commands(text: str) -> list[list[str]]:
    """Return the payrank commands of console blocks and of inline code, as words."""
    lines = [line[2:] for body in blocks(text, "console") for line in body.splitlines() if line.startswith("$ ")]
    lines += re.findall(r"(?<!`)`(payrank [a-z][^`]*)`(?!`)", prose(text))
    split = [shlex.split(line.split(" > ")[0].replace("...", ""), comments=True) for line in lines]
    return [words for words in split if words[:1] == ["payrank"]]


def check_command(words: list[str]) -> None:
    """Fail if a command or an option does not exist."""
    command: click.Command = command_line
    context = click.Context(command, info_name="payrank")
    rest = words[1:]
    while isinstance(command, click.Group) and rest and re.fullmatch(r"[a-z]+[0-9]*", rest[0]):
        below = command.get_command(context, rest[0])
        assert below is not None, f"no command {rest[0]!r} in: {' '.join(words)}"
        command, rest = below, rest[1:]
    known = {name for parameter in command.params for name in parameter.opts} | {"--help", "-h"}
    used = {word.split("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
    assert used <= known, f"unknown options {used - known} in: {' '.join(words)}"


@pytest.mark.parametrize("page", [*PAGES, *READ_ALONE], ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_on_a_page_exist(page: Path) -> None:
    for words in commands(page.read_text("utf-8")):
        check_command(words)


def test_the_site_names_make_targets_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for page in [*PAGES, *READ_ALONE]:
        for name in re.findall(r"(?:`|\$ |^)make ([a-z-]+)", page.read_text("utf-8"), flags=re.MULTILINE):
            assert f"\n{name}:" in makefile, f"{page.name}: make {name}"


@each_page
def test_toml_examples_are_toml(page: Path) -> None:
    for body in blocks(page.read_text("utf-8"), "toml"):
        if "..." not in re.sub(r"#.*", "", body):
            tomllib.loads(body)


def test_the_settings_page_covers_every_section() -> None:
    text = (DOCS / "reference/settings.md").read_text("utf-8")
    assert [name for name in SECTIONS if f"[{name}" not in text] == []


def test_every_setting_has_a_type_and_a_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sphinx", reason="needs the extra payrank[docs]")
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    tables = importlib.import_module("settings_tables")
    places = re.findall(r"^```\{settings-table\} (\S+)$", (DOCS / "reference/settings.md").read_text("utf-8"), re.M)
    assert len(places) >= 8
    for place in places:
        module, _, name = place.rpartition(".")
        rows = tables.settings_rows(getattr(importlib.import_module(module), name))
        assert all(row[1] and row[2] and row[4].endswith(".") for row in rows), place


def test_the_api_page_covers_every_public_name() -> None:
    documented = set(
        re.findall(r"^\.\. auto\w+:: payrank\.(\w+)$", (DOCS / "reference/api.md").read_text("utf-8"), re.M)
    )
    assert set(payrank.__all__) - {"sources"} <= documented
    assert documented - set(payrank.__all__) == set()


def test_the_glossary_defines_each_term_once_and_in_order() -> None:
    text = (DOCS / "glossary.md").read_text("utf-8")
    sections = [re.findall(r"^([^\n:#].*)\n: ", section, flags=re.MULTILINE) for section in text.split("\n## ")[1:]]
    terms = [term for section in sections for term in section]
    assert len(terms) >= 60
    assert len({term.lower() for term in terms}) == len(terms)
    assert all(section == sorted(section, key=str.lower) for section in sections)


def test_the_pages_name_no_machine() -> None:
    for page in [*PAGES, *READ_ALONE, *DOCS.glob("**/*.py")]:
        assert not re.findall(r"/home/\w+|/root\b|/work/|/tmp/(?!demo)", page.read_text("utf-8")), page


@pytest.mark.slow
def test_the_site_builds_without_warnings(tmp_path: Path) -> None:
    pytest.importorskip("sphinx", reason="needs the extra payrank[docs]")
    build = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-E",
        "-b",
        "html",
        "-d",
        str(tmp_path / "trees"),
    ]
    done = subprocess.run(
        [*build, str(DOCS), str(tmp_path / "site")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    for page in ("index.html", "reference/settings.html", "notebooks/retrain_payment.html"):
        assert (tmp_path / "site" / page).is_file()
