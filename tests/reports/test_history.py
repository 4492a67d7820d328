"""What a run scored, as draws and histories."""

from dataclasses import replace

from gan_lightning.reports.history import draws
from support.scored_runs import RECORD


def test_latent_seeds_are_draws_of_one_protocol():
    records = [replace(RECORD, latent_seed=seed, value=float(seed)) for seed in (1, 2, 6)]
    last, earlier = draws([*records, replace(RECORD, iteration=50, value=1.0)])
    assert [record.value for record in last.records] == [1.0, 2.0, 6.0]
    assert (last.mean, last.deviation, last.iterations) == (3.0, 7**0.5, [100])
    assert str(last) == "3 ± 2.6"
    assert (earlier.mean, earlier.deviation, earlier.iterations) == (1.0, None, [50])


def test_of_two_records_of_one_latent_seed_the_later_counts():
    (found,) = draws([RECORD, replace(RECORD, latent_seed=1, value=4.0), replace(RECORD, value=2.0)])
    assert [record.value for record in found.records] == [2.0, 4.0]
