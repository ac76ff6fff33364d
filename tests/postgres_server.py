"""A real PostgreSQL server of the tests' own, on a socket in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def find_programs() -> Path | None:
    """Find the folder of initdb and pg_ctl: on the PATH, or where Debian keeps the newest."""
    program = shutil.which("initdb")
    if program:
        return Path(program).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return folders[-1].parent if folders else None


def run_quietly(command: list[str], folder: Path) -> None:
    """Run a program of the server's to its end; one that fails fails the test that wanted it."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Address of an empty database on a server that lives as long as this worker's tests.

    PostgreSQL does not run as root: there its own user, which Debian's package makes, owns it.
    """
    programs = find_programs()
    if programs is None:
        pytest.skip("no PostgreSQL here: install the server (Debian: postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="payrank-pg-"))
    as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_owner:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    try:
        initdb = [str(programs / "initdb"), "-D", str(data), "-A", "trust", "-E", "UTF8", "-U", "postgres", "-N"]
        run_quietly([*as_owner, *initdb, "--locale=C.UTF-8"], folder)
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        control = [*as_owner, str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log")]
        run_quietly([*control, "-o", options, "start"], folder)
        try:
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            run_quietly([*control, "-m", "immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
