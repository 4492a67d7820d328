"""pix2pix and CycleGAN: plain loops, written out, against the same experiments through the real Trainer, in float64."""

from itertools import pairwise

import pytest
import torch
from hydra.utils import instantiate
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from gan_lightning import randomness
from support.playing import play
from support.recording import Losses
from support.translation_batches import ITERATIONS, POOL, SMALL, WIDTH, pairs

# The networks of the papers, layer by layer.


class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.net = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.net(x)


def paper_generator(w, blocks):
    def normed(layer, channels):
        return [layer, nn.InstanceNorm2d(channels), nn.ReLU()]

    def padded(i, o, k):
        return nn.Sequential(nn.ReflectionPad2d(k // 2), nn.Conv2d(i, o, k))

    def block():
        return Residual(*normed(padded(4 * w, 4 * w, 3), 4 * w), padded(4 * w, 4 * w, 3), nn.InstanceNorm2d(4 * w))

    return nn.Sequential(
        *normed(padded(3, w, 7), w),
        *normed(nn.Conv2d(w, 2 * w, 3, 2, 1), 2 * w),
        *normed(nn.Conv2d(2 * w, 4 * w, 3, 2, 1), 4 * w),
        *(block() for _ in range(blocks)),
        *normed(nn.ConvTranspose2d(4 * w, 2 * w, 3, 2, 1, 1), 2 * w),
        *normed(nn.ConvTranspose2d(2 * w, w, 3, 2, 1, 1), w),
        padded(w, 3, 7),
        nn.Tanh(),
    )


def patchgan(w, channels, norm, bias):
    layers = [nn.Conv2d(channels, w, 4, 2, 1), nn.LeakyReLU(0.2)]
    for i, o, stride in ((w, 2 * w, 2), (2 * w, 4 * w, 2), (4 * w, 8 * w, 1)):
        layers += [nn.Conv2d(i, o, 4, stride, 1, bias=bias), norm(o), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(8 * w, 1, 4, 1, 1))


class UNet(nn.Module):
    """Five halvings: 32 pixels to one."""

    def __init__(self, w):
        super().__init__()
        widths = [3, w, 2 * w, 4 * w, 8 * w, 8 * w]
        self.down = nn.ModuleList(nn.Conv2d(i, o, 4, 2, 1, bias=False) for i, o in pairwise(widths))
        self.down_norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths[2:5])
        plan = [(8 * w, 8 * w), (16 * w, 4 * w), (8 * w, 2 * w), (4 * w, w)]
        self.up = nn.ModuleList(nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False) for i, o in plan)
        self.up_norms = nn.ModuleList(nn.BatchNorm2d(o) for _, o in plan)
        self.end = nn.ConvTranspose2d(2 * w, 3, 4, 2, 1)

    def forward(self, x):
        e1 = self.down[0](x)
        e2 = self.down_norms[0](self.down[1](F.leaky_relu(e1, 0.2)))
        e3 = self.down_norms[1](self.down[2](F.leaky_relu(e2, 0.2)))
        e4 = self.down_norms[2](self.down[3](F.leaky_relu(e3, 0.2)))
        e5 = self.down[4](F.leaky_relu(e4, 0.2))
        d1 = F.dropout(self.up_norms[0](self.up[0](F.relu(e5))), 0.5)
        d2 = F.dropout(self.up_norms[1](self.up[1](F.relu(torch.cat([d1, e4], 1)))), 0.5)
        d3 = F.dropout(self.up_norms[2](self.up[2](F.relu(torch.cat([d2, e3], 1)))), 0.5)
        d4 = self.up_norms[3](self.up[3](F.relu(torch.cat([d3, e2], 1))))
        return torch.tanh(self.end(F.relu(torch.cat([d4, e1], 1))))

    def in_order(self):
        """Its parameters from the image to the image, norms behind their convolutions."""
        yield from self.down[0].parameters()
        for layer, norm in zip(self.down[1:4], self.down_norms, strict=True):
            yield from (*layer.parameters(), *norm.parameters())
        yield from self.down[4].parameters()
        for layer, norm in zip(self.up, self.up_norms, strict=True):
            yield from (*layer.parameters(), *norm.parameters())
        yield from self.end.parameters()


def weights(network):
    return list(network.in_order() if isinstance(network, UNet) else network.parameters())


def adopt(plain, ours):
    for own, weight in zip(weights(plain), ours.parameters(), strict=True):
        assert own.shape == weight.shape
        own.data.copy_(weight.data)
    return plain


def assert_equal(ours, plain):
    for own, weight in zip(ours.parameters(), weights(plain), strict=True):
        torch.testing.assert_close(own, weight, rtol=0, atol=1e-6)


def mse(logits, target):
    return ((logits - target) ** 2).mean()


def bce(logits, target):
    return F.binary_cross_entropy(torch.sigmoid(logits), torch.full_like(logits, target))


