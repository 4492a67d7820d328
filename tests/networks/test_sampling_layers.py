"""Layers whose eval mode samples: image batch norm, sampling dropout, and noise by seed."""

import copy
import io

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gan_lightning.models.ema import EMA
from gan_lightning.networks.initialisation import torch_default
from gan_lightning.networks.sampling import ImageBatchNorm, SamplingDropout, seeded
from gan_lightning.networks.unet import UNetGenerator


@pytest.fixture(autouse=True)
def stream():
    torch.manual_seed(0)


def same(one, other):
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


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
