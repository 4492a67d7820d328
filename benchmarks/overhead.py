"""The time of the game beside a plain loop and beside the least that Lightning takes, interleaved, in ms a batch.

    python benchmarks/overhead.py [--steps 300] [--rounds 7] [--width 8] [--size 8] [--cpu-time]

By default the networks are so small that the loop around them is most of the time; logging is at its default cadence.
Wider ones on larger images give longer steps: --network dcgan --width 32 --size 32 --batch 32. With --cpu-time, on one
thread (OMP_NUM_THREADS=1), what else runs on the machine counts less.
"""

import argparse
import copy
import statistics
import tempfile
import time

import torch
from lightning import Callback, LightningModule, Trainer
from torch.utils.data import DataLoader

from gan_lightning.callbacks.guard import Guard
from gan_lightning.devices import look_for_cuda_without_nvml
from gan_lightning.losses.adversarial import NonSaturating
from gan_lightning.models.gan import GAN
from gan_lightning.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from gan_lightning.networks.mlp import MLPDiscriminator, MLPGenerator
from gan_lightning.types import Unlabelled


def adam(parameters):
    return torch.optim.Adam(parameters, 2e-4, (0.5, 0.999))


class Clock(Callback):
    now = staticmethod(time.perf_counter)

    def on_train_start(self, *_):
        self.began = self.now()

    def on_train_end(self, *_):
        self.ended = self.now()


def play(generator, discriminator, loss, batch, opt_g, opt_d, backward):
    with torch.no_grad():
        fake = generator(torch.randn(len(batch.images), 16))
    opt_d.zero_grad()
    backward(sum(loss.discriminator(discriminator, batch.images, fake).values()))
    opt_d.step()
    opt_g.zero_grad()
    discriminator.requires_grad_(False)
    fake = generator(torch.randn(len(batch.images), 16))
    backward(sum(loss.generator(discriminator, batch.images, fake).values()))
    discriminator.requires_grad_(True)
    opt_g.step()


def plain(generator, discriminator, loss, batches):
    look_for_cuda_without_nvml()  # a plain loop does not import Lightning, which changes how torch looks
    optimizers = adam(generator.parameters()), adam(discriminator.parameters())
    start = Clock.now()
    for batch in batches:
        play(generator, discriminator, loss, batch, *optimizers, torch.Tensor.backward)
    return 1000 * (Clock.now() - start) / len(batches)


class PlainModule(LightningModule):
    """The plain loop as a LightningModule that does nothing besides."""

    def __init__(self, generator, discriminator, loss):
        super().__init__()
        self.automatic_optimization = False
        self.generator, self.discriminator, self.loss = generator, discriminator, loss

    def configure_optimizers(self):
        return [adam(self.generator.parameters()), adam(self.discriminator.parameters())]

    def training_step(self, batch, batch_idx):
        play(self.generator, self.discriminator, self.loss, batch, *self.optimizers(), self.manual_backward)


def in_lightning(generator, discriminator, loss, batches):
    return fitted(PlainModule(generator, discriminator, loss), batches)


def fitted(model, batches, callbacks=()):
    clock = Clock()
    Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, callbacks=[clock, *callbacks],
    ).fit(model, DataLoader(batches, batch_size=None))  # fmt: skip
    return 1000 * (clock.ended - clock.began) / len(batches)


class TimedGuard(Guard):
    """Adds up the time of its own hooks, which a difference of whole runs would hide in their noise."""

    seconds = 0.0

    def on_before_optimizer_step(self, *given):
        began = Clock.now()
        super().on_before_optimizer_step(*given)
        self.seconds += Clock.now() - began

    def on_train_batch_end(self, *given):
        began = Clock.now()
        super().on_train_batch_end(*given)
        self.seconds += Clock.now() - began


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
    return fitted(model, batches, callbacks)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--network", choices=("mlp", "dcgan"), default="mlp")
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--size", type=int, default=8)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--cpu-time", action="store_true")
    given = parser.parse_args()
    if given.cpu_time:
        Clock.now = staticmethod(time.process_time)
    torch.manual_seed(0)
    makers = {"mlp": (MLPGenerator, MLPDiscriminator), "dcgan": (DCGANGenerator, DCGANDiscriminator)}
    make_g, make_d = makers[given.network]
    networks = make_g(16, 1, given.size, width=given.width), make_d(1, given.size, width=given.width)
    batches = [Unlabelled(torch.rand(given.batch, 1, given.size, given.size) * 2 - 1) for _ in range(given.steps)]
    runs = {"plain loop": plain, "plain loop in Lightning": in_lightning, "the game": game, "with the guard": guarded}
    times = {name: [] for name in runs}
    for _ in range(given.rounds):
        for name, run in runs.items():
            times[name].append(run(*copy.deepcopy(networks), NonSaturating(), batches))
    for name, each in times.items():
        print(f"{name}: {statistics.median(each):.3f} ms a batch (from {min(each):.3f} to {max(each):.3f})")
    for name in ("plain loop", "plain loop in Lightning"):
        over = [one - two for one, two in zip(times["the game"], times[name], strict=True)]
        print(f"the game beyond the {name}: {statistics.median(over):.3f} ms a batch, median of {given.rounds} rounds")
    print(f"the guard's own hooks: {statistics.median(HOOKS):.3f} ms a batch")


if __name__ == "__main__":
    main()
