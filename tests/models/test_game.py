"""The game: its clock, its ratio, its noise, and who may move."""

import copy
import math
from typing import ClassVar

import pytest
import torch
from hydra.utils import instantiate
from lightning.pytorch.callbacks import Callback
from torch.utils.data import DataLoader, IterableDataset

from gan_lightning import randomness
from gan_lightning.callbacks.checkpoint_io import AtomicCheckpointIO
from gan_lightning.callbacks.checkpoints import Checkpoints
from gan_lightning.models.critic import as_output
from gan_lightning.models.gan import GAN
from gan_lightning.types import Aligned, Labelled, Unlabelled
from support.configuration import LABELLED_MODELS, NOISE_MODELS, TRANSLATION_MODELS, options
from support.playing import SMALL, batches, play

CPU = torch.device("cpu")


class Watch(Callback):
    """Who changed in each batch, and what had a gradient when a player stepped."""

    def __init__(self):
        self.moved, self.noise, self.steps = [], [], []

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        self.before = {name: copy.deepcopy(dict(network.named_parameters())) for name, network in players(module)}

    def on_before_optimizer_step(self, trainer, module, optimizer):
        given = {name for name, network in players(module) if any(p.grad is not None for p in network.parameters())}
        self.steps.append(given)

    def on_train_batch_end(self, trainer, module, *_):
        def changed(name, network):
            return any(not torch.equal(weight, self.before[name][key]) for key, weight in network.named_parameters())

        self.moved.append({name for name, network in players(module) if changed(name, network)})


class Stream(IterableDataset):
    """Batches whose number is not known before the last."""

    def __iter__(self):
        return iter(batches(3))


def test_the_length_of_a_run_is_infinite_where_the_data_have_no_length_and_a_schedule_refuses_it(gan):
    model = gan()
    assert play(model, DataLoader(Stream(), batch_size=None), max_steps=-1, max_epochs=1).global_step == 3
    assert model.iterations == math.inf
    with pytest.raises(ValueError, match=r"a schedule needs a run with an end that is known: set trainer\.max_steps"):
        play(gan("schedule=linear"), DataLoader(Stream(), batch_size=None), max_steps=-1, max_epochs=1)


def players(module):
    return (("discriminator", module.discriminator), ("generator", module.generator))


@pytest.mark.parametrize(("every", "generator_moves"), [(1, 20), (5, 4)])
def test_max_steps_and_checkpoints_count_batches(every, generator_moves, gan, tmp_path):
    watch, keep = Watch(), Checkpoints(str(tmp_path / "kept"), every_n_iterations=7, keep=None)
    model = gan(f"model.generator_every={every}")
    trainer = play(
        model, callbacks=[watch, keep], max_steps=20, enable_checkpointing=True, plugins=[AtomicCheckpointIO()]
    )
    assert trainer.global_step == len(watch.moved) == 20
    assert sum("generator" in moved for moved in watch.moved) == generator_moves
    assert all("discriminator" in moved for moved in watch.moved)
    names = sorted(file.name for file in (tmp_path / "kept").iterdir())
    assert names == ["0000007.ckpt", "0000014.ckpt", "0000020.ckpt", "last.ckpt"]


def test_the_clock_counts_batches_where_the_discriminator_rests(gan):
    watch = Watch()
    trainer = play(gan("model.discriminator_every=2"), callbacks=[watch], max_steps=6)
    assert trainer.global_step == 6
    assert [moved == {"generator"} for moved in watch.moved] == [True, False] * 3


def test_the_ratio_can_count_the_batches_of_each_epoch_from_its_start(gan):
    """Of seven batches in an epoch the fifth alone is G's, as in `(i + 1) % 5 == 0`; by the run it is every fifth."""
    for within, expected in (("true", [5, 12, 19]), ("false", [5, 10, 15, 20])):
        watch, model = Watch(), gan("model.generator_every=5", f"model.every_within_epoch={within}")
        play(model, batches(7), [watch], max_steps=21)
        assert [n for n, moved in enumerate(watch.moved, 1) if "generator" in moved] == expected
        assert model.players["generator"].moves == len(expected)


def test_players_that_both_rest_are_refused(gan):
    with pytest.raises(
        Exception, match="got model.discriminator_every=2 and model.generator_every=3; type model.discr"
    ):
        gan("model.discriminator_every=2", "model.generator_every=3")


@pytest.mark.parametrize("reuse", ["true", "false"])
@pytest.mark.parametrize("first", ["discriminator", "generator"])
def test_while_one_player_moves_the_other_has_no_gradient(first, reuse, gan):
    watch = Watch()
    play(gan(f"model.first={first}", f"model.reuse_fake={reuse}"), callbacks=[watch], max_steps=3)
    other = "generator" if first == "discriminator" else "discriminator"
    assert watch.steps == [{first}, {other}] * 3


