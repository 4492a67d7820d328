"""PatchGAN at one scale and at several: patches, sizes, sources, norms and biases."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gan_lightning.networks.initialisation import torch_default
from gan_lightning.networks.normalisation import group_norm
from gan_lightning.networks.patchgan import MultiScalePatchGAN, PatchGANDiscriminator
from gan_lightning.types import DiscriminatorOutput
from support.networks import convolutions, count


@pytest.fixture(autouse=True)
def stream():
    torch.manual_seed(0)


def same(one, other):
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("strides", "field"), [((2, 2, 2, 1), 70), ((2, 2, 2, 2), 94), ((2, 1), 16)])
def test_a_patch_has_as_many_pixels_as_the_strides_say(strides, field):
    critic = PatchGANDiscriminator(1, 160, width=4, strides=strides, norm=None, init=torch_default).double()
    images = torch.randn(1, 1, 160, 160, dtype=torch.float64, requires_grad=True)
    logits = critic(images)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    touched = images.grad[0, 0].abs() > 0
    assert [int(touched.any(axis).sum()) for axis in (0, 1)] == [field, field]


@pytest.mark.parametrize(("strides", "least", "side"), [((2, 2, 2, 1), 24, 30), ((2, 2, 2, 2), 32, 15), ((1,), 3, 254)])
def test_patchgan_names_the_smallest_size_and_makes_one_logit_of_it(strides, least, side):
    critic = PatchGANDiscriminator(3, least, width=2, strides=strides)
    assert critic(torch.randn(2, 3, least, least)).shape == (2, 1, 1, 1)
    assert critic(torch.randn(1, 3, 256, 264)).shape[2] == side
    with pytest.raises(ValueError, match=rf"image_size to be at least {least}; got {least - 1}, and {least} fits$"):
        PatchGANDiscriminator(3, least - 1, strides=strides)


@pytest.mark.parametrize("strides", [(), (2, 0), (-1, 2)])
def test_patchgan_refuses_strides_that_are_none(strides):
    with pytest.raises(ValueError, match=r"^strides must be one or more whole numbers of at least 1; got \["):
        PatchGANDiscriminator(3, 64, strides=strides)
    with pytest.raises(ValueError, match=r"^strides must be one or more whole numbers of at least 1; got \["):
        MultiScalePatchGAN(3, 256, strides=strides)


def test_patchgan_judges_an_image_together_with_its_source():
    critic = PatchGANDiscriminator(1, 32, width=4, source_channels=3)
    image, source = torch.randn(2, 1, 32, 32), torch.randn(2, 3, 32, 32)
    logits = critic(image, source=source)
    assert logits.shape == (2, 1, 2, 2)
    assert (critic(image, source=-source) - logits).abs().max() > 1e-4
    with torch.no_grad():
        critic.net[0].weight[:, :3] = 0
    same(critic(image, source=-source), critic(image, source=source))


def test_patchgan_refuses_a_source_that_it_has_no_channels_for_and_the_lack_of_one():
    image, source = torch.randn(2, 1, 32, 32), torch.randn(2, 3, 32, 32)
    with pytest.raises(ValueError, match=r"^source must have source_channels=0; got 3 channels$"):
        PatchGANDiscriminator(1, 32, width=2)(image, source)
    with pytest.raises(ValueError, match=r"^source must be given where source_channels is 3; got none$"):
        PatchGANDiscriminator(1, 32, width=2, source_channels=3)(image)


def test_a_slope_of_zero_is_a_plain_relu():
    slipped, right = (PatchGANDiscriminator(1, 32, width=2, slope=slope) for slope in (0, 0.2))
    for critic, slope in ((slipped, 0), (right, 0.2)):
        leaky = [layer for layer in critic.modules() if isinstance(layer, nn.LeakyReLU)]
        assert [float(layer(-torch.ones(1))) for layer in leaky] == pytest.approx([-slope] * 4)


def test_patchgan_has_no_norm_behind_its_first_convolution():
    critic = PatchGANDiscriminator(1, 32, width=2)
    kinds = [type(layer).__name__ for layer in critic.net]
    hidden = ["Conv2d", "InstanceNorm2d", "LeakyReLU"]
    assert kinds == ["Conv2d", "LeakyReLU", *hidden * 3, "Conv2d"]


@pytest.mark.parametrize("bias", [True, False])
def test_patchgans_biases_can_be_given_or_taken_everywhere(bias):
    critic = PatchGANDiscriminator(1, 32, width=2, norm=nn.BatchNorm2d, bias=bias)
    assert all((layer.bias is not None) == bias for layer in convolutions(critic))


# Several scales.


@pytest.mark.parametrize("num_scales", [1, 2, 3])
def test_each_scale_answers_logits_and_its_hidden_maps_head_after_head(num_scales):
    critic = MultiScalePatchGAN(1, 256, num_scales, width=2)
    answer = critic(torch.randn(2, 1, 256, 256))
    assert isinstance(answer, DiscriminatorOutput)
    assert answer.class_logits is None
    sides = [(128, 64, 32, 31, 30), (64, 32, 16, 15, 14), (32, 16, 8, 7, 6)][:num_scales]
    hidden = [(2, width, side, side) for scale in sides for width, side in zip((2, 4, 8, 16), scale, strict=False)]
    assert [maps.shape for maps in answer.features] == hidden
    assert [logits.shape for logits in answer.logits] == [(2, 1, scale[-1], scale[-1]) for scale in sides]
    assert count(critic) == num_scales * count(PatchGANDiscriminator(1, 256, width=2))


def halved(images):
    """The means of the 3x3 pixels around every second pixel, without what lies beyond the border."""
    total, counted = (
        sum(
            F.pad(one, (1, 1, 1, 1))[..., row : row + one.shape[2], column : column + one.shape[3]]
            for row in range(3)
            for column in range(3)
        )[..., ::2, ::2]
        for one in (images, torch.ones_like(images))
    )
    return total / counted


def with_hidden_maps(patchgan, *inputs):
    """A PatchGAN's logits, and what its activations answered on the way."""
    hidden = []
    for layer in patchgan.net:
        if isinstance(layer, nn.LeakyReLU):
            layer.register_forward_hook(lambda _, __, output: hidden.append(output))
    return patchgan(*inputs), hidden


