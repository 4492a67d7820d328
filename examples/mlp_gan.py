"""A GAN of fully connected layers on MNIST at 28x28 pixels, as a blog's series from an MNIST GAN to CycleGAN begins.

Run `python examples/mlp_gan.py --data data/mnist --epochs 1`, where the folder holds MNIST's official files. The blog
gives no batch size; 64 is that of the course it follows.
"""

import argparse
import gzip
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.utils.data import DataLoader
from torchvision.utils import save_image

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
ADAM = {"lr": 0.002}  # with torch's own betas, 0.9 and 0.999


def build(width=32):
    """Return G, from noise [B, 100] to images [B, 1, 28, 28], and D, from images to logits [B, 1]."""

    def hidden(before, after):  # dropout keeps both players from relying on single units
        return nn.Linear(before, after), nn.LeakyReLU(0.2), nn.Dropout(0.3)

    layers = (*hidden(100, width), *hidden(width, 2 * width), *hidden(2 * width, 4 * width))
    G = nn.Sequential(*layers, nn.Linear(4 * width, 28 * 28), nn.Tanh(), nn.Unflatten(1, (1, 28, 28)))
    layers = (*hidden(28 * 28, 4 * width), *hidden(4 * width, 2 * width), *hidden(2 * width, width))
    D = nn.Sequential(nn.Flatten(), *layers, nn.Linear(width, 1))
    return G, D


def noise(rows):
    """Draw latents [rows, 100], uniform in [-1, 1)."""
    return 2 * torch.rand(rows, 100, device=DEVICE) - 1


def train_step(G, D, optimizer_g, optimizer_d, real, noise=noise):
    """Train D, then G, on one batch; return both losses."""
    G.train()  # dropout is on; images to be looked at are drawn without
    # D learns to give real images a probability of 0.9 instead of 1, so that it does not grow too sure of itself, and
    # generated ones 0. (Smoothing the 0 as well would reward G for what it does already.)
    # Mended: the blog gives probabilities to this loss, which takes logits, and does not detach the generated images.
    fake = G(noise(len(real))).detach()
    on_real, on_fake = D(real), D(fake)
    loss_d = bce(on_real, torch.full_like(on_real, 0.9)) + bce(on_fake, torch.zeros_like(on_fake))
    optimizer_d.zero_grad()
    loss_d.backward()
    optimizer_d.step()
    # G learns to make D take new images for real: 1, not smoothed.
    on_fake = D(G(noise(len(real))))
    loss_g = bce(on_fake, torch.ones_like(on_fake))
    optimizer_g.zero_grad()
    loss_g.backward()
    optimizer_g.step()
    return loss_d.item(), loss_g.item()


class Pictures(list):
    """Arrays of bytes, read one by one as tensors [1, 28, 28] in [-1, 1], which is the range of G's tanh."""

    def __getitem__(self, number):
        return torch.tensor(super().__getitem__(number), dtype=torch.float32)[None] / 127.5 - 1


def digits(file):
    """Return the images, arrays of bytes [28, 28], of one of MNIST's official files, packed or not."""
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return list(np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28))


def main(words=None):
    """Train as the command line says; write 16 images after each epoch, and the losses per epoch."""
    parser = argparse.ArgumentParser(
        description="A GAN of fully connected layers on MNIST; --steps ends each epoch early"
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of MNIST's files")
    parser.add_argument("--out", type=Path, default=Path("outputs/mlp_gan"), help="folder of the results")
    for name, default in (("epochs", 100), ("steps", None), ("batch-size", 64), ("width", 32), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args(words)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    files = sorted(args.data.rglob("train-images*")) or parser.error(f"--data: no train-images in {args.data}")
    loader = DataLoader(Pictures(digits(files[0])), args.batch_size, shuffle=True)
    G, D = (network.to(DEVICE) for network in build(args.width))
    players = G, D, torch.optim.Adam(G.parameters(), **ADAM), torch.optim.Adam(D.parameters(), **ADAM)
    fixed_noise = noise(16)  # the same digits are watched while G learns
    means = []
    for epoch in range(args.epochs):
        losses = [train_step(*players, real.to(DEVICE)) for real in islice(loader, args.steps)]
        means.append(np.mean(losses, axis=0))
        print(f"epoch {epoch + 1}/{args.epochs}: loss_d {means[-1][0]:.4f} loss_g {means[-1][1]:.4f}")
        images = G.eval()(fixed_noise)  # eval mode switches dropout off, which the blog forgets
        save_image(images, args.out / f"{epoch + 1:03d}.png", nrow=4, normalize=True, value_range=(-1, 1))
    figure = Figure()
    axes = figure.subplots()
    axes.plot(means, label=["discriminator", "generator"])
    axes.set(title="Losses", xlabel="epoch")
    axes.legend()
    figure.savefig(args.out / "losses.png")


if __name__ == "__main__":
    main()
