"""The commands that the end of a run suggests: only those that suit its model and its data."""

import shlex

import pytest

from gan_lightning.reports.next_commands import next_commands

NOISE = {"model": {"latent_dim": 8}, "data": {"channels": 1}, "trainer": {"max_steps": -1, "max_epochs": 50}}


def test_a_generator_from_noise_is_sampled_and_scored_as_in_training():
    scores = {
        "metrics": {"fid": {}, "modes": {}},
        "extractor": {"_target_": "gan_lightning.metrics.extractors.classifier.Classifier"},
        "callbacks": {"scores": {"num_images": 1438}},
    }
    found = next_commands("a b", NOISE | scores, 10, 1)
    assert list(found) == ["sample", "score", "continue"]
    assert shlex.split(found["sample"]) == ["gan-lightning", "sample", "run=a b"]
    score = ["evaluate", "run=a b", "metric=[fid,modes]", "extractor=classifier", "num_images=1438"]
    assert shlex.split(found["score"])[1:] == score
    assert shlex.split(found["continue"])[1:] == ["resume=a b"]


def test_a_translator_translates():
    assert list(next_commands("run", NOISE | {"model": {}}, 10, 1)) == ["translate", "score", "continue"]


def test_points_are_neither_sampled_nor_scored():
    assert list(next_commands("run", NOISE | {"data": {"channels": 2}}, 10, 1)) == ["continue"]


@pytest.mark.parametrize(
    ("trainer", "iterations", "is_out_of_time", "limit"),
    [
        ({"max_steps": 10, "max_epochs": -1}, 10, False, " trainer.max_steps=20"),
        ({"max_steps": 10, "max_epochs": 3}, 10, False, " trainer.max_steps=20 trainer.max_epochs=6"),
        ({"max_steps": 20, "max_epochs": 3}, 9, False, " trainer.max_epochs=6"),
        ({"max_steps": 20, "max_epochs": 5, "max_time": "00:01:00:00"}, 9, True, " trainer.max_time=null"),
        ({"max_steps": 20, "max_epochs": 5, "max_time": "00:01:00:00"}, 9, False, ""),
        ({"max_steps": "many", "max_epochs": []}, 9, False, ""),
    ],
)
def test_a_run_continues_beyond_the_limits_that_have_ended_it(trainer, iterations, is_out_of_time, limit):
    found = next_commands("run", NOISE | {"trainer": trainer}, iterations, 3, is_out_of_time)
    assert found["continue"] == f"gan-lightning resume=run{limit}"
