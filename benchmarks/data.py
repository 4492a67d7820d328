"""Ours against torchvision's ImageFolder, side by side: images a second, the first epoch, and the wait in training.

    python benchmarks/data.py [--images 5000] [--size 64] [--out table.md]

All figures come from one run on one machine, interleaved; compare the ratios, not the seconds.
"""

import argparse
import platform
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torchvision
from lightning import Callback, Trainer
from PIL import Image
from torch.utils.data import DataLoader
from torchvision.transforms import v2

from gan_lightning.data.folder import Folder
from gan_lightning.losses.adversarial import NonSaturating
from gan_lightning.models.gan import GAN
from gan_lightning.networks.dcgan import DCGANDiscriminator, DCGANGenerator

BATCH = 128


def write_images(root, count):
    """JPEGs of CelebA's size with the detail of photographs."""
    rng = np.random.default_rng(0)
    (root / "class").mkdir(parents=True)
    for number in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (28, 23, 3), dtype=np.uint8)).resize((178, 218), Image.BICUBIC)
        noise = rng.normal(0, 8, (218, 178, 3))
        picture = np.clip(np.asarray(coarse) + noise, 0, 255).astype(np.uint8)
        Image.fromarray(picture).save(root / "class" / f"{number:06d}.jpg", quality=90)


def timed(loader, convert):
    """Seconds for one epoch, and how many images came."""
    start, images = time.perf_counter(), 0
    for batch in loader:
        images += len(convert(batch))
    return time.perf_counter() - start, images


def theirs(root, size):
    transform = v2.Compose(
        [
            v2.Resize(size),
            v2.CenterCrop(size),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )
    data = torchvision.datasets.ImageFolder(str(root), transform)
    return DataLoader(data, BATCH, shuffle=True, num_workers=2, persistent_workers=True)


def ours(root, size, cache):
    module = Folder(root=str(root), image_size=size, channels=3, batch_size=BATCH, cache_dir=str(cache))
    module.setup("fit")
    return module, module.train_dataloader()


def floats(module):
    return lambda batch: module.on_after_batch_transfer(batch, 0).images


class Waits(Callback):
    """The share of a training step that is spent waiting for the next batch."""

    def __init__(self):
        self.waited, self.worked, self.last = [], [], None

    def on_train_batch_start(self, *_):
        now = time.perf_counter()
        if self.last is not None:
            self.waited.append(now - self.last)
        self.last = now

    def on_train_batch_end(self, *_):
        now = time.perf_counter()
        self.worked.append(now - self.last)
        self.last = now


def wait_in_training(root, size, cache):
    def adam(parameters):
        return torch.optim.Adam(parameters, 2e-4, (0.5, 0.999))

    model = GAN(
        latent_dim=100,
        generator=DCGANGenerator(100, 3, size, width=16),
        discriminator=DCGANDiscriminator(3, size, width=16),
        loss=NonSaturating(),
        generator_optimizer=adam,
        discriminator_optimizer=adam,
    )
    waits = Waits()
    module = Folder(root=str(root), image_size=size, channels=3, batch_size=BATCH, cache_dir=str(cache))
    Trainer(
        max_steps=25, max_epochs=-1, logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        accelerator="auto", callbacks=[waits],
    ).fit(model, module)  # fmt: skip
    return sum(waits.waited[5:]) / (sum(waits.waited[5:]) + sum(waits.worked[5:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "images"
        write_images(root, given.images)
        folder_loader = theirs(root, given.size)
        first_theirs, first_ours, later_theirs, later_ours = [], [], [], []
        for turn in range(given.rounds):
            fresh = theirs(root, given.size)
            first_theirs.append(timed(fresh, lambda batch: batch[0])[0])
            start = time.perf_counter()
            module, loader = ours(root, given.size, Path(folder) / f"cache{turn}")
            timed(loader, floats(module))
            first_ours.append(time.perf_counter() - start)
        timed(folder_loader, lambda batch: batch[0])
        for _ in range(given.rounds):
            later_theirs.append(timed(folder_loader, lambda batch: batch[0])[0])
            for _ in range(5):
                later_ours.append(timed(loader, floats(module))[0])
        bytes_only = min(timed(loader, lambda batch: batch.images)[0] for _ in range(5))
        wait = wait_in_training(root, given.size, Path(folder) / "cache0")
    median = statistics.median
    rows = [
        ("first epoch, build included", f"{median(first_theirs):.2f} s", f"{median(first_ours):.2f} s", f"{median(first_ours) / median(first_theirs):.2f} of its time"),
        ("later epochs, floats in [-1, 1]", f"{given.images / median(later_theirs):,.0f} img/s", f"{given.images / median(later_ours):,.0f} img/s", f"{median(later_theirs) / median(later_ours):.0f} times as many"),
        ("the loader alone, bytes", "", f"{given.images / bytes_only:,.0f} img/s", f"{median(later_theirs) / bytes_only:.0f} times as many"),
        ("wait for data in a training step", "", f"{100 * wait:.2f} %", ""),
    ]  # fmt: skip
    about = f"{given.images:,} JPEGs of 178x218 to {given.size}x{given.size}, batches of {BATCH}; {platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}, torchvision {torchvision.__version__}, {time.strftime('%Y-%m-%d')}"
    lines = [
        about,
        "",
        "| | ImageFolder, 2 workers | ours | ratio |",
        "|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    print("\n".join(lines))
    if given.out:
        given.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
