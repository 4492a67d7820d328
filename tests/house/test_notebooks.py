"""The notebooks run from top to bottom, from any folder, and are stored without what they printed."""

import json
import re

import matplotlib
import pytest
from hydra.core.global_hydra import GlobalHydra

from support.configuration import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def cells(file, kind):
    """The sources of a notebook's cells of a kind."""
    return ["".join(cell["source"]) for cell in json.loads(file.read_text())["cells"] if cell["cell_type"] == kind]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda file: file.name)
def test_a_notebook_is_stored_in_format_4_and_without_outputs(notebook):
    content = json.loads(notebook.read_text())
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in content["cells"]}) == len(content["cells"])
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda file: file.name)
def test_a_notebooks_cells_run_in_order(notebook):
    matplotlib.use("agg")
    GlobalHydra.instance().clear()
    first, *rest = cells(notebook, "code")
    first, found = re.subn(r"^STEPS = \d+", "STEPS = 3", first, flags=re.M)
    assert found == 1, "the first code cell says how long training takes"
    space = {"__name__": "__notebook__"}
    for number, source in enumerate([first, *rest]):
        exec(compile(source, f"{notebook.name}, code cell {number}", "exec"), space)
    assert space["trainer"].global_step == 3
    assert (space["RUN"] / "samples" / "0000003.png").is_file()
    space["plt"].close("all")
