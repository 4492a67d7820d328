"""The tutorials, written out as plain loops, against the same experiments through the real Trainer.

Float64: in float32 Adam turns rounding errors in biases under a norm layer into full steps.
"""

from itertools import pairwise

import pytest
import torch
from hydra.utils import instantiate
from lightning import Trainer
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from gan_lightning.types import Unlabelled
from support.recording import Losses

COUNTS = {
    "tutorial/jittor_lsgan_celeba": (15_591_427, 4_333_441),
    "tutorial/jittor_lsgan_mnist": (15_590_273, 4_330_241),
    "tutorial/pytorch_dcgan_celeba": (3_576_704, 2_765_568),
    "tutorial/paddle_dcgan_mnist": (1_066_880, 661_248),
    "tutorial/paddle_lsgan_mnist": (1_066_880, 661_248),
    "tutorial/mlp_gan_mnist": (114_800, 110_849),
    "tutorial/dcgan_faces32": (372_416, 167_809),
    "tutorial/anime_dcgan": (1_101_571, 695_105),
    "paper/dcgan_celeba": (12_658_432, 11_036_160),
}


@pytest.mark.parametrize("experiment", COUNTS)
def test_networks_have_the_tutorials_parameter_counts(experiment, composed):
    model = instantiate(composed(f"experiment={experiment}").model)
    counted = tuple(sum(p.numel() for p in network.parameters()) for network in (model.generator, model.discriminator))
    assert counted == COUNTS[experiment]


# The tutorials' networks, layer by layer, with a width that the tests make small.


