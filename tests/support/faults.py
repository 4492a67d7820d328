"""Thirty faults made by hand, each in a copy of the package: the tests must catch them.

`make faults` tries all of them, and `python tests/support/faults.py losses models` those of some rooms.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENOUGH = 28
"""How many of the faults must be caught."""
PARTS = ("gan_lightning", "conf", "tests", "exercises", "examples", "pyproject.toml")
"""What the tests of a room need."""


@dataclass(frozen=True)
class Fault:
    """A text of one file that is replaced by a wrong one.

    Args:
        name: what breaks, and the kind of fault.
        file: the file, below `gan_lightning`.
        right: the text as it is, which the file has once.
        wrong: what replaces it.
        tests: the files of tests that must catch it, below `tests`.
    """

    name: str
    file: str
    right: str
    wrong: str
    tests: list[str]

    @property
    def room(self) -> str:
        """The folder of the file, or the file itself on the ground floor."""
        return self.file.partition("/")[0]


FAULTS = [Fault(**each) for each in tomllib.loads(Path(__file__).with_suffix(".toml").read_text())["fault"]]


def caught_by(copy: Path, tests: list[str]) -> str | None:
    """Return the first quick test of these files that fails in a copy of the project; None if all pass.

    Raises:
        RuntimeError: if the tests did not run.
    """
    files = [f"tests/{file}" for file in tests]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", *files]
    environment = os.environ | {"PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    shown = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    if shown.returncode == 0:
        return None
    failed = re.search(r"^(?:FAILED|ERROR) tests/(\S+)", shown.stdout, re.M)
    if shown.returncode != 1 or not failed:
        raise RuntimeError(f"the tests did not run: {shown.stdout[-2000:]}{shown.stderr[-2000:]}")
    return failed[1]


def try_all(faults: list[Fault]) -> list[Fault]:
    """Print which test catches each fault, and return the faults that survive.

    Raises:
        RuntimeError: if the tests fail without a fault, or did not run.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        copy.mkdir()
        for part in PARTS:
            put = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            put(ROOT / part, copy / part)
        if failed := caught_by(copy, sorted({test for fault in faults for test in fault.tests})):
            raise RuntimeError(f"{failed} fails without a fault")
        survivors = []
        for number, fault in enumerate(faults, 1):
            file = copy / "gan_lightning" / fault.file
            text = file.read_text()
            file.write_text(text.replace(fault.right, fault.wrong))
            test = caught_by(copy, fault.tests)
            file.write_text(text)
            print(f"{number:2} {fault.file}: {fault.name}: {test or 'SURVIVES'}", flush=True)
            survivors += [] if test else [fault]
    return survivors


if __name__ == "__main__":
    chosen = [fault for fault in FAULTS if fault.room in sys.argv[1:]] or FAULTS
    alive = try_all(chosen)
    print(f"{len(chosen) - len(alive)} of {len(chosen)} faults are caught")
    sys.exit(len(alive) > len(FAULTS) - ENOUGH)
