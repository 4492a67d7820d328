# %% [markdown]
# # Reading a run
#
# Is a GAN in training or broken? Its losses do not say how good the images are, but together with D's outputs they say
# who is ahead. This notebook trains the same small GAN twice, once well and once with rates that let D win, and reads
# what both runs leave behind.

# %%
import time

ITERATIONS = 1000
RUNS = f"outputs/notebooks/{time.strftime('%Y-%m-%d_%H-%M-%S')}"

# %% [markdown]
# ## A good run
#
# Eight Gaussians on a ring, the plain GAN.

# %%
# !gan-lightning experiment=ring/non_saturating trainer=cpu trainer.max_steps={ITERATIONS} \
#     trainer.log_every_n_steps=1 hydra.run.dir={RUNS}/good

# %% [markdown]
# ## The same with a generator that hardly moves
#
# Its rate is a thousandth of D's. `callbacks.guard.patience` is how many iterations a symptom must last before the
# guard speaks. Read its warning in the output.

# %%
# !gan-lightning experiment=ring/non_saturating trainer=cpu trainer.max_steps={ITERATIONS} \
#     trainer.log_every_n_steps=1 hydra.run.dir={RUNS}/bad \
#     model.generator_optimizer.lr=1e-6 callbacks.guard.patience=300

# %% [markdown]
# ## What is in the folder

# %%
from pathlib import Path

for path in sorted(Path(RUNS, "bad").rglob("*")):
    if path.is_file() and ".hydra" not in path.parts:
        print(f"{path.stat().st_size / 1000:8.1f} kB  {path.relative_to(Path(RUNS, 'bad'))}")

# %% [markdown]
# ## The curves
#
# Two numbers are worth knowing by heart. A discriminator that cannot tell real from generated images says 1/2 to both;
# then its loss is 2 log 2 = 1.386 and the generator's is log 2 = 0.693 (dashed).

# %%
import csv
from math import log

import matplotlib.pyplot as plt


def read(name):
    with Path(RUNS, name, "metrics.csv").open(newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["generator/loss"]]


def column(rows, name):
    return [float(row[name]) for row in rows]


figure, places = plt.subplots(2, 2, figsize=(9, 5.6), sharex=True)
for (losses, outputs), name in zip(places, ("good", "bad"), strict=True):
    rows = read(name)
    for player in ("discriminator", "generator"):
        losses.plot(column(rows, "step"), column(rows, f"{player}/loss"), label=f"{player}/loss")
    for kind in ("real", "fake"):
        outputs.plot(column(rows, "step"), column(rows, f"d_out/{kind}"), label=f"d_out/{kind}")
    losses.set_title(f"{name}: losses")
    outputs.set_title(f"{name}: D's outputs")
    outputs.set_ylim(0, 1)
    for axes, levels in ((losses, (2 * log(2), log(2))), (outputs, (0.5,))):
        for level in levels:
            axes.axhline(level, color="0.6", linestyle="--", linewidth=0.8)
        axes.legend()
figure.tight_layout()
plt.show()

# %% [markdown]
# In the good run all four curves go to the dashed lines. In the bad one D's outputs part, towards 1 and 0, D's loss
# goes to 0 and G's grows. G's loss is high *because D is sure*, and it would be as high with better images.
#
# ## One number
#
# The gap between D's mean outputs, over the last fifth of the run. Near 0: the two are even. Above 0.9 for long: D has
# won, and G learns little. A gap of 0 at the very start means nothing, because D has not learnt yet.

# %%
for name in ("good", "bad"):
    rows = read(name)[-max(1, len(read(name)) // 5) :]
    gap = [float(row["d_out/real"]) - float(row["d_out/fake"]) for row in rows]
    print(f"{name:5} gap {sum(gap) / len(gap):.2f}")

# %% [markdown]
# ## The images
#
# Curves never replace a look. Even curves with images that are all alike are a collapse; here both agree.

# %%
figure, places = plt.subplots(1, 2, figsize=(8, 4.3))
for axes, name in zip(places, ("good", "bad"), strict=True):
    axes.imshow(plt.imread(sorted(Path(RUNS, name, "samples").glob("*.png"))[-1]))
    axes.axis("off")
    axes.set_title(name)
plt.show()

# %% [markdown]
# ## The guard's sentence
#
# `guard.jsonl` keeps what the guard said; no file means that it found nothing.

# %%
import json

for name in ("good", "bad"):
    file = Path(RUNS, name, "guard.jsonl")
    found = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    print(f"{name}: {len(found)} found")
    for each in found:
        print(f"  iteration {each['iteration']}: {each['sentence']}")

# %% [markdown]
# ## Next
#
# - Break it in another way: `model.discriminator_optimizer.lr=1e-6` with `model.generator_optimizer.lr=1e-3`. Who is
#   ahead now, and what do the points look like?
# - Do what the guard says: keep the slow G, and add `penalty=[r1]`. Does the gap close?
# - `gan-lightning report run=RUN` writes all of this as one page, and `gan-lightning compare RUN RUN` compares runs by
#   score.
