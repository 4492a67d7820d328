"""The networks of image translation: their sizes and shapes, how they sample, and what cannot be built."""

import copy
import io
from functools import partial

import pytest
import torch
from hydra.utils import instantiate
from torch import nn
from torch.nn import functional as F

from gan_lightning.config import schema
from gan_lightning.models.ema import EMA
from gan_lightning.networks.cyclegan import CycleGANGenerator, ResidualBlock, StridedCycleGANGenerator
from gan_lightning.networks.initialisation import torch_default
from gan_lightning.networks.normalisation import group_norm, needs_bias
from gan_lightning.networks.patchgan import PatchGANDiscriminator
from gan_lightning.networks.sampling import ImageBatchNorm, SamplingDropout, seeded
from gan_lightning.networks.unet import UNetGenerator
from support.configuration import NOISE_NETWORKS, TRANSLATION_NETWORKS, options

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


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def convolutions(network):
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]


def same(one, other):
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


# Sizes.


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
        with pytest.raises(ValueError, match=rf"^CycleGAN .* multiple of 4 of at least 8; got {size}$"):
            CycleGANGenerator(3, size)
    with pytest.raises(ValueError, match=r"^the strided CycleGAN .* multiple of 8 of at least 16; got 28$"):
        StridedCycleGANGenerator(3, 28)
    with pytest.raises(ValueError, match=r"^a U-Net of halvings=3 .* multiple of 8; got 28$"):
        UNetGenerator(3, 28, halvings=3)
    with pytest.raises(ValueError, match="^a U-Net needs an even image_size; got 33$"):
        UNetGenerator(3, 33)


# CycleGAN's generators.


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


@pytest.mark.parametrize("norm", [None, nn.InstanceNorm2d, AFFINE_INSTANCE, nn.BatchNorm2d, group_norm])
def test_a_convolution_has_a_bias_where_the_norm_behind_it_has_no_shift(norm):
    shifts = norm in (AFFINE_INSTANCE, nn.BatchNorm2d, group_norm)
    assert needs_bias(norm, 4) is not shifts
    for make, free in ((CycleGANGenerator, 1), (UNetGenerator, 1), (PatchGANDiscriminator, 2)):
        biased = [layer.bias is not None for layer in convolutions(make(3, 32, width=2, norm=norm))]
        assert sum(biased) == (free if shifts else len(biased))
    assert all(layer.bias is None for layer in convolutions(StridedCycleGANGenerator(3, 32, width=2, norm=norm)))


def test_a_residual_block_adds_to_what_came_in():
    maps = torch.randn(2, 4, 5, 5)
    block = ResidualBlock(4, nn.BatchNorm2d, "zeros", bias=False)
    nn.init.zeros_(block.net[-1].weight)
    assert torch.equal(block(maps), maps)


# The U-Net.


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


# Sampling.


def test_image_batch_norm_is_batch_norm_in_train_mode():
    maps = 3 * torch.randn(4, 6, 5, 5) + 1
    assert torch.equal(ImageBatchNorm(6)(maps), nn.BatchNorm2d(6)(maps))


def test_image_batch_norm_gives_each_image_in_eval_mode_what_train_mode_gives_it_alone():
    norm = ImageBatchNorm(6)
    nn.init.normal_(norm.weight), nn.init.normal_(norm.bias)
    maps = 3 * torch.randn(4, 6, 5, 7) + torch.arange(4.0)[:, None, None, None]
    alone = torch.cat([norm(image[None]) for image in maps])
    assert (norm(maps) - alone).abs().max() > 0.1
    norm.eval()
    same(norm(maps), alone)
    assert list(norm.buffers()) == []


def test_dcgans_initialisation_knows_image_batch_norm():
    weights = torch.cat(
        [
            p
            for layer in UNetGenerator(3, 64, width=32).modules()
            if isinstance(layer, ImageBatchNorm)
            for p in [layer.weight.detach()]
        ]
    )
    assert weights.mean() == pytest.approx(1, abs=0.01)
    assert weights.std() == pytest.approx(0.02, rel=0.15)


