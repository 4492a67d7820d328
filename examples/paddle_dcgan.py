"""DCGAN on MNIST at 32x32 pixels, as the Paddle course trains it, and its homework, which makes an LSGAN of it.

Run `python examples/paddle_dcgan.py --data data/mnist --epochs 1`, where the folder holds MNIST's official files;
--loss lsgan is the homework.
"""

import argparse
import gzip
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
ADAM = {"lr": 2e-4, "betas": (0.5, 0.999)}


def build(loss="bce", width=64):
    """Return G, from noise [B, 100, 1, 1] to images [B, 1, 32, 32], and D, from images to answers [B, 1, 1, 1]."""

    def up(before, after, stride=2, padding=1):
        layer = nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False)
        return layer, nn.BatchNorm2d(after), nn.ReLU()

    def down(before, after):
        return nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)

    hidden = (*up(100, 4 * width, 1, 0), *up(4 * width, 2 * width), *up(2 * width, width))  # 4, 8, 16 pixels
    G = nn.Sequential(*hidden, nn.ConvTranspose2d(width, 1, 4, 2, 1, bias=False), nn.Tanh())
    first = (nn.Conv2d(1, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2))
    last = nn.Conv2d(4 * width, 1, 4, 1, 0, bias=False)  # 4x4 pixels to one answer
    D = nn.Sequential(*first, *down(width, 2 * width), *down(2 * width, 4 * width), last)
    if loss == "bce":
        D.append(nn.Sigmoid())  # a probability; the homework's answers are any numbers
    for layer in (*G, *D):
        if hasattr(layer, "weight"):  # 0.02 is the standard deviation; the course calls it the variance
            nn.init.normal_(layer.weight, 1.0 if isinstance(layer, nn.BatchNorm2d) else 0.0, 0.02)
    return G, D


def noise(rows):
    """Draw latents [rows, 100, 1, 1] as the course's code does, standard normal; its slides say uniform in [0, 1]."""
    return torch.randn(rows, 100, 1, 1, device=DEVICE)


def train_step(G, D, optimizer_g, optimizer_d, real, noise=noise, loss="bce"):
    """Train D, then G, on one batch; return both losses."""
    distance = {"bce": nn.BCELoss(), "lsgan": nn.MSELoss()}[loss]  # all that the homework changes beside the sigmoid
    ones = torch.ones(len(real), 1, 1, 1).to(real)
    G.train()  # batch norm uses this batch's statistics; pictures are drawn in eval mode, with those of the past
    # D learns to answer 1 to real images and 0 to generated ones, which are detached because this step moves D only.
    loss_d = distance(D(real), ones) + distance(D(G(noise(len(real))).detach()), 0 * ones)
    optimizer_d.zero_grad()
    loss_d.backward()
    optimizer_d.step()
    # G learns to make D answer 1 to new images from new noise.
    loss_g = distance(D(G(noise(len(real)))), ones)
    optimizer_g.zero_grad()
    loss_g.backward()
    optimizer_g.step()
    return loss_d.item(), loss_g.item()


class Pictures(list):
    """Arrays of bytes, read one by one as tensors [1, 32, 32] in [-1, 1]; the course's text says [0, 1]."""

    enlarge = transforms.Compose([transforms.Resize((32, 32)), transforms.ToTensor()])

    def __getitem__(self, number):
        return 2 * self.enlarge(Image.fromarray(super().__getitem__(number))) - 1


def digits(file):
    """Return the images, arrays of bytes [28, 28], of one of MNIST's official files, packed or not."""
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return list(np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28))


def main(words=None):
    """Train as the command line says; write ten images every 100 batches and G's weights after each epoch."""
    parser = argparse.ArgumentParser(description="DCGAN or LSGAN on MNIST at 32x32; --steps ends each epoch early")
    parser.add_argument("--data", type=Path, required=True, help="folder of MNIST's files")
    parser.add_argument("--loss", choices=("bce", "lsgan"), default="bce")
    parser.add_argument("--out", type=Path, default=Path("outputs/paddle_dcgan"), help="folder of the results")
    for name, default in (("epochs", 100), ("steps", None), ("batch-size", 32), ("width", 64), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args(words)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    files = sorted(args.data.rglob("train-images*")) or parser.error(f"--data: no train-images in {args.data}")
    loader = DataLoader(Pictures(digits(files[0])), args.batch_size, shuffle=True, num_workers=2)  # 4 in the course
    G, D = (network.to(DEVICE) for network in build(args.loss, args.width))
    players = G, D, torch.optim.Adam(G.parameters(), **ADAM), torch.optim.Adam(D.parameters(), **ADAM)
    fixed_noise = noise(10)  # the course prepares it too, then draws the images of the batch's noise
    for epoch in range(args.epochs):
        for number, real in enumerate(islice(loader, args.steps)):
            loss_d, loss_g = train_step(*players, real.to(DEVICE), loss=args.loss)
            if number % 100 == 0:
                title = f"Epoch ID={epoch} Batch ID={number}\nD-Loss={loss_d:.4f} G-Loss={loss_g:.4f}"
                print(title)
                figure = Figure(figsize=(15, 2.5))
                for axes, image in zip(figure.subplots(1, 10), G.eval()(fixed_noise).detach().cpu(), strict=True):
                    axes.imshow(image[0].numpy(), cmap="gray", vmin=-1, vmax=1)  # the course first cuts all below 0
                    axes.axis("off")
                figure.suptitle(title)
                figure.savefig(args.out / f"{epoch:04d}_{number:04d}.png")
        torch.save(G.state_dict(), args.out / "generator.pt")


if __name__ == "__main__":
    main()
