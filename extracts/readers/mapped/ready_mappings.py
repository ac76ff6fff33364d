"""Ready-made mappings for systems that publish their field names: `--mapping ready:NAME`."""

from __future__ import annotations

from pathlib import Path

from payrank.extracts.errors import WrongUsageError, did_you_mean

PREFIX = "ready:"
_FOLDER = Path(__file__).parent / "ready"


def ready_mappings() -> dict[str, str]:
    """Return name -> first line, which names the system and how the mapping was verified.

    >>> sorted(ready_mappings())
    ['nextgen', 'oracle_health', 'tebra']
    """
    return {path.stem: _first_line(path) for path in sorted(_FOLDER.glob("*.toml"))}


def list_ready_mappings() -> str:
    """Return the ready mappings for a terminal, one per line: name, system, and how the mapping was verified.

    >>> print(list_ready_mappings().splitlines()[0].split(":")[1])
    nextgen
    """
    return "\n".join(f"{PREFIX}{name}: {line}" for name, line in ready_mappings().items())


def _first_line(path: Path) -> str:
    return path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ").rstrip(".")


def find_mapping(mapping: Path | str) -> Path:
    """Return the path of a mapping file. `ready:NAME` is a mapping that comes with payrank.

    Raises
    ------
    WrongUsageError
        When there is no ready mapping with that name. The message lists all of them.
    """
    text = str(mapping)
    if not text.startswith(PREFIX):
        return Path(mapping)
    name = text.removeprefix(PREFIX)
    known = ready_mappings()
    if name not in known:
        listed = "; ".join(f"{PREFIX}{known_name} ({line})" for known_name, line in known.items())
        problem = (
            f"{text}: no such ready mapping ({did_you_mean(name, known)})" if name else f"{PREFIX} names no mapping"
        )
        raise WrongUsageError(f"{problem}. Allowed: {listed}. Choose one, or give a TOML file.")
    return _FOLDER / f"{name}.toml"