@pytest.mark.parametrize("height", [128, 125])
@pytest.mark.parametrize("norm", [nn.InstanceNorm2d, nn.BatchNorm2d, group_norm, None])
def test_every_scale_answers_what_a_patchgan_of_its_weights_answers_for_the_smaller_image(norm, height):
    critic = MultiScalePatchGAN(1, 112, width=2, source_channels=3, norm=norm)
    image, source = torch.randn(2, 1, height, 112), torch.randn(2, 3, height, 112)
    answer = critic(image, source)
    features = list(answer.features)
    for layers, logits in zip(critic.scales, answer.logits, strict=True):
        single = PatchGANDiscriminator(1, 24, width=2, source_channels=3, norm=norm)
        single.net.load_state_dict(layers.state_dict())
        alone, hidden = with_hidden_maps(single, image, source)
        same(logits, alone)
        assert len(hidden) == 4
        for maps in hidden:
            same(features.pop(0), maps)
        image, source = halved(image), halved(source)
    assert features == []


def test_a_flat_image_is_as_flat_and_as_bright_at_every_scale():
    critic = MultiScalePatchGAN(1, 96, width=2)
    seen = []
    for layers in critic.scales:
        layers[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    critic(torch.full((1, 1, 96, 97), 0.5))
    for maps, shape in zip(seen, [(96, 97), (48, 49), (24, 25)], strict=True):
        torch.testing.assert_close(maps, torch.full((1, 1, *shape), 0.5))


@pytest.mark.parametrize(("strides", "fields"), [((2, 2, 2, 1), (70, 141, 283)), ((2, 1), (16, 33, 67))])
def test_a_patch_of_the_next_scale_has_twice_as_many_pixels_and_one(strides, fields):
    critic = MultiScalePatchGAN(1, 640, width=1, strides=strides, norm=None, init=torch_default).double()
    images = torch.randn(1, 1, 640, 640, dtype=torch.float64, requires_grad=True)
    for logits, field in zip(critic(images).logits, fields, strict=True):
        middle = logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2]
        (gradient,) = torch.autograd.grad(middle, images, retain_graph=True)
        touched = gradient[0, 0].abs() > 0
        assert [int(touched.any(axis).sum()) for axis in (0, 1)] == [field, field]


@pytest.mark.parametrize(
    ("strides", "smallest"), [((2, 2, 2, 1), (24, 47, 93, 185)), ((2, 2, 2, 2), (32, 63, 125, 249))]
)
def test_the_smallest_size_of_several_scales_leaves_the_coarsest_one_logit(strides, smallest):
    for num_scales, least in enumerate(smallest, 1):
        critic = MultiScalePatchGAN(3, least, num_scales, width=1, strides=strides)
        assert critic(torch.randn(2, 3, least, least)).logits[-1].shape == (2, 1, 1, 1)
        possible = ", ".join(f"{smallest[n - 1]} with num_scales={n}" for n in range(num_scales, 0, -1))
        with pytest.raises(ValueError, match=rf"to be at least {possible}; got {least - 1}, and {least} fits$"):
            MultiScalePatchGAN(3, least - 1, num_scales, strides=strides)


def test_every_scale_judges_an_image_together_with_its_source():
    critic = MultiScalePatchGAN(1, 96, width=4, source_channels=3)
    image, source = torch.randn(2, 1, 96, 96), torch.randn(2, 3, 96, 96)
    for one, other in zip(critic(image, source=source).logits, critic(image, source=-source).logits, strict=True):
        assert (one - other).abs().max() > 1e-4
    with pytest.raises(ValueError, match=r"^source must be given where source_channels is 3; got none$"):
        critic(image)
    with pytest.raises(ValueError, match=r"^source must have source_channels=0; got 3 channels$"):
        MultiScalePatchGAN(1, 96, width=2)(image, source)


@pytest.mark.parametrize("make", [PatchGANDiscriminator, MultiScalePatchGAN])
def test_discriminators_of_patches_say_whether_they_take_a_source(make):
    assert make(1, 96, width=2).inputs == ("images",)
    assert make(1, 96, width=2, source_channels=3).inputs == ("images", "source")


def test_scales_have_weights_of_their_own_and_share_the_options():
    critic = MultiScalePatchGAN(1, 96, width=4, norm=nn.BatchNorm2d, bias=True, slope=0, init=torch_default)
    weights = [layers[0].weight for layers in critic.scales]
    assert all((weights[0] - other).abs().max() > 1e-3 for other in weights[1:])
    for layers in critic.scales:
        kinds = [type(layer) for layer in layers]
        assert kinds == [nn.Conv2d, nn.LeakyReLU, *[nn.Conv2d, nn.BatchNorm2d, nn.LeakyReLU] * 3, nn.Conv2d]
        assert all(layer.bias is not None for layer in convolutions(layers))
        assert [layer.negative_slope for layer in layers if isinstance(layer, nn.LeakyReLU)] == [0] * 4
    assert all((maps >= 0).all() for maps in critic(torch.randn(1, 1, 96, 96)).features)
