"""Warnings of batch-norm modes whose scores differ."""

from dataclasses import replace

import pytest

from gan_lightning.reports.evaluation_table import batch_norm_warnings
from gan_lightning.reports.history import draws
from support.scored_runs import RECORD

KID = replace(RECORD, score="kid", value=0.1, settings={"subsets": 100})


def two_modes(eval_std, standing_std, values=(0.1, 0.2), **changes):
    """Return the warnings of an audit of a KID and its deviation over subsets, by one latent seed."""
    found = []
    for mode, value, std in zip(("eval", "standing"), values, (eval_std, standing_std), strict=True):
        norm = {"batch_norm": mode, "batch_size": 64 * (mode != "eval")}
        deviation = {"score": "kid_std", "better": "neither", "value": std}
        found += [replace(KID, value=value, **norm, **changes)]
        found += [replace(KID, **deviation | norm)]
    return batch_norm_warnings(draws(found))


@pytest.mark.parametrize("stds", [(0.049, 0.001), (0.001, 0.049)])
def test_modes_that_differ_by_more_than_twice_the_scores_own_deviation_are_named(stds):
    (said,) = two_modes(*stds)
    assert said.startswith("kid of 5,000 images by ema weights is 0.1 with batch norm eval and 0.2 with standing")


@pytest.mark.parametrize("stds", [(0.051, 0.001), (0.001, 0.051)])
def test_modes_within_twice_the_scores_own_deviation_are_not_named(stds):
    assert two_modes(*stds) == []


def test_the_deviation_of_another_protocol_does_not_count():
    assert len(two_modes(0.051, 0.051, weights="raw")) == 1


def test_the_deviation_over_latent_seeds_counts_where_it_is_greater_than_the_scores_own():
    scores = [
        replace(KID, batch_norm=mode, value=mean + away, latent_seed=seed)
        for mode, mean in (("eval", 0.1), ("standing", 0.2))
        for seed, away in enumerate((-0.06, 0.06))
    ]
    deviation = {"score": "kid_std", "better": "neither", "value": 0.001}
    assert batch_norm_warnings(draws(each for one in scores for each in (one, replace(one, **deviation)))) == []
