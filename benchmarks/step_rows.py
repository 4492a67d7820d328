"""What `step.py` times: its rows, its columns, and a plain loop of WGAN-GP, for which `examples/` has no file."""

from dataclasses import dataclass, field

import torch

BF16, SHARED = "trainer.precision=bf16-mixed", "model.reuse_fake=true"
COLUMNS = {"fp32": [], "reuse": [SHARED], "bf16": [BF16], "bf16+reuse": [BF16, SHARED], "bare": [], "bare bf16": [BF16]}
"""What ours is run with, by the column's name."""


@dataclass
class Row:
    """What is timed.

    Args:
        title: what the table calls it.
        experiment: overrides that make ours.
        example: the module in examples/ whose step is timed; None for `wgan_gp_step` on copies of our networks.
        size: side of the images in pixels.
        channels: channels of the images.
        batch: images in a batch; as many as two cores can train on.
        build: arguments of the example's `build`, and of its `train_step` where it takes them too.
    """

    title: str
    experiment: list[str]
    example: str | None
    size: int
    channels: int
    batch: int
    build: dict = field(default_factory=dict)


def tutorial(name):
    return [f"experiment=tutorial/{name}"]


WGAN_GP = ["model=wgan_gp", "data.channels=3"]
ROWS = {
    "s0_colour": Row(
        "Jittor LSGAN, colour", tutorial("jittor_lsgan_celeba"), "jittor_lsgan", 112, 3, 16, {"channels": 3}
    ),
    "s0_gray": Row("Jittor LSGAN, gray", tutorial("jittor_lsgan_mnist"), "jittor_lsgan", 112, 1, 16, {"channels": 1}),
    "s1": Row("Paddle DCGAN, digits", tutorial("paddle_dcgan_mnist"), "paddle_dcgan", 32, 1, 32, {"loss": "bce"}),
    "s2": Row("PyTorch DCGAN, faces", tutorial("pytorch_dcgan_celeba"), "pytorch_dcgan", 64, 3, 16),
    "s4": Row("anime DCGAN", tutorial("anime_dcgan"), "anime_dcgan", 96, 3, 16),
    "cyclegan": Row("CycleGAN", tutorial("cyclegan_horse2zebra"), "cyclegan", 128, 3, 1),
    "wgan_gp": Row("WGAN-GP", WGAN_GP, None, 32, 3, 16),
}


def wgan_gp_step(generator, discriminator, optimizer_g, optimizer_d, real, number):
    """Train the critic, and G in every fifth batch, as plain code does (Gulrajani et al. 2017, algorithm 1)."""

    def fakes():
        return generator(torch.randn(len(real), 128, device=real.device))

    fake = fakes().detach()
    between = torch.lerp(real, fake, torch.rand(len(real), 1, 1, 1, device=real.device)).requires_grad_()
    (slopes,) = torch.autograd.grad(discriminator(between).sum(), between, create_graph=True)
    loss_d = (
        discriminator(fake).mean() - discriminator(real).mean() + 10 * ((slopes.flatten(1).norm(dim=1) - 1) ** 2).mean()
    )
    optimizer_d.zero_grad()
    loss_d.backward()
    optimizer_d.step()
    if (number + 1) % 5:
        return loss_d.item(), None
    loss_g = -discriminator(fakes()).mean()
    optimizer_g.zero_grad()
    loss_g.backward()
    optimizer_g.step()
    return loss_d.item(), loss_g.item()


class PlainWGAN:
    """`wgan_gp_step` as if it were a file of examples/."""

    train_step = staticmethod(wgan_gp_step)
    ADAM = {"lr": 1e-4, "betas": (0.0, 0.9)}
