"""Reconstruction losses on pixels and features: closed forms, whose gradients they have, and their configuration."""

import math

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import nn

from gan_lightning.config import schema
from gan_lightning.losses.perceptual import IMAGENET_MEAN, IMAGENET_STD, Perceptual, in_imagenets_range
from gan_lightning.losses.reconstruction import L1, L2, ReconstructionLoss
from support.configuration import CONF, options

KEY = r"model.reconstructions.perceptual.weights must be the path of torchvision's vgg16-397923af.pth"


def images(seed=0, channels=3, count=2):
    return torch.rand(count, channels, 8, 8, generator=torch.Generator().manual_seed(seed)) * 2 - 1


class Small(nn.Module):
    """Laid out like torchvision's VGG."""

    def __init__(self, width=4):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1), nn.ReLU(True), nn.MaxPool2d(2), nn.Conv2d(width, 5, 3), nn.ReLU(True)
        )
        self.classifier = nn.Linear(5, 2)


@pytest.fixture
def small(tmp_path):
    torch.manual_seed(7)
    network = Small()
    torch.save(network.state_dict(), tmp_path / "small.pth")
    return network, str(tmp_path / "small.pth")


@pytest.fixture
def perceptual(small):
    def make(**more):
        return Perceptual(Small, small[1], **{"layers": [1, 4], **more})

    return make


@pytest.fixture
def each(perceptual):
    return [L1(), L2(), perceptual(weight=100.0)]


@pytest.mark.parametrize(("loss", "expected"), [(L1(3.0), 3 * 0.5), (L2(3.0), 3 * 0.25)])
def test_a_constant_difference_costs_its_absolute_value_or_its_square(loss, expected):
    half = torch.full((2, 3, 4, 4), 0.5)
    for output, target in ((half, half - 0.5), (half - 0.5, half)):
        assert loss(output, target).item() == pytest.approx(expected)


def test_pixels_count_alike_whatever_image_they_are_in():
    output, target = images(0), images(1)
    far = (output - target).flatten().double()
    assert L1(2.0)(output, target).item() == pytest.approx(2 * far.abs().mean().item())
    assert L2(2.0)(output, target).item() == pytest.approx(2 * far.square().mean().item())


def test_features_are_compared_at_each_layer_after_imagenets_standardisation(small, perceptual):
    network, _ = small
    output, target = images(0), images(1)
    expected = []
    for depth in (2, 5):
        layers = network.features[:depth]
        mean, std = (torch.tensor(each)[:, None, None] for each in (IMAGENET_MEAN, IMAGENET_STD))
        one, other = (layers(((each + 1) / 2 - mean) / std) for each in (output, target))
        expected.append((one - other).abs().mean().item())
    assert perceptual(weight=2.0)(output, target).item() == pytest.approx(2 * sum(expected), rel=1e-5)
    assert perceptual(layers=[4])(output, target).item() == pytest.approx(expected[1], rel=1e-5)


def test_a_layer_before_an_activation_is_compared_as_it_left(small, perceptual):
    output, target = images(0), images(1)
    first = small[0].features[0]
    far = first(in_imagenets_range(output)) - first(in_imagenets_range(target))
    assert perceptual(layers=[0])(output, target).item() == pytest.approx(far.abs().mean().item(), rel=1e-5)
    both = perceptual(layers=[0, 1])(output, target).item()
    assert both == pytest.approx(perceptual(layers=[0])(output, target).item() + perceptual(layers=[1])(output, target).item(), rel=1e-5)  # fmt: skip


def test_the_mean_colour_of_imagenet_becomes_zero_and_gray_three_equal_channels():
    colour = torch.tensor(IMAGENET_MEAN)[None, :, None, None].expand(2, 3, 8, 8) * 2 - 1
    assert in_imagenets_range(colour) == pytest.approx(0, abs=1e-6)
    gray = images(channels=1)
    assert torch.equal(in_imagenets_range(gray), in_imagenets_range(gray.expand(-1, 3, -1, -1)))
    with pytest.raises(ValueError, match=r"needs data.channels to be 1 or 3; got 2"):
        in_imagenets_range(images(channels=2))


def test_equal_images_cost_nothing_and_others_do(each):
    for loss in each:
        assert loss(images(0), images(0)).item() == 0
        assert loss(images(0), images(1)).item() > 0


def test_the_weight_is_read_at_each_call(each):
    for loss in each:
        once = loss(images(0), images(1)).item()
        loss.weight = 25.0
        assert loss(images(0), images(1)).item() == pytest.approx(once / 4)


