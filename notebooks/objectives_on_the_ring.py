# %% [markdown]
# # Objectives on the ring
#
# Eight small Gaussians on a ring are the smallest data on which a GAN can fail in the way that matters: it makes good
# points, but only in some of the eight places. Here six objectives play on it with the same networks, in plain
# PyTorch.

# %%
import matplotlib.pyplot as plt
import torch

from gan_lightning.data.ring import Ring
from gan_lightning.losses.adversarial import Hinge, LeastSquares, Minimax, NonSaturating, Relativistic, Wasserstein
from gan_lightning.losses.gradient_penalties import R1, R2, GradientPenalty
from gan_lightning.networks.mlp import MLPDiscriminator, MLPGenerator

ITERATIONS = 1000
torch.set_num_threads(1)  # the networks are tiny

# %% [markdown]
# ## The data
#
# `ring.draw` returns points as images of one pixel with two channels. `ring.near` returns the share of points within
# three standard deviations of each Gaussian. Real points have about an eighth in each place.

# %%
ring = Ring(radius=0.7, sigma=0.05)
real = ring.draw(2000, torch.Generator().manual_seed(0))
print(tuple(real.shape), [round(float(share), 3) for share in ring.near(real)])

# %% [markdown]
# ## One loop for every objective
#
# An objective of this package is given a *critic*, a function from images to raw outputs, and returns named terms. So
# the loop does not change from one objective to the next: D's step on real and generated points, without a gradient
# for G, then G's step. The learning rate falls to zero in the second half.


# %%
def train(loss, penalties=(), spectral_norm=False, seed=0):
    torch.manual_seed(seed)
    stream = torch.Generator().manual_seed(seed)
    generator = MLPGenerator(latent_dim=8, channels=2, image_size=1, width=32, dropout=0.0)
    discriminator = MLPDiscriminator(channels=2, image_size=1, width=32, dropout=0.0, spectral_norm=spectral_norm)
    players = [torch.optim.Adam(network.parameters(), betas=(0.0, 0.9)) for network in (discriminator, generator)]
    for iteration in range(ITERATIONS):
        for optimizer in players:
            optimizer.param_groups[0]["lr"] = 1e-3 * min(1.0, 2 - 2 * iteration / ITERATIONS)
        real = ring.draw(256, stream)
        fake = generator(torch.randn(256, 8)).detach()
        terms = loss.discriminator(discriminator, real, fake)
        step(players[0], sum(terms.values()) + sum(penalty(discriminator, real, fake) for penalty in penalties))
        terms = loss.generator(discriminator, real, generator(torch.randn(256, 8)))
        step(players[1], sum(terms.values()))
    with torch.no_grad():
        return generator(torch.randn(2000, 8))


def step(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


# %% [markdown]
# ## Six objectives
#
# `found` counts the Gaussians that at least 1 % of the points are near, `near` is the share of points that are near
# any. A perfect generator has 8 and about 0.98; after so short a training the points between two places are still on
# their way. Both numbers are needed, because a generator that spreads points over the whole square finds all eight
# places, and one that makes the same point again and again is always near.

# %%
OBJECTIVES = {
    "minimax": (Minimax(),),
    "non-saturating": (NonSaturating(),),
    "least squares": (LeastSquares(),),
    "hinge, spectral norm": (Hinge(), (), True),
    "Wasserstein, penalty": (Wasserstein(), (GradientPenalty(weight=0.1),)),
    "relativistic, R1 and R2": (Relativistic(), (R1(weight=0.05), R2(weight=0.05))),
}
points, score = {}, {}
for name, arguments in OBJECTIVES.items():
    points[name] = train(*arguments)
    shares = ring.near(points[name])
    score[name] = f"{int((shares >= 0.01).sum())} found, {float(shares.sum()):.2f} near"
    print(f"{name:24} {score[name]}")

# %%
figure, places = plt.subplots(2, 3, figsize=(9, 6.4), sharex=True, sharey=True)
for axes, (name, made) in zip(places.flat, points.items(), strict=True):
    axes.scatter(*real.flatten(1).T, s=2, c="0.75", label="real")
    axes.scatter(*made.flatten(1).T, s=2, c="C0", label="generated")
    axes.set(title=f"{name}\n{score[name]}", xlim=(-1, 1), ylim=(-1, 1), aspect="equal")
figure.tight_layout()
plt.show()

# %% [markdown]
# ## Why the generator's loss was changed
#
# Minimax and the non-saturating loss have the same discriminator and the same solution. They differ in the slope that
# G is given. Early in training D rejects generated images with confidence, say with a raw output of -6.

# %%
output = torch.linspace(-8, 8, 161, requires_grad=True)
images = output.reshape(-1, 1, 1, 1)  # of one pixel, which the critic below hands on as its output
for name, loss in (("minimax", Minimax()), ("non-saturating", NonSaturating()), ("least squares", LeastSquares())):
    terms = loss.generator(lambda each: each.flatten(1), images, images)
    (slope,) = torch.autograd.grad(sum(terms.values()) * len(output), output, retain_graph=True)
    print(f"{name:16} slope at -6: {float(slope[20]):.4f}")
    plt.plot(output.detach(), slope, label=name)
plt.ylim(-4, 1)
plt.xlabel("D's raw output for a generated image")
plt.ylabel("slope of G's loss")
plt.legend()
plt.show()

# %% [markdown]
# Left of zero is where D is right. There the minimax slope is nearly 0, so G learns nothing from its worst images; the
# non-saturating slope is nearly -1. Least squares pulls hardest at the images that are farthest from its target, 1,
# and pulls those back that are beyond it.
#
# ## Next
#
# - Change `seed` in `train`: which objectives find eight places every time?
# - Take the penalty from the Wasserstein loss, or the spectral norm from the hinge. Nothing bounds D then.
# - The same as runs with curves and checkpoints: `gan-lightning experiment=ring/least_squares`, and all of them with
#   `gan-lightning -m experiment=ring/non_saturating,ring/least_squares,ring/wgan_gp seed=0,1,2`.
