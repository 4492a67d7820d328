"""A training step of this project beside the tutorials' plain loops in `examples/`, interleaved in one process.

    python benchmarks/step.py [s0_colour s1 ...] [--columns fp32 bf16] [--batch 16] [--size 112] [--width 64]

Both start from the same weights and are given the same images. Ours runs through the real Trainer with the default
callbacks and loggers; `bare` is our own objective on our own networks in a plain loop, so it shows what Lightning and
the callbacks cost. The device is a GPU if there is one. A ratio is the plain loop's time over ours, the median of the
rounds; memory is the highest of a run, on a CPU that of the whole process (Linux).
"""

import argparse
import copy
import json
import logging
import os
import platform
import statistics
import sys
import tempfile
import time
import warnings
from contextlib import redirect_stdout
from inspect import signature
from pathlib import Path

import lightning
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from lightning import Callback
from step_rows import COLUMNS, ROWS, PlainWGAN
from torch.utils.data import DataLoader

from gan_lightning.config import resolvers
from gan_lightning.config.checks import without_unused_parts
from gan_lightning.models.memory_format import in_order
from gan_lightning.types import Pair, Unlabelled

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "examples"))
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def synchronised():
    """Return the time when the device has done all that it was asked to."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def forget_peak():
    """Begin to watch the memory anew."""
    if DEVICE.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    elif sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")


def peak():
    """Return the highest memory since then in MiB; None where it cannot be had."""
    if DEVICE.type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    status = Path("/proc/self/status")
    return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024 if status.exists() else None


class Clock(Callback):
    """Takes the time from the end of the warm-up to the start of the last batch, before what the end of a run writes."""

    def __init__(self, warm_up, steps):
        self.warm_up, self.end = warm_up, warm_up + steps

    def on_train_batch_start(self, trainer, *_):
        if trainer.global_step == self.warm_up:
            self.began = synchronised()
        elif trainer.global_step == self.end:
            self.seconds = synchronised() - self.began


def ours(config, model, batches, warm_up):
    """Train a model through Lightning; return the seconds without the warm-up."""
    clock, model = Clock(warm_up, len(batches) - warm_up), copy.deepcopy(model)
    batches = [*batches, batches[0]]
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        config = copy.deepcopy(config)
        config.run_dir, config.trainer.max_steps = folder, len(batches)
        trainer = instantiate(without_unused_parts(config).trainer)
        trainer.callbacks.insert(0, clock)
        trainer.fit(model, DataLoader(batches, batch_size=None))
    return clock.seconds


def timed(step, batches, warm_up):
    """Run a step on each batch; return the seconds without the warm-up."""
    for number, batch in enumerate(batches):
        if number == warm_up:
            began = synchronised()
        step(number, batch)
    return synchronised() - began


def bare(config, model, batches, warm_up):
    """Minimise our objective on our networks in a loop of its own, without noting anything."""
    model = copy.deepcopy(model).to(DEVICE)
    discriminator = model.discriminator
    optimizer_d, optimizer_g = model.configure_optimizers()
    player = model.players["discriminator"]
    half = torch.autocast(DEVICE.type, torch.bfloat16, enabled=config.trainer.precision == "bf16-mixed")

    def step(number, batch):
        batch = in_order(type(batch)(*(images.to(DEVICE) for images in batch)), model.memory_format)
        real = batch.images
        with half:
            with torch.no_grad():
                fake = model.generate(batch)  # our inputs and our network, no hooks
            terms = model.loss.discriminator(discriminator, real, fake) | player.penalty_terms(
                0, 1, discriminator, real, fake
            )
        sum(terms.values()).backward()
        optimizer_d.step()
        optimizer_d.zero_grad()
        if (number + 1) % model.players["generator"].every == 0:
            discriminator.requires_grad_(False)
            with half:
                terms = model.loss.generator(discriminator, real, model.generate(batch))
            sum(terms.values()).backward()
            optimizer_g.step()
            optimizer_g.zero_grad()
            discriminator.requires_grad_(True)

    return timed(step, batches, warm_up)


def plain(example, build, networks, batches, warm_up):
    """Run an example's own step; return the seconds without the warm-up."""
    networks = [network.to(DEVICE) for network in copy.deepcopy(networks)]
    train_step, settings = example.train_step, example.ADAM
    groups = [list(network.parameters()) for network in networks]
    if len(networks) == 4:  # one optimizer for both generators
        groups = [groups[0] + groups[1], *groups[2:]]
    optimizers = [torch.optim.Adam(each, **settings) for each in groups]
    known = signature(train_step).parameters

    def step(number, batch):
        images = [each.to(DEVICE) for each in batch]
        further = {name: value for name, value in {**build, "number": number}.items() if name in known}
        players = (networks, optimizers) if len(networks) == 4 else (*networks, *optimizers)
        train_step(*players, *images, **further)

    return timed(step, batches, warm_up)


