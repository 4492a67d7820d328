"""The model by class: what it feeds its networks, its grid, and whether its digits are those asked for."""

import pytest
import torch
from hydra.utils import instantiate
from lightning import seed_everything
from torch.utils.data import DataLoader

from gan_lightning.types import Labelled
from support.judging import judge_digits
from support.playing import play

SMALL = ["model=cgan", "data.image_size=16", "model.generator.width=2", "model.discriminator.width=2"]


def test_fakes_have_the_labels_of_the_batch_and_d_is_given_them_for_real_and_fake(composed):
    model = instantiate(composed(*SMALL, "penalty=[r1]", "norm=none").model)
    labels, given = torch.tensor([3, 1, 4, 1]), {"generator": [], "discriminator": []}
    for name, calls in given.items():
        network = model.get_submodule(name)
        network.register_forward_pre_hook(lambda _, inputs, calls=calls: calls.append(inputs[1]))
    play(model, DataLoader([Labelled(torch.rand(4, 1, 16, 16) * 2 - 1, labels)], batch_size=None), max_steps=1)
    assert [len(calls) for calls in given.values()] == [2, 4], "D: real, fake, R1, and the fake that G makes"
    assert all(torch.equal(labels, other) for calls in given.values() for other in calls)


def test_the_label_changes_what_both_networks_answer(composed):
    model = instantiate(composed(*SMALL).model).eval()
    latents, images = torch.randn(2, 100), torch.rand(2, 1, 16, 16)
    ones, twos = torch.tensor([1, 1]), torch.tensor([2, 2])
    assert not torch.equal(model.generator(latents, ones), model.generator(latents, twos))
    assert not torch.equal(model.discriminator(images, ones), model.discriminator(images, twos))


def test_a_grid_has_one_class_in_each_row(composed):
    model = instantiate(composed(*SMALL).model)
    numbers = model.generator_inputs.grid_numbers(64, 8, None)
    in_rows = model.generator_inputs.grid_labels(numbers)
    latents, labels = model.generator_inputs.by_number(numbers, 0, None, "", in_rows)
    assert labels.reshape(10, 8).tolist() == [[number] * 8 for number in range(10)]
    assert latents.shape == (80, 100)
    assert len(latents.unique(dim=0)) == 80
    assert model.grid(numbers).shape == (80, 1, 16, 16)


@pytest.mark.slow
def test_generated_digits_are_the_digits_asked_for(composed, record_property):
    config = composed("experiment=cgan_digits")
    seed_everything(config.seed, verbose=False)
    model, data = instantiate(config.model), instantiate(config.data)
    play(model, data, max_steps=config.trainer.max_steps, log_every_n_steps=1000)

    right, held_out, spread = judge_digits(model, data)
    record_property(
        "cgan_digits", f"{right:.1%} of 1,000 named right ({held_out:.1%} of real ones), spread {spread:.2f}"
    )
    assert held_out >= 0.97
    assert right >= 0.9
    assert spread > 0.5, "no class is one picture"
