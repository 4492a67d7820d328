"""Every network fed noise, every loss, penalty and both kinds of data: a cell plays, or says in a sentence why not."""

import math
from itertools import product

import pytest
from hydra.errors import HydraException
from hydra.utils import instantiate
from lightning import Trainer
from omegaconf.errors import InterpolationKeyError
from torch.utils.data import DataLoader

from gan_lightning.config.errors import sentence
from support.configuration import LABELLED_MODELS, NOISE_MODELS, NOISE_NETWORKS, options

NARROW = [
    "data.image_size=32", "data.batch_size=4", "data.num_workers=0", "model.latent_dim=4",
    "model.generator.width=2", "model.discriminator.width=2",
]  # fmt: skip
PENALTIES = [[], *([name] for name in options("penalty") if name != "r3gan"), ["r1", "r2"]]
DATA = ["digits", "celeba"]
BATCH_NORM = {"dcgan", "lsgan", "cgan", "acgan"}
BY_CLASS = {"cgan": "cgan", "conditional_sngan": "cgan", "acgan": "acgan"}
"""Networks that take labels, and a model for each."""
ROUNDS = 2


def play(model, batch):
    """Two rounds through the real trainer; the means of what was logged."""
    trainer = Trainer(
        accelerator="cpu", max_steps=ROUNDS, logger=False, enable_checkpointing=False, log_every_n_steps=1,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(model, DataLoader([batch] * ROUNDS, batch_size=None))
    assert trainer.global_step == ROUNDS
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


@pytest.fixture(scope="module")
def batches():
    return {}


@pytest.fixture
def batch_of(batches, composed, roots):
    def first(data):
        if data not in batches:
            module = instantiate(composed(f"data={data}", *roots[data], *NARROW).data)
            module.prepare_data()
            module.setup("fit")
            batches[data] = module.on_after_batch_transfer(next(iter(module.train_dataloader())), 0)
        return batches[data]

    return first


def refusal(error, conf):
    said = sentence(error, conf, "config")
    assert said
    assert "\n" not in said
    return said


@pytest.mark.slow
def test_networks_losses_penalties_and_data_are_a_product(composed, batch_of, roots, record_property):
    from support.configuration import CONF

    losses = {name: instantiate(composed(f"loss={name}").model.loss) for name in options("loss")}
    penalties = [instantiate(composed(f"penalty=[{','.join(names)}]").model.penalties) for names in PENALTIES]
    cells, trained, refused = 0, 0, {}
    for data in DATA:
        batch = batch_of(data)
        for network in NOISE_NETWORKS:
            model = BY_CLASS.get(network, "gan")
            asked = [f"data={data}", *roots[data], f"model={model}", f"network={network}", *NARROW]
            norms = [[], ["norm=none"]] if network in BATCH_NORM else [[]]
            for norm, loss in product(norms, losses):
                config = composed(*asked, *norm).model
                for names, penalty in zip(PENALTIES, penalties, strict=True):
                    cells += 1
                    cell = (data, network, *norm, loss, *names)
                    try:
                        metrics = play(instantiate(config, loss=losses[loss], penalties=dict(penalty)), batch)
                    except (ValueError, HydraException, InterpolationKeyError) as error:
                        refused[cell] = refusal(error, CONF)
                        continue
                    trained += 1
                    assert all(math.isfinite(value) for value in metrics.values()), cell
                    wanted = {f"discriminator/{name}" for name in penalty} | {"discriminator/loss", "generator/loss"}
                    assert wanted <= metrics.keys(), cell
    for (data, network, *rest), said in refused.items():
        no_labels = network in BY_CLASS and data == "celeba"
        assert no_labels or (network in BATCH_NORM and "norm=none" not in rest and set(rest) & set(options("penalty")))
        assert ("num_classes" if no_labels else "batch norm") in said
    assert trained + len(refused) == cells
    counted = (f"{sum(said == other for other in refused.values())} x {said}" for said in sorted(set(refused.values())))
    record_property("matrix", f"{cells} cells, {trained} trained, {len(refused)} refused in one sentence each")
    for line in counted:
        record_property("matrix, refused", line)


@pytest.mark.parametrize("model", NOISE_MODELS)
@pytest.mark.parametrize("data", DATA)
def test_every_preset_plays(model, data, composed, batch_of, roots):
    asked = [f"model={model}", f"data={data}", *roots[data], *NARROW]
    if model in LABELLED_MODELS and data == "celeba":
        with pytest.raises(InterpolationKeyError, match="num_classes"):
            instantiate(composed(*asked).model)
        return
    metrics = play(instantiate(composed(*asked, "model.generator_every=1").model), batch_of(data))
    assert all(math.isfinite(value) for value in metrics.values())