def test_sampling_dropout_in_train_mode_is_torchs_with_torchs_stream():
    layer, maps = SamplingDropout(0.3), torch.randn(2, 3, 4, 4)
    with seeded(layer, [1, 2]):
        torch.manual_seed(5)
        dropped = layer(maps)
    torch.manual_seed(5)
    assert torch.equal(dropped, F.dropout(maps, 0.3))


def test_sampling_dropout_goes_on_in_eval_mode():
    layer, maps = SamplingDropout(0.25).eval(), torch.ones(2, 50, 20, 20)
    for context in (seeded(nn.Identity(), []), seeded(layer, [1, 2])):
        with context:
            first, second = layer(maps), layer(maps)
        assert not torch.equal(first, second)
        assert first.unique().tolist() == pytest.approx([0, 4 / 3])
        assert (first == 0).float().mean() == pytest.approx(0.25, abs=0.02)
    assert torch.equal(SamplingDropout(0).eval()(maps), maps)


def test_a_seeded_image_has_its_own_noise_in_whatever_batch():
    generator = UNetGenerator(3, 32, width=4, init=torch_default).eval()
    sources = torch.randn(3, 3, 32, 32)
    with torch.no_grad():
        with seeded(generator, [10, 11, 12]):
            together = generator(sources)
        with seeded(generator, [12, 10]):
            others = generator(sources[[2, 0]])
        same(others, together[[2, 0]])
        for number, seed in enumerate((10, 11, 12)):
            with seeded(generator, [seed]):
                same(generator(sources[number : number + 1]), together[number : number + 1])
        with seeded(generator, [10, 11, 99]):
            changed = (generator(sources) - together).abs().amax((1, 2, 3))
    assert changed[:2].max() < 1e-5
    assert changed[2] > 1e-3


def test_two_images_of_one_seed_have_the_same_noise_and_the_layers_of_an_image_differ():
    network = nn.ModuleList([SamplingDropout(0.5), SamplingDropout(0.5)]).eval()
    maps = torch.ones(2, 4, 8, 8)
    with seeded(network, [3, 3]):
        first, second = (layer(maps) for layer in network)
    assert torch.equal(first[0], first[1])
    assert not torch.equal(first, second)


def test_seeding_leaves_torchs_streams_alone():
    generator, sources = UNetGenerator(3, 16, width=2).eval(), torch.randn(2, 3, 16, 16)
    before = torch.get_rng_state()
    with seeded(generator, [1, 2]):
        generator(sources)
    assert torch.equal(torch.get_rng_state(), before)
    generator(sources)
    assert not torch.equal(torch.get_rng_state(), before), "without seeds it is torch's stream again"


def test_seeds_are_gone_afterwards_also_after_an_error():
    layer = SamplingDropout(0.5).eval()
    with pytest.raises(ValueError, match=r"^seeds must be one for each image; got 1 for 2 images$"), seeded(layer, [1]):
        layer(torch.ones(2, 1, 4, 4))
    assert layer.streams is None
    assert layer(torch.ones(2, 1, 4, 4)).shape == (2, 1, 4, 4)


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5])
def test_a_dropout_that_is_no_probability_below_one_is_refused(rate):
    with pytest.raises(ValueError, match=rf"^dropout must be at least 0 and less than 1; got {rate}$"):
        UNetGenerator(3, 16, dropout=rate)


def test_a_seeded_network_is_copied_without_its_seeds_and_saved():
    generator, sources = UNetGenerator(3, 16, width=2).eval(), torch.randn(1, 3, 16, 16)
    file = io.BytesIO()
    with seeded(generator, [7]):
        twin = copy.deepcopy(generator)
        torch.save(generator.state_dict(), file)
        translated = generator(sources)
    assert all(layer.streams is None for layer in twin.modules() if isinstance(layer, SamplingDropout))
    file.seek(0)
    loaded = UNetGenerator(3, 16, width=2).eval()
    loaded.load_state_dict(torch.load(file, weights_only=True))
    average = EMA(generator, half_life=10)
    average.follow(generator, 1, 1)
    for network in (twin, loaded, average.module.eval()):
        with seeded(network, [7]):
            same(network(sources), translated)