def prepare(row, given):
    """Return the ways to train, by column: functions of the batches and the warm-up."""
    size, build = given.size or row.size, dict(row.build)
    overrides = [*row.experiment, f"data.image_size={size}", "run_dir=unused"]
    if given.width:
        overrides += [f"model.{player}.width={given.width}" for player in ("generator", "discriminator")]
        build["width"] = given.width
    if row.example == "cyclegan":
        overrides.append("callbacks.samples=null")  # they would show pictures of a data set
    made = {}
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        for column in given.columns:
            config = compose("config", [*overrides, *COLUMNS[column], *given.override])
            torch.manual_seed(0)
            made[column] = config, instantiate(config.model)
    models = [model for _, model in made.values()]
    if row.example:
        example = __import__(row.example)
        torch.manual_seed(0)
        networks = list(example.build(**build))
        for model in models:
            middle = len(networks) // 2
            for own, theirs in ((model.generator, networks[:middle]), (model.discriminator, networks[middle:])):
                weights = [weight for network in theirs for weight in network.parameters()]
                for weight, other in zip(own.parameters(), weights, strict=True):
                    weight.data.copy_(other.data.view_as(weight))
    else:
        example, networks = PlainWGAN, [copy.deepcopy(each) for each in (models[0].generator, models[0].discriminator)]
        networks = [network.to(memory_format=torch.contiguous_format) for network in networks]
    ways = {"plain": lambda *data: plain(example, build, networks, *data)}
    for column, parts in made.items():
        run = bare if column.startswith("bare") else ours
        if not (run is bare and row.example == "cyclegan"):
            ways[column] = lambda *data, run=run, parts=parts: run(*parts, *data)
    return ways


def measure(row, given):
    """Return a row's figures: of each way the milliseconds and images a second, the ratio and the memory."""
    batch, size = given.batch or row.batch, given.size or row.size
    stream, ways = torch.Generator().manual_seed(0), prepare(row, given)
    shape = (batch, row.channels, size, size)
    kind = Pair if row.example == "cyclegan" else Unlabelled
    count = given.steps + given.warm_up
    batches = [kind(*(torch.rand(shape, generator=stream) * 2 - 1 for _ in kind._fields)) for _ in range(count)]
    times, memory = {name: [] for name in ways}, {}
    for _ in range(given.rounds):
        for name, run in ways.items():
            forget_peak()
            times[name].append(run(batches, given.warm_up) / given.steps)
            memory[name] = max(memory.get(name, 0), peak() or 0)
    figures = {}
    for name, each in times.items():
        ratio = statistics.median(one / two for one, two in zip(times["plain"], each, strict=True))
        seconds = statistics.median(each)
        figures[name] = {"ms": 1000 * seconds, "images_per_second": batch / seconds, "ratio": ratio}
        figures[name]["peak_mib"] = memory[name] or None
    return {"row": row.title, "batch": batch, "size": size, "ways": figures}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="row", help=f"of {', '.join(ROWS)}; all of them without any")
    parser.add_argument(
        "--columns", nargs="+", choices=COLUMNS, default=["fp32", "reuse", "bf16", "bf16+reuse", "bare"]
    )
    for name, default in (
        ("batch", None),
        ("size", None),
        ("width", None),
        ("steps", 5),
        ("rounds", 5),
        ("warm-up", 2),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument(
        "--override", nargs="+", default=[], help="further overrides of ours, such as model.compile=true"
    )
    parser.add_argument("--json", type=Path, help="a file that all figures are written to")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    resolvers.register()
    name = torch.cuda.get_device_name() if DEVICE.type == "cuda" else f"{platform.machine()}, {given.threads} threads"
    print(
        f"{name}, torch {torch.__version__}, lightning {lightning.__version__}; {given.steps} steps, {given.rounds} rounds\n"
    )
    columns = ["plain", *given.columns]
    print(f"| step | batch | pixels | {' | '.join(columns)} |\n|---|---|---|{'---|' * len(columns)}")
    found = []
    for row in given.rows or ROWS:
        found.append(measure(ROWS[row], given))
        cells = [found[-1]["ways"].get(column) for column in columns]
        shown = [f"{c['ms']:.1f} ms, {c['ratio']:.2f}x, {c['peak_mib'] or 0:.0f} MiB" if c else "" for c in cells]
        print(f"| {found[-1]['row']} | {found[-1]['batch']} | {found[-1]['size']} | {' | '.join(shown)} |", flush=True)
    if given.json:
        given.json.write_text(json.dumps({"device": name, "torch": torch.__version__, "rows": found}, indent=2) + "\n")


if __name__ == "__main__":
    main()
