"""Three objectives, written out as plain loops, against their presets through the real Trainer, in float64."""

import copy
from collections import deque

import pytest
import torch
from hydra.utils import instantiate
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from gan_lightning import randomness
from gan_lightning.types import Unlabelled
from support.playing import play
from support.recording import Losses

ROWS, LATENT, ITERATIONS = 4, 6, 10
SMALL = [f"model.latent_dim={LATENT}", "model.generator.width=2", "model.discriminator.width=2", "data.image_size=32"]


class Spectral(nn.Module):
    """The plain loop's own spectral normalisation: one power iteration for each use of the weight in training."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        rows, columns = layer.weight.flatten(1).shape
        self.register_buffer("u", torch.zeros(rows).double())
        self.register_buffer("v", torch.zeros(columns).double())

    def forward(self, x):
        weight = self.layer.weight
        matrix = weight.flatten(1)
        with torch.no_grad():
            self.u = F.normalize(matrix @ self.v, dim=0)
            self.v = F.normalize(matrix.T @ self.u, dim=0)
        weight = weight / (self.u @ matrix @ self.v)
        if isinstance(self.layer, nn.Conv2d):
            return F.conv2d(x, weight, self.layer.bias, self.layer.stride, self.layer.padding)
        return F.linear(x, weight, self.layer.bias)


def squared_norms(D, x):
    x = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return (gradient**2).sum((1, 2, 3))


def wgan_gp(D, x, fake, places):
    x_hat = (1 - places.popleft()) * x + places.popleft() * fake
    penalty = 10 * ((squared_norms(D, x_hat).sqrt() - 1) ** 2).mean()
    return D(fake).mean() - D(x).mean() + penalty


def hinge(D, x, fake, places):
    return torch.clamp(1 - D(x), min=0).mean() + torch.clamp(1 + D(fake), min=0).mean()


def relativistic(D, x, fake, places):
    gamma = 0.05
    loss = torch.log1p(torch.exp(-(D(x) - D(fake)))).mean()
    return loss + gamma / 2 * squared_norms(D, x).mean() + gamma / 2 * squared_norms(D, fake).mean()


def raise_fakes(D, x, fake):
    return -D(fake).mean()


def pass_for_real(D, x, fake):
    return torch.log1p(torch.exp(-(D(fake) - D(x)))).mean()


LOOPS = {
    "wgan_gp": (wgan_gp, raise_fakes, 5, 1e-4, (0.0, 0.9)),
    "sngan": (hinge, raise_fakes, 5, 2e-4, (0.0, 0.9)),
    "r3gan": (relativistic, pass_for_real, 1, 2e-4, (0.0, 0.99)),
}


def plain_copy(model, config):
    """Both networks with the model's weights; in D the plain loop's own spectral normalisation."""
    generator = instantiate(config.generator).double()
    discriminator = instantiate(config.discriminator, spectral_norm=False).double()
    for layer in list(discriminator.modules()):
        for name, child in list(layer.named_children()):
            if config.discriminator.spectral_norm and isinstance(child, nn.Conv2d | nn.Linear):
                setattr(layer, name, Spectral(child))
    generator.load_state_dict(model.generator.state_dict())
    weights = model.discriminator.state_dict()
    discriminator.load_state_dict({name: weights[ours(name)] for name in discriminator.state_dict()})
    return generator, discriminator


def ours(name):
    """The name that a tensor of the plain discriminator has in ours."""
    name = name.replace(".layer.weight", ".parametrizations.weight.original").replace(".layer.bias", ".bias")
    return name.replace(".u", ".parametrizations.weight.0._u").replace(".v", ".parametrizations.weight.0._v")


@pytest.mark.parametrize("preset", LOOPS)
def test_ten_iterations_equal_a_plain_loop(preset, composed, monkeypatch):
    loss_d, loss_g, every, lr, betas = LOOPS[preset]
    config = composed(f"model={preset}", *SMALL, "ema=none")
    torch.manual_seed(1)
    model = instantiate(config.model).double()
    G, D = plain_copy(model, config.model)

    batches = [Unlabelled(torch.rand(ROWS, 1, 32, 32).double() * 2 - 1) for _ in range(ITERATIONS)]
    noise = [torch.randn(ROWS, LATENT).double() for _ in range(2 * ITERATIONS)]
    alphas = [torch.rand(ROWS, 1, 1, 1).double() for _ in range(ITERATIONS)]
    drawn, places = iter(noise), iter(alphas)
    model.inputs = lambda *_: (next(drawn),)
    monkeypatch.setattr(randomness, "draw_rows", lambda *_: next(places))
    losses = Losses()
    trainer = play(model, DataLoader(batches, batch_size=None), [losses], max_steps=ITERATIONS)
    assert trainer.global_step == ITERATIONS

    drawn = iter(noise)
    opt_g = torch.optim.Adam(G.parameters(), lr, betas)
    opt_d = torch.optim.Adam(D.parameters(), lr, betas)
    for i, (x,) in enumerate(batches):
        opt_d.zero_grad()
        loss = loss_d(D, x, G(next(drawn)).detach(), deque([alphas[i], alphas[i]]))
        loss.backward()
        opt_d.step()
        assert losses.seen[i]["discriminator/loss"] == pytest.approx(float(loss.detach()), abs=1e-6)
        if (i + 1) % every:
            continue
        opt_g.zero_grad()
        loss = loss_g(D, x, G(next(drawn)))
        loss.backward()
        opt_g.step()
        assert losses.seen[i]["generator/loss"] == pytest.approx(float(loss.detach()), abs=1e-6)
    for weights, plain, named in (
        (dict(model.generator.named_parameters()), G, str),
        (dict(model.discriminator.named_parameters()), D, ours),
    ):
        for name, weight in plain.named_parameters():
            torch.testing.assert_close(weights[named(name)], weight, rtol=0, atol=1e-6)


def test_after_fifty_moves_in_a_game_every_spectrally_normalised_layer_has_a_largest_singular_value_of_one(composed):
    """Weights move, so one power iteration a pass has to keep up with them."""
    narrow = ["data.channels=3", "data.image_size=32", "model.generator.width=16", "model.discriminator.width=32"]
    torch.manual_seed(0)
    model = instantiate(composed("model=sngan", *narrow).model)
    before = copy.deepcopy(model.discriminator)
    batches = [Unlabelled(torch.rand(4, 3, 32, 32) * 2 - 1) for _ in range(50)]
    play(model, DataLoader(batches, batch_size=None), max_steps=50)
    layers = [layer for layer in model.discriminator.eval().modules() if hasattr(layer, "parametrizations")]
    assert len(layers) == 11
    for layer in layers:
        assert float(torch.linalg.matrix_norm(layer.weight.flatten(1), 2)) == pytest.approx(1, abs=0.02)
    assert any(
        not torch.equal(*pair) for pair in zip(model.discriminator.parameters(), before.parameters(), strict=True)
    )
