"""Words of other projects, of Lightning 1 and of papers' code for what has another name here, and what to type."""

KEYS = {
    "amp": "trainer=bf16", "batchsize": "data.batch_size={value}",
    "beta1": "model.discriminator_optimizer.betas=[{value},0.999]", "clip_value": "model.clip_weights={value}",
    "count": "num_images={value}", "dataroot": "data=folder data.root={value}",
    "device": "trainer={value}", "gpu": "trainer=gpu",
    "gpus": "trainer=gpu for one GPU, or trainer=ddp trainer.devices={value} for several",
    "imagesize": "data.image_size={value}", "iterations": "trainer.max_steps={value}",
    "learning_rate": "model.discriminator_optimizer.lr={value}", "lr_d": "model.discriminator_optimizer.lr={value}",
    "lr_g": "model.generator_optimizer.lr={value}", "max_iterations": "trainer.max_steps={value}",
    "n": "num_images={value}", "n_critic": "model.generator_every={value}",
    "epochs": "trainer.max_epochs={value}", "n_epochs": "trainer.max_epochs={value}", "n_samples": "num_images={value}",
    "ndf": "model.discriminator.width={value}", "ngf": "model.generator.width={value}",
    "num_epochs": "trainer.max_epochs={value}", "num_gpus": "trainer=ddp trainer.devices={value}",
    "nz": "model.latent_dim={value}", "resolution": "data.image_size={value}", "size": "data.image_size={value}",
    "steps": "trainer.max_steps={value}", "workers": "data.num_workers={value}",
    "z_dim": "model.latent_dim={value}",
}  # fmt: skip
"""What to type for the last word of a key, in lower case."""
COMMANDS = {
    "grade": {"answer": "file={value}"},
    "interpolate": {
        "mode": "method={value}", "n": "steps={value}", "num_images": "steps={value}", "count": "steps={value}",
    },
    "invert": {"in": "input={value}", "out": "output={value}"},
    "sample": {"class": "labels={value}", "classes": "labels={value}", "label": "labels={value}"},
    "translate": {"in": "input={value}", "out": "output={value}", "source": "input={value}"},
}  # fmt: skip
"""What to type for a key of a command that means something else, or nothing, elsewhere."""
OPTIONS = {
    "loss": {
        "bce": "non_saturating", "gan": "non_saturating", "vanilla": "non_saturating", "ns": "non_saturating",
        "lsgan": "least_squares", "mse": "least_squares", "l2": "least_squares", "wgan": "wasserstein",
        "wgan-gp": "wasserstein penalty=[gradient_penalty]", "wgan_gp": "wasserstein penalty=[gradient_penalty]",
        "rsgan": "relativistic", "rpgan": "relativistic",
    },
    "trainer": {"cuda": "gpu", "cuda:0": "gpu", "mps": "gpu", "multi_gpu": "ddp"},
    "data": {"imagefolder": "folder_labelled"},
}  # fmt: skip
"""The option of a group by other names of it, in lower case."""
NAMES = {
    "benchmark": "evaluate", "generate": "sample", "infer": "sample", "inference": "sample", "plot": "report",
    "predict": "sample", "score": "evaluate", "test": "evaluate", "val": "evaluate", "validate": "evaluate",
    "video": "animate",
}  # fmt: skip
"""The command by other names of it, in lower case."""


def key_for(key: str, value: str, primary: str) -> str | None:
    """Return what to type for a key that has another name here; None if none is known.

    Args:
        key: the dotted key.
        value: what was typed for it.
        primary: the name of the command's primary configuration, without `.yaml`.
    """
    name = key.rpartition(".")[2].lower()
    typed = COMMANDS.get(primary, {}).get(name) or KEYS.get(name)
    group, _, option = typed.partition("=") if typed else ("", "", "")
    return typed and typed.format(value=(option == "{value}" and option_named(group, value)) or value)


def command_named(word: str) -> str | None:
    """Return the command that has another name here; None if none is known."""
    return NAMES.get(word.lower())


def option_named(group: str, option: str) -> str | None:
    """Return the option of a group that has another name here; None if none is known."""
    return OPTIONS.get(group, {}).get(option.lower())
