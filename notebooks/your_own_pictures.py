# %% [markdown]
# # Your own pictures
#
# From a folder of pictures to a trained GAN: look at the folder, mend it, ask for a recipe, train, and ask whether the
# GAN has learnt or copied. The folder is made here, from a photograph of a flower; for your own, set `PICTURES`.

# %%
import time

ITERATIONS = 300  # a first look; a recipe for good pictures has some hundred times as many
SECONDS = 10  # for the search of a recipe
PICTURES = "pictures"
RUN = f"outputs/notebooks/{time.strftime('%Y-%m-%d_%H-%M-%S')}"

# %% [markdown]
# ## A folder of pictures, not all of them good
#
# 400 crops of 64x64 pixels, and what folders in real life have: a file that is cut off, a copy, a picture of one
# colour.

# %%
import shutil
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

folder = Path(PICTURES)
folder.mkdir(exist_ok=True)
photo = Image.fromarray(load_sample_image("flower.jpg"))
places = np.random.default_rng(0).integers(0, [photo.width - 64, photo.height - 64], (400, 2)).tolist()
for number, (x, y) in enumerate(places):
    photo.crop((x, y, x + 64, y + 64)).save(folder / f"{number:03}.png")
shutil.copy(folder / "007.png", folder / "copy of 007.png")
(folder / "cut off.png").write_bytes((folder / "008.png").read_bytes()[:1000])
Image.new("RGB", (64, 64), "white").save(folder / "white.png")
print(len(list(folder.iterdir())), "files")

# %% [markdown]
# ## Look first
#
# `check` reads each file once. The last line says whether the folder can be trained on.

# %%
# !gan-lightning check data=folder data.root={PICTURES} data.image_size=32 hydra.run.dir={RUN}/check

# %% [markdown]
# Mend what it names. Few bad files do no harm, but many copies of one picture make a GAN learn that picture.

# %%
for name in ("copy of 007.png", "cut off.png", "white.png"):
    (folder / name).unlink()
print(len(list(folder.iterdir())), "files")

# %% [markdown]
# ## Ask for a recipe
#
# `start` chooses size, model, batch and length for these pictures, tries each choice for a moment on this machine, and
# writes `experiment/mine.yaml`. Its first lines say how long the run will take.

# %%
# !gan-lightning start {PICTURES} hours=2 seconds={SECONDS} overwrite=true

# %%
print(Path("experiment/mine.yaml").read_text())

# %% [markdown]
# ## A first look, in a minute
#
# That recipe is for an evening. For a look: a small DCGAN at 32x32 pixels, with DiffAugment because 400 pictures are
# few, and a moving average of G.

# %%
# !gan-lightning model=dcgan data=folder data.root={PICTURES} data.image_size=32 data.batch_size=32 \
#     data.test_fraction=0.2 augment=diffaugment ema=half_life model.ema.half_life=1000 model.generator.width=24 \
#     model.discriminator.width=16 trainer=cpu trainer.max_steps={ITERATIONS} trainer.log_every_n_steps=20 \
#     hydra.run.dir={RUN}/train

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 2, figsize=(8, 4.2), dpi=60)
for place, (title, file) in zip(axes, {"real": "real.png", "generated": f"{ITERATIONS:07d}.png"}.items(), strict=True):
    place.imshow(plt.imread(Path(RUN, "train", "samples", file)))
    place.set_title(title)
    place.axis("off")
plt.show()

# %% [markdown]
# Look at the colours first, which come early, then at edges, then at detail. After 300 iterations all images are nearly
# alike: the generator has found the colours and a texture, and neither shapes nor variety. That is what a first look is
# for, because colours, sizes and crops on the left are those that it will be taught. The recipe above trains some forty
# times as long.
#
# ## Learnt or copied?
#
# With few pictures a GAN may repeat them. `neighbours` shows samples beside their nearest training images, and
# compares how near samples are with how near held-out pictures are, which the GAN has never seen.

# %%
# !gan-lightning neighbours run={RUN}/train extractor=random num_images=80 rows=4 device=cpu

# %%
plt.figure(figsize=(8, 4), dpi=60)
plt.imshow(plt.imread(next(Path(RUN, "train").glob("neighbours*.png"))))
plt.axis("off")
plt.show()

# %% [markdown]
# ## Next
#
# - Train by the recipe: `gan-lightning --config-dir . experiment=mine`, and stop it with Ctrl-C when you have seen
#   enough; the command that it prints goes on from there.
# - `gan-lightning sample run=RUN num_images=1000` writes pictures to files.
# - Two or more folders with a name for each class: `model=cgan data=folder_labelled data.root=DIR`.
