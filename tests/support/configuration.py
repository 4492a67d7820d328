"""The configuration as tests ask for it: its folder, its options, and small sizes."""

from pathlib import Path

from omegaconf import OmegaConf

ROOT = Path(__file__).resolve().parents[2]
CONF = ROOT / "conf"
MNIST_ROOT = ROOT.parent / "shared" / "data" / "mnist"
TINY = [
    "data.image_size=16", "data.batch_size=8", "data.num_workers=0", "trainer.max_steps=2", "trainer.accelerator=cpu",
    "trainer.log_every_n_steps=1", "trainer.limit_train_batches=4", "callbacks.samples.num_images=4",
]  # fmt: skip


def options(group: str) -> list[str]:
    """Every option of a configuration group, by glob."""
    files = (file.relative_to(CONF / group) for file in (CONF / group).rglob("*.yaml"))
    return sorted(str(file.with_suffix("")) for file in files if file.parts[0] != "shared")


def makes_from_noise(network: str) -> bool:
    """Whether a network's generator is fed latents; else it is fed images."""
    return "latent_dim" in OmegaConf.load(CONF / "network" / f"{network}.yaml").generator


NOISE_NETWORKS = [network for network in options("network") if makes_from_noise(network)]
TRANSLATION_NETWORKS = [network for network in options("network") if not makes_from_noise(network)]


TRANSLATION_MODELS = [
    model for model in options("model") if "/latent: null" in (CONF / "model" / f"{model}.yaml").read_text()
]
NOISE_MODELS = [model for model in options("model") if model not in TRANSLATION_MODELS]
LABELLED_MODELS = [model for model in NOISE_MODELS if "num_classes" in (CONF / "model" / f"{model}.yaml").read_text()]
