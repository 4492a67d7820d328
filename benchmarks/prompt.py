"""How long a user waits at the prompt: real commands in processes of their own, interleaved, medians.

    python benchmarks/prompt.py [--rounds 5] [--json FILE]

The bare import is `python -c 'import torch, torchvision, lightning.pytorch'`. A command that trains ends with its first
iteration, at once: Python does not take down what it has imported, so there is a row for such an import too. Before the rounds each command runs once, so that all files are in the system's memory.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
BARE = ["-c", "import torch, torchvision, lightning.pytorch"]
LINES = {
    "bare import": BARE,
    "bare import, ended at once": ["-c", f"{BARE[1]}, os; os._exit(0)"],
    "a wrong key": ["trainer.max_epoch=1"],
    "a wrong option": ["model=dcgn"],
    "a wrong type": ["trainer.max_epochs=many"],
    "a wrong bound": ["data.batch_size=0"],
    "a missing path": ["data=folder", "data.root=nowhere"],
    "a size that DCGAN cannot make": ["data.image_size=28"],
    "`--help`": ["--help"],
    "`compare` of two runs": ["compare", "a", "b"],
    "`check` of the digits": ["check", "data=digits"],
    "first iteration on the digits": [
        "+callbacks.first._target_=first_iteration.EndsAtFirst",
        "trainer.accelerator=cpu",
    ],
}
CODES = dict.fromkeys(("a wrong key", "a wrong option", "a wrong type", "a wrong bound", "a missing path"), 2)
CODES["a size that DCGAN cannot make"] = 2
ENDS_AT_FIRST = """
import os

from lightning import Callback


class EndsAtFirst(Callback):
    def on_train_batch_end(self, *_):
        os._exit(0)
"""


def scored_runs(folder):
    """Make two run folders with a score each."""
    sys.path.insert(0, str(HERE.parent / "tests"))
    from support.scored_runs import scored

    for seed, name in enumerate(("a", "b")):
        scored(folder / name, {1000: 1.0 + seed}, {"seed": seed})


def cpu_seconds():
    """Seconds of all processes that have ended, which other load on the machine changes less than the clock's."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seconds(name, folder):
    words = LINES[name]
    command = [sys.executable, *(words if words[0] == "-c" else ["-m", "gan_lightning", *words])]
    path = os.pathsep.join([str(HERE.parent), str(folder), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "GAN_LIGHTNING_CACHE": str(folder / "cache")}
    began, spent = time.perf_counter(), cpu_seconds()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - began, cpu_seconds() - spent
    if done.returncode != CODES.get(name, 0):
        raise SystemExit(f"{name}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    times = {name: [] for name in LINES}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "first_iteration.py").write_text(ENDS_AT_FIRST)
        scored_runs(folder)
        for number in range(given.rounds + 1):
            for name in LINES:
                taken = seconds(name, folder)
                if number:
                    times[name].append(taken)
    medians = {name: [statistics.median(each) for each in zip(*both, strict=True)] for name, both in times.items()}
    print("| command | seconds | beyond the bare import | CPU seconds | beyond |\n|---|---|---|---|---|")
    for name, found in medians.items():
        beyond = [one - bare for one, bare in zip(found, medians["bare import"], strict=True)]
        cells = [f"{found[0]:.2f}", f"{beyond[0]:+.2f}", f"{found[1]:.2f}", f"{beyond[1]:+.2f}"]
        print(f"| {name} | {' | '.join(cells)} |")
    machine = {
        "date": date.today().isoformat(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "torchvision", "lightning", "hydra-core")},
    }
    print(", ".join(f"{key} {value}" for key, value in machine.items()))
    if given.json:
        given.json.write_text(json.dumps({"machine": machine, "medians": medians, "seconds": times}, indent=1))


if __name__ == "__main__":
    main()
