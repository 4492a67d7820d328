"""The time of the game beside a plain loop, in milliseconds a batch, the two interleaved.

    python benchmarks/overhead.py [--steps 300] [--rounds 7]

The networks are so small that the loop around them is most of the time; logging is at its default cadence.
"""

import argparse
import copy
import statistics
import time

import torch
from lightning import Callback, Trainer
from torch.utils.data import DataLoader

from gan_lightning.losses.adversarial import NonSaturating
from gan_lightning.models.gan import GAN
from gan_lightning.networks.mlp import MLPDiscriminator, MLPGenerator
from gan_lightning.types import Unlabelled


def adam(parameters):
    return torch.optim.Adam(parameters, 2e-4, (0.5, 0.999))


class Clock(Callback):
    def on_train_start(self, *_):
        self.began = time.perf_counter()

    def on_train_end(self, *_):
        self.ended = time.perf_counter()


def plain(generator, discriminator, loss, batches):
    opt_g, opt_d = adam(generator.parameters()), adam(discriminator.parameters())
    start = time.perf_counter()
    for batch in batches:
        with torch.no_grad():
            fake = generator(torch.randn(len(batch.images), 16))
        opt_d.zero_grad()
        sum(loss.discriminator(discriminator, batch.images, fake).values()).backward()
        opt_d.step()
        opt_g.zero_grad()
        discriminator.requires_grad_(False)
        sum(
            loss.generator(discriminator, batch.images, generator(torch.randn(len(batch.images), 16))).values()
        ).backward()
        discriminator.requires_grad_(True)
        opt_g.step()
    return 1000 * (time.perf_counter() - start) / len(batches)


def game(generator, discriminator, loss, batches):
    model = GAN(
        generator,
        discriminator,
        latent_dim=16,
        loss=loss,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
    )
    clock = Clock()
    Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, callbacks=[clock],
    ).fit(model, DataLoader(batches, batch_size=None))  # fmt: skip
    return 1000 * (clock.ended - clock.began) / len(batches)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    torch.manual_seed(0)
    networks = MLPGenerator(16, 1, 8, width=8), MLPDiscriminator(1, 8, width=8)
    batches = [Unlabelled(torch.rand(16, 1, 8, 8) * 2 - 1) for _ in range(given.steps)]
    times = {"plain loop": [], "the game": []}
    for _ in range(given.rounds):
        for name, run in (("plain loop", plain), ("the game", game)):
            times[name].append(run(*copy.deepcopy(networks), NonSaturating(), batches))
    for name, each in times.items():
        print(f"{name}: {statistics.median(each):.3f} ms a batch (from {min(each):.3f} to {max(each):.3f})")
    over = [ours - theirs for ours, theirs in zip(times["the game"], times["plain loop"], strict=True)]
    print(f"overhead: {statistics.median(over):.3f} ms a batch, median of {given.rounds} interleaved rounds")


if __name__ == "__main__":
    main()