def test_gradients_flow_to_the_output_alone(each):
    for loss in each:
        output, target = images(0).requires_grad_(), images(1).requires_grad_()
        loss(output, target).backward()
        assert output.grad.abs().sum() > 0
        assert target.grad is None


def test_l1s_gradient_is_the_sign_of_the_difference_by_the_number_of_pixels():
    output, target = images(0).requires_grad_(), images(1)
    L1(6.0)(output, target).backward()
    assert output.grad == pytest.approx(6 / target.numel() * (output.detach() - target).sign())


def test_half_precision_is_compared_in_full(each):
    output, target = images(0).bfloat16(), images(1)
    for loss in each:
        expected = loss(output.float(), target).item()
        with torch.autocast("cpu", torch.bfloat16):
            assert loss(output, target).dtype == torch.float32
            assert loss(output, target).item() == pytest.approx(expected, rel=1e-6)


def test_features_are_frozen_in_eval_mode_and_nobodys_parameters(perceptual):
    class Player(nn.Module):
        def __init__(self):
            super().__init__()
            self.reconstructions = {"perceptual": perceptual()}

    player = Player()
    assert player.state_dict() == {}
    assert list(player.parameters()) == []
    features = player.reconstructions["perceptual"].features
    assert not features.training
    assert not any(parameter.requires_grad for parameter in features.parameters())


def test_building_features_draws_no_random_numbers(perceptual):
    before = torch.get_rng_state()
    perceptual()
    assert torch.equal(before, torch.get_rng_state())


def test_a_path_that_is_not_given_or_leads_nowhere_says_what_belongs_there(tmp_path):
    with pytest.raises(ValueError, match=KEY + "; got nothing"):
        Perceptual(Small)
    with pytest.raises(ValueError, match=KEY + "; there is no file .*absent.pth"):
        Perceptual(Small, str(tmp_path / "absent.pth"))
    with pytest.raises(ValueError, match=KEY + "; there is no file"):
        Perceptual(Small, str(tmp_path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no file of weights"),
        (b"no pickle", "no file of weights"),
        (print, "no file of weights"),
        ([1, 2], "no state dict of Small"),
        ({"features.0.weight": 3}, "no state dict of Small"),
        (Small(6).state_dict(), "no state dict of Small"),
        ({"state_dict": Small().state_dict()}, "no state dict of Small"),
    ],
)
def test_a_file_that_is_no_state_dict_is_refused_and_not_run(content, said, tmp_path):
    file = tmp_path / "weights.pth"
    file.write_bytes(content) if isinstance(content, bytes) else torch.save(content, file)
    with pytest.raises(ValueError, match=f"{KEY}; .*weights.pth is {said}"):
        Perceptual(Small, str(file))


@pytest.mark.parametrize("layers", [[], [5], [-1, 2]])
def test_layers_that_do_not_exist_are_refused(layers, perceptual):
    with pytest.raises(ValueError, match=r"perceptual.layers must be one or more numbers from 0 to 4"):
        perceptual(layers=layers)


@pytest.mark.parametrize("name", options("reconstruction"))
def test_every_reconstruction_loss_is_a_named_entry_that_fits_its_class(name, tmp_path):
    text = (CONF / "reconstruction" / f"{name}.yaml").read_text()
    assert text.startswith("# @package model.reconstructions\n")
    config = OmegaConf.create(text)
    assert list(config) == [name]
    schema.check(OmegaConf.create({"model": {"reconstructions": config}}))
    if name == "perceptual":
        config.perceptual.weights = str(vgg16_weights(tmp_path))
    loss = instantiate(config)[name]
    assert isinstance(loss, ReconstructionLoss)
    assert loss.weight == {"l1": 100, "l2": 100, "perceptual": 1}[name]
    big = torch.nn.functional.interpolate(images(), 16)
    assert math.isfinite(loss(big, -big).item())


def vgg16_weights(folder):
    """A state dict of VGG16 with random features; what the classifier has takes no space."""
    import torchvision

    with torch.device("meta"):
        shapes = torchvision.models.vgg16(weights=None).state_dict()
    state = {
        name: torch.randn(each.shape) * 0.02 if name.startswith("features") else torch.zeros(1).expand(each.shape)
        for name, each in shapes.items()
    }
    torch.save(state, folder / "vgg16-397923af.pth")
    return folder / "vgg16-397923af.pth"
