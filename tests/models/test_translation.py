"""pix2pix and CycleGAN: their pools, the parts of their terms, and what suits them."""

import pytest
import torch
from hydra.utils import instantiate
from torch.utils.data import DataLoader

from gan_lightning import randomness
from gan_lightning.commands import train
from gan_lightning.models.inputs import Fakes
from gan_lightning.models.pool import ImagePool
from gan_lightning.types import Aligned
from support.cells import cells, crossed
from support.configuration import TRANSLATION_MODELS, options
from support.playing import play
from support.translation_batches import SIZE, SMALL, pairs


def test_the_pool_keeps_the_first_images_and_then_exchanges_half_of_them():
    pool = ImagePool(50)
    first = torch.arange(50.0).view(50, 1, 1, 1)
    later = torch.arange(50.0, 2050.0).view(2000, 1, 1, 1)
    with randomness.step(0, 0, torch.device("cpu")):
        assert torch.equal(pool.exchange(first), first)
        given = pool.exchange(later)
    exchanged = (given != later).flatten()
    assert float(exchanged.float().mean()) == pytest.approx(0.5, abs=0.05)
    assert (given <= later).all()
    assert len(pool.images) == 50
    everything = torch.cat([first, later]).flatten().tolist()
    left = [*given.flatten().tolist(), *torch.cat(pool.images).flatten().tolist()]
    assert sorted(left) == sorted(everything), "nothing is lost, nothing comes twice"


def test_a_pool_of_none_gives_back_what_it_gets():
    fakes = torch.rand(3, 1, 2, 2)
    pool = ImagePool(0)
    assert pool.exchange(fakes) is fakes
    assert pool.images == []


@pytest.mark.parametrize(("model", "loss"), crossed(TRANSLATION_MODELS[::-1], options("loss")))
def test_every_loss_and_a_penalty_play_in_translation(model, loss, composed):
    asked = [f"model={model}", f"loss={loss}", "penalty=[r1]", "norm=instance", *SMALL]
    module = instantiate(composed(*asked).model)
    trainer = play(
        module, DataLoader([Aligned(*map(torch.Tensor.float, pair)) for pair in pairs(2)], batch_size=None), max_steps=2
    )
    values = {name: float(value) for name, value in trainer.callback_metrics.items()}
    sides = [""] if model == "pix2pix" else ["_x", "_y"]
    assert {f"discriminator/r1{side}" for side in sides} <= values.keys()
    assert all(value == value and abs(value) != float("inf") for value in values.values())
    compared = (
        {"generator/l1"} if model == "pix2pix" else {"generator/cycle_x", "generator/cycle_y", "generator/identity_x"}
    )
    assert compared <= values.keys()


def test_generators_terms_come_in_parts_whose_graphs_do_not_live_together(composed):
    module = instantiate(composed("model=cyclegan", *SMALL).model)
    kept = []
    trainer = play(
        module, DataLoader([Aligned(*map(torch.Tensor.float, pair)) for pair in pairs(1)], batch_size=None), max_steps=1
    )
    assert trainer.global_step == 1
    forwards = dict.fromkeys(module.directions, 0)

    def count(direction):
        def hook(*_):
            forwards[direction] += 1
            kept.append(dict(forwards))

        return hook

    for direction in module.directions:
        module.generator[direction].register_forward_hook(count(direction))
    x, y = (image.float() for image in pairs(1)[0])
    parts = module.generator_terms(Aligned(x, y), Fakes(lambda direction: module.generate(Aligned(x, y), direction)))
    names, counts = [], []
    for terms in parts:
        names.append(set(terms))
        counts.append(sum(forwards.values()))
    assert names == [{"adversarial_y", "cycle_x"}, {"adversarial_x", "cycle_y"}, {"identity_y"}, {"identity_x"}]
    assert counts == [2, 4, 5, 6]


WEIGHTS = ["cycle_weight_x", "cycle_weight_y", "identity_weight_x", "identity_weight_y"]


@pytest.mark.parametrize("term", cells(WEIGHTS, quick=["cycle_weight_x", "identity_weight_y"]))
def test_each_weight_of_cyclegan_multiplies_the_term_of_its_own_domain(term, composed):
    x, y = (image.float() for image in pairs(1)[0])
    batch, found = Aligned(x, y), []
    for weight in (1.0, 7.0):
        torch.manual_seed(0)
        module = instantiate(composed("model=cyclegan", *SMALL, f"model.{term}={weight}").model)
        fakes = Fakes(lambda direction, module=module: module.generate(batch, direction))
        parts = list(module.generator_terms(batch, fakes))
        found.append({name: float(value) for part in parts for name, value in part.items()})
    ratios = {name: found[1][name] / found[0][name] for name in found[0]}
    domain, kind = term[-1], term.split("_")[0]
    real = x if domain == "x" else y
    assert ratios == pytest.approx({name: 7.0 if name == f"{kind}_{domain}" else 1.0 for name in ratios}, rel=1e-5)
    back, forth = ("yx", "xy") if domain == "x" else ("xy", "yx")
    with torch.no_grad():
        made = module.generator[back](module.generator[forth](real) if kind == "cycle" else real)
    assert found[0][f"{kind}_{domain}"] == pytest.approx(float((made - real).abs().mean()), rel=1e-4)


def test_translations_depend_on_the_seeds_of_their_noise_alone(composed):
    module = instantiate(composed("model=pix2pix", *SMALL).model)
    x = torch.rand(3, 3, SIZE, SIZE) * 2 - 1
    together = module.images(x, noise=[1, 2, 3], direction="xy")
    alone = torch.cat([module.images(x[n : n + 1], noise=[n + 1], direction="xy") for n in range(3)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)
    assert not torch.allclose(together[0], module.images(x[:1], noise=[4], direction="xy")[0], atol=1e-3)
    assert module.generator.training


def test_a_noise_network_does_not_translate(composed):
    config = composed("model=cyclegan", "network=dcgan", *SMALL).model
    config.generator.latent_dim = 4
    with pytest.raises(
        Exception, match="CycleGAN gives its generator images, and DCGANGenerator takes latents; choose another"
    ):
        instantiate(config)


def test_augmentation_of_pairs_is_refused(composed):
    with pytest.raises(Exception, match="augment must be none for pairs"):
        instantiate(composed("model=pix2pix", "augment=diffaugment", *SMALL).model)


def test_pairs_that_do_not_belong_together_are_nothing_for_pix2pix(composed, roots):
    config = composed("model=pix2pix", "data=unpaired", *roots["unpaired"], *SMALL)
    with pytest.raises(
        ValueError,
        match="^model=Pix2Pix is trained on pairs of images, and data=Unpaired has images of two domains; choose data=facades, data",
    ):
        train.check_data_suit(instantiate(config.model), instantiate(config.data))
    for model in TRANSLATION_MODELS:
        config = composed(f"model={model}", "data=paired", *roots["paired"], *SMALL)
        train.check_data_suit(instantiate(config.model), instantiate(config.data))


def test_a_network_from_image_to_image_is_nothing_for_noise(composed):
    with pytest.raises(
        Exception, match="GAN gives its generator latents, and UNetGenerator takes images; choose another"
    ):
        instantiate(composed("model=dcgan", "network=unet", *SMALL).model)