class Reshape(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.view(x.shape[0], *self.shape)


def lsgan_112(w):  # S0
    generator = [nn.Linear(1024, 4 * w * 49), Reshape(4 * w, 7, 7), nn.BatchNorm2d(4 * w)]
    plan = [
        (4 * w, 4 * w, 2),
        (4 * w, 4 * w, 1),
        (4 * w, 4 * w, 2),
        (4 * w, 4 * w, 1),
        (4 * w, 2 * w, 2),
        (2 * w, w, 2),
    ]
    for i, o, s in plan:
        generator += [nn.ConvTranspose2d(i, o, 3, s, 1, s - 1), nn.BatchNorm2d(o), nn.ReLU()]
    generator += [nn.ConvTranspose2d(w, 3, 3, 1, 1), nn.Tanh()]
    discriminator = [nn.Conv2d(3, w, 5, 2, 2), nn.LeakyReLU(0.2)]
    for i, o in ((w, 2 * w), (2 * w, 4 * w), (4 * w, 8 * w)):
        discriminator += [nn.Conv2d(i, o, 5, 2, 2), nn.BatchNorm2d(o), nn.LeakyReLU(0.2)]
    discriminator += [nn.Flatten(), nn.Linear(8 * w * 49, 1)]
    return nn.Sequential(*generator), nn.Sequential(*discriminator)


def dcgan(w, maps, channels):  # S1 with 4 maps, S2 with 3
    up = [w * 2**n for n in reversed(range(maps))]
    generator = [
        Reshape(100, 1, 1),
        nn.ConvTranspose2d(100, up[0], 4, 1, 0, bias=False),
        nn.BatchNorm2d(up[0]),
        nn.ReLU(),
    ]
    for i, o in pairwise(up):
        generator += [nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU()]
    generator += [nn.ConvTranspose2d(w, channels, 4, 2, 1, bias=False), nn.Tanh()]
    discriminator = [nn.Conv2d(channels, w, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for o, i in pairwise(up[::-1]):
        discriminator += [nn.Conv2d(o, i, 4, 2, 1, bias=False), nn.BatchNorm2d(i), nn.LeakyReLU(0.2)]
    discriminator += [nn.Conv2d(up[0], 1, 4, 1, 0, bias=False), nn.Flatten()]
    return nn.Sequential(*generator), nn.Sequential(*discriminator)


def mlp_28(w):  # S3 a
    def hidden(*sizes):
        return [layer for i, o in pairwise(sizes) for layer in (nn.Linear(i, o), nn.LeakyReLU(0.2))]

    generator = [*hidden(100, w, 2 * w, 4 * w), nn.Linear(4 * w, 784), nn.Tanh(), Reshape(1, 28, 28)]
    discriminator = [nn.Flatten(), *hidden(784, 4 * w, 2 * w, w), nn.Linear(w, 1)]
    return nn.Sequential(*generator), nn.Sequential(*discriminator)


def faces_32(w):  # S3 b
    generator = [nn.Linear(100, 64 * w), Reshape(4 * w, 4, 4)]
    for i, o in ((4 * w, 2 * w), (2 * w, w)):
        generator += [nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU()]
    generator += [nn.ConvTranspose2d(w, 3, 4, 2, 1, bias=False), nn.Tanh()]
    discriminator = [nn.Conv2d(3, w, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for i, o in ((w, 2 * w), (2 * w, 4 * w)):
        discriminator += [nn.Conv2d(i, o, 4, 2, 1, bias=False), nn.BatchNorm2d(o), nn.LeakyReLU(0.2)]
    discriminator += [nn.Flatten(), nn.Linear(64 * w, 1)]
    return nn.Sequential(*generator), nn.Sequential(*discriminator)


def anime_96(w):  # S4
    generator = [Reshape(100, 1, 1), nn.ConvTranspose2d(100, 8 * w, 4, 1, 0), nn.BatchNorm2d(8 * w), nn.ReLU()]
    for i, o in ((8 * w, 4 * w), (4 * w, 2 * w), (2 * w, w)):
        generator += [nn.ConvTranspose2d(i, o, 4, 2, 1), nn.BatchNorm2d(o), nn.ReLU()]
    generator += [nn.ConvTranspose2d(w, 3, 5, 3, 1), nn.Tanh()]
    discriminator = [nn.Conv2d(3, w, 5, 3, 1), nn.LeakyReLU(0.2)]
    for i, o in ((w, 2 * w), (2 * w, 4 * w), (4 * w, 8 * w)):
        discriminator += [nn.Conv2d(i, o, 4, 2, 1), nn.LeakyReLU(0.2)]
    discriminator += [nn.Conv2d(8 * w, 1, 4, 1, 0), nn.Flatten()]
    return nn.Sequential(*generator), nn.Sequential(*discriminator)


# The tutorials' steps: each takes (G, D, optimizers, images, noise source, batch number) and returns D's and G's loss.


def bce(logits, target):
    """The tutorials' BCELoss on a sigmoid."""
    return F.binary_cross_entropy(torch.sigmoid(logits), torch.full_like(logits, target))


def mse(logits, target):
    return ((logits - target) ** 2).mean()


def smoothed(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target) * (0.9 if target == 1 else 1))


def fresh_noise(loss_d, loss_g=None, generator_every=1):  # S0, S2, S3, S4
    loss_g = loss_g or loss_d

    def step(G, D, opt_g, opt_d, x, noise, i):
        opt_d.zero_grad()
        loss_of_d = loss_d(D(x), 1.0) + loss_d(D(G(noise()).detach()), 0.0)
        loss_of_d.backward()
        opt_d.step()
        if (i + 1) % generator_every:
            return loss_of_d, None
        opt_g.zero_grad()
        loss_of_g = loss_g(D(G(noise())), 1.0)
        loss_of_g.backward()
        opt_g.step()
        return loss_of_d, loss_of_g

    return step


def same_fake(G, D, opt_g, opt_d, x, noise, i):  # S1: two backwards whose gradients add up, one batch of fakes
    D.zero_grad()
    real = bce(D(x), 1.0)
    real.backward()
    fake = G(noise())
    false = bce(D(fake.detach()), 0.0)
    false.backward()
    opt_d.step()
    G.zero_grad()
    loss_of_g = bce(D(fake), 1.0)
    loss_of_g.backward()
    opt_g.step()
    return real + false, loss_of_g


def adam(lr=2e-4, betas=(0.5, 0.999)):
    return lambda network: torch.optim.Adam(network.parameters(), lr, betas)


NARROW = ["model.generator.width=2", "model.discriminator.width=2"]
LOOPS = {
    "tutorial/jittor_lsgan_celeba": (lambda: lsgan_112(2), fresh_noise(mse), adam(), (3, 112), 1024, []),
    "tutorial/pytorch_dcgan_celeba": (lambda: dcgan(2, 4, 3), same_fake, adam(), (3, 64), 100, []),
    "tutorial/paddle_dcgan_mnist": (lambda: dcgan(2, 3, 1), fresh_noise(bce), adam(), (1, 32), 100, []),
    "tutorial/paddle_lsgan_mnist": (lambda: dcgan(2, 3, 1), fresh_noise(mse), adam(), (1, 32), 100, []),
    "tutorial/mlp_gan_mnist": (
        lambda: mlp_28(2), fresh_noise(smoothed, bce), adam(0.002, (0.9, 0.999)), (1, 28), 100,
        ["model.generator.dropout=0", "model.discriminator.dropout=0"],
    ),
    "tutorial/dcgan_faces32": (lambda: faces_32(2), fresh_noise(bce), adam(), (3, 32), 100, []),
    "tutorial/anime_dcgan": (lambda: anime_96(2), fresh_noise(bce, None, 5), adam(), (3, 96), 100, []),
}  # fmt: skip


@pytest.mark.parametrize("experiment", LOOPS)
def test_ten_iterations_equal_the_tutorials_own_loop(experiment, composed):
    make, step, make_optimizer, (channels, size), z, more = LOOPS[experiment]
    torch.manual_seed(1)
    G, D = (network.double() for network in make())
    model = instantiate(composed(f"experiment={experiment}", *NARROW, *more).model).double()
    for ours, plain in ((model.generator, G), (model.discriminator, D)):
        for own, weight in zip(ours.parameters(), plain.parameters(), strict=True):
            own.data.copy_(weight.data.reshape(own.shape))
    batches = [Unlabelled(torch.rand(4, channels, size, size).double() * 2 - 1) for _ in range(10)]
    noise = [torch.randn(4, z).double() for _ in range(20)]

    drawn = iter(noise)
    model.inputs = lambda *_: (next(drawn),)
    losses = Losses()
    trainer = Trainer(
        accelerator="cpu", max_epochs=1, log_every_n_steps=1, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, callbacks=[losses],
    )  # fmt: skip
    trainer.fit(model, DataLoader(batches, batch_size=None))

    drawn = iter(noise)
    opt_g, opt_d = make_optimizer(G), make_optimizer(D)
    moved = [weight.clone() for weight in G.parameters()]
    for i, batch in enumerate(batches):
        loss_d, loss_g = step(G, D, opt_g, opt_d, batch.images, lambda: next(drawn), i)
        assert losses.seen[i]["discriminator/loss"] == pytest.approx(float(loss_d.detach()), abs=1e-6)
        if loss_g is not None:
            assert losses.seen[i]["generator/loss"] == pytest.approx(float(loss_g.detach()), abs=1e-6)
    assert trainer.global_step == 10
    assert any((weight - before).abs().max() > 1e-4 for weight, before in zip(G.parameters(), moved, strict=True))
    for ours, plain in ((model.generator, G), (model.discriminator, D)):
        for own, weight in zip(ours.parameters(), plain.parameters(), strict=True):
            torch.testing.assert_close(own, weight.reshape(own.shape), rtol=0, atol=1e-6)
