"""DCGAN on anime faces of 96x96 pixels, as a lab report trains it.

Run `python examples/anime_dcgan.py --data data/faces --epochs 1`, with the 51,223 faces or any other folder of
pictures. The report claims to follow DCGAN; its D has no batch norm and both networks start from torch's own weights.
"""

import argparse
from itertools import islice
from pathlib import Path

import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import nn
from torch.nn.functional import binary_cross_entropy as bce
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.utils import make_grid

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
ADAM = {"lr": 2e-4, "betas": (0.5, 0.999)}


def build(width=32):
    """Return G, from noise [B, 100, 1, 1] to images [B, 3, 96, 96], and D, from images to probabilities."""

    def up(before, after, stride=2, padding=1):
        layer = nn.ConvTranspose2d(before, after, 4, stride, padding)
        return layer, nn.BatchNorm2d(after), nn.ReLU()

    def down(before, after):
        return nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(0.2)

    # 4, 8, 16, 32 pixels; the last layer triples, 32 to 96, and D's first is its mirror.
    hidden = (*up(100, 8 * width, 1, 0), *up(8 * width, 4 * width), *up(4 * width, 2 * width), *up(2 * width, width))
    G = nn.Sequential(*hidden, nn.ConvTranspose2d(width, 3, 5, 3, 1), nn.Tanh())
    first = (nn.Conv2d(3, width, 5, 3, 1), nn.LeakyReLU(0.2))
    hidden = (*down(width, 2 * width), *down(2 * width, 4 * width), *down(4 * width, 8 * width))
    D = nn.Sequential(*first, *hidden, nn.Conv2d(8 * width, 1, 4, 1, 0), nn.Sigmoid())
    return G, D


def noise(rows):
    """Draw standard normal latents [rows, 100, 1, 1], as the report's code does; its figure says uniform."""
    return torch.randn(rows, 100, 1, 1, device=DEVICE)


def train_step(G, D, optimizer_g, optimizer_d, real, number, noise=noise):
    """Train D, and G in every fifth batch of an epoch; return both losses, None for G's where G rests.

    Kept: five steps of D for one of G. Such a ratio suits the critic of a WGAN; under cross-entropy D wins and G
    hardly learns. The report's text counts in epochs, its code in batches; `number` is the batch's, from 0.
    """
    G.train()  # batch norm uses this batch's statistics; images to be looked at are drawn in eval mode
    # D learns to answer 1 to real images and 0 to generated ones, detached because this step moves D only.
    on_real, on_fake = D(real), D(G(noise(len(real))).detach())
    loss_d = bce(on_real, torch.ones_like(on_real)) + bce(on_fake, torch.zeros_like(on_fake))
    optimizer_d.zero_grad()
    loss_d.backward()
    optimizer_d.step()
    if (number + 1) % 5:
        return loss_d.item(), None
    # G learns to make D answer 1 to new images, from new noise.
    on_fake = D(G(noise(len(real))))
    loss_g = bce(on_fake, torch.ones_like(on_fake))
    optimizer_g.zero_grad()
    loss_g.backward()
    optimizer_g.step()
    return loss_d.item(), loss_g.item()


class Pictures(list):
    """Files, read one by one as tensors [3, 96, 96] in [-1, 1], which is the range of G's tanh."""

    square = transforms.Compose([transforms.Resize(96), transforms.CenterCrop(96), transforms.ToTensor()])

    def __getitem__(self, number):
        return 2 * self.square(Image.open(super().__getitem__(number)).convert("RGB")) - 1


def main(words=None):
    """Train as the command line says; write 64 images and the losses at the first and every tenth epoch."""
    parser = argparse.ArgumentParser(description="DCGAN on anime faces of 96x96 pixels; --steps ends each epoch early")
    parser.add_argument("--data", type=Path, required=True, help="folder of .jpg or .png pictures")
    parser.add_argument("--out", type=Path, default=Path("outputs/anime_dcgan"), help="folder of the results")
    for name, default in (("epochs", 200), ("steps", None), ("batch-size", 256), ("width", 32), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args(words)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    files = sorted(args.data.rglob("*.[jp][pn]g")) or parser.error(f"--data: no .jpg or .png picture in {args.data}")
    batch_size = min(args.batch_size, len(files))  # a small folder is one batch; smaller last batches are left out
    loader = DataLoader(Pictures(files), batch_size, shuffle=True, num_workers=1, drop_last=True)
    G, D = (network.to(DEVICE) for network in build(args.width))
    players = G, D, torch.optim.Adam(G.parameters(), **ADAM), torch.optim.Adam(D.parameters(), **ADAM)
    fixed_noise = noise(64)  # the same faces are watched while G learns
    history = []
    for epoch in range(1, args.epochs + 1):
        batches = enumerate(islice(loader, args.steps))
        of_d, of_g = zip(*(train_step(*players, real.to(DEVICE), number) for number, real in batches), strict=True)
        of_g = [loss for loss in of_g if loss is not None]
        # D's loss is shown as the mean of its real and fake halves. G's may be high and rise without a collapse.
        history.append((sum(of_d) / len(of_d) / 2, sum(of_g) / len(of_g) if of_g else float("nan")))
        print("epoch: {}, loss_d: {:.4f}, loss_g: {:.4f}".format(epoch, *history[-1]))
        if epoch == 1 or epoch % 10 == 0:
            figure = Figure(figsize=(8, 8))
            axes = figure.subplots()
            axes.imshow(make_grid(G.eval()(fixed_noise).detach().cpu() * 0.5 + 0.5).permute(1, 2, 0).numpy())
            axes.axis("off")
            figure.suptitle(f"epoch={epoch}")
            figure.savefig(args.out / f"epoch-{epoch}.png")
            figure.clear()
            axes = figure.subplots()
            axes.plot(history, label=["loss_d", "loss_g"], marker=".")
            axes.legend()
            figure.savefig(args.out / f"epoch-{epoch}-loss.png")


if __name__ == "__main__":
    main()
