"""Clipping, and steps in half precision."""

import pytest
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.plugins.precision import MixedPrecision

from support.playing import play


def gradient_norm(parameters):
    return float(torch.cat([p.grad.flatten().float() for p in parameters]).norm())


@pytest.mark.parametrize("half", [False, True])
def test_each_players_gradient_is_clipped_as_it_is_without_scaling(half, gan):
    model, norms = gan("model.discriminator_clip=0.01", "model.generator_clip=0.02", "model.generator_every=2"), []

    advance = model.advance

    def noted(player, optimizer):
        advance(player, optimizer)
        norms.append(gradient_norm(model.get_submodule(player).parameters()))

    model.advance = noted
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**8)
    plugins = [MixedPrecision("16-mixed", "cpu", scaler=scaler)] if half else []
    play(model, max_steps=2, plugins=plugins)
    assert norms == pytest.approx([0.01, 0.01, 0.02], rel=1e-3)


def test_a_small_gradient_is_left_alone_and_the_other_players_too(gan):
    clipped, free = gan("model.discriminator_clip=1000"), gan()
    clipped.load_state_dict(free.state_dict())
    for model in (clipped, free):
        play(model, max_steps=2)
    assert all(torch.equal(*pair) for pair in zip(clipped.parameters(), free.parameters(), strict=True))


def test_weights_of_the_discriminator_alone_are_clipped(gan):
    model = gan("model.clip_weights=0.001")
    play(model, max_steps=1)
    assert max(float(weight.abs().max()) for weight in model.discriminator.parameters()) == pytest.approx(0.001)
    assert max(float(weight.abs().max()) for weight in model.generator.parameters()) > 0.01


def test_a_bfloat16_round_is_finite(gan):
    trainer = play(gan(), max_steps=2, precision="bf16-mixed")
    assert all(torch.isfinite(value) for value in trainer.callback_metrics.values())


def test_an_overflow_in_one_player_leaves_the_others_half_precision_step_right(gan):
    """Backward and step of one player come before the other's backward: one scaler serves both."""
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**8, growth_interval=3)
    plugin = MixedPrecision("16-mixed", "cpu", scaler=scaler)
    gradients = []

    class Gradients(Callback):
        def on_before_optimizer_step(self, trainer, module, optimizer):
            if optimizer.param_groups[0]["params"][0] is next(module.generator.parameters()):
                gradients.append(torch.cat([p.grad.flatten().float().clone() for p in module.generator.parameters()]))

    model, plain = gan("model.reuse_fake=true"), gan("model.reuse_fake=true")
    plain.load_state_dict(model.state_dict())
    play(plain, callbacks=[Gradients()], max_steps=1)
    play(model, callbacks=[Gradients()], max_steps=1, plugins=[plugin])
    exact, scaled = gradients
    assert torch.nn.functional.cosine_similarity(exact, scaled, dim=0) > 0.99
    assert scaled.norm() == pytest.approx(float(exact.norm()), rel=0.05)
