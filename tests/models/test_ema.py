"""The moving average of the generator: its closed form, what it copies, where it is kept and used."""

import copy
from functools import partial

import pytest
import torch
from hydra.utils import instantiate
from lightning.pytorch.callbacks import Callback
from torch import nn

from gan_lightning.models.ema import EMA
from gan_lightning.networks.normalisation import add_spectral_norm
from support.playing import SMALL, batches, play


def follow(ema, network, weights, images=8):
    for step, weight in enumerate(weights):
        nn.init.constant_(network.weight, weight)
        ema.follow(network, images, step * images)


def test_weights_after_k_steps_equal_the_closed_form():
    network, weights, decay = nn.Linear(1, 1, bias=False).double(), [3.0, -1.0, 4.0, 1.0, 5.0], 0.5 ** (8 / 20)
    ema = EMA(network, half_life=20, ramp_up=None)
    follow(ema, network, weights)
    expected = decay**4 * weights[0] + (1 - decay) * sum(decay ** (4 - k) * weights[k] for k in range(1, 5))
    assert float(ema.module.weight) == pytest.approx(expected, rel=1e-12)


def test_half_of_the_distance_is_left_after_the_half_life_whatever_the_batch():
    for images in (1, 5, 50):
        network = nn.Linear(1, 1, bias=False).double()
        ema = EMA(network, half_life=100, ramp_up=None)
        follow(ema, network, [1.0] + [0.0] * (100 // images), images)
        assert float(ema.module.weight) == pytest.approx(0.5, rel=1e-12)


def test_the_ramp_up_shortens_the_half_life_in_the_beginning():
    network = nn.Linear(1, 1)
    ema, decays = EMA(network, half_life=100, ramp_up=0.05), []
    for seen in (0, 80, 2000, 4000):
        ema.follow(network, 8, seen)
        decays.append(ema.decay)
    assert decays == pytest.approx([0, 0.5 ** (8 / 4), 0.5 ** (8 / 100), 0.5 ** (8 / 100)])


def test_the_average_is_kept_in_float32_where_the_network_is_in_half_precision(gan):
    """In bfloat16 a small step towards the network is lost: the average stays at its first copy."""
    shares = []
    for precision in ("32-true", "bf16-true"):
        model = gan("ema=half_life", "model.ema.half_life=12.5", "model.ema.ramp_up=null", "norm=none")
        for optimizer in model.players.values():
            optimizer.make_optimizer = partial(torch.optim.SGD, lr=0.0)
        trainer = play(model, max_steps=1, precision=precision)
        weight, kept = next(model.generator.parameters()), next(model.ema.module.parameters())
        assert kept.dtype == torch.float32
        with torch.no_grad():
            kept.zero_()
            weight.fill_(1.0)
        for _ in range(10):
            model.ema.follow(model.generator, 4, 100)
        shares.append(float(kept.mean()))
        images = model.sample(range(3))
        assert images.isfinite().all()
        assert trainer.global_step == 1
    assert shares == pytest.approx([1 - 0.5 ** (40 / 12.5)] * 2, abs=1e-5)


def test_a_half_precision_average_that_moves_in_tiny_steps_arrives():
    network = nn.Linear(1, 1, bias=False).bfloat16()
    ema = EMA(network, half_life=1000, ramp_up=None)
    follow(ema, network, [0.0] + [1.0] * 1000, images=1)
    assert float(ema.module.weight) == pytest.approx(0.5, abs=1e-4)


def test_the_game_counts_the_images_before_a_batch_for_the_ramp_up(gan):
    """The ramp is images seen before this batch: 0, 4, 8, ... with batches of four."""
    model = gan("ema=half_life", "model.ema.half_life=1000", "model.ema.ramp_up=0.5")
    decays = []
    followed = model.ema.follow
    model.ema.follow = lambda *given: (followed(*given), decays.append(model.ema.decay))
    play(model, max_steps=4)
    assert decays == pytest.approx([0, 0.5 ** (4 / 2), 0.5 ** (4 / 4), 0.5 ** (4 / 6)])


def test_float_buffers_are_averaged_and_integer_ones_copied():
    network = nn.BatchNorm1d(1)
    ema = EMA(network, half_life=8, ramp_up=None)
    for mean, count in ((0.0, 3), (1.0, 7)):
        network.running_mean.fill_(mean)
        network.num_batches_tracked.fill_(count)
        ema.follow(network, 8, 0)
    assert float(ema.module.running_mean) == 0.5
    assert int(ema.module.num_batches_tracked) == 7


def test_a_spectrally_normalised_network_is_followed_and_its_directions_keep_unit_length():
    network = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 3))
    add_spectral_norm(network)
    ema = EMA(network, half_life=8, ramp_up=None)
    for _ in range(5):
        for weight in network.parameters():
            nn.init.normal_(weight)
        network(torch.randn(2, 5))
        ema.follow(network, 8, 0)
    vectors = [buffer for name, buffer in ema.module.named_buffers() if name.endswith(("_u", "_v"))]
    assert len(vectors) == 4
    assert all(float(vector.norm()) == pytest.approx(1, abs=1e-5) for vector in vectors)
    again = copy.deepcopy(ema)
    again.follow(network, 8, 0)
    assert not torch.equal(next(again.parameters()), next(ema.parameters())), "a copy follows for itself"


