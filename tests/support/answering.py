"""Answers to command lines in a fresh process, in which nothing large is imported yet."""

import json
import os
import subprocess
import sys

from support.configuration import ROOT

ANSWERING = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from gan_lightning.__main__ import main

for words in json.loads(sys.argv[1]):
    sys.argv = ["gan-lightning", *words]
    before, said, code = set(sys.modules), io.StringIO(), 0
    with redirect_stderr(said), redirect_stdout(io.StringIO()):
        try:
            main()
        except SystemExit as stop:
            code = stop.code
    large = {"torch", "lightning", "torchvision", "mine"} & (set(sys.modules) - before)
    print(json.dumps([code, said.getvalue(), sorted(large)]))
"""
"""Answers command lines in one process: for each an exit code, what was said, and what of the large is imported."""


def answers(lines, folder):
    """Exit code, sentence and imported modules for each command line, given in a folder without others."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT), os.environ["PYTHONPATH"]])}
    command = [sys.executable, "-c", ANSWERING, json.dumps(lines)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]
