"""What makes a step faster leaves its numbers as they are: memory formats, shared fakes, fused steps, compilation."""

import copy

import pytest
import torch
from hydra.utils import instantiate
from lightning.pytorch.callbacks import Callback
from torch import nn

from gan_lightning.models.memory_format import memory_format_of
from gan_lightning.models.players import Player
from gan_lightning.networks.dcgan import DCGANDiscriminator
from gan_lightning.networks.mlp import MLPDiscriminator
from gan_lightning.types import Aligned, Labelled, Unlabelled
from support.cells import crossed
from support.configuration import NOISE_NETWORKS, TRANSLATION_NETWORKS
from support.playing import SMALL, batches, play

LAST, USUAL = torch.channels_last, torch.contiguous_format


class FirstGradients(Callback):
    """Each player's whole gradient in the first step."""

    def __init__(self):
        self.of = {}

    def on_before_optimizer_step(self, trainer, module, optimizer):
        name = next(name for name, own in zip(module.players, trainer.optimizers, strict=True) if own is optimizer)
        weights = module.players[name].network.parameters()
        self.of.setdefault(name, torch.cat([weight.grad.flatten().double() for weight in weights]))


def side(network):
    return 96 if network == "unet_multiscale" else 32


def model_with(network, composed, *overrides):
    models = {"acgan": "acgan", "cgan": "cgan", "conditional_sngan": "cgan"}
    if network in TRANSLATION_NETWORKS:
        models[network] = "cyclegan" if network.startswith("cyclegan") else "pix2pix"
    if network.startswith("unet"):
        overrides = (*overrides, "model.generator.dropout=0")  # torch draws it in the order of memory
    small = [word for word in SMALL if network not in TRANSLATION_NETWORKS or "latent_dim" not in word]
    words = [
        f"model={models.get(network, 'gan')}",
        *small,
        f"network={network}",
        f"data.image_size={side(network)}",
        *overrides,
    ]
    return instantiate(composed(*words).model)


def batch_for(model, size, count):
    (batch,) = batches(1, size=size).dataset
    images, labels = batch.images[:count], torch.arange(count)
    wide = images.expand(-1, 3, -1, -1)
    made = {Unlabelled: Unlabelled(images), Labelled: Labelled(images, labels), Aligned: Aligned(wide, -wide)}
    return next(each for kind, each in made.items() if isinstance(each, model.batch_types))


def has_instance_norm(model):
    return any(isinstance(each, nn.InstanceNorm2d) for each in model.modules())


@pytest.mark.parametrize(("count", "network"), crossed([4, 1], [*NOISE_NETWORKS, *TRANSLATION_NETWORKS]))
def test_channels_last_changes_each_networks_first_gradient_by_rounding_only(network, count, composed):
    other = model_with(network, composed, "model.memory_format=contiguous_format")
    if has_instance_norm(other):
        with pytest.raises(Exception, match="must not be channels_last with instance norm"):
            model_with(network, composed, "model.memory_format=channels_last")
        assert model_with(network, composed).memory_format == USUAL
        return
    torch.manual_seed(1)  # rounding may move a ReLU's input over zero, which is no small change; with this seed none is
    model = model_with(network, composed, "model.memory_format=channels_last")
    other.load_state_dict(model.state_dict())
    found = []
    for each in (model, other):
        gradients = FirstGradients()
        batch = batch_for(each, side(network), count)
        play(each, torch.utils.data.DataLoader([batch], batch_size=None), [gradients], max_steps=1)
        found.append(gradients.of)
    assert found[0].keys() == found[1].keys() == model.players.keys()
    for name, gradient in found[0].items():
        difference = float((gradient - found[1][name]).norm() / gradient.norm())
        assert difference <= 1e-5, f"{name}: {difference:.1e}"


def is_last(weight):
    return weight.is_contiguous(memory_format=LAST) and not weight.is_contiguous()


def test_networks_images_and_averages_are_channels_last_where_both_networks_are_faster_so(gan):
    seen, model = [], gan("data.channels=3", "ema=half_life", "model.first=generator")
    model.discriminator.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    images = [Unlabelled(batch.images.expand(-1, 3, -1, -1).clone()) for batch in batches(2).dataset]
    trainer = play(model, torch.utils.data.DataLoader(images, batch_size=None), max_steps=2)
    assert len(seen) == 6
    assert all(map(is_last, seen))
    for network in (model.generator, model.discriminator, model.ema.module):
        wide = [weight for weight in network.parameters() if weight.dim() == 4 and min(weight.shape) > 1]
        assert wide
        assert all(map(is_last, wide))
    averages = [value for each in trainer.optimizers for state in each.state.values() for value in state.values()]
    assert any(map(is_last, (value for value in averages if value.dim() == 4)))


