"""`gan-lightning evaluate`: a checkpoint or a folder, by any protocol, through the front door."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lightning.commands import evaluate as command
from gan_lightning.config.runs import records_of
from gan_lightning.evaluation import folders as folders_module
from gan_lightning.evaluation import scorer
from gan_lightning.evaluation.records import ScoreFile, ScoreRecord
from gan_lightning.metrics.extractors import classifier
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.metrics.extractors.random import Random
from gan_lightning.metrics.fid import FrechetDistance
from gan_lightning.metrics.statistics import Statistics
from gan_lightning.reports import evaluation_table
from gan_lightning.reports.evaluation_table import lines
from support.command import front_door
from support.configuration import TINY
from support.small_files import picture

NARROW = [*TINY, "model.generator.width=4", "model.discriminator.width=4", "ema=half_life"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a tiny run, and the cache of its data."""
    home = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_LIGHTNING_CACHE", str(home / "cache"))
        patch.chdir(home)
        assert front_door(*NARROW, "hydra.run.dir=run") == 0
    return home / "run"


@pytest.fixture
def run(trained):
    """A copy of it, which a test may add to."""
    return Path(shutil.copytree(trained, "run"))


@pytest.fixture
def evaluate(monkeypatch, capfd):
    """Runs the command; returns exit code, stdout and stderr together, and the records it wrote."""
    monkeypatch.setenv("COLUMNS", "200")

    def scored(*words):
        capfd.readouterr()
        code = front_door("evaluate", "accelerator=cpu", *words)
        shown = capfd.readouterr()
        written = sorted(Path("outputs").glob("evaluate/*/evaluation.jsonl"))
        records = ScoreFile(written[-1]).read() if written else []
        return code, shown.out + shown.err, records

    return scored


@pytest.mark.parametrize("extractor", ["random", "classifier"])
def test_a_run_is_scored_by_its_last_checkpoint_and_the_cards_lie_beside_it(extractor, run, evaluate, monkeypatch):
    monkeypatch.setattr(classifier, "STEPS", 3)
    code, shown, records = evaluate(f"run={run}", "num_images=30", f"extractor={extractor}")
    assert code == 0, shown
    assert [record.score for record in records] == [f"{stem}_{extractor}" for stem in ("fd", "kd", "kd_std")]
    assert {(record.n_fake, record.n_real, record.iteration, record.images_seen) for record in records} == {
        (30, 1797, 2, 16)
    }
    assert {(record.weights, record.batch_norm, record.split, record.run) for record in records} == {
        ("ema", "eval", "train", str(run.absolute()))
    }
    assert records_of(run, "runs") == records
    assert "kid added, for there are fewer than 10,000 images" in shown
    assert "fewer than 2,048, is strongly biased" in shown


def test_a_checkpoint_outside_of_a_run_is_scored_and_nothing_is_written_beside_it(run, evaluate, tmp_path):
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
    twenty, more = lines(records)
    assert twenty.mean == pytest.approx(np.mean([record.value for record in records[:3]]))
    assert more.deviation == pytest.approx(np.std([record.value for record in records[3:]], ddof=1))
    assert str(twenty) in shown
    assert str(more) in shown
    assert len({record.value for record in records}) == 6
    assert lines([*records, records[0]]) == [twenty, more]


