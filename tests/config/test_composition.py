"""Every YAML composes, every pair that should play plays, and precedence is what users rely on."""

from itertools import zip_longest

import pytest
from hydra.utils import instantiate
from lightning import LightningDataModule, LightningModule, Trainer

from gan_lightning.config import schema
from gan_lightning.config.resolvers import run_name
from gan_lightning.metrics.metric import Metric
from gan_lightning.types import Labelled, Pair, Unlabelled
from support.configuration import NOISE_MODELS, TINY, options

APART = ["latent", "loss", "augment", "ema", "optimizer", "schedule", "callbacks", "logger", "trainer", "extractor"]
"""Groups that set no key of another, so that one composition shows an option of each."""
TOGETHER = [
    [f"{group}={option}" for group, option in zip(APART, each, strict=True) if option]
    for each in zip_longest(*(options(group) for group in APART))
]
ALONE = [(group, option) for group in ("data", "network", "model", "debug") for option in options(group)]
PAIRS = {"paired", "unpaired", "facades", "horse2zebra", "photos_paired", "photos_unpaired"}
STORED = [data for data in options("data") if data != "ring"]
IMAGES = [data for data in STORED if data not in PAIRS]


@pytest.mark.parametrize("words", TOGETHER, ids=" ".join)
def test_every_option_of_groups_that_set_no_key_of_another_composes_and_fits_its_targets(words, composed):
    schema.check(composed(*words))


@pytest.mark.parametrize(("group", "option"), ALONE)
def test_every_option_composes_and_fits_its_targets(group, option, composed, roots):
    schema.check(composed(f"{group}={option}", *(roots[option] if group == "data" else [])))


@pytest.mark.parametrize("metric", options("metric"))
def test_every_metric_composes_and_is_what_the_scores_take(metric, composed):
    config = composed(f"metric=[{metric}]")
    schema.check(config)
    assert isinstance(instantiate(config.callbacks.scores).metrics[metric], Metric)


@pytest.mark.parametrize("group", ["reconstruction", "metric", "penalty"])
def test_every_option_of_a_list_composes_with_the_others(group, composed):
    model = ["model=pix2pix"] if group == "reconstruction" else ["norm=none"]
    schema.check(composed(*model, f"{group}=[{','.join(options(group))}]"))


@pytest.mark.parametrize("reconstruction", options("reconstruction"))
def test_every_reconstruction_loss_composes_alone(reconstruction, composed):
    schema.check(composed("model=pix2pix", f"reconstruction=[{reconstruction}]"))


@pytest.mark.parametrize("experiment", options("experiment"))
def test_every_experiment_builds_its_model_and_data(experiment, composed):
    config = composed(f"experiment={experiment}")
    schema.check(config)
    model, data = instantiate(config.model), instantiate(config.data)
    assert isinstance(model, LightningModule)
    assert isinstance(data, LightningDataModule)
    assert model.generator is not model.discriminator


@pytest.mark.parametrize("data", IMAGES)
def test_every_data_set_is_played_with(data, composed, roots):
    narrow = ["model.generator.width=2", "model.discriminator.width=2", "callbacks=none", "logger=none"]
    config = composed(f"data={data}", *roots[data], *TINY[:-1], *narrow)
    trainer = instantiate(config.trainer)
    trainer.fit(instantiate(config.model), instantiate(config.data))
    assert trainer.global_step == 2
    assert {"discriminator/loss", "generator/loss"} <= trainer.callback_metrics.keys()


@pytest.mark.parametrize("data", STORED)
def test_batches_are_tuples_of_floats_in_the_range_from_minus_one_to_one(data, composed, roots):
    crops = data.startswith("photos")  # four crops of a dark flower may all be dark, and small ones are many
    rows, size = (32, 64) if crops else (4, 16)
    words = [f"data={data}", f"data.batch_size={rows}", f"data.image_size={size}", *roots[data]]
    module = instantiate(composed(*words).data)
    module.prepare_data()
    module.setup("fit")
    batch = module.on_after_batch_transfer(next(iter(module.train_dataloader())), 0)
    labelled = getattr(module, "num_classes", None)
    assert type(batch) is module.batch_type
    assert isinstance(batch, Pair if data in PAIRS else Labelled if labelled else Unlabelled)
    for images in batch if data in PAIRS else [batch.images]:
        assert images.shape == (rows, module.shape.channels, size, size)
        assert -1 <= images.min() < -0.2
        assert 0.2 < images.max() <= 1


