"""The hours that each experiment takes on one core of a CPU, estimated from a few measured iterations.

    python benchmarks/hours.py [demo paper/dcgan_celeba ...] [--json benchmarks/hours.json]

The networks, losses and batches are the experiment's own; the images are random. What grids, scores and checkpoints take
is left out. Iterations of large batches are measured with 16 images and multiplied, because the time of convolutions is
proportional to them. CPU seconds of one thread are counted, which other programs on the machine change little. The file
keeps what is not measured anew; docs/tables.py makes the table of experiments from it.
"""

import argparse
import json
import logging
import platform
import re
import time
import warnings
from datetime import date
from math import ceil
from pathlib import Path

import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from lightning import Callback, Trainer
from torch.utils.data import DataLoader

from gan_lightning.config import resolvers

HERE = Path(__file__).resolve().parent
CONF = HERE.parent / "conf"
SMALL = 16
"""Images in a batch that stands for a large one."""
QUICK = 0.5
"""Seconds of an iteration below which the whole batch is measured, because less than that is not all convolutions."""
OFFICIAL_TEST = 19962
"""Images of CelebA that its official split keeps apart."""


class Clock(Callback):
    """Counts CPU seconds from the end of the first iteration."""

    def on_train_batch_end(self, trainer, *_):
        self.ended = time.process_time()
        if trainer.global_step == 1:
            self.began = self.ended


def iterations(config):
    """Return the length of an experiment in iterations."""
    if config.trainer.max_steps > 0:
        return config.trainer.max_steps
    if "num_batches" in config.data:
        return config.trainer.max_epochs * config.data.num_batches
    known = config.data.expected
    count = max(number for split, number in known.items() if not split.startswith("test"))
    count -= OFFICIAL_TEST if config.data.get("split") == "official" else 0
    batches = count / config.data.batch_size
    return config.trainer.max_epochs * (int(batches) if config.data.get("drop_last") else ceil(batches))


def random_batch(config, kind, size):
    shape = (size, config.data.channels, config.data.image_size, config.data.image_size)
    fields = {name: torch.rand(shape) * 2 - 1 for name in kind._fields if name != "labels"}
    if "labels" in kind._fields:
        fields["labels"] = torch.randint(config.data.num_classes, (size,))
    return kind(**fields)


def seconds(config, size):
    """Return the CPU seconds of an iteration with batches of a size, the mean of one turn of all players."""
    model, data = instantiate(config.model), instantiate(config.data)
    turn = max(config.model.generator_every, config.model.discriminator_every)
    count = 1 + turn * ceil(2 / turn)
    clock = Clock()
    batches = [random_batch(config, data.batch_type, size) for _ in range(count)]
    Trainer(
        accelerator="cpu", max_steps=count, max_epochs=-1, logger=False, enable_checkpointing=False,
        callbacks=[clock], enable_progress_bar=False, enable_model_summary=False,
    ).fit(model, DataLoader(batches, batch_size=None))  # fmt: skip
    return (clock.ended - clock.began) / (count - 1)


def measured(experiment):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [f"experiment={experiment}", "run_dir=unused"])
    batch = config.data.batch_size
    size = min(SMALL, batch)
    each = seconds(config, size)
    if size < batch and each < QUICK:
        size, each = batch, seconds(config, batch)
    each *= batch / size
    count = iterations(config)
    return {"hours": each * count / 3600, "seconds": each, "iterations": count, "batch": batch, "measured_batch": size}


def processor():
    known = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", known.read_text()) if known.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    files = sorted(file.relative_to(CONF / "experiment") for file in (CONF / "experiment").rglob("*.yaml"))
    every = [str(file.with_suffix("")) for file in files]
    parser.add_argument("experiments", nargs="*", metavar="experiment", help="all of them without any")
    parser.add_argument("--json", type=Path, default=HERE / "hours.json")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    resolvers.register()
    found = json.loads(given.json.read_text()) if given.json.exists() else {"experiments": {}}
    found["machine"] = {"processor": processor(), "torch": torch.__version__, "date": date.today().isoformat()}
    for experiment in given.experiments or every:
        figures = measured(experiment)
        found["experiments"][experiment] = figures
        found["experiments"] = dict(sorted(found["experiments"].items()))
        given.json.write_text(json.dumps(found, indent=1) + "\n")
        print(f"{experiment}: {figures['hours']:.3g} h, {figures['seconds']:.3g} s an iteration", flush=True)


if __name__ == "__main__":
    main()
