"""Generators from image to image: their sizes, layers and biases, and what cannot be built."""

from functools import partial

import pytest
import torch
from torch import nn

from gan_lightning.networks.cyclegan import CycleGANGenerator, ResidualBlock, StridedCycleGANGenerator
from gan_lightning.networks.initialisation import torch_default
from gan_lightning.networks.normalisation import group_norm, needs_bias
from gan_lightning.networks.patchgan import PatchGANDiscriminator
from gan_lightning.networks.sampling import ImageBatchNorm, SamplingDropout
from gan_lightning.networks.unet import UNetGenerator
from support.networks import convolutions, count

GENERATORS = {
    "cyclegan": (partial(CycleGANGenerator, width=2, blocks=2), 8, 4),
    "strided": (partial(StridedCycleGANGenerator, width=2, blocks=2), 16, 8),
    "unet": (partial(UNetGenerator, width=2), 16, 16),
    "shallow unet": (partial(UNetGenerator, width=2), 6, 2),
    "wide-bottomed unet": (partial(UNetGenerator, width=2, halvings=3), 48, 8),
}
AFFINE_INSTANCE = partial(nn.InstanceNorm2d, affine=True)
TUTORIAL = dict(strides=(2, 2, 2, 2), norm=nn.BatchNorm2d, bias=False, slope=0)


@pytest.fixture(autouse=True)
def stream():
    torch.manual_seed(0)


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (lambda **init: CycleGANGenerator(3, 256, **init), 11_378_179),
        (lambda **init: StridedCycleGANGenerator(3, 128, **init), 8_402_176),
        (lambda **init: UNetGenerator(3, 256, **init), 54_413_955),
        (lambda **init: PatchGANDiscriminator(3, 256, **init), 2_764_737),
        (lambda **init: PatchGANDiscriminator(3, 256, source_channels=3, norm=nn.BatchNorm2d, **init), 2_768_705),
        (lambda **init: PatchGANDiscriminator(3, 128, **TUTORIAL, **init), 2_765_568),
    ],
)
def test_networks_have_as_many_parameters_as_their_sources(make, parameters):
    with torch.device("meta"):
        assert count(make(init=torch_default)) == parameters


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", GENERATORS)
def test_generators_translate_any_size_that_is_a_multiple_of_theirs(name, channels):
    make, size, multiple = GENERATORS[name]
    generator = make(channels, size)
    assert generator.multiple == multiple
    for height, width in ((size, size), (size, size + multiple), (size + 2 * multiple, size)):
        images = 2 * torch.rand(2, channels, height, width) - 1
        translated = generator(images)
        assert translated.shape == images.shape
        assert 0 < translated.abs().max() <= 1
    translated.sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in generator.parameters())


