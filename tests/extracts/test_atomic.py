"""Files and folders appear complete or not at all, and only their owner can read them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.atomic import create_private, replace_file, swap_folder, take_lock, write_private
from payrank.extracts.errors import WrongUsageError
from payrank.extracts.publish_folder import publish_folder


def mode(path: Path) -> Any:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_private_file_can_be_replaced(tmp_path: Path, open_umask: None) -> None:
    path = tmp_path / "check.html"
    path.write_text("yesterday")
    assert mode(path) == 0o666
    write_private(path, b"today", replace=True)
    assert (path.read_text(), mode(path)) == ("today", 0o600)
    assert [entry.name for entry in tmp_path.iterdir()] == ["check.html"]


def test_a_private_file_replaces_a_link_and_not_its_target(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / "list.csv").symlink_to(tmp_path / "target")
    create_private(tmp_path / "list.csv")
    assert not (tmp_path / "list.csv").is_symlink()
    assert (tmp_path / "target").read_text() == "mine"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "frame.parquet").write_text("yesterday")
    with pytest.raises(FileNotFoundError), replace_file(tmp_path / "frame.parquet") as partial:
        partial.write_text((tmp_path / "no such file").read_text())
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("frame.parquet", "yesterday")]


def test_a_lock_is_held_once_and_is_free_again_when_closed(tmp_path: Path) -> None:
    lock = take_lock(tmp_path / "lock")
    assert lock is not None
    assert take_lock(tmp_path / "lock") is None
    os.close(lock)
    again = take_lock(tmp_path / "lock")
    assert again is not None
    os.close(again)


def test_a_swap_that_fails_at_the_last_step_moves_both_folders_back(tmp_path: Path) -> None:
    for name in ("new", "target"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "text").write_text(name)

    def fail() -> None:
        assert (tmp_path / "target" / "text").read_text() == "new"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        swap_folder(tmp_path / "new", tmp_path / "target", tmp_path / "previous", then=fail)
    assert {path.name: (path / "text").read_text() for path in tmp_path.iterdir()} == {"new": "new", "target": "target"}


def test_a_published_folder_replaces_only_folders_with_the_marker_file(tmp_path: Path) -> None:
    out = tmp_path / "extract"
    for text in ("first", "second"):
        with publish_folder(out, replaces="report.json") as folder:
            (folder / "report.json").write_text(text)
    assert (out / "report.json").read_text() == "second"
    assert (mode(out), mode(out / "report.json")) == (0o700, 0o600)
    (out / "report.json").rename(out / "thesis.txt")
    with pytest.raises(WrongUsageError, match="not made by this command"), publish_folder(out, replaces="report.json"):
        pytest.fail("a folder of somebody else's was replaced")
    assert [path.name for path in tmp_path.iterdir()] == ["extract"]