ASKED = ["model=dcgan", *SMALL, "ema=half_life", "model.ema.half_life=20", "model.ema.ramp_up=null"]


class Generators(Callback):
    """G's first weight after each of its moves."""

    def __init__(self):
        self.seen = []

    def on_train_batch_end(self, trainer, module, *_):
        self.seen.append(next(module.generator.parameters()).detach().clone())


@pytest.mark.parametrize("every", [1, 2])
def test_the_game_updates_it_after_each_move_of_the_generator(every, composed):
    model, seen = instantiate(composed(*ASKED, f"model.generator_every={every}").model).double(), Generators()
    loader = batches()
    loader.dataset[:] = [type(batch)(batch.images.double()) for batch in loader.dataset]
    play(model, loader, [seen], max_steps=6)
    decay, expected = 0.5 ** (4 * every / 20), None
    for weight in seen.seen[every - 1 :: every]:
        expected = weight if expected is None else decay * expected + (1 - decay) * weight
    torch.testing.assert_close(next(model.ema.module.parameters()), expected, rtol=0, atol=1e-12)


def test_samples_come_from_it_and_it_takes_no_gradient(composed):
    model = instantiate(composed(*ASKED).model)
    play(model, max_steps=3)
    inputs = model.generator_inputs.by_number(range(4), 0, None, "")
    averaged = model.sample(range(4))
    assert torch.equal(averaged, model.ema.module.eval()(*inputs))
    assert not torch.equal(averaged, model.sample(range(4), weights="raw"))
    fresh = instantiate(composed(*ASKED).model)
    assert not any(weight.requires_grad for weight in fresh.ema.parameters())
    assert torch.equal(fresh.sample(range(4)), fresh.generator.eval()(*inputs)), "before the first move it is G"


class Halfway(Callback):
    def __init__(self, file):
        self.file = file

    def on_train_epoch_end(self, trainer, module):
        if trainer.global_step == 4:
            trainer.save_checkpoint(self.file)


def test_a_checkpoint_holds_both_and_a_resumed_run_continues_the_average_bit_by_bit(composed, tmp_path):
    model = instantiate(composed(*ASKED).model)
    play(model, batches(1), [Halfway(tmp_path / "half.ckpt")], max_steps=8)
    kept = torch.load(tmp_path / "half.ckpt", weights_only=True)["state_dict"]
    raw = {name.removeprefix("generator.") for name in kept if name.startswith("generator.")}
    averaged = {name.removeprefix("ema.module.") for name in kept if name.startswith("ema.module.")}
    assert raw == averaged
    resumed = instantiate(composed(*ASKED).model)
    play(resumed, batches(1), max_steps=8, ckpt_path=tmp_path / "half.ckpt")
    ours, theirs = model.state_dict(), resumed.state_dict()
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def test_an_average_is_made_by_a_function_of_the_generator(composed):
    made = instantiate(composed(*ASKED).model.ema)
    assert isinstance(made, partial)
    assert made.func is EMA