def test_a_narrow_screen_cuts_no_number(run, evaluate, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, shown, records = evaluate(f"run={run}", "num_images=20", "seeds=[0,1]", "weights=both")
    assert code == 0
    assert "…" not in shown
    for line in lines(records):
        assert line.record.better == "neither" or f"{line.record.score} │ {line}" in shown
    assert "; seeds: 2; fakes: 20; real: 1,797 train; batch norm: eval" in shown


def test_the_same_question_gets_the_same_answer_whatever_the_batch(run, evaluate):
    _, _, records = evaluate(f"run={run}", "num_images=20", "batch_size=20")
    _, _, again = evaluate(f"run={run / 'checkpoints' / 'last.ckpt'}", "num_images=20", "batch_size=7")
    assert [record.value for record in again] == pytest.approx([record.value for record in records], rel=1e-5)


def test_weights_and_norm_modes_are_scored_side_by_side(run, evaluate):
    code, shown, records = evaluate(f"run={run}", "num_images=20", "weights=both", "batch_norm=audit", "metric@few=[]")
    assert code == 0, shown
    modes = ("eval", "batch", "standing")
    expected = [(weights, mode) for weights in ("ema", "raw") for mode in modes]
    assert [(record.weights, record.batch_norm) for record in records] == expected


def test_running_statistics_that_do_not_stand_for_the_batches_are_named(run, evaluate):
    file = run / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(file, weights_only=True)
    for name, values in checkpoint["state_dict"].items():
        if name.endswith("running_var"):
            values /= 1000
    file.unlink()
    torch.save(checkpoint, file)
    code, shown, records = evaluate(f"run={run}", "num_images=20", "batch_norm=audit")
    assert code == 0, shown
    assert "with batch norm eval and" in shown
    said = evaluation_table.parted(lines(records))
    assert any(line.startswith("fd_random of 20 images by ema weights is") for line in said)
    assert not any("batch norm batch and" in line for line in said)


CARD = ScoreRecord(
    weights="ema", batch_norm="eval", latent_seed=0, precision="32-true", iteration=100, images_seen=800, seed=0,
    run="", score="kid", better="lower", value=0.1, settings={"subsets": 100}, n_real=5000, n_fake=5000, split="train",
    data="abc", resize="legacy", extractor="inception", extractor_sha256="6726825d", versions={}, warnings=[],
)  # fmt: skip


def two_modes(eval_std, standing_std, values=(0.1, 0.2), **changes):
    """What an audit finds of a KID and its deviation over subsets, by one latent seed."""
    found = []
    for mode, value, std in zip(("eval", "standing"), values, (eval_std, standing_std), strict=True):
        norm = {"batch_norm": mode, "batch_size": 64 * (mode != "eval")}
        deviation = {"score": "kid_std", "better": "neither", "value": std}
        found += [dataclasses.replace(CARD, value=value, **norm, **changes)]
        found += [dataclasses.replace(CARD, **deviation | norm)]
    return evaluation_table.parted(lines(found))


@pytest.mark.parametrize("stds", [(0.049, 0.001), (0.001, 0.049)])
def test_norms_part_where_one_latent_seed_differs_by_more_than_twice_the_scores_own_deviation(stds):
    (said,) = two_modes(*stds)
    assert said.startswith("kid of 5,000 images by ema weights is 0.1 with batch norm eval and 0.2 with standing")


@pytest.mark.parametrize("stds", [(0.051, 0.001), (0.001, 0.051)])
def test_norms_do_not_part_within_twice_the_scores_own_deviation(stds):
    assert two_modes(*stds) == []


def test_the_deviation_of_another_protocol_does_not_keep_norms_from_parting():
    assert len(two_modes(0.051, 0.051, weights="raw")) == 1


def test_the_deviation_over_latent_seeds_counts_where_it_is_greater_than_the_scores_own():
    draws = [
        dataclasses.replace(CARD, batch_norm=mode, value=mean + away, latent_seed=seed)
        for mode, mean in (("eval", 0.1), ("standing", 0.2))
        for seed, away in enumerate((-0.06, 0.06))
    ]
    deviations = [
        dataclasses.replace(record, score="kid_std", better="neither", value=0.001, latent_seed=record.latent_seed)
        for record in draws
    ]
    assert evaluation_table.parted(lines([*draws, *deviations])) == []


def test_an_audit_of_a_network_without_batch_norm_is_one_score(evaluate):
    assert front_door(*TINY, "model=gan", "hydra.run.dir=mlp") == 0
    code, shown, records = evaluate("run=mlp", "num_images=20", "batch_norm=audit", "weights=both", "metric@few=[]")
    assert code == 0, shown
    assert [(record.weights, record.batch_norm) for record in records] == [("raw", "none")]


def test_compare_reads_what_evaluate_wrote(run, evaluate, capfd):
    evaluate(f"run={run}", "num_images=20")
    shutil.copytree(run, "other")
    assert front_door("compare", str(run), "other") == 0
    assert "fd_random (lower is better): 20 fakes against 1,797 of train" in capfd.readouterr().out.replace("\n", " ")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two folders of 12 and 9 pictures of 24x24, of several kinds and modes."""
    home = tmp_path_factory.mktemp("folders")
    for name, count, first in (("real", 12, 0), ("fake", 9, 100)):
        (home / name / "deep").mkdir(parents=True)
        for number in range(count):
            mode = ("RGB", "L", "RGBA")[number % 3]
            below = "deep/" if number % 2 else ""
            picture(first + number, 24, 24, mode).save(home / name / f"{below}{number:02d}.png")
    return home


@pytest.mark.parametrize("cache", ["auto", "off"])
def test_folders_of_any_kind_are_scored_at_their_own_size(cache, folders, evaluate, tmp_path):
    code, shown, records = evaluate(f"real={folders / 'real'}", f"fake={folders / 'fake'}", f"cache={cache}")
    assert code == 0, shown
    assert [record.score for record in records] == ["fd_random", "kd_random", "kd_std_random"]
    assert {(record.n_real, record.n_fake, record.split, record.weights) for record in records} == {
        (12, 9, "folder", "none")
    }
    assert {record.run for record in records} == {str(folders / "fake")}
    extractor = Random()
    sides = []
    for name in ("real", "fake"):
        files = sorted((folders / name).rglob("*.png"), key=lambda file: file.as_posix())
        pixels = np.stack([np.array(Image.open(file).convert("RGBA")) for file in files])
        assert (pixels[..., 3] == 255).all()
        images = torch.from_numpy(pixels[..., :3]).permute(0, 3, 1, 2)
        sides.append(Statistics.from_images([images], extractor, frozenset({"moments"})))
    (expected,) = FrechetDistance()(*sides)
    assert records[0].value == pytest.approx(expected.value, rel=1e-5)
    assert (tmp_path / "cache").exists() == (cache == "auto")


def test_folders_have_no_labels_for_a_classifier_to_learn(folders, evaluate):
    code, shown, _ = evaluate(f"real={folders / 'real'}", f"fake={folders / 'fake'}", "extractor=classifier")
    assert code == 2
    assert "extractor=classifier needs data with labels of at least two classes; got none" in shown
    assert "Traceback" not in shown


def test_folders_may_be_scored_by_some_of_their_images(folders, evaluate):
    code, shown, records = evaluate(
        f"real={folders / 'real'}", f"fake={folders / 'fake'}", "num_images=[4,50,60]", "metric@few=[]"
    )
    assert code == 0, shown
    assert [record.n_fake for record in records] == [4, 9]


def test_images_of_several_sizes_need_image_size(folders, evaluate, tmp_path):
    shutil.copytree(folders / "fake", tmp_path / "odd")
    picture(1, 30, 20).save(tmp_path / "odd" / "odd.png")
    (tmp_path / "odd" / "bad.png").write_bytes(b"no image")
    words = f"real={folders / 'real'}", f"fake={tmp_path / 'odd'}"
    code, shown, _ = evaluate(*words)
    assert code == 2
    assert "image_size must be given where images are not all squares of one size; got 24x24, 30x20" in shown
    code, shown, records = evaluate(*words, "image_size=16")
    assert code == 0, shown
    assert {record.n_fake for record in records} == {10}
    assert "fake: left out bad.png" in shown


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


def test_kid_is_added_where_what_is_translated_is_few_whatever_was_asked_for(evaluate, monkeypatch, two_domains):
    """Six real images at least, twenty asked for, and three to be translated."""
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


WRONG = {
    "neither": ([], "give either run, or both real and fake; got run=None, real=None, fake=None"),
    "one folder": (["real=."], "give either run, or both real and fake; got run=None, real=., fake=None"),
    "both": (["run=a", "real=.", "fake=."], "give either run, or both real and fake"),
    "no run": (["run=nowhere"], "run must be a checkpoint or a run folder with checkpoints/last.ckpt"),
    "no folder": (["real=nowhere", "fake=."], "real must name a folder with images"),
    "an empty folder": (["real=.", "fake=."], "real must name a folder with images"),
    "no metric": (["run=a", "metric=[]"], "metric must name at least one metric, such as metric=[fid]; got none"),
    "settings of none": (["run=a", "+metrics.kid.subsets=3"], "metrics.kid is given settings, but kid is not among"),
    "no number": (["run=a", "num_images=many"], "num_images must be a whole number of at least 1, or a list of them"),
    "a negative seed": (["run=a", "seeds=[0,-1]"], "seeds must be a whole number of at least 0, or a list of them"),
    "no seeds": (["run=a", "seeds=[]"], "seeds must be a whole number of at least 0"),
    "a seed twice": (["run=a", "seeds=[0,0]"], "seeds must name each number once; got [0, 0]"),
    "a number twice": (["run=a", "num_images=[9,8,9]"], "num_images must name each number once; got [9, 8, 9]"),
    "a wrong size": (["run=a", "image_size=0"], "image_size must be a whole number of at least 1"),
    "an unknown metric": (["run=a", "metric=[fjd]"], "metric has no option fjd"),
    "a misspelt key": (["run=a", "num_image=3"], "did you mean num_images"),
    "an unknown mode": (["run=a", "batch_norm=other"], "batch_norm must be one of eval, batch, standing, audit"),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_gets_one_sentence(case, evaluate):
    words, said = WRONG[case]
    code, shown, _ = evaluate(*words)
    assert code == 2
    assert said in shown
    assert "Traceback" not in shown


def test_missing_weights_are_found_before_anything_is_read(monkeypatch, evaluate, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("GAN_LIGHTNING_INCEPTION", raising=False)

    def refuse(*_):
        raise AssertionError("read before the weights were looked for")

    monkeypatch.setattr(command, "checkpoint_of", refuse)
    monkeypatch.setattr(folders_module, "Folders", refuse)
    for words in (["run=a"], ["real=a", "fake=b"]):
        code, shown, _ = evaluate("extractor=inception", *words)
        assert code == 2
        assert "extractor=inception needs the weights weights-inception-2015-12-05-6726825d.pth" in shown
