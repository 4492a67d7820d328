"""Make the notebooks anew: `python docs/notebooks.py [NAME ...]` executes notebooks/NAME.py and writes NAME.ipynb."""

import os
import sys
import tempfile
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def read(script: Path) -> nbformat.NotebookNode:
    """Return the notebook of a script in the percent format, without outputs; its cells are numbered."""
    notebook = jupytext.read(script, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells, 1):
        cell.id, cell.metadata = f"cell-{number:02}", nbformat.NotebookNode()
    return notebook


def execute(notebook: nbformat.NotebookNode) -> None:
    """Execute a notebook in an empty folder, and keep what its cells show, but for bars and warnings.

    Raises:
        CellExecutionError: if a cell fails.
    """
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, timeout=3600, record_timing=False, resources=resources)
        client.execute()
    for cell in notebook.cells:
        cell.metadata = nbformat.NotebookNode()
        if cell.cell_type == "code":
            cell.outputs = [output for output in map(without_bars, cell.outputs) if output.get("text") != ""]


def without_bars(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return what a cell shows without the lines of a progress bar, and of what libraries warn of, nothing."""
    if output.output_type == "stream":
        lines = [line for line in output.text.splitlines(keepends=True) if "\x1b[" not in line and line.strip()]
        output.text = "" if output.name == "stderr" else "".join(lines)
    return output


def main(names: list[str]) -> None:
    """Execute the named notebooks, or all of them, and write them."""
    for script in sorted(NOTEBOOKS.glob("*.py")):
        if not names or script.stem in names:
            notebook = read(script)
            execute(notebook)
            nbformat.write(notebook, script.with_suffix(".ipynb"))


if __name__ == "__main__":
    main(sys.argv[1:])
