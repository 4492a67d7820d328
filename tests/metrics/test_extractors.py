"""What every feature extractor does, shown by the one with random weights."""

import pytest
import torch

from gan_lightning.metrics.extractors.extractor import Extractor, ExtractorOutput
from gan_lightning.metrics.extractors.random import Random


def pixels(count=4, size=16):
    stream = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=stream)


def test_random_features_are_the_same_in_every_process_and_move_no_random_state():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = Random()
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    second, other = Random(), Random(seed=1)
    assert first.identity == second.identity != other.identity
    assert torch.equal(first(pixels()).features, second(pixels()).features)
    assert first(pixels()).features.shape == (4, first.identity.feature_dim)


@pytest.mark.parametrize("size", [8, 9, 28, 64])
def test_random_features_take_any_size_from_eight_on(size):
    features = Random()(pixels(size=size)).features
    assert features.isfinite().all()
    assert (features.std(0) > 0).float().mean() > 0.9


def test_random_features_of_smaller_images_are_refused():
    with pytest.raises(ValueError, match="at least 8x8; got 4x4"):
        Random()(pixels(size=4))


def test_features_are_float32_without_gradients_whatever_surrounds_them():
    extractor = Random()
    with torch.autocast("cpu", torch.bfloat16):
        features = extractor(pixels()).features
    assert features.dtype == torch.float32
    assert not features.requires_grad
    assert torch.equal(features, extractor(pixels()).features)


def test_reduced_precision_does_not_reach_the_features_and_is_there_again_afterwards():
    seen = []

    class Watching(Random):
        def extract(self, images):
            seen.append((torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32))
            return super().extract(images)

    torch.set_float32_matmul_precision("high")
    try:
        Watching()(pixels())
        assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32) == ("high", True)
    finally:
        torch.set_float32_matmul_precision("highest")
    assert seen == [("highest", False)]


def test_a_module_that_holds_an_extractor_does_not_save_it():
    module = torch.nn.Linear(1, 1)
    module.extractor = Random()
    assert set(module.state_dict()) == {"weight", "bias"}


def test_features_that_are_no_numbers_are_refused():
    class Broken(Extractor):
        network, identity = Random().network, Random().identity

        def extract(self, images):
            return ExtractorOutput(torch.full((len(images), 2), torch.nan))

    with pytest.raises(ValueError, match="the extractor random must be finite"):
        Broken()(pixels())
