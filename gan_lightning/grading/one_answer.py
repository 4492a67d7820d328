"""One answer in a process of its own: `python -m gan_lightning.grading.one_answer FILE FUNCTION DESCRIPTOR`.

What is found is written to the descriptor of a pipe, one line each, so that whatever the answer prints is shown as
usual: `started` before anything of the file is executed, then the hint, or an empty line for a right answer.
"""

import os
import sys
from importlib import import_module
from runpy import run_path

import torch

from gan_lightning.grading.exercise import Exercise, raised

STARTED = "started"


def main(file: str, name: str, descriptor: str) -> None:
    """Run the file, and write the hint for its function; see the module's docstring."""
    exercise: Exercise = import_module(f"gan_lightning.exercises.{name}").EXERCISE
    torch.set_num_threads(1)
    with os.fdopen(int(descriptor), "w", encoding="utf-8") as pipe:
        print(STARTED, file=pipe, flush=True)
        try:
            answer = run_path(file)[name]
        except Exception as error:
            print(raised(error, file), file=pipe)
        else:
            print(exercise.hint(answer, file) or "", file=pipe)


if __name__ == "__main__":
    main(*sys.argv[1:])
