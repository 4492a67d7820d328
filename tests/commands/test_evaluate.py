"""`gan-lightning evaluate run=RUN`: a checkpoint scored by any protocol."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from gan_lightning.evaluation import scorer
from gan_lightning.evaluation.records import records_of_run
from gan_lightning.metrics.extractors import classifier
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.reports.evaluation_table import batch_norm_warnings
from gan_lightning.reports.history import draws
from support.command import front_door
from support.configuration import TINY

NARROW = [*TINY, "model.generator.width=4", "model.discriminator.width=4", "ema=half_life"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train a tiny run; return its folder, which is beside the cache of its data."""
    home = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_LIGHTNING_CACHE", str(home / "cache"))
        patch.chdir(home)
        assert front_door(*NARROW, "hydra.run.dir=run") == 0
    return home / "run"


@pytest.fixture
def run(trained):
    """Copy the tiny run, so that a test may change it."""
    return Path(shutil.copytree(trained, "run"))


@pytest.mark.parametrize("extractor", ["random", "classifier"])
def test_a_run_is_scored_by_its_last_checkpoint_and_the_records_are_written_beside_it(
    extractor, run, evaluate, monkeypatch
):
    monkeypatch.setattr(classifier, "STEPS", 3)
    code, shown, records = evaluate(f"run={run}", "num_images=30", f"extractor={extractor}")
    assert code == 0, shown
    assert [record.score for record in records] == [f"{stem}_{extractor}" for stem in ("fd", "kd", "kd_std")]
    assert {(record.n_fake, record.n_real, record.iteration, record.images_seen) for record in records} == {
        (30, 1438, 2, 16)
    }
    assert {(record.weights, record.batch_norm, record.split, record.run) for record in records} == {
        ("ema", "eval", "train", str(run.absolute()))
    }
    assert records_of_run(run) == records
    assert "kid added, because there are fewer than 10,000 images" in shown
    assert f"fd_{extractor} depends on the number of images, here 1,438 real and 30 generated ones" in shown


def test_a_checkpoint_outside_a_run_is_scored_and_nothing_is_written_beside_it(run, evaluate, tmp_path):
    (tmp_path / "alone").mkdir()
    file = Path(shutil.copy(run / "checkpoints" / "last.ckpt", tmp_path / "alone" / "some.ckpt"))
    code, shown, records = evaluate(f"run={file}", "num_images=20")
    assert code == 0, shown
    assert {record.run for record in records} == {str(file)}
    assert not list(tmp_path.rglob("evaluations.jsonl"))


def test_seeds_and_counts_are_all_scored_and_the_table_has_mean_and_deviation(run, evaluate):
    code, shown, records = evaluate(f"run={run}", "num_images=[20,30]", "seeds=[0,1,2]", "metric@few=[]")
    assert code == 0, shown
    assert [(record.n_fake, record.latent_seed) for record in records] == [
        (n, seed) for n in (20, 30) for seed in (0, 1, 2)
    ]
    twenty, more = draws(records)
    assert twenty.mean == pytest.approx(np.mean([record.value for record in records[:3]]))
    assert more.deviation == pytest.approx(np.std([record.value for record in records[3:]], ddof=1))
    assert str(twenty) in shown
    assert str(more) in shown
    assert len({record.value for record in records}) == 6
    assert draws([*records, records[0]]) == [twenty, more]


