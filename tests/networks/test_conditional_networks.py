"""Networks with class labels: the label's effect, class batch norm, and AC-GAN's two heads."""

import copy

import pytest
import torch
from torch import nn

from gan_lightning.networks.conditional_dcgan import (
    ACGANDiscriminator,
    ConditionalDCGANGenerator,
    ProjectionDCGANDiscriminator,
)
from gan_lightning.networks.dcgan import DCGANDiscriminator
from gan_lightning.networks.normalisation import ClassBatchNorm
from gan_lightning.networks.sngan import SNGANDiscriminator, SNGANGenerator
from gan_lightning.types import DiscriminatorOutput
from support.networks import count

CONDITIONAL = {
    "cgan": (
        ConditionalDCGANGenerator(5, 1, 16, 3, width=4),
        ProjectionDCGANDiscriminator(1, 16, 3, width=4),
    ),
    "conditional sngan": (
        SNGANGenerator(5, 1, 32, width=4, num_classes=3),
        SNGANDiscriminator(1, 32, width=4, num_classes=3),
    ),
}


@pytest.fixture(autouse=True)
def stream():
    torch.manual_seed(0)


def test_conditional_dcgan_names_the_sizes_it_can_make():
    with pytest.raises(ValueError, match=r"4 \* 2\*\*n .* got 28"):
        ConditionalDCGANGenerator(5, 1, 28, 3)
    for make in (ProjectionDCGANDiscriminator, ACGANDiscriminator):
        with pytest.raises(ValueError, match=r"4 \* 2\*\*n .* got 28"):
            make(1, 28, 3)


@pytest.mark.parametrize("name", CONDITIONAL)
def test_the_label_changes_what_the_generator_makes(name):
    generator, _ = copy.deepcopy(CONDITIONAL[name])
    for norm in generator.modules():
        if isinstance(norm, ClassBatchNorm):  # it starts alike for all classes
            nn.init.normal_(norm.shift)
    generator.eval()
    latents = torch.randn(1, 5)
    made = [generator(latents, torch.tensor([label])) for label in range(3)]
    again = generator(latents, torch.tensor([0]))
    assert torch.equal(made[0], again)
    assert all((made[0] - other).abs().max() > 1e-5 for other in made[1:])


@pytest.mark.parametrize("name", CONDITIONAL)
def test_the_label_changes_what_the_discriminator_says(name):
    generator, discriminator = CONDITIONAL[name]
    discriminator.eval()
    images = generator(torch.randn(2, 5), torch.tensor([0, 1])).detach()
    logits = [discriminator(images, torch.full((2,), label)) for label in range(3)]
    assert logits[0].shape == (2, 1)
    assert all((logits[0] - other).abs().max() > 1e-6 for other in logits[1:])


def test_only_the_given_classes_take_a_gradient():
    for (generator, _), name in zip(CONDITIONAL.values(), ("embedding.weight", "blocks.0.norm1.scale"), strict=True):
        generator.train().zero_grad()
        generator(torch.randn(4, 5), torch.tensor([0, 0, 2, 2])).pow(3).sum().backward()
        given = generator.get_parameter(name).grad.abs().sum(1)
        assert given[1] == 0
        assert given[[0, 2]].min() > 0


def test_class_batch_norm_starts_as_plain_batch_norm_and_then_follows_its_class():
    maps, labels = torch.randn(8, 4, 5, 5), torch.tensor([0, 1] * 4)
    norm = ClassBatchNorm(4, 2)
    plain = nn.BatchNorm2d(4)(maps)
    assert torch.allclose(norm(maps, labels), plain, atol=1e-6)
    with torch.no_grad():
        norm.scale[1], norm.shift[1] = 3, -2
    assert torch.allclose(norm(maps, labels)[1::2], 3 * plain[1::2] - 2, atol=1e-5)
    assert torch.allclose(norm(maps, labels)[::2], plain[::2], atol=1e-6)


