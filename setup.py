"""Settings are in pyproject.toml; this file refuses a checkout whose symbolic links are text files."""

from pathlib import Path

from setuptools import setup

if not Path(__file__).with_name("payrank").joinpath("features").is_dir():
    raise SystemExit(
        "payrank/features and its neighbors must be symbolic links, but in this checkout they are text files. Run "
        "`git config core.symlinks true` and `git checkout -- payrank` (on Windows, turn on Developer Mode first), or "
        "install a wheel."
    )

setup()
