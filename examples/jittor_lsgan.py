"""LSGAN at 112x112 pixels, as the Jittor tutorial trains it: gray digits of MNIST or coloured faces of CelebA.

Run `python examples/jittor_lsgan.py --data data/mnist --epochs 1` with MNIST's official files in the folder, or with
`--dataset faces --data data/celebA_train` and any folder of pictures. Paper: Mao et al. 2017 (arXiv:1611.04076).
"""

import argparse
import gzip
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.utils import save_image

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
ADAM = {"lr": 2e-4, "betas": (0.5, 0.999)}


def build(channels, width=64):
    """Return G, from noise [B, 1024] to images [B, channels, 112, 112], and D, from images to scores [B, 1]."""

    def up(before, after, stride):  # stride 2 doubles the side, stride 1 keeps it
        layer = nn.ConvTranspose2d(before, after, 3, stride, 1, output_padding=stride - 1)
        return layer, nn.BatchNorm2d(after), nn.ReLU()

    def down(before, after):
        return nn.Conv2d(before, after, 5, 2, 2), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)

    most = 4 * width
    # A mistake of the tutorial, kept: no ReLU after the first batch norm, so two linear layers follow one another.
    stem = (nn.Linear(1024, most * 7 * 7), nn.Unflatten(1, (most, 7, 7)), nn.BatchNorm2d(most))
    hidden = (*up(most, most, 2), *up(most, most, 1), *up(most, most, 2), *up(most, most, 1))  # 14, 14, 28, 28 pixels
    hidden += (*up(most, 2 * width, 2), *up(2 * width, width, 2))  # 56 and 112 pixels
    G = nn.Sequential(*stem, *hidden, nn.ConvTranspose2d(width, channels, 3, 1, 1), nn.Tanh())
    # No batch norm on the images themselves, and no sigmoid in the end.
    first = (nn.Conv2d(channels, width, 5, 2, 2), nn.LeakyReLU(0.2))
    hidden = (*down(width, 2 * width), *down(2 * width, 4 * width), *down(4 * width, 8 * width))  # 28, 14, 7 pixels
    D = nn.Sequential(*first, *hidden, nn.Flatten(), nn.Linear(8 * width * 7 * 7, 1))
    return G, D


def noise(rows):
    """Draw standard normal latents [rows, 1024]."""
    return torch.randn(rows, 1024, device=DEVICE)


def squares(scores, target):
    """Return the mean squared distance to a target, without the paper's factor of 1/2, as in the tutorial."""
    return ((scores - target) ** 2).mean()


def train_step(G, D, optimizer_g, optimizer_d, real, noise=noise):
    """Train D, then G, on one batch; return both losses."""
    # D's scores are pulled to 1 for real images and to 0 for generated ones. The latter are detached because this step
    # moves D only; the tutorial leaves them attached, which costs time and changes nothing in Jittor.
    loss_d = squares(D(real), 1.0) + squares(D(G(noise(len(real))).detach()), 0.0)
    optimizer_d.zero_grad()
    loss_d.backward()
    optimizer_d.step()
    # G pulls D's scores of new images, from new noise, to 1. A square has a gradient however sure D is of its answer.
    loss_g = squares(D(G(noise(len(real)))), 1.0)
    optimizer_g.zero_grad()
    loss_g.backward()
    optimizer_g.step()
    return loss_d.item(), loss_g.item()


class Pictures(list):
    """Files or arrays of bytes, read as tensors [C, 112, 112] in [-1, 1]; the tutorial's text says [0, 1]."""

    # Jittor's Resize(112) stretches; torchvision's Resize(112) would only bring the short edge to 112.
    stretch = transforms.Compose([transforms.Resize((112, 112)), transforms.ToTensor()])

    def __getitem__(self, number):
        item = super().__getitem__(number)
        picture = Image.open(item).convert("RGB") if isinstance(item, Path) else Image.fromarray(item)
        return 2 * self.stretch(picture) - 1


def digits(file):
    """Return the images, arrays of bytes [28, 28], of one of MNIST's official files, packed or not."""
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return list(np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28))


def main(words=None):
    """Train as the command line says; write 25 images in the end."""
    parser = argparse.ArgumentParser(description="LSGAN at 112x112 pixels; --steps ends each epoch early")
    parser.add_argument("--dataset", choices=("mnist", "faces"), default="mnist")
    parser.add_argument("--data", type=Path, required=True, help="folder of MNIST's files, or of .jpg or .png pictures")
    parser.add_argument("--out", type=Path, default=Path("outputs/jittor_lsgan"), help="folder of the results")
    for name, default in (("epochs", 50), ("steps", None), ("batch-size", 128), ("width", 64), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args(words)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    is_gray, names = args.dataset == "mnist", {"mnist": "train-images*", "faces": "*.[jp][pn]g"}[args.dataset]
    files = sorted(args.data.rglob(names)) or parser.error(f"--data must be a folder with {names}; got {args.data}")
    loader = DataLoader(Pictures(digits(files[0]) if is_gray else files), args.batch_size, shuffle=True)
    G, D = (network.to(DEVICE) for network in build(1 if is_gray else 3, args.width))
    players = G, D, torch.optim.Adam(G.parameters(), **ADAM), torch.optim.Adam(D.parameters(), **ADAM)
    for epoch in range(args.epochs):
        for number, real in enumerate(islice(loader, args.steps)):
            loss_d, loss_g = train_step(*players, real.to(DEVICE))
            if number % 100 == 0:
                print(f"epoch {epoch} batch {number}/{len(loader)}: loss_d {loss_d:.4f} loss_g {loss_g:.4f}")
    images = G.eval()(noise(25)).detach()  # eval mode: batch norm uses its running statistics
    save_image(images, args.out / f"{args.dataset}.png", nrow=5, normalize=True, value_range=(-1, 1))


if __name__ == "__main__":
    main()