def test_sngan_refuses_labels_without_classes_and_classes_without_labels():
    labels = torch.zeros(2, dtype=torch.long)
    for num_classes, given in ((None, (labels,)), (3, ())):
        with pytest.raises(TypeError):
            SNGANGenerator(5, 1, 32, width=2, num_classes=num_classes)(torch.randn(2, 5), *given)
        with pytest.raises(TypeError):
            SNGANDiscriminator(1, 32, width=2, num_classes=num_classes)(torch.randn(2, 1, 32, 32), *given)


def test_networks_say_whether_they_take_labels():
    for generator, discriminator in CONDITIONAL.values():
        assert (generator.inputs, discriminator.inputs) == (("latents", "labels"), ("images", "labels"))
    plain = SNGANGenerator(5, 1, 32, width=2), SNGANDiscriminator(1, 32, width=2)
    assert [network.inputs for network in plain] == [("latents",), ("images",)]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [8, 12, 32, 64])
def test_acgan_answers_a_logit_and_the_logits_of_all_classes(size, channels):
    critic = ACGANDiscriminator(channels, size, num_classes=7, width=2)
    answer = critic(torch.randn(3, channels, size, size))
    assert isinstance(answer, DiscriminatorOutput)
    assert [logits.shape for logits in answer.logits] == [(3, 1)]
    assert answer.class_logits.shape == (3, 7)
    assert answer.features == ()
    (answer.logits[0].sum() + answer.class_logits.pow(2).sum()).backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in critic.parameters())


def test_acgans_heads_read_the_same_features_of_a_single_pass():
    critic = ACGANDiscriminator(1, 16, 3, width=4, norm=None)
    passes = []
    for layer in critic.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(lambda layer, inputs, _: passes.append((layer, inputs[0])))
    answer = critic(torch.randn(2, 1, 16, 16))
    assert len(passes) == 4, "two convolutions and two heads, each once"
    (head, features), (class_head, same_features) = passes[-2:]
    assert features is same_features
    assert features.shape == (2, 8 * 16)
    torch.testing.assert_close(answer.logits[0], features @ head.weight.T + head.bias)
    torch.testing.assert_close(answer.class_logits, features @ class_head.weight.T + class_head.bias)


def test_acgan_has_dcgans_body_and_its_options():
    options = dict(width=4, bias=True, end_kernel=6, norm=nn.InstanceNorm2d)
    critic, plain = ACGANDiscriminator(1, 32, 10, **options), DCGANDiscriminator(1, 32, linear_head=True, **options)
    assert [str(layer) for layer in critic.features] == [str(layer) for layer in plain.net[:-1]]
    critic.features.load_state_dict(plain.net[:-1].state_dict())
    critic.head.load_state_dict(plain.net[-1].state_dict())
    images = torch.randn(2, 1, 32, 32)
    torch.testing.assert_close(critic(images).logits[0], plain(images))
    assert count(critic) == count(plain) + 10 * (16 * 16 + 1)


@pytest.mark.parametrize("name", CONDITIONAL)
def test_weights_of_one_class_alone_are_its_label_and_equal_weights_lie_between(name):
    generator, _ = copy.deepcopy(CONDITIONAL[name])
    for norm in generator.modules():
        if isinstance(norm, ClassBatchNorm):
            nn.init.normal_(norm.shift)
    generator.eval()
    latents = torch.randn(3, 5)
    by_label = generator(latents, torch.tensor([0, 1, 2]))
    assert torch.allclose(generator(latents, torch.eye(3)), by_label, atol=1e-6)
    ends = [generator(latents[:1], torch.tensor([label])) for label in (0, 1)]
    middle = generator(latents[:1], torch.tensor([[0.5, 0.5, 0.0]]))
    assert all((middle - end).abs().max() > 1e-6 for end in ends)


def test_the_weights_of_generators_by_class_have_the_names_that_checkpoints_know():
    names = {name: set(generator.state_dict()) for name, (generator, _) in CONDITIONAL.items()}
    assert "embedding.weight" in names["cgan"]
    assert {"blocks.0.norm1.scale", "blocks.0.norm1.shift"} <= names["conditional sngan"]