def test_the_order_in_memory_is_the_one_asked_for_or_the_one_that_all_networks_name():
    convolutions, dense = DCGANDiscriminator(1, 16, width=2), MLPDiscriminator(1, 8, width=2)
    assert memory_format_of([convolutions]) == LAST
    assert memory_format_of([convolutions, dense]) == USUAL
    assert memory_format_of([convolutions, nn.Conv2d(1, 1, 1)]) == USUAL, "one from elsewhere may view its maps"
    assert memory_format_of([dense], "channels_last") == LAST
    assert memory_format_of([convolutions], "contiguous_format") == USUAL


@pytest.mark.parametrize("first", ["discriminator", "generator"])
@pytest.mark.parametrize(("reuse", "passes"), [("true", 1), ("false", 2)])
def test_shared_fakes_take_one_pass_of_the_generator_and_three_of_the_discriminator(first, reuse, passes, gan):
    counts = dict.fromkeys(("generator", "discriminator"), 0)
    model = gan(f"model.first={first}", f"model.reuse_fake={reuse}")
    for name in counts:
        getattr(model, name).register_forward_hook(lambda *_, name=name: counts.update({name: counts[name] + 1}))
    play(model, max_steps=2)
    assert counts == {"generator": 2 * passes, "discriminator": 2 * 3}


@pytest.mark.parametrize("fused", [True, False])
def test_averages_of_a_checkpoint_in_another_order_are_continued_in_the_weights_own(fused):
    """A fused step reads weights, gradients and averages in the order of memory, whatever their strides say."""
    stepped = []
    for order in (LAST, USUAL):
        torch.manual_seed(1)
        network, images = nn.Conv2d(4, 4, 3).double(), torch.randn(1, 4, 8, 8).double()
        player = Player(network, lambda weights: torch.optim.Adam(weights, 0.1, fused=fused))
        before = player.make()
        network(images).square().mean().backward()
        before.step()
        state = copy.deepcopy(before.state_dict())
        network.to(memory_format=order)
        after = player.make()
        after.load_state_dict(state)
        after.zero_grad()
        network(images).square().mean().backward()
        after.step()
        stepped.append(network.weight.detach().clone(memory_format=USUAL))
    torch.testing.assert_close(*stepped, rtol=1e-12, atol=1e-12)


def test_an_optimizer_fused_or_not_takes_the_same_steps(gan):
    fused, plain = gan(), gan("model.discriminator_optimizer.fused=false")
    plain.load_state_dict(fused.state_dict())
    optimizers = [play(each, max_steps=5, precision="64-true").optimizers[0] for each in (fused, plain)]
    assert [each.defaults["fused"] for each in optimizers] == [True, False]
    for one, other in zip(fused.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


@pytest.mark.slow
def test_compiled_networks_are_penalised_averaged_and_kept_under_the_same_names(gan):
    words = ["ema=half_life", "norm=none", "penalty=[gradient_penalty]"]
    compiled, plain = gan("model.compile=true", *words), gan(*words)
    assert compiled.state_dict().keys() == plain.state_dict().keys()
    plain.load_state_dict(compiled.state_dict())
    for model in (compiled, plain):
        play(model, max_steps=20)
    assert copy.deepcopy(compiled.ema)
    for (name, one), other in zip(compiled.state_dict().items(), plain.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.skipif(torch.cuda.is_available(), reason="with CUDA, NVML answers before a process forks")
@pytest.mark.skipif(not torch.backends.cuda.is_built(), reason="this build of torch asks nothing")
def test_steps_of_an_optimizer_do_not_open_nvml_where_there_is_no_cuda(composed, monkeypatch):
    monkeypatch.setenv("PYTORCH_NVML_BASED_CUDA_CHECK", "1")  # as Lightning leaves it
    asked = []

    class Count(Callback):
        def on_train_batch_start(self, *_):
            # torch has no public function between Adam's question and the library
            monkeypatch.setattr(torch.cuda, "_raw_device_count_nvml", lambda: asked.append(1) or -1)

    play(instantiate(composed("model=gan", "network=mlp", *SMALL).model), batches(2), callbacks=[Count()])
    assert not asked