@pytest.mark.parametrize("preset", options("model"))
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_in_every_preset_only_the_mover_moves_and_every_loss_is_finite(preset, precision, composed):
    """The mover alone has gradients, and the other's parameters stay as they were, bit by bit."""
    small = SMALL if preset in NOISE_MODELS else [word for word in SMALL if "latent_dim" not in word]
    config = composed(f"model={preset}", *small, "data.image_size=32", "model.generator_every=2")
    model = instantiate(config.model)
    rested, advance = [], model.advance

    def watched(player, optimizer):
        before = {name: copy.deepcopy(list(network.parameters())) for name, network in players(model)}
        advance(player, optimizer)
        for name, network in players(model):
            if all(torch.equal(*pair) for pair in zip(network.parameters(), before[name], strict=True)):
                rested.append(name)

    model.advance = watched
    watch = Watch()
    images = [batch.images for batch in batches(size=32).dataset]
    coloured = [x.expand(-1, 3, -1, -1) for x in images]
    labelled, plain = [Labelled(x, torch.arange(4)) for x in images], [Unlabelled(x) for x in images]
    wrapped = [Aligned(x, -x) for x in coloured] if preset in TRANSLATION_MODELS else plain
    wrapped = labelled if preset in LABELLED_MODELS else wrapped
    trainer = play(model, DataLoader(wrapped, batch_size=None), [watch], max_steps=4, precision=precision)
    moved = ["discriminator", *model.order] * 2  # in the first of two batches D moves alone
    assert watch.steps == [{player} for player in moved]
    assert rested == ["generator" if player == "discriminator" else "discriminator" for player in moved]
    assert all(torch.isfinite(value) for value in trainer.callback_metrics.values())


def test_an_augmented_critic_sees_real_and_fake_for_both_players_and_the_penalties(gan):
    model = gan("augment=diffaugment", "penalty=[r1,gradient_penalty]", "norm=none")
    seen, augment = [], model.augment.augment
    model.augment.augment = lambda images: seen.append(images) or augment(images)
    trainer = play(model, max_steps=1)
    assert len(seen) == 5, "real, fake, each penalty's, and G's fake"
    assert {"d_out/real", "d_out/fake", "d_out/fake_for_generator"} <= trainer.callback_metrics.keys()


class Drawn(Callback):
    """The noise of each batch, as `inputs` gave it."""

    calls: ClassVar[list] = []

    def __init__(self, model):
        self.noise, inputs = [], model.inputs

        def noted(batch, *direction):
            given = inputs(batch, *direction)
            self.noise.append(given[0])
            return given

        model.inputs = noted


@pytest.mark.parametrize(("reuse", "draws"), [("true", 3), ("false", 6)])
def test_noise_is_drawn_once_a_batch_where_fakes_are_reused_and_for_each_player_otherwise(reuse, draws, gan):
    model = gan(f"model.reuse_fake={reuse}")
    drawn = Drawn(model)
    play(model, max_steps=3)
    assert len(drawn.noise) == draws
    assert all(not torch.equal(a, b) for n, a in enumerate(drawn.noise) for b in drawn.noise[:n])


def test_noise_is_a_function_of_seed_and_iteration(gan):
    def noise_of(seed, start=0):
        model = gan(f"model.seed={seed}")
        drawn = Drawn(model)
        play(model, max_steps=4)
        return torch.stack(drawn.noise)

    assert torch.equal(noise_of(3), noise_of(3))
    assert not torch.equal(noise_of(3), noise_of(4))


def test_each_rank_takes_its_rows_of_the_global_batch(monkeypatch):
    def draw(rows, rank, world):
        monkeypatch.setattr(randomness, "rank_and_world_size", lambda: (rank, world))
        with randomness.step(0, 5, CPU):
            return randomness.draw_rows(lambda n, stream: randomness.normal(n, 3, stream, CPU), rows, CPU)

    whole, halves = draw(6, 0, 1), [draw(3, rank, 2) for rank in (0, 1)]
    assert torch.equal(whole, torch.cat(halves))
    assert not torch.equal(*halves)


def test_uniform_latents_fill_the_range_from_minus_one_to_one():
    drawn = randomness.uniform(1000, 10, torch.Generator().manual_seed(0), CPU)
    assert -1 <= drawn.min() < -0.99
    assert 0.99 < drawn.max() <= 1
    assert drawn.std() == pytest.approx(3**-0.5, abs=0.01)


