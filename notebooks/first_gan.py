# %% [markdown]
# # A first GAN
#
# This notebook does what `gan-lightning experiment=demo` does, step by step and shorter: it composes a configuration,
# builds the objects that it names, trains on the CPU and shows the images. Run it from any folder in an environment
# where the package is installed.

# %%
import time
from pathlib import Path

ITERATIONS = 400  # the demo's 1,500 make clearer digits
RUN = Path("outputs", "notebooks", time.strftime("%Y-%m-%d_%H-%M-%S"))

# %% [markdown]
# ## The configuration
#
# The overrides are those of the command line. `CONF` is the folder of the YAML files, in a checkout and in an
# installed package. Images of 16x16 pixels instead of 32x32 save three quarters of the time.

# %%
import logging

import lightning
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gan_lightning.__main__ import CONF
from gan_lightning.config import resolvers

logging.getLogger(f"{lightning.__name__}.pytorch").setLevel(logging.ERROR)  # no adverts
resolvers.register()  # the functions that the YAML files call by name
with initialize_config_dir(str(CONF), version_base="1.3"):
    config = compose(
        "config",
        [
            "experiment=demo",
            "trainer=cpu",
            "data.image_size=16",
            "metric=[]",
            f"trainer.max_steps={ITERATIONS}",
            "trainer.log_every_n_steps=1",
            f"callbacks.samples.every_n_iterations={ITERATIONS}",
            f"run_dir='{RUN}'",
        ],
    )
print(OmegaConf.to_yaml(config.model.loss, resolve=True))
print(OmegaConf.to_yaml(config.model.discriminator_optimizer, resolve=True))

# %% [markdown]
# ## The objects
#
# They are a LightningModule with two networks and a loss, a LightningDataModule and a Trainer.

# %%
from hydra.utils import instantiate
from lightning import seed_everything

seed_everything(config.seed, verbose=False)  # the weights
model = instantiate(config.model)
data = instantiate(config.data)
trainer = instantiate(config.trainer)
for name, network in (("generator", model.generator), ("discriminator", model.discriminator)):
    print(name, f"{sum(weight.numel() for weight in network.parameters()):,} parameters")

# %% [markdown]
# ## Training

# %%
trainer.fit(model, data)

# %%
print("iterations:", trainer.global_step, " images seen:", model.images_seen)

# %% [markdown]
# ## Images
#
# Left the grid before training, right the grid after it: images 0 to 63 of the run's seed, from the same noise. Look
# for two things: does each image look like a stroke of a pen, and do the images differ from one another?

# %%
import matplotlib.pyplot as plt

figure, places = plt.subplots(1, 3, figsize=(8, 3), dpi=80)
grids = {"before": "0000000.png", "after": f"{ITERATIONS:07d}.png", "real digits": "real.png"}
for axes, (title, file) in zip(places, grids.items(), strict=True):
    axes.imshow(plt.imread(RUN / "samples" / file), cmap="gray")
    axes.set_title(title)
    axes.axis("off")
plt.show()

# %% [markdown]
# ## Numbers
#
# Every scalar is in `metrics.csv`, by iteration. D(x) and D(G(z)) are probabilities here. The target of real images is
# 0.9 in this experiment, so a discriminator that cannot tell real from generated images outputs 0.45 for both. The
# loss of a GAN does not fall: it says who is ahead, and not how good the images are.

# %%
import csv

with (RUN / "metrics.csv").open(newline="") as stream:
    rows = [row for row in csv.DictReader(stream) if row["generator/loss"]]
iterations = [int(row["step"]) for row in rows]

figure, (losses, outputs) = plt.subplots(1, 2, figsize=(8, 3), dpi=80)
for name in ("discriminator/loss", "generator/loss"):
    losses.plot(iterations, [float(row[name]) for row in rows], label=name, linewidth=0.8)
for name in ("d_out/real", "d_out/fake"):
    outputs.plot(iterations, [float(row[name]) for row in rows], label=name, linewidth=0.8)
outputs.axhline(0.45, color="0.6", linestyle="--")
for axes in (losses, outputs):
    axes.set_xlabel("iteration")
    axes.legend()
plt.show()

# %% [markdown]
# ## Next
#
# - `ITERATIONS = 1500`: the strokes become digits. Then `data.image_size=32`, as the demo has it.
# - Other overrides in the configuration's cell give other GANs: `model=lsgan`, `loss=least_squares`, `latent=uniform`,
#   `data=folder` with `data.root=DIR`. `gan-lightning --help` lists them all.