def test_a_narrow_screen_cuts_no_number(run, evaluate, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, shown, records = evaluate(f"run={run}", "num_images=20", "seeds=[0,1]", "weights=both")
    assert code == 0
    assert "…" not in shown
    for line in draws(records):
        assert line.record.better == "neither" or f"{line.record.score} │ {line}" in shown
    assert "; seeds: 2; fakes: 20; real: 1,438 train; batch norm: eval" in shown


def test_scores_do_not_depend_on_the_batch_size(run, evaluate):
    _, _, records = evaluate(f"run={run}", "num_images=20", "batch_size=20")
    _, _, again = evaluate(f"run={run / 'checkpoints' / 'last.ckpt'}", "num_images=20", "batch_size=7")
    assert [record.value for record in again] == pytest.approx([record.value for record in records], rel=1e-5)


def test_weights_and_norm_modes_are_scored_side_by_side(run, evaluate):
    code, shown, records = evaluate(f"run={run}", "num_images=20", "weights=both", "batch_norm=audit", "metric@few=[]")
    assert code == 0, shown
    modes = ("eval", "batch", "standing")
    expected = [(weights, mode) for weights in ("ema", "raw") for mode in modes]
    assert [(record.weights, record.batch_norm) for record in records] == expected


def test_running_averages_that_do_not_represent_the_batches_are_named(run, evaluate):
    file = run / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(file, weights_only=True)
    for name, values in checkpoint["state_dict"].items():
        if name.endswith("running_var"):
            values /= 1000
    torch.save(checkpoint, "narrow.ckpt")
    code, shown, records = evaluate("run=narrow.ckpt", "num_images=20", "batch_norm=audit")
    assert code == 0, shown
    assert "with batch norm eval and" in shown
    said = batch_norm_warnings(draws(records))
    assert any(line.startswith("fd_random of 20 images by ema weights is") for line in said)
    assert not any("batch norm batch and" in line for line in said)


def test_an_audit_of_a_network_without_batch_norm_is_one_score(evaluate):
    assert front_door(*TINY, "model=gan", "hydra.run.dir=mlp") == 0
    code, shown, records = evaluate("run=mlp", "num_images=20", "batch_norm=audit", "weights=both", "metric@few=[]")
    assert code == 0, shown
    assert [(record.weights, record.batch_norm) for record in records] == [("raw", "none")]


def test_compare_reads_what_evaluate_wrote(run, evaluate, capfd):
    evaluate(f"run={run}", "num_images=20")
    shutil.copytree(run, "other")
    assert front_door("compare", str(run), "other") == 0
    assert "fd_random (lower is better): n_fake 20, n_real 1438, split train" in capfd.readouterr().out.replace(
        "\n", " "
    )


def test_one_pass_of_the_images_serves_all_metrics(run, evaluate, monkeypatch):
    passes = []
    call = Extractor.__call__

    def counted(self, levels):
        passes.append(len(levels))
        return call(self, levels)

    monkeypatch.setattr(Extractor, "__call__", counted)
    evaluate(f"run={run}", "num_images=20", "batch_size=10")
    passes.clear()
    for metrics in ("[fid]", "[fid,kid,precision_recall,density_coverage]"):
        code, shown, _ = evaluate(f"run={run}", "num_images=20", "batch_size=10", f"metric={metrics}")
        assert code == 0, shown
    assert [count for count in passes if count == 10] == [10] * 4


def test_kid_is_added_where_few_images_can_be_translated_however_many_are_asked_for(evaluate, monkeypatch, two_domains):
    """There are at least six real images, twenty generated ones are asked for, and three images can be translated."""
    small = ["model.generator.width=2", "model.discriminator.width=2", "data.image_size=32", "trainer.max_steps=1"]
    own = ["model=cyclegan", "data=unpaired", f"data.root={two_domains}", "callbacks=checkpoint", "logger=none"]
    assert front_door(*own, *small, "trainer.accelerator=cpu", "hydra.run.dir=translates") == 0
    for bound, added in ((5, {"kd_random_xy", "kd_random_yx"}), (3, set())):
        monkeypatch.setattr(scorer, "BIAS_BELOW", bound)
        code, shown, records = evaluate("run=translates", "num_images=20")
        assert code == 0, shown
        assert {record.score for record in records if record.better != "neither"} == {
            "fd_random_xy",
            "fd_random_yx",
        } | added
        assert {record.n_fake for record in records} == {3}


def test_too_few_images_are_refused_before_the_real_ones_are_read(run, evaluate, monkeypatch):
    monkeypatch.setattr(scorer, "real_statistics", pytest.fail)
    code, shown, records = evaluate(f"run={run}", "metric=[precision_recall]", "num_images=[20,3]")
    assert (code, records) == (2, [])
    assert "metric=precision_recall needs at least 4 generated images, and num_images is 3" in shown
