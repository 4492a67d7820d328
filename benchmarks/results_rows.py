"""The runs that benchmarks/results.py trains: a name for each, and the words of its command."""

import re
from dataclasses import dataclass

SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Row:
    """A run of a table: its name there, and the words of its command."""

    table: str
    name: str
    words: str
    minutes: float = 1.5
    seeds: tuple[int, ...] = SEEDS

    def command(self, seed: int) -> list[str]:
        """Return the command's words, without where it writes."""
        limit = f"trainer.max_time=00:00:{int(self.minutes):02}:{int(self.minutes % 1 * 60):02}"
        words = [*self.words.split(), *SHARED[self.table].split()]
        return [*words, "trainer=cpu", "trainer.max_epochs=-1", limit, f"seed={seed}"]


SHARED = {
    "digits": "data=digits data.image_size=32 extractor=classifier metric=[fid,modes] callbacks.scores.split=test "
    "callbacks.scores.num_images=1438 callbacks.scores.every_n_iterations=200",
    "mnist": "data=mnist data.root=DIR extractor=classifier metric=[fid,modes] callbacks.scores.split=test "
    "callbacks.scores.num_images=10000 callbacks.scores.every_n_iterations=1875 data.num_workers=0",
}
"""What all commands of a table have in common. DIR is the folder with MNIST's files."""
NARROW = "model.generator.width=16 model.discriminator.width=16"
ROWS = [
    Row("digits", "demo", "experiment=demo trainer.max_steps=-1"),
    *(
        Row("digits", f"model={name}", f"model={name} {words} trainer.max_steps=-1")
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
        Row("mnist", name, f"{name} trainer.max_steps=-1", 12, (0,))
        for name in (
            "experiment=tutorial/paddle_dcgan_mnist",
            "experiment=tutorial/paddle_lsgan_mnist",
            "experiment=tutorial/mlp_gan_mnist",
            "model=cgan data.image_size=32",
            "model=acgan data.image_size=32",
        )
    ),
]


def key(row: Row, seed: int) -> str:
    """Return the name of a row's run in the file of results."""
    return f"{row.table} {row.name} {seed}"


def name_of_picture(row: Row) -> str:
    """Return the name of a row's picture, without its suffix."""
    return re.sub(r"\W+", "_", f"{row.table} {row.name}")
