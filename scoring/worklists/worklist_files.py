"""The three files of a worklist: CSV for programs, XLSX to work in, HTML to read."""

from __future__ import annotations

from pathlib import Path

from payrank.extracts.atomic import PRIVATE_FOLDER, write_private
from payrank.scoring.worklist import Line, Worklist
from payrank.scoring.worklists.csv_list import render_csv
from payrank.scoring.worklists.html_list import render_html
from payrank.scoring.worklists.xlsx_list import render_xlsx

RENDERERS = {"csv": render_csv, "xlsx": render_xlsx, "html": render_html}


def write_worklist(worklist: Worklist[Line], folder: Path) -> tuple[Path, ...]:
    """Write `<name>.csv`, `.xlsx`, and `.html` to a folder, readable by their owner only; return the paths.

    The folder is created if it does not exist. The same list gives the same bytes.
    """
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    paths = []
    for extension, render in RENDERERS.items():
        path = folder / f"{worklist.name}.{extension}"
        write_private(path, render(worklist))
        paths.append(path)
    return tuple(paths)