class Pool:
    """The paper's, with the model's coins."""

    def __init__(self, size):
        self.size, self.kept = size, []

    def __call__(self, fakes):
        coins, places = torch.rand(2, len(fakes), generator=randomness.shared(torch.device("cpu"))).tolist()
        out = []
        for fake, coin, place in zip(fakes, coins, places, strict=True):
            if len(self.kept) < self.size:
                self.kept.append(fake)
                out.append(fake)
            elif coin < 0.5:
                out.append(self.kept[int(place * self.size)])
                self.kept[int(place * self.size)] = fake
            else:
                out.append(fake)
        return torch.stack(out)


def trained(model, batches):
    losses = Losses()
    trainer = play(model, DataLoader(batches, batch_size=None), callbacks=[losses], max_steps=ITERATIONS)
    assert trainer.global_step == ITERATIONS
    return losses.seen


def test_ten_iterations_of_cyclegan_equal_the_loop_written_out(composed):
    small = [*SMALL, "model.generator.blocks=2", f"model.pool_size={POOL}"]
    model = instantiate(composed("experiment=paper/cyclegan_horse2zebra", *small).model).double()
    G, H = (adopt(paper_generator(WIDTH, 2).double(), model.generator[direction]) for direction in ("xy", "yx"))
    D_x, D_y = (
        adopt(patchgan(WIDTH, 3, nn.InstanceNorm2d, True).double(), model.discriminator[domain]) for domain in "xy"
    )
    before = [weight.clone() for weight in G.parameters()]
    batches = pairs()
    seen = trained(model, batches)

    opt_g = torch.optim.Adam([*G.parameters(), *H.parameters()], 2e-4, (0.5, 0.999))
    opt_d = torch.optim.Adam([*D_x.parameters(), *D_y.parameters()], 2e-4, (0.5, 0.999))
    pool_x, pool_y = Pool(POOL), Pool(POOL)

    def step_of_generators(x, y):
        fake_y, fake_x = G(x), H(y)
        loss = mse(D_y(fake_y), 1) + mse(D_x(fake_x), 1)
        loss = loss + 10 * (H(fake_y) - x).abs().mean() + 10 * (G(fake_x) - y).abs().mean()
        loss = loss + 5 * (G(y) - y).abs().mean() + 5 * (H(x) - x).abs().mean()
        opt_g.zero_grad()
        loss.backward()
        opt_g.step()
        return loss, fake_y.detach(), fake_x.detach()

    def step_of_critics(x, y, fake_y, fake_x):
        loss = 0.5 * (mse(D_y(y), 1) + mse(D_y(pool_y(fake_y)), 0))
        loss = loss + 0.5 * (mse(D_x(x), 1) + mse(D_x(pool_x(fake_x)), 0))
        opt_d.zero_grad()
        loss.backward()
        opt_d.step()
        return loss

    for i, (x, y) in enumerate(batches):
        with randomness.step(0, i, torch.device("cpu")):
            for optimizer in (opt_g, opt_d):
                optimizer.param_groups[0]["lr"] = 2e-4 * (1 - max(0, i - ITERATIONS / 2) / (ITERATIONS / 2))
            loss_g, fake_y, fake_x = step_of_generators(x, y)
            loss_d = step_of_critics(x, y, fake_y, fake_x)
        assert seen[i]["discriminator/loss"] == pytest.approx(float(loss_d.detach()), abs=1e-6)
        assert seen[i]["generator/loss"] == pytest.approx(float(loss_g.detach()), abs=1e-6)
    assert max((a - b).abs().max() for a, b in zip(G.parameters(), before, strict=True)) > 1e-4
    for ours, plain in ((model.generator["xy"], G), (model.generator["yx"], H)):
        assert_equal(ours, plain)
    for ours, plain in ((model.discriminator["x"], D_x), (model.discriminator["y"], D_y)):
        assert_equal(ours, plain)


def test_ten_iterations_of_pix2pix_equal_the_loop_written_out(composed):
    model = instantiate(composed("experiment=paper/pix2pix_facades", *SMALL).model).double()
    G = adopt(UNet(WIDTH).double(), model.generator)
    D = adopt(patchgan(WIDTH, 6, nn.BatchNorm2d, False).double(), model.discriminator)
    before = [weight.clone() for weight in G.parameters()]
    batches = pairs()
    seen = trained(model, batches)
    opt_g, opt_d = (torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999)) for network in (G, D))
    for i, (x, y) in enumerate(batches):
        with randomness.step(0, i, torch.device("cpu")):
            fake = G(x)
        loss_d = 0.5 * (bce(D(torch.cat([x, y], 1)), 1) + bce(D(torch.cat([x, fake.detach()], 1)), 0))
        opt_d.zero_grad()
        loss_d.backward()
        opt_d.step()
        loss_g = bce(D(torch.cat([x, fake], 1)), 1) + 100 * (fake - y).abs().mean()
        opt_g.zero_grad()
        loss_g.backward()
        opt_g.step()
        assert seen[i]["discriminator/loss"] == pytest.approx(float(loss_d.detach()), abs=1e-6)
        assert seen[i]["generator/loss"] == pytest.approx(float(loss_g.detach()), abs=1e-6)
    assert max((a - b).abs().max() for a, b in zip(G.parameters(), before, strict=True)) > 1e-4
    assert_equal(model.generator, G)
    assert_equal(model.discriminator, D)
