"""Memory of training: an iteration's peak, CycleGAN's cycles, and growth over many iterations (Linux, CPU).

    python benchmarks/memory.py [iteration] [cycles] [growth] [--rounds 3] [--sizes 128 256] [--iterations 2000]

`iteration` compares this project with the plain loops of examples/, `cycles` CycleGAN's iteration part by part with all
graphs at once, and `growth` is the resident memory of the real command on digits with the default callbacks. Each run is
a process of its own, and the two of a comparison take turns. What is counted is how far the process's peak rises above
what it had before the first iteration: gradients and Adam's moments are in it, and imports, weights and data are not.
"""

import argparse
import importlib
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from lightning import Trainer
from lightning.pytorch.callbacks import Callback
from torch.utils.data import DataLoader

from gan_lightning.config import resolvers
from gan_lightning.types import Pair, Unlabelled

HERE = Path(__file__).resolve().parent.parent
LOOPS = {
    "Jittor LSGAN, colour, batches of 16": ("jittor_lsgan", (3,), "jittor_lsgan_celeba", (16, 3, 112, 112)),
    "Jittor LSGAN, gray, batches of 16": ("jittor_lsgan", (1,), "jittor_lsgan_mnist", (16, 1, 112, 112)),
    "PyTorch DCGAN, faces, batches of 32": ("pytorch_dcgan", (), "pytorch_dcgan_celeba", (32, 3, 64, 64)),
}
"""The example, the arguments of its `build`, the experiment, and the shape of a batch."""
ITERATIONS, WARM_UP = 6, 1


def resident(what):
    """Mebibytes of this process: VmHWM the highest so far, VmRSS now."""
    return int(re.search(rf"{what}:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


class Resident(Callback):
    """Writes the resident memory to a file at every n-th iteration."""

    def __init__(self, file: str, every: int) -> None:
        self.file, self.every = file, every

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step % self.every == 0:
            with Path(self.file).open("a") as stream:
                stream.write(f"{trainer.global_step} {resident('VmRSS'):.0f}\n")


class Clock(Callback):
    def on_train_start(self, *_):
        self.before = resident("VmRSS")

    def on_train_batch_start(self, trainer, module, batch, number):
        if number == WARM_UP:
            self.since = time.perf_counter()

    def on_train_end(self, *_):
        self.ended = time.perf_counter()


def model_of(*words):
    resolvers.register()
    with initialize_config_dir(str(HERE / "conf"), version_base="1.3"):
        return instantiate(compose("config", [*words, "run_dir=unused"]).model)


def trained(model, batches):
    """By how many mebibytes training raises the peak, and the seconds of an iteration."""
    clock = Clock()
    Trainer(
        accelerator="cpu", max_steps=len(batches), max_epochs=-1, logger=False, enable_checkpointing=False,
        callbacks=[clock], enable_progress_bar=False, enable_model_summary=False,
    ).fit(model, DataLoader(batches, batch_size=None))  # fmt: skip
    return resident("VmHWM") - clock.before, (clock.ended - clock.since) / (len(batches) - WARM_UP)


def images(name):
    return torch.rand(ITERATIONS, *LOOPS[name][-1]) * 2 - 1


def ours(name):
    return trained(model_of(f"experiment=tutorial/{LOOPS[name][2]}"), [Unlabelled(batch) for batch in images(name)])


def plain(name):
    sys.path.insert(0, str(HERE / "examples"))
    loop = importlib.import_module(LOOPS[name][0])
    networks = loop.build(*LOOPS[name][1])
    optimizers = [torch.optim.Adam(network.parameters(), **loop.ADAM) for network in networks]
    batches, before = images(name), resident("VmRSS")
    for number, real in enumerate(batches):
        if number == WARM_UP:
            since = time.perf_counter()
        loop.train_step(*networks, *optimizers, real)
    return resident("VmHWM") - before, (time.perf_counter() - since) / (ITERATIONS - WARM_UP)


def in_parts(size, merge=None):
    words = [f"data.image_size={size}", "model.generator.blocks=9", "schedule=constant"]
    model = model_of("experiment=paper/cyclegan_horse2zebra", *words)
    if merge:
        model.generator_terms = merge(model.generator_terms)
    return trained(model, [Pair(*(torch.rand(2, 1, 3, int(size), int(size)) * 2 - 1)) for _ in range(4)])


def at_once(size):
    def merge(parts):
        def merged(batch, fake):
            yield {name: term for terms in list(parts(batch, fake)) for name, term in terms.items()}

        return merged

    return in_parts(size, merge)


def in_a_process(function, argument):
    words = [sys.executable, __file__, "--one", function.__name__, argument]
    shown = subprocess.run(words, capture_output=True, text=True)
    if shown.returncode:
        raise SystemExit(shown.stderr)
    memory, seconds = re.search(r"measured (\d+) ([\d.]+)", shown.stdout).groups()
    return int(memory), float(seconds)


def comparison(first, second, arguments, rounds):
    """Print a row of medians for each argument, and the medians of the second's ratios to the first."""
    print(f"| | {first.__name__} | {second.__name__} | memory | time |\n|---|---|---|---|---|")
    for argument in arguments:
        turns = [(in_a_process(first, argument), in_a_process(second, argument)) for _ in range(rounds)]
        cells = []
        for which in range(2):
            memory, seconds = (statistics.median(turn[which][kind] for turn in turns) for kind in range(2))
            cells.append(f"{memory:,.0f} MiB, {seconds:.2f} s")
        ratios = [statistics.median(other[kind] / one[kind] for one, other in turns) for kind in range(2)]
        print(f"| {argument} | {' | '.join(cells)} | {ratios[0]:.2f} | {ratios[1]:.2f} |", flush=True)
    print()


def growth(iterations):
    """Print the resident memory of the real command at each tenth of the iterations."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "resident.txt")
        words = ["data=digits", f"data.cache_dir={folder}/cache", f"hydra.run.dir={folder}/run", "trainer=cpu"]
        words += ["model.generator.width=16", "model.discriminator.width=16"]  # the number of iterations is what counts
        words += [
            f"trainer.max_steps={iterations}",
            "trainer.max_epochs=-1",
            "+callbacks.resident._target_=memory.Resident",
        ]
        words += [f"+callbacks.resident.file={file}", f"+callbacks.resident.every={iterations // 10}"]
        path = os.pathsep.join([str(HERE), str(HERE / "benchmarks")])
        command = [sys.executable, "-m", "gan_lightning", *words]
        subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, check=True, stdout=subprocess.DEVNULL)
        points = [line.split() for line in file.read_text().splitlines()]
    print(f"| iteration | {' | '.join(step for step, _ in points)} |\n|{'---|' * (len(points) + 1)}")
    print(f"| MiB resident | {' | '.join(size for _, size in points)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", help="iteration, cycles, growth; all of them without any")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", nargs="*", default=["128", "256"])
    parser.add_argument("--iterations", type=int, default=2000)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        memory, seconds = globals()[given.one[0]](given.one[1])
        print(f"measured {memory:.0f} {seconds:.4f}")
        return
    hardware = f"{os.cpu_count()} cores ({platform.machine()})"
    print(f"{hardware}, {torch.get_num_threads()} threads, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}\n")
    what = given.what or ["iteration", "cycles", "growth"]
    if "iteration" in what:
        comparison(plain, ours, LOOPS, given.rounds)
    if "cycles" in what:
        comparison(at_once, in_parts, given.sizes, given.rounds)
    if "growth" in what:
        growth(given.iterations)


if __name__ == "__main__":
    main()
