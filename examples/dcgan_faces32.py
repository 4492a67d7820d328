"""DCGAN on faces of 32x32 pixels, the second network of a blog's series from an MNIST GAN to CycleGAN.

Run `python examples/dcgan_faces32.py --data data/celeba --epochs 1`, with CelebA or any other folder of pictures. The
blog names neither noise, learning rate, first weights, batch size nor epochs; they are those of the course it follows.
"""

import argparse
from itertools import islice
from pathlib import Path

import torch
from PIL import Image
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.utils import save_image

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
ADAM = {"lr": 2e-4, "betas": (0.5, 0.999)}


def build(width=32):
    """Return G, from noise [B, 100] to images [B, 3, 32, 32], and D, from images to logits [B, 1]."""

    def up(before, after):
        return nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()

    def down(before, after):
        return nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)

    # Mended: the blog writes both linear layers as tuples of their sizes, and forgets nn.Linear.
    # Kept: neither batch norm nor ReLU follows G's, so the first two layers are one linear map.
    stem = (nn.Linear(100, 4 * width * 4 * 4), nn.Unflatten(1, (4 * width, 4, 4)))
    last = nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False)
    G = nn.Sequential(*stem, *up(4 * width, 2 * width), *up(2 * width, width), last, nn.Tanh())  # 4, 8, 16, 32 pixels
    # Mended: F.relu(x, 0.2) gives the slope to the argument `inplace`; D wants leaky ReLUs.
    first = (nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2))  # no batch norm on the images themselves
    head = (nn.Flatten(), nn.Linear(4 * width * 4 * 4, 1))
    D = nn.Sequential(*first, *down(width, 2 * width), *down(2 * width, 4 * width), *head)
    for layer in (*G, *D):  # DCGAN's first weights, in the linear layers too, as in the course
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.bias)
    return G, D


def noise(rows):
    """Draw latents [rows, 100], uniform in [-1, 1)."""
    return 2 * torch.rand(rows, 100, device=DEVICE) - 1


def train_step(G, D, optimizer_g, optimizer_d, real, noise=noise):
    """Train D, then G, on one batch; return both losses."""
    G.train()  # batch norm uses this batch's statistics; grids are drawn in eval mode, with those of the past
    # D learns to take real images for real and generated ones for generated. The loss takes logits and applies the
    # sigmoid itself, which is exact also where D is very sure.
    fake = G(noise(len(real))).detach()  # detached, because this step moves D only
    on_real, on_fake = D(real), D(fake)
    loss_d = bce(on_real, torch.ones_like(on_real)) + bce(on_fake, torch.zeros_like(on_fake))
    optimizer_d.zero_grad()
    loss_d.backward()
    optimizer_d.step()
    # G learns to make D take new images, from new noise, for real.
    on_fake = D(G(noise(len(real))))
    loss_g = bce(on_fake, torch.ones_like(on_fake))
    optimizer_g.zero_grad()
    loss_g.backward()
    optimizer_g.step()
    return loss_d.item(), loss_g.item()


class Pictures(list):
    """Files, read one by one as tensors [3, 32, 32] in [-1, 1], which is the range of G's tanh."""

    square = transforms.Compose([transforms.Resize(32), transforms.CenterCrop(32), transforms.ToTensor()])

    def __getitem__(self, number):
        return 2 * self.square(Image.open(super().__getitem__(number)).convert("RGB")) - 1


def main(words=None):
    """Train as the command line says; write 16 images after each epoch."""
    parser = argparse.ArgumentParser(description="DCGAN on faces of 32x32 pixels; --steps ends each epoch early")
    parser.add_argument("--data", type=Path, required=True, help="folder of .jpg or .png pictures")
    parser.add_argument("--out", type=Path, default=Path("outputs/dcgan_faces32"), help="folder of the results")
    for name, default in (("epochs", 50), ("steps", None), ("batch-size", 64), ("width", 32), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args(words)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    files = sorted(args.data.rglob("*.[jp][pn]g")) or parser.error(f"--data: no .jpg or .png picture in {args.data}")
    loader = DataLoader(Pictures(files), args.batch_size, shuffle=True)
    G, D = (network.to(DEVICE) for network in build(args.width))
    players = G, D, torch.optim.Adam(G.parameters(), **ADAM), torch.optim.Adam(D.parameters(), **ADAM)
    fixed_noise = noise(16)  # the same faces are watched while G learns
    for epoch in range(args.epochs):
        for number, real in enumerate(islice(loader, args.steps)):
            loss_d, loss_g = train_step(*players, real.to(DEVICE))
            if number % 100 == 0:
                print(f"epoch {epoch + 1}/{args.epochs} batch {number}: loss_d {loss_d:.4f} loss_g {loss_g:.4f}")
        images = G.eval()(fixed_noise)
        save_image(images, args.out / f"{epoch + 1:03d}.png", nrow=4, normalize=True, value_range=(-1, 1))


if __name__ == "__main__":
    main()
