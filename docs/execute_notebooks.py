"""Execute the notebooks and store them with their outputs, next to the Python scripts that they are paired with.

`python docs/execute_notebooks.py [NAME ...]` rewrites `notebooks/NAME.ipynb` from `notebooks/NAME.py` (default: all).
Two executions give the same file, except for the pixels of pictures on a machine with other fonts or libraries.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
SETUP = "import warnings\nimport matplotlib\nwarnings.simplefilter('ignore')\nmatplotlib.rcParams['figure.dpi'] = 80\n"
"""Runs before the first cell: no warnings of other packages in the outputs, and pictures of moderate size."""
TIMEOUT_SECONDS = 600


def execute(script: Path, folder: Path) -> NotebookNode:
    """Return the notebook of a script, executed in a folder, with everything left out that differs between runs."""
    notebook = jupytext.read(script)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(SETUP))
    NotebookClient(
        notebook,
        timeout=TIMEOUT_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
    ).execute(env={**os.environ, "PYTHONPATH": str(ROOT)})
    del notebook.cells[0]
    return clean(notebook)


def clean(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook with stable cell IDs and counts, standard output only, and no trace of the machine."""
    for number, cell in enumerate(notebook.cells, 1):
        cell["id"] = f"cell-{number:02}"
        cell.metadata = NotebookNode()
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
            for output in cell.outputs:
                output.pop("execution_count", None)
                if output.output_type == "execute_result":
                    output["execution_count"] = None
                if "image/png" in output.get("data", {}):
                    output.data.pop("text/plain", None)
                    output.metadata = NotebookNode()
    notebook.metadata = NotebookNode(
        jupytext={"formats": "ipynb,py:percent"},
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python"},
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def main(names: list[str]) -> None:
    """Execute the named notebooks, or all of them, and write the files."""
    for script in sorted(FOLDER.glob("*.py")):
        if not names or script.stem in names:
            with tempfile.TemporaryDirectory() as folder:
                notebook = execute(script, Path(folder))
            nbformat.write(notebook, script.with_suffix(".ipynb"))
            sys.stdout.write(f"wrote {script.with_suffix('.ipynb').relative_to(ROOT)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
