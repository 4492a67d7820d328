"""Trains cyclegan_photos and pix2pix_photos from the command line and measures them on crops they never saw.

    python benchmarks/photos.py [cyclegan|pix2pix] [override ...]

CycleGAN: which domain a classifier, trained on real crops of the training region, takes held-out crops for, before and
after translation, beside the mean absolute error of the cycle on the training region. Either alone is no result: the
identity closes every cycle. pix2pix: PSNR of the colours over that of the gray input itself.
"""

import subprocess
import sys
import time
from pathlib import Path

import torch
from hydra.utils import instantiate
from torch import Tensor, nn
from torch.nn import functional as F

from gan_lightning.config.runs import checkpoint_of, restored

JUDGES = 3
"""Classifiers that vote: one alone is right on 96 to 100 % of the held-out crops."""
FOLDER = Path(__file__).resolve().parent.parent / "outputs" / "photos"


def trained(experiment: str, overrides: list[str]):
    """The model of a fresh run, its configuration, and the seconds that the whole command took."""
    run = FOLDER / f"{experiment}_{time.strftime('%H-%M-%S')}"
    words = [f"experiment={experiment}", f"hydra.run.dir='{run}'", "trainer=cpu", *overrides]
    since = time.perf_counter()
    subprocess.run([sys.executable, "-m", "gan_lightning", *words], check=True)
    seconds = time.perf_counter() - since
    return *restored(checkpoint_of(str(run), "run"), "run")[:2], seconds, run


def crops(data, split: str) -> list[Tensor]:
    """All crops of each domain of a split, at the size that is trained, as floats in [-1, 1]."""
    stores = data.fitted_images(split, data.image_size)
    return [torch.from_numpy(store.rows(list(range(len(store))))) / 127.5 - 1 for store in stores]


def classifier(x: Tensor, y: Tensor, seed: int) -> nn.Module:
    """Tells crops of x (negative) from those of y (positive), under any light and either way round."""
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for before, after in ((3, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(before, after, 3, 2, 1), nn.BatchNorm2d(after), nn.ReLU()]
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(64, 1))
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3, weight_decay=0.1)
    for _ in range(600):
        batch = torch.cat([domain[torch.randint(len(domain), (32,))] for domain in (x, y)])
        batch = torch.where(torch.rand(64, 1, 1, 1) < 0.5, batch, batch.flip(-1))
        contrast, brightness = torch.rand(2, 64, 1, 1, 1) - 0.5
        batch = batch * (1 + 0.6 * contrast) + 0.3 * brightness
        batch = batch + 0.05 * torch.randn_like(batch)
        truth = torch.arange(64) >= 32
        loss = F.binary_cross_entropy_with_logits(network(batch)[:, 0], truth.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


def in_parts(function, images: Tensor) -> Tensor:
    return torch.cat([function(part) for part in images.split(64)])


def cyclegan(overrides: list[str]) -> None:
    model, config, seconds, run = trained("cyclegan_photos", overrides)
    data = instantiate(config.data)
    train, test = crops(data, "train"), crops(data, "test")

    def there(direction):
        return lambda images: model.images(images, noise=[0] * len(images), direction=direction)

    judges = [classifier(*train, seed) for seed in range(JUDGES)]

    @torch.no_grad()
    def taken_for_y(images: Tensor) -> float:
        return float((sum(in_parts(judge, images) for judge in judges) > 0).float().mean())

    x, y = test
    right = (1 - taken_for_y(x) + taken_for_y(y)) / 2
    print(f"{run}\n{seconds:.0f} s; {len(x)} and {len(y)} held-out crops, classifiers right on {right:.1%}\n")
    print(
        "| direction | inputs taken for the target | translations taken for it | cycle L1, training region |\n|---|---|---|---|"
    )
    rows = (("xy", "yx", x, train[0], taken_for_y), ("yx", "xy", y, train[1], lambda images: 1 - taken_for_y(images)))
    for direction, way_back, held_out, seen, share in rows:
        made = in_parts(there(direction), held_out)
        closed = in_parts(there(way_back), in_parts(there(direction), seen))
        apart = float((closed - seen).abs().mean())
        print(f"| {direction} | {share(held_out):.1%} | {share(made):.1%} | {apart:.3f} |")


def pix2pix(overrides: list[str]) -> None:
    model, config, seconds, run = trained("pix2pix_photos", overrides)
    (pairs,) = crops(instantiate(config.data), "test")
    gray, colours = pairs.chunk(2, dim=1)
    made = in_parts(lambda images: model.images(images, noise=range(len(images)), direction="xy"), gray)

    def psnr(images: Tensor) -> float:
        errors = (images - colours).square().mean((1, 2, 3))
        return float((10 * torch.log10(4 / errors)).mean())

    print(f"{run}\n{seconds:.0f} s; {len(gray)} held-out crops\n")
    print("| PSNR of the gray input | of the translation | gain |\n|---|---|---|")
    print(f"| {psnr(gray):.1f} dB | {psnr(made):.1f} dB | {psnr(made) - psnr(gray):+.1f} dB |")


if __name__ == "__main__":
    which = [word for word in sys.argv[1:] if "=" not in word] or ["cyclegan", "pix2pix"]
    for name in which:
        {"cyclegan": cyclegan, "pix2pix": pix2pix}[name]([word for word in sys.argv[1:] if "=" in word])
