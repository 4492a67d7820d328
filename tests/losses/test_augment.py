"""Differentiable augmentation as a wrapper of a critic."""

import pytest
import torch

from gan_lightning import randomness
from gan_lightning.losses.adversarial import Hinge
from gan_lightning.losses.augment import DiffAugment
from gan_lightning.losses.gradient_penalties import R1

CPU = torch.device("cpu")
OFF = {"colour": False, "translation": 0.0, "cutout": 0.0}
POLICIES = {"colour": True, "translation": 0.125, "cutout": 0.5}
alone = pytest.mark.parametrize("policy", POLICIES)


def only(policy):
    return DiffAugment(**(OFF | {policy: POLICIES[policy]}))


@pytest.fixture(autouse=True)
def stream():
    torch.manual_seed(0)
    with randomness.step(0, 0, CPU):
        yield


@pytest.fixture
def images():
    return torch.rand(8, 3, 16, 16) * 2 - 1


def test_with_every_policy_off_the_critic_sees_its_images(images):
    assert torch.equal(DiffAugment(**OFF)(lambda images: images)(images), images)


@alone
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_each_policy_keeps_shape_and_type_and_changes_each_image_in_its_own_way(policy, channels, dtype):
    images = torch.rand(1, channels, 16, 12).to(dtype).expand(8, -1, -1, -1)
    augmented = only(policy).augment(images)
    assert augmented.shape == images.shape
    assert augmented.dtype == dtype
    assert len({tuple(image.flatten().tolist()) for image in augmented}) > 4


@alone
def test_gradients_flow_to_the_images_and_once_more(policy, images):
    critic = only(policy)(lambda images: images.pow(3).sum((1, 2, 3)))
    images.requires_grad_()
    (gradient,) = torch.autograd.grad(critic(images).sum(), images, create_graph=True)
    assert (gradient != 0).any((1, 2, 3)).all()
    gradient.square().sum().backward()
    assert torch.isfinite(images.grad).all()
    assert (images.grad != 0).any()


def test_every_call_draws_anew_and_the_same_step_draws_the_same(images):
    critic = DiffAugment()(lambda images: images)
    first, second = critic(images), critic(images)
    assert not torch.equal(first, second)
    with randomness.step(0, 0, CPU):
        assert torch.equal(critic(images), first)


def test_two_processes_draw_what_one_would_for_the_whole_batch(images, monkeypatch):
    whole = DiffAugment().augment(images)
    for rank, rows in enumerate((slice(0, 4), slice(4, 8))):
        monkeypatch.setattr(randomness, "rank_and_world_size", lambda rank=rank: (rank, 2))
        with randomness.step(0, 0, CPU):
            assert torch.allclose(DiffAugment().augment(images[rows]), whole[rows], atol=1e-6)


def test_translation_moves_whole_pixels_by_at_most_an_eighth_and_lets_zeros_in():
    images = torch.zeros(256, 1, 16, 16)
    images[:, 0, 8, 8] = 1
    where = only("translation").augment(images).nonzero()[:, 2:]
    assert len(where) == 256, "the pixel is moved, not spread"
    assert where.min() == 6
    assert where.max() == 10
    ones = only("translation").augment(torch.ones(256, 1, 16, 16))
    assert set(ones.unique().tolist()) == {0, 1}


def test_cutout_zeroes_a_square_of_half_the_side_cropped_at_the_border():
    holes = only("cutout").augment(torch.ones(512, 1, 16, 16)) == 0
    for counts in (holes.any(3).sum((1, 2)), holes.any(2).sum((1, 2))):
        assert counts.max() == 8
        assert counts.min() == 4
    assert torch.equal(holes.sum((1, 2, 3)), holes.any(3).sum((1, 2)) * holes.any(2).sum((1, 2)))


def test_colour_moves_brightness_by_at_most_a_half_and_stretches_contrast_between_half_and_three_halves():
    flat = only("colour").augment(torch.zeros(512, 3, 4, 4))
    assert flat.abs().max() == pytest.approx(0.5, abs=0.01)
    assert flat.std((1, 2, 3)).max() == pytest.approx(0, abs=1e-6)
    grey = torch.linspace(-1, 1, 16).reshape(1, 1, 4, 4).expand(512, 3, 4, 4)
    stretch = only("colour").augment(grey).std((1, 2, 3)) / grey.std((1, 2, 3))
    assert stretch.min() == pytest.approx(0.5, abs=0.01)
    assert stretch.max() == pytest.approx(1.5, abs=0.01)
    assert stretch.mean() == pytest.approx(1, abs=0.05)


def test_colour_multiplies_saturation_by_up_to_two_and_contrast_acts_on_all_channels_together():
    image = torch.rand(1, 3, 4, 4) * 2 - 1
    changed = only("colour").augment(image.expand(512, -1, -1, -1))
    grey, new_grey = image.mean(1, keepdim=True), changed.mean(1, keepdim=True)
    contrast = new_grey.std((1, 2, 3)) / grey.std()
    chroma = (changed - new_grey).flatten(1) / (image - grey).flatten(1)
    torch.testing.assert_close(chroma, chroma.mean(1, keepdim=True).expand_as(chroma), rtol=0, atol=1e-3)
    saturation = chroma.mean(1) / contrast
    assert saturation.min() == pytest.approx(0, abs=0.02)
    assert saturation.max() == pytest.approx(2, abs=0.02)
    assert saturation.mean() == pytest.approx(1, abs=0.1)
    assert contrast.min() == pytest.approx(0.5, abs=0.02)
    assert contrast.max() == pytest.approx(1.5, abs=0.02)
    for one, other in (
        (saturation, contrast),
        (saturation, changed.mean((1, 2, 3))),
        (contrast, changed.mean((1, 2, 3))),
    ):
        assert abs(torch.corrcoef(torch.stack([one, other]))[0, 1]) < 0.15, "each has a random number of its own"


def test_it_goes_with_losses_and_penalties(images):
    critic = DiffAugment()(lambda images: images.mean((1, 2, 3)))
    fake = images.flip(0).requires_grad_()
    Hinge().generator(critic, images, fake)["adversarial"].backward()
    assert (fake.grad != 0).any((1, 2, 3)).all()
    assert R1()(critic, images, fake) > 0


@pytest.mark.parametrize("name", ["translation", "cutout"])
def test_a_part_above_one_is_refused(name):
    with pytest.raises(ValueError, match=rf"{name} is a part of the image's side and must be in \[0, 1\]; got 1.5"):
        DiffAugment(**{name: 1.5})
