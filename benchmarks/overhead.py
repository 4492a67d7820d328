"""The time of the game, without and with the guard, beside a plain loop, in milliseconds a batch, interleaved.

    python benchmarks/overhead.py [--steps 300] [--rounds 7] [--width 8] [--size 8]

By default the networks are so small that the loop around them is most of the time; logging is at its default cadence.
Wider ones on larger images give longer steps: --network dcgan --width 32 --size 32 --batch 32.
"""

import argparse
import copy
import statistics
import tempfile
import time

import torch
from lightning import Callback, Trainer
from torch.utils.data import DataLoader

from gan_lightning.callbacks.guard import Guard
from gan_lightning.losses.adversarial import NonSaturating
from gan_lightning.models.gan import GAN
from gan_lightning.networks.dcgan import DCGANDiscriminator, DCGANGenerator
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


class TimedGuard(Guard):
    """Adds up the time of its own hooks, which a difference of whole runs would hide in their noise."""

    seconds = 0.0

    def on_before_optimizer_step(self, *given):
        began = time.perf_counter()
        super().on_before_optimizer_step(*given)
        self.seconds += time.perf_counter() - began

    def on_train_batch_end(self, *given):
        began = time.perf_counter()
        super().on_train_batch_end(*given)
        self.seconds += time.perf_counter() - began


def guarded(generator, discriminator, loss, batches):
    guard = TimedGuard(tempfile.mkdtemp())
    took = game(generator, discriminator, loss, batches, [guard])
    HOOKS.append(1000 * guard.seconds / len(batches))
    return took


HOOKS = []
"""Milliseconds a batch that the guard's hooks took, a number for each round."""


def game(generator, discriminator, loss, batches, callbacks=()):
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
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, callbacks=[clock, *callbacks],
    ).fit(model, DataLoader(batches, batch_size=None))  # fmt: skip
    return 1000 * (clock.ended - clock.began) / len(batches)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--network", choices=("mlp", "dcgan"), default="mlp")
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--size", type=int, default=8)
    parser.add_argument("--batch", type=int, default=16)
    given = parser.parse_args()
    torch.manual_seed(0)
    makers = {"mlp": (MLPGenerator, MLPDiscriminator), "dcgan": (DCGANGenerator, DCGANDiscriminator)}
    make_g, make_d = makers[given.network]
    networks = make_g(16, 1, given.size, width=given.width), make_d(1, given.size, width=given.width)
    batches = [Unlabelled(torch.rand(given.batch, 1, given.size, given.size) * 2 - 1) for _ in range(given.steps)]
    times = {"plain loop": [], "the game": [], "with the guard": []}
    for _ in range(given.rounds):
        for name, run in (("plain loop", plain), ("the game", game), ("with the guard", guarded)):
            times[name].append(run(*copy.deepcopy(networks), NonSaturating(), batches))
    for name, each in times.items():
        print(f"{name}: {statistics.median(each):.3f} ms a batch (from {min(each):.3f} to {max(each):.3f})")
    over = [one - two for one, two in zip(times["the game"], times["plain loop"], strict=True)]
    print(f"the game beyond the plain loop: {statistics.median(over):.3f} ms a batch, median of {given.rounds} rounds")
    print(f"the guard's own hooks: {statistics.median(HOOKS):.3f} ms a batch")


if __name__ == "__main__":
    main()
