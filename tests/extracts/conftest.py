"""Small extracts written for a test, and the folder of real data if there is one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

ExtractWriter = Callable[..., Path]


@pytest.fixture
def write_extract(tmp_path: Path) -> ExtractWriter:
    """Write files (name -> text or bytes) and an optional extract.toml into a fresh folder."""

    def write(files: Mapping[str, str | bytes], toml: str = "", folder: str = "extract") -> Path:
        target = tmp_path / folder
        target.mkdir()
        for name, content in files.items():
            (target / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        if toml:
            (target / "extract.toml").write_text(toml, encoding="utf-8")
        return target

    return write


@pytest.fixture
def real_data() -> Path:
    """Folder of real data files; the test is skipped on a machine without them."""
    folder = Path(os.environ.get("PAYRANK_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real data here: set PAYRANK_DATA to the folder that holds imr/ and invoices/")
    return folder
