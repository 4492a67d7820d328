"""DCGAN on faces of 64x64 pixels, as the PyTorch DCGAN tutorial trains it.

Run `python examples/pytorch_dcgan.py --data data/celeba --epochs 1`, with CelebA or any other folder of pictures. The
paper (Radford et al. 2016, arXiv:1511.06434) has networks twice as wide: --width 128.
"""

import argparse
from functools import partial
from itertools import islice
from pathlib import Path

import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import nn
from torch.nn.functional import binary_cross_entropy as bce
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.utils import save_image

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
ADAM = {"lr": 2e-4, "betas": (0.5, 0.999)}


def build(width=64):
    """Return G, from noise [B, 100, 1, 1] to images [B, 3, 64, 64], and D, from images to probabilities."""

    def up(before, after, stride=2, padding=1):  # no bias, because batch norm adds one
        layer = nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False)
        return layer, nn.BatchNorm2d(after), nn.ReLU()

    def down(before, after):
        return nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)

    # G makes 4x4 pixels of the noise and doubles the side from layer to layer.
    hidden = (*up(100, 8 * width, 1, 0), *up(8 * width, 4 * width), *up(4 * width, 2 * width), *up(2 * width, width))
    G = nn.Sequential(*hidden, nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh())
    # D is its mirror, without batch norm on the images themselves.
    first = (nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2))
    hidden = (*down(width, 2 * width), *down(2 * width, 4 * width), *down(4 * width, 8 * width))
    D = nn.Sequential(*first, *hidden, nn.Conv2d(8 * width, 1, 4, 1, 0, bias=False), nn.Sigmoid())
    for layer in (*G, *D):  # a standard deviation of 0.02, whatever the tutorial's comment on D says
        if hasattr(layer, "weight"):
            nn.init.normal_(layer.weight, 1.0 if isinstance(layer, nn.BatchNorm2d) else 0.0, 0.02)
    return G, D


def noise(rows):
    """Draw standard normal latents [rows, 100, 1, 1]."""
    return torch.randn(rows, 100, 1, 1, device=DEVICE)


def train_step(G, D, optimizer_g, optimizer_d, real, noise=noise):
    """Train D, then G, on one batch; return both losses, D(x), and D(G(z)) before and after D's step."""
    G.train()  # grids are drawn in eval mode; the tutorial's train mode moves batch norm's running statistics
    # D learns to answer 1 to real images and 0 to generated ones, which are detached because this step moves D only.
    on_real, fake = D(real), G(noise(len(real)))
    on_fake = D(fake.detach())
    loss_d = bce(on_real, torch.ones_like(on_real)) + bce(on_fake, torch.zeros_like(on_fake))
    optimizer_d.zero_grad()
    loss_d.backward()  # the tutorial runs it on each half; the gradients add up
    optimizer_d.step()
    # G learns to make D answer 1 to the same images. Minimising log(1 - D(G(z))) instead would leave G hardly any
    # gradient while D wins. D gets gradients here too; its next step clears them.
    on_same = D(fake)
    loss_g = bce(on_same, torch.ones_like(on_same))
    optimizer_g.zero_grad()
    loss_g.backward()
    optimizer_g.step()
    return [value.mean().item() for value in (loss_d, loss_g, on_real, on_fake, on_same)]


class Pictures(list):
    """Files, read one by one as tensors [3, 64, 64] in [-1, 1], which is the range of G's tanh."""

    square = transforms.Compose([transforms.Resize(64), transforms.CenterCrop(64), transforms.ToTensor()])

    def __getitem__(self, number):
        return 2 * self.square(Image.open(super().__getitem__(number)).convert("RGB")) - 1


def main(words=None):
    """Train as the command line says; write grids of 64 images and the loss curves."""
    parser = argparse.ArgumentParser(description="DCGAN on faces of 64x64 pixels; --steps ends each epoch early")
    parser.add_argument("--data", type=Path, required=True, help="folder of .jpg or .png pictures")
    parser.add_argument("--out", type=Path, default=Path("outputs/pytorch_dcgan"), help="folder of the results")
    for name, default in (("epochs", 5), ("steps", None), ("batch-size", 128), ("width", 64), ("seed", 999)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args(words)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    torch.use_deterministic_algorithms(True)  # a GPU also wants CUBLAS_WORKSPACE_CONFIG=:4096:8 in the environment
    files = sorted(args.data.rglob("*.[jp][pn]g")) or parser.error(f"--data: no .jpg or .png picture in {args.data}")
    loader = DataLoader(Pictures(files), args.batch_size, shuffle=True, num_workers=2)
    G, D = (network.to(DEVICE) for network in build(args.width))
    players = G, D, torch.optim.Adam(G.parameters(), **ADAM), torch.optim.Adam(D.parameters(), **ADAM)
    fixed_noise, losses = noise(64), []  # the same 64 faces are watched while G learns
    # One range of colours for all grids; the tutorial stretches each to its own darkest and brightest pixel.
    write = partial(save_image, normalize=True, value_range=(-1, 1))
    shown = "[{}/{}][{}/{}] Loss_D {:.4f} Loss_G {:.4f} D(x) {:.4f} D(G(z)) {:.4f} / {:.4f}"
    for epoch in range(args.epochs):
        for number, real in enumerate(islice(loader, args.steps)):
            if len(losses) % 500 == 0:
                write(G.eval()(fixed_noise), args.out / f"{len(losses):06d}.png")
            loss_d, loss_g, *outputs = train_step(*players, real.to(DEVICE))
            losses.append((loss_g, loss_d))
            if number % 50 == 0:
                print(shown.format(epoch, args.epochs, number, len(loader), loss_d, loss_g, *outputs))
    write(G.eval()(fixed_noise), args.out / "last.png")
    write(real[:64], args.out / "real.png")  # to be looked at beside last.png
    figure = Figure(figsize=(10, 5))
    axes = figure.subplots()
    axes.plot(losses, label=["G", "D"])
    axes.set(title="Generator and Discriminator Loss During Training", xlabel="iterations", ylabel="Loss")
    axes.legend()
    figure.savefig(args.out / "losses.png")


if __name__ == "__main__":
    main()
