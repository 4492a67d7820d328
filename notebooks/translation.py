# %% [markdown]
# # Gray to colour
#
# Image translation learns from pairs: here gray and colour crops of two photographs. pix2pix adds two losses, an L1
# distance to the right answer and a discriminator that sees source and answer together. The left three quarters of
# each photograph are trained on; the right quarter is the test.

# %%
import time

ITERATIONS = 1000  # the experiment's own 3,000 take some minutes
RUN = f"outputs/notebooks/{time.strftime('%Y-%m-%d_%H-%M-%S')}"

# %%
# !gan-lightning experiment=pix2pix_photos trainer=cpu trainer.max_steps={ITERATIONS} trainer.log_every_n_steps=1 \
#     hydra.run.dir={RUN}

# %% [markdown]
# ## The test
#
# A U-Net has no fixed size: it learnt on crops of 64x64 pixels and translates the whole strip, 416x160. `translate`
# takes images [B, 3, H, W] in [-1, 1].

# %%
import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_sample_image

import gan_lightning

run = gan_lightning.load(RUN, device="cpu")
strips = {}
for name in ("china.jpg", "flower.jpg"):
    photo = torch.tensor(load_sample_image(name)).permute(2, 0, 1) / 127.5 - 1
    colour = photo[None, :, :416, 480:640]
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    gray = (colour * weights).sum(1, keepdim=True).expand_as(colour)
    strips[name] = {"gray, given": gray, "made": run.translate(gray), "real": colour}

figure, places = plt.subplots(1, 6, figsize=(10, 4.6), dpi=60)
titles = [(title, image) for strip in strips.values() for title, image in strip.items()]
for axes, (title, image) in zip(places, titles, strict=True):
    axes.imshow((image[0].permute(1, 2, 0) + 1) / 2)
    axes.set_title(title)
    axes.axis("off")
figure.tight_layout()
plt.show()

# %% [markdown]
# ## One number
#
# The mean distance to the real colours, where black to white is 2. Alone it says little: the gray image itself is the
# answer of a generator that does nothing, so that is the number to beat. After 1,000 iterations it is beaten on the
# flower, which has strong colours, and not on the temple's trees and sky, which are nearly gray: some of the flower's
# orange is in the trees.

# %%
for name, strip in strips.items():
    distance = {title: float((image - strip["real"]).abs().mean()) for title, image in strip.items()}
    print(f"{name:11} gray {distance['gray, given']:.3f}   made {distance['made']:.3f}")

# %% [markdown]
# ## How vivid are the colours?
#
# L1 alone prefers a safe average between the colours that are possible, which is grayish. The spread between the three
# channels shows it: 0 is gray. A generator whose colours are much paler than the real ones needs the discriminator's
# part to count more, or more iterations.

# %%
for name, strip in strips.items():
    print(f"{name:11}", {title: round(float(image.std(1).mean()), 3) for title, image in strip.items()})

# %% [markdown]
# ## Who wins?
#
# `outputs.png` and `losses.png` are drawn in every run. Here the two terms of G: `generator/l1` is weighted by 300,
# and `generator/adversarial` is what D thinks of the colours.

# %%
import csv
from pathlib import Path

with Path(RUN, "metrics.csv").open(newline="") as stream:
    rows = [row for row in csv.DictReader(stream) if row["generator/loss"]]
figure, places = plt.subplots(1, 2, figsize=(9, 3))
for axes, name in zip(places, ("generator/l1", "generator/adversarial"), strict=True):
    axes.plot([int(row["step"]) for row in rows], [float(row[name]) for row in rows])
    axes.set(title=name, xlabel="iteration")
plt.show()

# %% [markdown]
# ## Next
#
# - `ITERATIONS = 3000`: which of the numbers above improves, and does the picture?
# - Add `model.reconstructions.l1.weight=30` to the command: colours become bolder, and some of them wrong.
# - Without pairs: `gan-lightning experiment=cyclegan_photos` turns the roof into the flower's colours and back.
# - Folders of your own: `model=pix2pix data=paired data.root=DIR`, then `gan-lightning translate run=RUN input=DIR
#   output=DIR`.
