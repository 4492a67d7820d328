"""Runs are named by what differs between them, with keys and values as short as they can be."""

import pytest

from gan_lightning.reports.differences import Settings, by_key, differences, names, text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([["loss=hinge", "seed=1"], ["loss=hinge", "seed=2"]], ["seed=1", "seed=2"]),
        (
            [["model.generator.width=4", "model.discriminator.width=4"], ["model.generator.width=8"]],
            ["generator.width=4 discriminator.width=4", "generator.width=8"],
        ),
        ([["data.root=/a/faces/old"], ["data.root='/a/faces/new'"]], ["root=old", "root=new"]),
        ([["experiment=ring/wgan_gp"], ["experiment=demo"]], ["experiment=ring/wgan_gp", "experiment=demo"]),
        ([["schedule@model.penalty_schedule=linear"], []], ["penalty_schedule=linear", ""]),
        ([["~model.loss.factor"], ["+model.loss.factor=2"]], ["factor=removed", "factor=2"]),
        ([["a.root=x"], ["a.root=x"]], ["", ""]),
    ],
)
def test_overrides_are_shortened_to_what_differs(given, said):
    assert list(map(text, differences(list(map(by_key, given))))) == said


def named(*runs):
    return names([Settings(typed, values) for typed, values in runs], [f"run{place}" for place in range(len(runs))])


def test_a_value_that_was_not_typed_is_that_of_the_configuration():
    one = {"model.ema.half_life": "5"}, {"model.ema.half_life": "5.0"}
    assert named(one, ({}, {"model.ema.half_life": "10.0"})) == ["half_life=5.0", "half_life=10.0"]
    assert named(({"loss": "hinge"}, {}), ({}, {})) == ["loss=hinge", "loss=default"]


def test_what_was_typed_with_no_effect_does_not_name_a_run():
    assert named(({"loss": "hinge", "lr": "1e-3"}, {"lr": "0.001"}), ({}, {"lr": "0.001"})) == [
        "loss=hinge", "loss=default",
    ]  # fmt: skip


def test_runs_that_were_typed_alike_are_named_by_their_configurations_and_else_by_their_folders():
    values = {f"data.key{number}": "x" for number in range(9)}
    others = dict.fromkeys(values, "y")
    assert named(({}, values), ({}, others)) == ["key0=x key1=x key2=x", "key0=y key1=y key2=y"]
    assert named(({}, {"model.loss._target_": "Hinge"}), ({}, {"model.loss._target_": "Mine"})) == [
        "loss=Hinge", "loss=Mine",
    ]  # fmt: skip
    sizes = [{"data.image_size": size, "model.generator.image_size": size} for size in ("16", "32")]
    assert named(*(({}, own) for own in sizes)) == ["image_size=16", "image_size=32"]
    same = {"loss": "hinge"}, values
    assert named(same, same, ({"loss": "mine"}, values)) == ["loss=hinge in run0", "loss=hinge in run1", "loss=mine"]
    assert named(same) == ["run0"]
