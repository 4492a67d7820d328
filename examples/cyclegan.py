"""CycleGAN between two sets of 128x128 pictures, horses and zebras, as a blog's series on GANs ends.

Run `python examples/cyclegan.py --data data/horse2zebra --epochs 1`, where the folder holds trainA and trainB. The
blog shows D's step only; G's, the cycles' weight and Adam's settings come from the paper (Zhu et al. 2017,
arXiv:1703.10593), without its identity terms and its pool of earlier fakes. Batch size and epochs are choices.
"""

import argparse
from itertools import islice
from pathlib import Path

import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.utils import save_image

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
ADAM = {"lr": 2e-4, "betas": (0.5, 0.999)}


class Residual(nn.Sequential):
    """Two 3x3 convolutions whose result is added to what came in, so that a generator needs to learn changes only."""

    def __init__(self, channels):
        first, second = (nn.Conv2d(channels, channels, 3, 1, 1, bias=False) for _ in range(2))
        super().__init__(first, nn.BatchNorm2d(channels), nn.ReLU(), second, nn.BatchNorm2d(channels))

    def forward(self, x):
        return x + super().forward(x)


def build(width=64):
    """Return generators x to y and y to x, images to images, and D of x and of y, images to scores [B, 1, 7, 7].

    Each score is about a patch of 94x94 pixels. Kept: batch norm, zero padding and three halvings in G; ReLUs without
    slope in D, where the blog's F.relu(x, 0.2) gives the slope to the argument `inplace`.
    """

    def down(before, after):
        return nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()

    def up(before, after):
        return nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()

    def generator():  # 128 pixels to 16, six residual blocks, and back
        layers = (*down(3, width), *down(width, 2 * width), *down(2 * width, 4 * width))
        layers += (*(Residual(4 * width) for _ in range(6)), *up(4 * width, 2 * width), *up(2 * width, width))
        return nn.Sequential(*layers, nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh())

    def discriminator():
        first = (nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.ReLU())
        hidden = (*down(width, 2 * width), *down(2 * width, 4 * width), *down(4 * width, 8 * width))
        return nn.Sequential(*first, *hidden, nn.Conv2d(8 * width, 1, 4, 1, 1, bias=False))

    return generator(), generator(), discriminator(), discriminator()


def train_step(networks, optimizers, x, y):
    """Train both discriminators, then both generators, on a batch of each domain; return the sums of their losses."""
    G_xy, G_yx, D_x, D_y = (network.train() for network in networks)
    optimizer_g, optimizer_d_x, optimizer_d_y = optimizers
    losses_d = []  # each D scores its domain 1 and translations into it 0. Mended: the blog does not detach the latter
    for D, optimizer, real, fake in ((D_x, optimizer_d_x, x, G_yx(y)), (D_y, optimizer_d_y, y, G_xy(x))):
        loss = ((D(real) - 1) ** 2).mean() + (D(fake.detach()) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses_d.append(loss.item())
    # The missing step. A translation should pass for an image of the other domain, and translated back it should be
    # the image that it was made from: without the second term any image of the other domain would do.
    fake_y = G_xy(x)
    loss_g = ((D_y(fake_y) - 1) ** 2).mean() + 10 * (G_yx(fake_y) - x).abs().mean()
    fake_x = G_yx(y)
    loss_g = loss_g + ((D_x(fake_x) - 1) ** 2).mean() + 10 * (G_xy(fake_x) - y).abs().mean()
    optimizer_g.zero_grad()
    loss_g.backward()  # leaves gradients in both D too, which their next steps clear
    optimizer_g.step()
    return sum(losses_d), loss_g.item()


class Pictures(list):
    """Files, read one by one as tensors [3, 128, 128] in [-1, 1], which is the range of G's tanh."""

    square = transforms.Compose([transforms.Resize(128), transforms.CenterCrop(128), transforms.ToTensor()])

    def __getitem__(self, number):
        return 2 * self.square(Image.open(super().__getitem__(number)).convert("RGB")) - 1


def main(words=None):
    """Train as the command line says; write x, x to y, and back, and y, y to x, and back, after each epoch."""
    parser = argparse.ArgumentParser(description="CycleGAN at 128x128 pixels; --steps ends each epoch early")
    parser.add_argument("--data", type=Path, required=True, help="folder with trainA and trainB, .jpg or .png pictures")
    parser.add_argument("--out", type=Path, default=Path("outputs/cyclegan"), help="folder of the results")
    for name, default in (("epochs", 200), ("steps", None), ("batch-size", 16), ("width", 64), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args(words)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    files = [sorted(args.data.glob(f"train{domain}/*.[jp][pn]g")) for domain in "AB"]
    all(files) or parser.error(f"--data: no .jpg or .png picture in trainA or in trainB of {args.data}")
    loaders = [DataLoader(Pictures(each), args.batch_size, shuffle=True) for each in files]
    G_xy, G_yx, D_x, D_y = networks = [network.to(DEVICE) for network in build(args.width)]
    parameters = ([*G_xy.parameters(), *G_yx.parameters()], D_x.parameters(), D_y.parameters())
    optimizers = [torch.optim.Adam(each, **ADAM) for each in parameters]  # one for both generators
    for epoch in range(1, args.epochs + 1):
        for number, (x, y) in enumerate(islice(zip(*loaders, strict=False), args.steps)):  # to the smaller domain's end
            loss_d, loss_g = train_step(networks, optimizers, x.to(DEVICE), y.to(DEVICE))
            if number % 100 == 0:
                print(f"epoch {epoch}/{args.epochs} batch {number}: loss_d {loss_d:.4f} loss_g {loss_g:.4f}")
        G_xy.eval(), G_yx.eval()
        x, y = x[:1].to(DEVICE), y[:1].to(DEVICE)
        rows = torch.cat([x, G_xy(x), G_yx(G_xy(x)), y, G_yx(y), G_xy(G_yx(y))])
        save_image(rows, args.out / f"{epoch:03d}.png", nrow=3, normalize=True, value_range=(-1, 1))


if __name__ == "__main__":
    main()
