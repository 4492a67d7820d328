"""Answers to command lines in a fresh process, in which nothing large is imported yet."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

from support.configuration import ROOT

ANSWERING = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from gan_lightning.__main__ import main

for line in sys.stdin:
    sys.argv = ["gan-lightning", *json.loads(line)]
    before, said, code = set(sys.modules), io.StringIO(), 0
    with redirect_stderr(said), redirect_stdout(io.StringIO()):
        try:
            main()
        except SystemExit as stop:
            code = stop.code
    large = {"torch", "lightning", "torchvision", "mine"} & (set(sys.modules) - before)
    print(json.dumps([code, said.getvalue(), sorted(large)]), flush=True)
"""
"""Answers command lines in one process: for each an exit code, what was said, and what of the large is imported."""


@contextmanager
def answering(folder):
    """Yields a function that answers a command line, given in a folder: exit code, sentence and imported modules."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT), os.environ["PYTHONPATH"]])}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", ANSWERING], cwd=folder, env=environment, **pipes) as process:

        def answer(words):
            process.stdin.write(json.dumps(words) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield answer
        process.stdin.close()
        assert process.wait() == 0


def answers(lines, folder):
    """Exit code, sentence and imported modules for each command line, given in a folder without others."""
    with answering(folder) as answer:
        return [answer(words) for words in lines]
