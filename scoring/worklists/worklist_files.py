"""The three files of a worklist: CSV for programs, XLSX to work in, HTML to look at."""

from __future__ import annotations

from pathlib import Path

from payrank.extracts.atomic import PRIVATE_FOLDER, write_private
from payrank.scoring.worklist import Line, Worklist
from payrank.scoring.worklists.csv_list import render_csv
from payrank.scoring.worklists.html_list import render_html
from payrank.scoring.worklists.xlsx_list import render_xlsx

RENDERERS = {"csv": render_csv, "xlsx": render_xlsx, "html": render_html}


def write_worklist(worklist: Worklist[Line], folder: Path) -> tuple[Path, ...]:
    """Write `<name>.csv`, `.xlsx` and `.html` to a folder, for their owner alone; return the paths.

    The folder is made if need be. The same list gives the same bytes.
    """
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    paths = []
    for ending, render in RENDERERS.items():
        path = folder / f"{worklist.name}.{ending}"
        write_private(path, render(worklist))
        paths.append(path)
    return tuple(paths)
