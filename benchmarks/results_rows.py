"""The runs that benchmarks/results.py trains: a name for each, and the words of its command."""

import re
from dataclasses import dataclass

SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Row:
    """A run of a table: its name there, and the words of its command.

    Args:
        table: the table.
        name: what the table calls it.
        words: the overrides that other rows of the table do not have.
        seeds: the seeds that it is trained with.
        against: the row of the table that it differs from in one thing; nothing for a row that stands by itself.
        batch_norm: where batch norm takes its statistics from when the run is scored again after training; nothing
            for a row that is scored while it trains.
        score: the score of the row: a distance to held-out images, or of translations the likeness to their targets.
        in_readme: whether the README's table of systems has the row.
    """

    table: str
    name: str
    words: str
    seeds: tuple[int, ...] = SEEDS
    against: str = ""
    batch_norm: str = ""
    score: str = "fd_classifier"
    in_readme: bool = False

    def command(self, seed: int) -> list[str]:
        """Return the command's words, without where it writes."""
        return [
            *self.words.split(),
            *SHARED[self.table].split(),
            "trainer=cpu",
            "trainer.max_epochs=-1",
            f"seed={seed}",
        ]


SCORED = "extractor=classifier metric=[fid,modes] callbacks.scores.split=test"
DIGITS = f"data=digits data.image_size=32 {SCORED} callbacks.scores.num_images=1438"
MNIST = f"data=mnist data.root=DIR {SCORED} callbacks.scores.num_images=10000 data.num_workers=0"
SHARED = {
    "digits": f"{DIGITS} callbacks.scores.every_n_iterations=200 trainer.max_time=00:00:01:30",
    "ablations": f"{DIGITS} callbacks.scores.every_n_iterations=null trainer.max_steps=1000",
    "translation": "callbacks=[default,pair_scores] callbacks.pair_scores.every_n_epochs=null",
    "mnist": f"{MNIST} callbacks.scores.every_n_iterations=1875 trainer.max_time=00:00:12:00",
}
"""What all commands of a table have in common. DIR is the folder with MNIST's files."""
NARROW = "model.generator.width=16 model.discriminator.width=16"
DCGAN = f"model=dcgan {NARROW}"
LSGAN = f"model=lsgan {NARROW} model.latent_dim=256 data.batch_size=32"
ROWS = [
    Row("digits", "experiment=demo", "experiment=demo trainer.max_steps=-1", in_readme=True),
    *(
        Row("digits", f"model={name}", f"model={name} {words} trainer.max_steps=-1", in_readme=True)
        for name, words in {
            "gan": "network=mlp",
            "dcgan": NARROW,
            "lsgan": f"{NARROW} model.latent_dim=256",
            "wgan": NARROW,
            "wgan_gp": f"{NARROW} data.batch_size=16",
            "dragan": f"{NARROW} data.batch_size=16",
            "sngan": f"{NARROW} data.batch_size=16",
            "r3gan": NARROW,
            "cgan": NARROW,
            "acgan": NARROW,
        }.items()
    ),
    *(
        Row("digits", f"loss={name}", f"model=dcgan loss={name} {words} {NARROW} trainer.max_steps=-1")
        for name, words in {
            "minimax": "",
            "non_saturating": "",
            "least_squares": "",
            "hinge": "",
            "wasserstein": "penalty=[gradient_penalty] norm=none",
            "relativistic": "penalty=[r1,r2] norm=none",
        }.items()
    ),
    *(
        Row("digits", f"experiment=tutorial/{name}", f"experiment=tutorial/{name} {words} trainer.max_steps=-1")
        for name, words in {
            "mlp_gan_mnist": "",
            "paddle_dcgan_mnist": f"{NARROW} data.num_workers=0",
            "paddle_lsgan_mnist": f"{NARROW} data.num_workers=0",
            "jittor_lsgan_mnist": f"{NARROW} data.batch_size=32",
            "dcgan_faces32": "model.generator.width=16 model.discriminator.width=16",
            "pytorch_dcgan_celeba": f"{NARROW} data.batch_size=64 data.num_workers=0",
            "anime_dcgan": f"{NARROW} data.batch_size=64 data.num_workers=0",
        }.items()
    ),
    *(
        Row("digits", f"experiment={name}", f"experiment={name} data.image_size=32 data.test_fraction=0.2")
        for name in ("cgan_digits", "acgan_digits")
    ),
    *(
        Row("translation", f"experiment={name}", f"experiment={name}", (0,), score="psnr", in_readme=True)
        for name in ("pix2pix_photos", "cyclegan_photos")
    ),
    *(
        Row("mnist", name, f"{name} trainer.max_steps=-1", (0,))
        for name in (
            "experiment=tutorial/paddle_dcgan_mnist",
            "experiment=tutorial/paddle_lsgan_mnist",
            "experiment=tutorial/mlp_gan_mnist",
            "model=cgan data.image_size=32",
            "model=acgan data.image_size=32",
        )
    ),
    *(
        Row("ablations", name, words, against=against, batch_norm=batch_norm)
        for name, words, against, batch_norm in (
            ("DCGAN", DCGAN, "", ""),
            ("D without batch norm", f"{DCGAN} model.discriminator.norm=null", "DCGAN", ""),
            ("G moves at every fifth batch", f"{DCGAN} model.generator_every=5", "DCGAN", ""),
            ("uniform latents", f"{DCGAN} latent=uniform", "DCGAN", ""),
            ("target 0.9 for real images", f"{DCGAN} model.loss.real_target=0.9", "DCGAN", ""),
            (
                "moving average of G, half-life 2,000 images",
                f"{DCGAN} ema=half_life model.ema.half_life=2000",
                "DCGAN",
                "",
            ),
            ("grids in train mode", DCGAN, "DCGAN", "batch"),
            ("DCGAN with least squares, factor 1/2", f"{DCGAN} loss=least_squares model.loss.factor=0.5", "", ""),
            (
                "factor 1",
                f"{DCGAN} loss=least_squares model.loss.factor=1.0",
                "DCGAN with least squares, factor 1/2",
                "",
            ),
            ("LSGAN's networks", LSGAN, "", ""),
            ("no ReLU after the first batch norm", f"{LSGAN} model.generator.stem_relu=false", "LSGAN's networks", ""),
        )
    ),
]


def key(row: Row, seed: int) -> str:
    """Return the name of a row's run in the file of results."""
    return f"{row.table} {row.name} {seed}"


def name_of_picture(row: Row) -> str:
    """Return the name of a row's picture, without its suffix."""
    return re.sub(r"\W+", "_", f"{row.table} {row.name}")