def test_terms_and_outputs_are_logged_by_name(gan):
    trainer = play(gan(), max_steps=2)
    logged = trainer.callback_metrics
    assert logged["discriminator/loss"] == pytest.approx(
        float(logged["discriminator/real"] + logged["discriminator/fake"]), rel=1e-6
    )
    for name in ("d_out/real", "d_out/fake", "d_out/fake_for_generator"):
        assert 0 < logged[name] < 1, "a probability under cross-entropy"


def test_raw_outputs_are_logged_where_the_loss_gives_no_probability(gan):
    model, said = gan("loss=least_squares"), []
    model.discriminator.register_forward_hook(lambda *passed: said.append(passed[-1].mean().item()))
    trainer = play(model, max_steps=1)
    assert trainer.callback_metrics["d_out/real"] == pytest.approx(said[0], rel=1e-6)
    assert trainer.callback_metrics["d_out/fake"] == pytest.approx(said[1], rel=1e-6)


def test_an_image_depends_on_its_number_and_the_seed_alone(gan):
    model = gan()
    before = model.sample(range(8), seed=3)
    play(model, max_steps=2)
    after = model.sample(range(8), seed=3)
    assert not torch.allclose(before, after), "the generator has learned"
    assert torch.equal(after, model.sample([*range(8)], seed=3))
    torch.testing.assert_close(model.sample([7, 300, 2], seed=3)[[0, 2]], after[[7, 2]])
    assert not torch.allclose(after, model.sample(range(8), seed=4))


def test_sampling_leaves_batch_statistics_and_mode_alone(gan):
    model = gan()
    model.train()
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    images = model.sample(range(5))
    assert images.shape == (5, 1, 16, 16)
    assert model.generator.training
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())


def test_outside_of_a_step_torchs_own_stream_decides():
    """H3: a penalty, an augmentation or latents used by themselves follow torch.manual_seed."""

    def draw(seed):
        torch.manual_seed(seed)
        return randomness.draw_rows(lambda n, stream: torch.rand(n, 2, generator=stream), 3, CPU)

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))
    with randomness.step(0, 5, CPU):
        inside = torch.rand(3, 2, generator=randomness.shared(CPU))
    assert randomness.shared(CPU) is None
    with randomness.step(0, 5, CPU):
        assert torch.equal(inside, torch.rand(3, 2, generator=randomness.shared(CPU)))


def test_a_player_who_rests_at_the_cadence_is_logged_all_the_same(gan):
    trainer = play(gan("model.generator_every=5"), max_steps=7, log_every_n_steps=7)
    assert {"generator/loss", "discriminator/loss"} <= trainer.callback_metrics.keys()
    assert (
        "generator/loss" not in play(gan("model.generator_every=5"), max_steps=4, log_every_n_steps=4).callback_metrics
    )


@pytest.mark.parametrize("preset", options("model"))
def test_what_others_rely_on_needs_no_direction(preset, composed):
    """A composed model has its players, and makes inputs, fakes and real images of a batch by one argument each."""
    small = SMALL if preset in NOISE_MODELS else [word for word in SMALL if "latent_dim" not in word]
    model = instantiate(composed(f"model={preset}", *small, "data.image_size=32").model)
    images = torch.rand(2, 3 if preset in TRANSLATION_MODELS else 1, 32, 32) * 2 - 1
    batch = Aligned(images, -images) if preset in TRANSLATION_MODELS else Labelled(images, torch.arange(2))
    fakes = model.generate(batch)
    assert fakes.shape == images.shape
    assert torch.equal(model.real_images(batch), -images if preset in TRANSLATION_MODELS else images)
    inputs = model.inputs(batch)
    assert len(inputs) == len(model.generator_inputs.kind)
    assert model.generator is not model.discriminator
    as_output(model.critic(batch)(fakes.detach()))


@pytest.mark.parametrize(
    ("option", "said"), [("generator_evry", "unknown are \\['generator_evry'\\]"), ("loss", "missing are \\['loss'\\]")]
)
def test_an_option_that_is_misspelt_or_missing_is_refused_in_python_too(option, said, composed):
    config = composed("model=dcgan", *SMALL).model
    options = dict.fromkeys(("generator_optimizer", "discriminator_optimizer"))
    options |= {"generator_every": 1, "loss": instantiate(config.loss)}
    if options.pop(option, None) is None:
        options[option] = 1
    with pytest.raises(TypeError, match=said):
        GAN(instantiate(config.generator), instantiate(config.discriminator), 4, **options)


def test_settings_of_a_penalty_that_is_none_are_refused_in_python_too(composed):
    config = composed("model=dcgan", *SMALL, "+model.penalties.r1.weight=3")
    with pytest.raises(Exception, match="Regularizer"):
        instantiate(config.model)
