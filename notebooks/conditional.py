# %% [markdown]
# # Digits that you ask for
#
# A conditional GAN is given a class beside its noise. This notebook trains one on 1,797 handwritten digits, asks it
# for classes, and measures how often it makes what it was asked for.

# %%
import time

ITERATIONS = 400  # the experiment's own 1,500 make cleaner strokes
RUN = f"outputs/notebooks/{time.strftime('%Y-%m-%d_%H-%M-%S')}"

# %% [markdown]
# ## Training
#
# The command of a terminal, with a shorter run. `experiment=cgan_digits` names the data, the networks and the loss.

# %%
# !gan-lightning experiment=cgan_digits trainer=cpu trainer.max_steps={ITERATIONS} hydra.run.dir={RUN}

# %% [markdown]
# ## One latent vector, ten classes
#
# `gan_lightning.load` returns the trained run. Its `generator` is a plain PyTorch module that takes latent vectors and
# labels. Each column below is one latent vector, each row one class. Look along a column: what stays is what the noise
# decides, such as slant and thickness. Look along a row: the digit stays. If a row shows one and the same picture, the
# generator ignores the noise.

# %%
import matplotlib.pyplot as plt
import torch
from torchvision.utils import make_grid

import gan_lightning

run = gan_lightning.load(RUN, device="cpu")
print(run.iteration, "iterations,", run.num_classes, "classes,", run.weights, "weights")


def show(images, nrow, size):
    grid = make_grid(images, nrow=nrow, normalize=True, value_range=(-1, 1), pad_value=0.5)
    plt.figure(figsize=size, dpi=70)
    plt.imshow(grid.permute(1, 2, 0))
    plt.axis("off")
    plt.show()


torch.manual_seed(0)
latents = torch.randn(12, run.config.model.latent_dim)
with torch.no_grad():
    rows = [run.generator(latents, torch.full((12,), digit)) for digit in range(10)]
show(torch.cat(rows), nrow=12, size=(7, 6))

# %% [markdown]
# ## How often is it the digit that was asked for?
#
# A classifier that has seen real digits only, the nearest of its neighbours in 8x8 pixels, reads the generated ones.
# It is first tried on real digits that it has not seen, which is the best that the generator can hope for. A generator
# that ignores the label would be right in one case of ten.

# %%
import numpy as np
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from torch.nn import functional as F

digits = load_digits()
reader = KNeighborsClassifier(3).fit(digits.data[::2], digits.target[::2])
print(f"real digits read rightly:      {reader.score(digits.data[1::2], digits.target[1::2]):.0%}")

asked = np.arange(500) % 10
images = run.sample(500, seed=1, labels=asked)
read = reader.predict((F.avg_pool2d(images, 2).flatten(1) + 1) * 8)
print(f"generated digits read rightly: {(read == asked).mean():.0%}")

# %%
for digit in range(10):
    answers = read[asked == digit]
    wrong = sorted(set(answers[answers != digit].tolist()))
    print(digit, f"{(answers == digit).mean():4.0%}", f"else read as {wrong}" if wrong else "")

# %% [markdown]
# ## Between two classes
#
# The generator learns a vector for each class. Weights [N, 10] instead of labels mix those vectors: here from 3 to 8,
# with the same three latent vectors. A change in small steps says that the generator has learnt more than a list of
# pictures.

# %%
steps = torch.linspace(0, 1, 10)
mixed = torch.zeros(10, 10)
mixed[:, 3], mixed[:, 8] = 1 - steps, steps
with torch.no_grad():
    rows = [run.generator(latent.repeat(10, 1), mixed) for latent in latents[:3]]
show(torch.cat(rows), nrow=10, size=(7, 2.4))

# %% [markdown]
# ## Next
#
# - `ITERATIONS = 1500`: which of the two numbers changes more, the share that is read rightly or the variety in a row?
# - `experiment=acgan_digits`: its discriminator also names the class. `model.class_weight` is how much that counts;
#   with 1.0, as in the paper, the rows become alike.
# - Pictures of your own in one folder for each class: `model=cgan data=folder_labelled data.root=DIR`.