# PatchGAN.


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
    with pytest.raises(ValueError, match=rf"image_size of at least {least}; got {least - 1}$"):
        PatchGANDiscriminator(3, least - 1, strides=strides)


@pytest.mark.parametrize("strides", [(), (2, 0), (-1, 2)])
def test_patchgan_refuses_strides_that_are_none(strides):
    with pytest.raises(ValueError, match=r"^strides must be one or more whole numbers of at least 1; got \["):
        PatchGANDiscriminator(3, 64, strides=strides)


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


# Configuration.

NARROW = ["data.image_size=32", "data.channels=3", "model.generator.width=2", "model.discriminator.width=2"]
NORMS = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d, "group": nn.GroupNorm, "none": None}


def players(config):
    schema.check(config.model)
    return instantiate(config.model.generator), instantiate(config.model.discriminator)


def test_networks_that_translate_are_told_by_what_their_generators_are_fed():
    assert {"cyclegan", "cyclegan_strided", "unet"} <= set(TRANSLATION_NETWORKS)
    assert {"mlp", "dcgan", "cgan"} <= set(NOISE_NETWORKS)


@pytest.mark.parametrize(
    ("network", "size", "parameters"),
    [
        ("cyclegan", 256, (11_378_179, 2_764_737)),
        ("cyclegan_strided", 128, (8_402_176, 2_765_568)),
        ("unet", 256, (54_413_955, 2_768_705)),
    ],
)
def test_configured_networks_are_those_of_their_sources(network, size, parameters, composed):
    source = ["model.discriminator.source_channels=3"] if network == "unet" else []
    with torch.device("meta"):
        built = players(composed(f"network={network}", "data.channels=3", f"data.image_size={size}", *source))
    assert tuple(map(count, built)) == parameters


@pytest.mark.parametrize("network", TRANSLATION_NETWORKS)
@pytest.mark.parametrize("spectral", ["true", "false"])
def test_every_translating_network_translates_and_judges(network, spectral, composed):
    config = composed(f"network={network}", *NARROW, f"model.discriminator.spectral_norm={spectral}")
    generator, discriminator = players(config)
    logits = discriminator(generator(torch.randn(2, 3, 32, 32)))
    assert logits.shape[:2] == (2, 1)
    assert torch.isfinite(logits).all()
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in generator.parameters())


@pytest.mark.parametrize("network", TRANSLATION_NETWORKS)
@pytest.mark.parametrize("norm", options("norm"))
def test_every_norm_replaces_the_discriminators_own_and_decides_on_biases(network, norm, composed):
    _, discriminator = players(composed(f"network={network}", f"norm={norm}", *NARROW))
    found = {type(layer) for layer in discriminator.modules()} & set(filter(None, NORMS.values()))
    assert found == ({NORMS[norm]} if NORMS[norm] else set())
    biased = [layer.bias is not None for layer in convolutions(discriminator)]
    everywhere, ends = [True] * 5, [True, False, False, False, True]
    assert biased == ([False] * 5 if network == "cyclegan_strided" else everywhere if norm == "none" else ends)
    assert torch.isfinite(discriminator(torch.randn(2, 3, 32, 32))).all()


@pytest.mark.parametrize("network", TRANSLATION_NETWORKS)
@pytest.mark.parametrize("init", options("init"))
def test_every_initialisation_replaces_both_players_own(network, init, composed):
    config = composed(f"network={network}", f"init={init}", *NARROW)
    targets = {config.model[player].init._target_.rsplit(".", 1)[1] for player in ("generator", "discriminator")}
    assert targets == {{"default": "torch_default"}.get(init, init)}
    players(config)
