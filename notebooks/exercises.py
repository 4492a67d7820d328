# %% [markdown]
# # Exercises
#
# Three of the ten exercises of the package. Each has a hole that tutorials fill wrongly; the first attempts below are
# those wrong answers. Read what the grader says, mend the cell, run it and the grader again. Answers are at the end.

# %%
ITERATIONS = 300  # of the loop that uses the answers

# %% [markdown]
# ## 1. From DCGAN to LSGAN
#
# LSGAN (Mao et al. 2017) gives D no sigmoid and takes the squared distance of its outputs to a target: 1 for real
# images, 0 for generated ones. Return D's loss without the paper's factor of 1/2.
#
# The attempt keeps DCGAN's sigmoid.

# %%
# %%writefile lsgan.py
import torch


def lsgan_discriminator_loss(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Return D's loss, one number, from its outputs [N, 1] on N real and on N generated images."""
    real, fake = real_logits.sigmoid(), fake_logits.sigmoid()
    return (real - 1).square().mean() + fake.square().mean()


# %%
# !gan-lightning grade lsgan.py

# %% [markdown]
# Why it matters: the sigmoid is flat where D is sure. With it, an image that D rejects for certain has no gradient,
# which is what least squares was made to avoid.
#
# ## 2. One-sided label smoothing
#
# The target of real images is 0.9 instead of 1; that of generated images stays 0 (Salimans et al. 2016). The attempt
# smooths both.

# %%
# %%writefile smoothing.py
import torch
from torch.nn import functional as F


def smoothed_discriminator_loss(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy of both batches, added up, from D's raw outputs [N, 1]."""
    real = F.binary_cross_entropy_with_logits(real_logits, torch.full_like(real_logits, 0.9))
    fake = F.binary_cross_entropy_with_logits(fake_logits, torch.full_like(fake_logits, 0.1))
    return real + fake


# %%
# !gan-lightning grade smoothing.py

# %% [markdown]
# Why it matters: with a target of 0.1 for generated images, D calls a place with generated images only 10 % real, and
# G is rewarded for staying where it is.
#
# ## 3. The discriminator's step
#
# Update D once: target 1 for real images, 0 for what G makes. G must not notice. The attempt leaves out one word.

# %%
# %%writefile step.py
import torch
from torch.nn import functional as F


def discriminator_step(
    generator: torch.nn.Module,
    discriminator: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    real: torch.Tensor,
    latents: torch.Tensor,
) -> None:
    """Update D once with cross-entropy: target 1 for `real`, 0 for what G makes of `latents`; both means are added."""
    on_real, on_fake = discriminator(real), discriminator(generator(latents))
    loss = F.binary_cross_entropy_with_logits(on_real, torch.ones_like(on_real))
    loss = loss + F.binary_cross_entropy_with_logits(on_fake, torch.zeros_like(on_fake))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


# %%
# !gan-lightning grade step.py

# %% [markdown]
# ## Answers
#
# The cell below mends the three files; only the lines that were wrong change.

# %%
from pathlib import Path

for name, wrong, right in (
    ("lsgan.py", "real_logits.sigmoid(), fake_logits.sigmoid()", "real_logits, fake_logits"),
    ("smoothing.py", "torch.full_like(fake_logits, 0.1)", "torch.zeros_like(fake_logits)"),
    ("step.py", "generator(latents)", "generator(latents).detach()"),
):
    file = Path(name)
    file.write_text(file.read_text().replace(wrong, right))

# %%
# !gan-lightning grade lsgan.py
# !gan-lightning grade smoothing.py
# !gan-lightning grade step.py

# %% [markdown]
# ## Your answers at work
#
# The third answer updates D, in a loop on eight Gaussians on a ring. Blue points show what G has found.

# %%
from runpy import run_path

import matplotlib.pyplot as plt
import torch
from torch.nn import functional as F

from gan_lightning.data.ring import Ring
from gan_lightning.networks.mlp import MLPDiscriminator, MLPGenerator

torch.manual_seed(0)
torch.set_num_threads(1)
discriminator_step = run_path("step.py")["discriminator_step"]
ring, stream = Ring(), torch.Generator().manual_seed(0)
G = MLPGenerator(latent_dim=8, channels=2, image_size=1, dropout=0.0)
D = MLPDiscriminator(channels=2, image_size=1, dropout=0.0)
of_G, of_D = (torch.optim.Adam(each.parameters(), lr=1e-3, betas=(0.0, 0.9)) for each in (G, D))
for _ in range(ITERATIONS):
    real = ring.draw(256, stream)
    discriminator_step(G, D, of_D, real, torch.randn(256, 8))
    on_fake = D(G(torch.randn(256, 8)))
    of_G.zero_grad()
    F.binary_cross_entropy_with_logits(on_fake, torch.ones_like(on_fake)).backward()
    of_G.step()

with torch.no_grad():
    made = G(torch.randn(1000, 8))
print(int((ring.near(made) >= 0.01).sum()), "of 8 Gaussians found")
plt.figure(figsize=(4, 4))
plt.scatter(*real.flatten(1).T, s=4, c="0.7")
plt.scatter(*made.flatten(1).T, s=4)
plt.axis("square")
plt.show()

# %% [markdown]
# ## Next
#
# Seven more exercises are files in the folder `exercises` of the source, each in English and in Chinese:
# `gan-lightning grade exercises/08_cyclegan_generator_loss.py`. The tenth lets you write an objective of your own.