def test_the_command_line_wins_over_the_experiment_and_that_over_the_model_and_that_over_the_rest(composed):
    plain = composed("model=lsgan")
    assert (plain.data.image_size, plain.model.latent_dim, plain.seed) == (112, 1024, 0)
    assert plain.model.loss._target_.endswith("LeastSquares")
    experiment = composed("experiment=tutorial/pytorch_dcgan_celeba")
    assert (experiment.seed, experiment.trainer.max_epochs, experiment.data.image_size) == (999, 5, 64)
    by_hand = composed(
        "experiment=tutorial/pytorch_dcgan_celeba", "seed=7", "trainer.max_epochs=2", "data.image_size=32"
    )
    assert (by_hand.seed, by_hand.trainer.max_epochs, by_hand.model.generator.image_size) == (7, 2, 32)
    mixed = composed("model=lsgan", "loss=non_saturating", "network=dcgan", "data.image_size=64")
    assert mixed.model.loss._target_.endswith("NonSaturating")
    assert mixed.model.generator._target_.endswith("DCGANGenerator")
    assert mixed.data.image_size == 64


def test_a_models_penalty_outlives_another_loss_and_is_dropped_by_an_empty_list(composed):
    kept = composed("model=wgan_gp", "loss=hinge").model
    assert kept.loss._target_.endswith("Hinge")
    assert list(kept.penalties) == ["gradient_penalty"]
    assert kept.generator_every == 5
    assert not composed("model=wgan_gp", "penalty=[]").model.penalties
    assert list(composed("model=dcgan", "norm=none", "penalty=[r1,r2]").model.penalties) == ["r1", "r2"]


def test_schedules_are_chosen_for_rates_and_penalties_apart(composed):
    model = composed("schedule=linear", "schedule@model.penalty_schedule=cosine").model
    assert model.schedule._target_.endswith("linear")
    assert model.penalty_schedule._target_.endswith("cosine")


def test_facts_of_the_data_reach_the_networks(composed):
    config = composed("data=celeba", "data.channels=1", "data.image_size=32")
    assert (config.model.generator.channels, config.model.discriminator.image_size) == (1, 32)


def test_a_model_sets_no_size_but_lsgan(composed):
    unlabelled = [model for model in NOISE_MODELS if model != "cgan"]
    sizes = {model: composed(f"model={model}", "data=anime_faces").data.image_size for model in unlabelled}
    assert {model for model, size in sizes.items() if size != 96} == {"lsgan"}


def test_the_generators_rate_follows_the_discriminators_unless_given(composed):
    both = composed("model.discriminator_optimizer.lr=0.5").model
    assert both.generator_optimizer.lr == 0.5
    apart = composed("model.generator_optimizer.lr=0.1").model
    assert (apart.generator_optimizer.lr, apart.discriminator_optimizer.lr) == (0.1, 0.0002)


def test_the_trainer_has_what_the_groups_name(composed):
    trainer = instantiate(composed("trainer=cpu").trainer)
    assert isinstance(trainer, Trainer)
    names = {type(callback).__name__ for callback in trainer.callbacks}
    assert {"Checkpoints", "Samples", "Plots", "Board", "Report", "Throughput", "RunProgress"} <= names
    assert {type(logger).__name__ for logger in trainer.loggers} == {"TensorBoardLogger", "MetricsCSV"}


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        ((None, "dcgan", "digits"), "dcgan_digits"),
        (("demo", "dcgan", "digits"), "demo_digits"),
        (("acgan_digits", "acgan", "digits"), "acgan_digits"),
        (("tutorial/jittor_lsgan_mnist", "lsgan", "mnist"), "jittor_lsgan_mnist"),
        (("tutorial/jittor_lsgan_mnist", "lsgan", "fashion_mnist"), "jittor_lsgan_mnist_fashion_mnist"),
        (("pix2pix_photos", "pix2pix", "photos_paired"), "pix2pix_photos"),
    ],
)
def test_a_run_folder_says_nothing_twice(chosen, name):
    assert run_name(*chosen) == name