@pytest.mark.parametrize("name", GENERATORS)
def test_each_pixel_that_is_made_depends_on_the_source(name):
    make, size, _ = GENERATORS[name]
    source = torch.randn(1, 3, size, size, requires_grad=True)
    make(3, size, init=torch_default).train(False)(source)[0, 0, size // 2, size // 2].backward()
    assert source.grad.abs().sum() > 0


def test_an_image_size_that_a_generator_cannot_halve_is_refused():
    for size in (4, 30, 33):
        with pytest.raises(ValueError, match=rf"^CycleGAN .* multiple of 4 of at least 8; got {size}, and \d+ fits$"):
            CycleGANGenerator(3, size)
    with pytest.raises(
        ValueError, match=r"^the strided CycleGAN .* multiple of 8 of at least 16; got 28, and 32 fits$"
    ):
        StridedCycleGANGenerator(3, 28)
    with pytest.raises(ValueError, match=r"^a U-Net of halvings=3 .* multiple of 8; got 28, and 32 fits$"):
        UNetGenerator(3, 28, halvings=3)
    with pytest.raises(ValueError, match="^a U-Net needs image_size to be even; got 33, and 34 fits$"):
        UNetGenerator(3, 33)


@pytest.mark.parametrize("norm", [None, nn.InstanceNorm2d, AFFINE_INSTANCE, nn.BatchNorm2d, group_norm])
def test_a_convolution_has_a_bias_where_the_norm_behind_it_has_no_shift(norm):
    shifts = norm in (AFFINE_INSTANCE, nn.BatchNorm2d, group_norm)
    assert needs_bias(norm, 4) is not shifts
    for make, free in ((CycleGANGenerator, 1), (UNetGenerator, 1), (PatchGANDiscriminator, 2)):
        biased = [layer.bias is not None for layer in convolutions(make(3, 32, width=2, norm=norm))]
        assert sum(biased) == (free if shifts else len(biased))
    assert all(layer.bias is None for layer in convolutions(StridedCycleGANGenerator(3, 32, width=2, norm=norm)))


@pytest.mark.parametrize(("size", "blocks"), [(8, 6), (128, 6), (252, 6), (256, 9), (512, 9)])
def test_cyclegan_has_six_residual_blocks_below_256_pixels_and_nine_from_there_on(size, blocks):
    for given, wanted in ((None, blocks), (3, 3)):
        generator = CycleGANGenerator(3, size, width=1, blocks=given)
        assert sum(isinstance(layer, ResidualBlock) for layer in generator.modules()) == wanted


@pytest.mark.parametrize("padding", ["reflect", "zeros"])
def test_cyclegan_pads_the_ends_and_the_residual_blocks_as_told(padding):
    generator = CycleGANGenerator(3, 16, width=2, padding=padding)
    for layer in convolutions(generator):
        kept = isinstance(layer, nn.Conv2d) and layer.stride == (1, 1)
        assert layer.padding_mode == (padding if kept else "zeros")
    plain = ResidualBlock(2, None, padding, bias=True)
    edges = plain(torch.ones(1, 2, 6, 6))
    assert torch.allclose(edges, edges[..., :1, :1].expand_as(edges)) == (padding == "reflect")


def test_a_residual_block_adds_to_what_came_in():
    maps = torch.randn(2, 4, 5, 5)
    block = ResidualBlock(4, nn.BatchNorm2d, "zeros", bias=False)
    nn.init.zeros_(block.net[-1].weight)
    assert torch.equal(block(maps), maps)


@pytest.mark.parametrize(
    ("size", "halvings"), [(2, 1), (16, 4), (28, 2), (96, 5), (128, 7), (256, 8), (512, 8), (768, 8)]
)
def test_a_unet_halves_as_often_as_the_size_allows_but_at_most_eight_times(size, halvings):
    generator = UNetGenerator(3, size, width=1)
    assert len(generator.down) == halvings
    assert generator.multiple == 2**halvings
    assert [layer.out_channels for layer in convolutions(generator.down)] == [1, 2, 4, 8, 8, 8, 8, 8][:halvings]
    assert len(UNetGenerator(3, size, width=1, halvings=1).down) == 1


def test_a_unets_decoder_is_given_the_encoders_maps_as_they_were():
    generator = UNetGenerator(3, 16, width=2)
    made, given = [], []
    for block in generator.down:
        block.register_forward_hook(lambda _, __, output: made.append(output.clone()))
    for block in (*generator.up, generator.image):
        block.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0].clone()))
    generator(torch.randn(2, 3, 16, 16))
    assert torch.equal(given[0], made.pop())
    for maps in given[1:]:
        assert torch.equal(maps[:, maps.shape[1] // 2 :], made.pop())
    assert made == []
    assert all((maps < 0).any() for maps in given), "no ReLU came before"


@pytest.mark.parametrize(("halvings", "noisy"), [(1, 0), (2, 0), (3, 1), (4, 2), (5, 3), (8, 3)])
def test_a_unets_innermost_decoder_blocks_have_dropout_behind_their_norm(halvings, noisy):
    generator = UNetGenerator(3, 256, width=1, halvings=halvings, dropout=0.25)
    last = [block[-1] for block in generator.up]
    assert [type(layer) for layer in last] == [SamplingDropout] * noisy + [ImageBatchNorm] * (halvings - 1 - noisy)
    assert all(type(block[-2]) is ImageBatchNorm and block[-1].dropout == 0.25 for block in generator.up[:noisy])
    assert sum(isinstance(layer, SamplingDropout) for layer in generator.modules()) == noisy


def test_a_unets_first_and_innermost_maps_are_not_normalised():
    generator = UNetGenerator(3, 64, width=1)
    normed = [any(isinstance(layer, nn.BatchNorm2d) for layer in block) for block in generator.down]
    assert normed == [False, True, True, True, True, False]
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in generator.image)


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5])
def test_a_dropout_that_is_no_probability_below_one_is_refused(rate):
    with pytest.raises(ValueError, match=rf"^dropout must be at least 0 and less than 1; got {rate}$"):
        UNetGenerator(3, 16, dropout=rate)
