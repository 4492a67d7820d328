"""Scores during training: when they come, where they go, and that training does not notice."""

import csv
import json
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from lightning.pytorch.callbacks import Timer
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.hparams import metadata

from gan_lightning.callbacks.scores import Scores
from gan_lightning.evaluation.records import ScoreFile, ScoreRecord, ScoringFailure
from gan_lightning.evaluation.scorer import Scorer, TrainingProgress
from gan_lightning.metrics.extractors.random import Random
from gan_lightning.metrics.fid import FrechetDistance
from gan_lightning.metrics.metric import Score
from gan_lightning.reports.history import Courses
from support.checkpoints import assert_same
from support.command import NARROW, the_run

QUIET = [
    "data.image_size=32", "data.batch_size=4", "trainer.accelerator=cpu", "trainer.max_epochs=-1", "logger=none",
    "model.generator.width=2", "model.discriminator.width=2", "callbacks=[checkpoint,best_checkpoint,scores]",
    "+trainer.enable_progress_bar=false", "callbacks.scores.num_images=12",
]  # fmt: skip
CLASSES = ["data=folder_labelled", "data.channels=1"]
CARD = ScoreRecord(
    weights="raw", batch_norm="eval", latent_seed=0, precision="32-true", iteration=0, images_seen=0, seed=0, run="run",
    score="fd_random", value=1.0, settings={}, n_real=15, n_fake=12, split="train", data="", resize="none",
    extractor="random", extractor_sha256="", versions={}, warnings=[],
)  # fmt: skip


def record(value, iteration, **more):
    return replace(CARD, value=value, iteration=iteration, **more)


def played(composed, folder, steps, *more, resume=None):
    """Trains; the trainer, and what the last checkpoint holds."""
    config = composed(*QUIET, f"trainer.max_steps={steps}", *more, run_dir=folder)
    torch.manual_seed(0)
    model, data, trainer = instantiate(config.model), instantiate(config.data), instantiate(config.trainer)
    trainer.fit(model, data, ckpt_path=resume, weights_only=True)
    return trainer, torch.load(f"{folder}/checkpoints/last.ckpt", weights_only=True)


def iterations(folder):
    return [each.iteration for each in ScoreFile(Path(folder) / "scores.jsonl").read()]


@pytest.fixture
def scripted(monkeypatch):
    """Gives scores instead of computing them: the n-th scoring gets the n-th value."""

    def script(*values, **more):
        left = list(map(float, values))

        def score(self, model, options, num_images, moment):
            return [record(left.pop(0), moment.iteration, images_seen=moment.images_seen, **more)]

        monkeypatch.setattr(Scorer, "__call__", score)

    return script


@pytest.mark.parametrize(
    ("model", "data", "files", "names"),
    [
        ("dcgan", CLASSES, "folder_labelled", ["fd_random"]),
        ("cgan", CLASSES, "folder_labelled", ["fd_random"]),
        ("pix2pix", ["data=paired", "model.generator.dropout=0.5"], "paired", ["fd_random"]),
        ("cyclegan", ["data=unpaired"], "unpaired", ["fd_random_xy", "fd_random_yx"]),
    ],
)
def test_a_run_with_scores_is_the_run_without_bit_for_bit(model, data, files, names, composed, tmp_path, roots):
    chosen = [f"model={model}", *data, *roots[files], "ema=half_life", "model.generator_every=2"]
    _, plain = played(composed, tmp_path / "plain", 6, *chosen)
    scores = ["metric=[fid]", "callbacks.scores.every_n_images=5"]
    _, scored = played(composed, tmp_path / "scored", 6, *chosen, *scores)
    for part in ("state_dict", "optimizer_states", "loops", "images_seen"):
        assert_same(plain[part], scored[part], part)
    found = ScoreFile(tmp_path / "scored" / "scores.jsonl").read()
    assert list(dict.fromkeys(each.score for each in found)) == names
    assert {each.weights for each in found} == {"ema"}
    assert not (tmp_path / "plain" / "scores.jsonl").exists()


@pytest.mark.parametrize(
    ("every", "expected"),
    [(8, [2, 5, 7, 8]), (5, [2, 3, 4, 6, 7, 8]), (16, [5, 8]), (30, [8]), (31, [8]), (None, [8]), (1000, [8])],
)
def test_scores_come_at_or_past_each_multiple_and_at_the_end_once(every, expected, composed, tmp_path, roots, scripted):
    """15 images in batches of 4 are four batches an epoch, of 4, 4, 4 and 3: 4 8 12 15 19 23 27 30 images seen."""
    scripted(*range(99))
    chosen = [*CLASSES, *roots["folder_labelled"], "metric=[fid]", f"callbacks.scores.every_n_images={every or 'null'}"]
    played(composed, tmp_path, 8, *chosen)
    assert iterations(tmp_path) == expected


def test_a_resumed_run_goes_on_in_its_cadence_in_the_same_folder_or_another(composed, tmp_path, roots, scripted):
    chosen = [
        *CLASSES, *roots["folder_labelled"], "metric=[fid]", "callbacks.scores.every_n_images=8",
        "callbacks.checkpoint.every_n_iterations=1", "callbacks.checkpoint.keep=null",
    ]  # fmt: skip
    scripted(*range(99))
    _, whole = played(composed, tmp_path / "a", 8, *chosen)
    expected = [2, 5, 7, 8]
    assert iterations(tmp_path / "a") == expected
    for at in (3, 4):
        file = tmp_path / "a" / "checkpoints" / f"{at:07d}.ckpt"
        scripted(*range(99))
        played(composed, tmp_path / f"b{at}", 8, *chosen, resume=file)
        assert iterations(tmp_path / f"b{at}") == expected, "the scores so far come along"
    scripted(*range(99))
    played(composed, tmp_path / "a", 8, *chosen, resume=tmp_path / "a" / "checkpoints" / "0000005.ckpt")
    assert iterations(tmp_path / "a") == expected
    course = whole["callbacks"]["Scores"]["courses"]["fd_random"]
    assert (course["better"], course["best"], course["last"]) == ("lower", [0.0, 2], [3.0, 8])


def test_a_score_and_its_card_go_to_file_loggers_and_log(gan_lightning):
    code, err = gan_lightning(
        *NARROW, "metric=[fid,kid]", "trainer.max_steps=3", "callbacks.scores.every_n_images=8",
        "callbacks.scores.num_images=20",
    )  # fmt: skip
    assert code == 0, err
    run = the_run()
    records = [json.loads(line) for line in (run / "scores.jsonl").read_text().splitlines()]
    names = ["fd_random", "kd_random", "kd_std_random"]
    assert [each["score"] for each in records] == 3 * names
    assert [each["iteration"] for each in records[::3]] == [1, 2, 3]
    expected = {
        "n_real": 1797, "n_fake": 20, "split": "train", "weights": "raw", "batch_norm": "eval", "latent_seed": 0,
        "images_seen": 24, "run": str(run.absolute()), "extractor": "random", "precision": "32-true", "seed": 0,
    }  # fmt: skip
    assert records[-1] | expected == records[-1]
    with (run / "metrics.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["scores/fd_random"]]
    assert [float(row["scores/fd_random"]) for row in rows] == [each["value"] for each in records[::3]]
    assert [int(row["step"]) for row in rows] == [1, 2, 3]
    board = EventAccumulator(str(run), {"scalars": 0, "tensors": 0}).Reload()
    shown = [event.value for event in board.Scalars("scores/fd_random")]
    assert shown == pytest.approx([each["value"] for each in records[::3]])
    (text,) = board.Tensors("scores/text_summary")[-1].tensor_proto.string_val
    assert "\n- latent_seed: 0\n" in text.decode()
    (layout,) = board.Tensors("custom_scalars__config__")
    session = board.PluginTagToContent("hparams")[metadata.SESSION_START_INFO_TAG]
    set_by_run = set(metadata.parse_session_start_info_plugin_data(session).hparams)
    assert {"seed", "model.loss._target_", "data.batch_size"} < set_by_run
    assert not {name for name in set_by_run if name.startswith(("callbacks", "run_dir")) or name.endswith("_dir")}
    assert shown_charts(layout)["Scores"] == {name: [f"^scores/{name}$"] for name in ("fd_random", "kd_random")}
    said = (run / "train.log").read_text()
    assert f"iteration 2: fd_random {records[3]['value']:.4g}, kd_random" in said
    assert said.count("1,797 real images, fewer than 2,048") == 1
    assert f"fd_random: best {min(each['value'] for each in records[::3]):.4g} at iteration" in said
    assert torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["global_step"] in (1, 2, 3)


def shown_charts(event):
    """Tags by chart by category, of a layout in TensorBoard's file."""
    layout = layout_pb2.Layout.FromString(event.tensor_proto.string_val[0])
    return {each.title: {chart.title: [*chart.multiline.tag] for chart in each.chart} for each in layout.category}


def test_a_run_without_metrics_makes_no_feature(gan_lightning, monkeypatch):
    monkeypatch.setattr(Random, "extract", pytest.fail)
    code, err = gan_lightning(*NARROW)
    assert code == 0, err
    assert not (the_run() / "scores.jsonl").exists()
    assert not (the_run() / "checkpoints" / "best.ckpt").exists()


def test_nothing_of_an_extractor_is_in_a_checkpoint(composed, tmp_path, roots, inception_weights):
    chosen = [*CLASSES, *roots["folder_labelled"]]
    inception = ["metric=[kid]", "extractor=inception", f"extractor.weights={inception_weights}"]
    _, plain = played(composed, tmp_path / "plain", 2, *chosen)
    _, scored = played(composed, tmp_path / "scored", 2, *chosen, *inception)
    sizes = [(tmp_path / run / "checkpoints" / "last.ckpt").stat().st_size for run in ("plain", "scored")]
    assert sizes[1] - sizes[0] == pytest.approx(0, abs=4000)
    assert plain["state_dict"].keys() == scored["state_dict"].keys()
    assert scored["callbacks"]["Scores"]["courses"]["kid"]["last"][1] == 2


def test_missing_inception_weights_stop_a_run_before_its_data_are_looked_for(gan_lightning, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("GAN_LIGHTNING_INCEPTION", raising=False)
    begun = time.monotonic()
    code, err = gan_lightning(*NARROW, "data=folder", "data.root=nowhere", "metric=[fid]", "extractor=inception")
    assert time.monotonic() - begun < 10
    assert code == 2
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert "trainer.callbacks" not in line
    for words in ("weights-inception-2015-12-05-6726825d.pth", str(tmp_path / "torch"), "extractor.weights", "96 MB"):
        assert words in line
    assert "nowhere" not in err
    assert "Traceback" not in err


def test_an_extractor_without_its_files_stops_no_run_that_has_no_metrics(gan_lightning, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("GAN_LIGHTNING_INCEPTION", raising=False)
    code, err = gan_lightning(*NARROW, "extractor=inception")
    assert code == 0, err


WRONG = {
    "classes without labels": (
        ["data=folder", "extractor=classifier", "metric=[fid]"],
        "extractor=classifier needs data with labels of at least two classes; got none",
    ),
    "modes of a random network": (["metric=[modes]"], "extractor=random gives none; take extractor=inception or"),
    "the Inception score of one": (["metric=[inception_score]"], "extractor=random gives none"),
    "points": (["data=ring", "network=mlp", "model=gan", "metric=[fid]"], "metric needs data of images; got Ring"),
    "settings of a metric that is not chosen": (
        ["metric=[fid]", "+metrics.kid.subsets=3"],
        "metrics.kid is given settings, but kid is not among the chosen metrics",
    ),
    "too few images": (
        ["metric=[precision_recall]", "callbacks.scores.num_images=3"],
        "callbacks.scores.num_images must be at least 4 for metric=precision_recall; got 3",
    ),
    "three images": (
        ["data=folder", "data.root=three", "data.channels=3", "metric=[precision_recall]"],
        "metric=precision_recall needs at least 4 real images, and split=train has 3",
    ),
    "a deviation that is followed": (
        ["metric=[kid]", "callbacks.scores.follow=kd_std_random"],
        "callbacks.scores.follow must be one of the scores kd_random; got kd_std_random",
    ),
    "a misspelt score that is followed": (
        ["metric=[fid,precision_recall]", "callbacks.scores.follow=recal"],
        "follow must be one of the scores fd_random, precision_random, recall_random; got recal",
    ),
    "an unknown metric": (["metric=[fdi]"], "did you mean fid?"),
    "no split": (["data=folder", "metric=[fid]", "callbacks.scores.split=val"], "split must be one of train, test"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_scored_is_said_in_one_sentence_before_training(case, gan_lightning, faces):
    arguments, said = WRONG[case]
    root = [f"data.root={faces}"] if "data=folder" in arguments and "data.root=three" not in arguments else []
    Path("three").mkdir()
    for number in range(3):
        Image.new("RGB", (32, 32), (80 * number, 10, 10)).save(f"three/{number}.png")
    tiny = [] if "data=ring" in arguments else NARROW
    code, err = gan_lightning(*tiny, "trainer.max_steps=2", *arguments, *root)
    assert code == 2, err
    assert said in err
    assert "Traceback" not in err
    assert not list(Path().glob("outputs/train/*/checkpoints/*.ckpt"))


def test_a_generator_that_gives_no_numbers_gets_a_warning_and_goes_on(composed, tmp_path, roots, caplog):
    own = [*CLASSES, *roots["folder_labelled"], "metric=[fid]", "model.generator_optimizer.lr=1e30"]
    with caplog.at_level(logging.WARNING, "gan_lightning.callbacks"):
        _, last = played(composed, tmp_path, 4, *own, "callbacks.scores.every_n_images=12")
    assert last["global_step"] == 4
    assert "no scores at iteration 3: images to be scored must be finite" in caplog.text
    assert iterations(tmp_path) == []


def test_the_best_checkpoint_is_that_of_the_best_score_and_outlives_the_numbered_ones(
    composed, tmp_path, roots, scripted, caplog
):
    chosen = [
        *CLASSES, *roots["folder_labelled"], "metric=[fid]", "callbacks.scores.every_n_images=8",
        "callbacks.checkpoint.keep=1",
    ]  # fmt: skip
    for every, folder in ((1000, "own"), (1, "second name")):
        scripted(5.0, 2.0, float("nan"), 3.5)
        cadence = f"callbacks.checkpoint.every_n_iterations={every}"
        caplog.clear()
        with caplog.at_level(logging.WARNING, "gan_lightning.callbacks"):
            _, last = played(composed, tmp_path / folder, 8, *chosen, cadence)
        best = torch.load(tmp_path / folder / "checkpoints" / "best.ckpt", weights_only=True)
        assert (best["global_step"], last["global_step"]) == (5, 8)
        said = "fd_random: the last, 3.5 at iteration 8, is far worse than the best, 2 at iteration 5"
        assert caplog.text.count(said) == 1
        names = {file.name for file in (tmp_path / folder / "checkpoints").iterdir()}
        assert names == {"0000008.ckpt", "last.ckpt", "best.ckpt"}


def test_a_best_score_at_the_very_end_is_the_last_checkpoint(composed, tmp_path, roots, scripted):
    scripted(5.0)
    played(composed, tmp_path, 3, *CLASSES, *roots["folder_labelled"], "metric=[fid]")
    assert (tmp_path / "checkpoints" / "best.ckpt").samefile(tmp_path / "checkpoints" / "last.ckpt")


def test_a_resumed_run_knows_the_best_of_what_it_resumes(composed, tmp_path, roots, scripted):
    chosen = [*CLASSES, *roots["folder_labelled"], "metric=[fid]", "callbacks.scores.every_n_images=8"]
    scripted(1.0, 4.0)
    played(composed, tmp_path / "a", 4, *chosen)
    scripted(3.0, 4.0, 2.0)
    trainer, _ = played(composed, tmp_path / "b", 8, *chosen, resume=tmp_path / "a" / "checkpoints" / "last.ckpt")
    assert torch.load(tmp_path / "b" / "checkpoints" / "best.ckpt", weights_only=True)["global_step"] == 2
    (scores,) = [callback for callback in trainer.callbacks if isinstance(callback, Scores)]
    course = scores.courses.courses["fd_random"]
    assert (course.best, course.last) == ((1.0, 2), (2.0, 8))
    kept = torch.load(tmp_path / "b" / "checkpoints" / "last.ckpt", weights_only=True)["callbacks"]["Scores"]
    assert kept["courses"] == scores.courses.plain()
    scripted(9.0, 9.0, n_fake=13)
    trainer, _ = played(composed, tmp_path / "c", 6, *chosen, resume=tmp_path / "a" / "checkpoints" / "last.ckpt")
    (scores,) = [callback for callback in trainer.callbacks if isinstance(callback, Scores)]
    assert scores.courses.courses["fd_random"].best == (9.0, 5), "scores of another protocol are not compared"


def test_a_metric_that_is_added_keeps_the_best_of_the_others(composed, tmp_path, roots, monkeypatch):
    chosen = [*CLASSES, *roots["folder_labelled"], "callbacks.scores.every_n_images=null"]

    def score(self, model, options, num_images, moment):
        value = {2: 1.0, 4: 5.0}[moment.iteration]
        return [record(value, moment.iteration, score=name) for name in self.names(model)]

    monkeypatch.setattr(Scorer, "__call__", score)
    played(composed, tmp_path, 2, *chosen, "metric=[fid]")
    last = tmp_path / "checkpoints" / "last.ckpt"
    trainer, _ = played(composed, tmp_path, 4, *chosen, "metric=[fid,kid]", resume=last)
    (scores,) = [callback for callback in trainer.callbacks if isinstance(callback, Scores)]
    best = {name: course.best for name, course in scores.courses.courses.items()}
    assert best == {"fd_random": (1.0, 2), "kd_random": (5.0, 4)}
    assert step_of(tmp_path, "best") == 2


def step_of(folder, name):
    return torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)["global_step"]


NUMBERED = ["metric=[fid]", "callbacks.scores.every_n_images=8", "callbacks.checkpoint.every_n_iterations=1"]


def test_the_best_of_an_abandoned_course_goes_when_a_run_goes_on_from_before_it(composed, tmp_path, roots, scripted):
    chosen = [*CLASSES, *roots["folder_labelled"], *NUMBERED, "callbacks.checkpoint.keep=null"]
    scripted(3.0, 1.0)
    played(composed, tmp_path, 5, *chosen)
    assert step_of(tmp_path, "best") == 5
    scripted(4.0)
    first = tmp_path / "checkpoints" / "0000003.ckpt"
    played(composed, tmp_path, 4, *chosen, resume=first)
    assert not (tmp_path / "checkpoints" / "best.ckpt").exists(), "that of iteration 2 is lost, that of 5 is abandoned"
    scripted(2.0)
    played(composed, tmp_path, 4, *chosen, resume=first)
    assert step_of(tmp_path, "best") == 4


def test_the_best_checkpoint_is_never_a_file_of_an_abandoned_course(composed, tmp_path, roots, scripted):
    chosen = [*CLASSES, *roots["folder_labelled"], "metric=[fid]", "callbacks.scores.every_n_images=8"]
    own = tmp_path / "checkpoints"
    own.mkdir()
    (own / "0000002.ckpt").write_bytes(b"of another course")
    scripted(1.0, 2.0)
    played(composed, tmp_path, 3, *chosen)
    assert step_of(tmp_path, "best") == 2
    assert (own / "0000002.ckpt").read_bytes() == b"of another course"


def test_ctrl_c_ends_a_run_without_scores_and_says_so(composed, tmp_path, roots, scripted, caplog):
    chosen = [*CLASSES, *roots["folder_labelled"], "metric=[fid]", "callbacks.scores.every_n_images=8"]
    own = "callbacks=[checkpoint,graceful_stop,best_checkpoint,scores]"
    scripted(1.0)
    config = composed(*QUIET, "trainer.max_steps=20", *chosen, own, run_dir=tmp_path)
    model, data, trainer = instantiate(config.model), instantiate(config.data), instantiate(config.trainer)
    step = type(model).training_step

    def interrupted(self, *given):
        if trainer.global_step == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return step(self, *given)

    model.training_step = interrupted.__get__(model)
    with caplog.at_level(logging.INFO, "gan_lightning.callbacks"):
        trainer.fit(model, data)
    assert iterations(tmp_path) == [2]
    assert caplog.text.count("no scores at iteration 4, for Ctrl-C has ended the run") == 1
    assert step_of(tmp_path, "last") == 4


@pytest.mark.parametrize("error", [RuntimeError("out of memory"), KeyboardInterrupt()])
def test_the_last_checkpoint_is_written_whatever_breaks_off_the_scores_at_the_end(
    error, composed, tmp_path, roots, monkeypatch, caplog
):
    def score(self, model, options, num_images, moment):
        raise error

    monkeypatch.setattr(Scorer, "__call__", score)
    chosen = [*CLASSES, *roots["folder_labelled"], "metric=[fid]", "callbacks.scores.every_n_images=null"]
    with suppress(SystemExit), caplog.at_level(logging.WARNING, "gan_lightning.callbacks"):
        played(composed, tmp_path, 3, *chosen)
    assert step_of(tmp_path, "last") == 3
    failed = [each.failed for each in ScoreFile(tmp_path / "scores.jsonl").failures()]
    assert failed == (["out of memory"] if isinstance(error, RuntimeError) else [])
    assert ("no scores at iteration 3: out of memory" in caplog.text) == isinstance(error, RuntimeError)


def test_a_run_that_ends_without_a_score_warns_and_says_so_in_its_file(composed, tmp_path, roots, scripted, caplog):
    scripted(2.0, float("nan"))
    chosen = [*CLASSES, *roots["folder_labelled"], "metric=[fid]", "callbacks.scores.every_n_images=8"]
    with caplog.at_level(logging.WARNING, "gan_lightning.callbacks"):
        played(composed, tmp_path, 3, *chosen)
    assert "fd_random: the last, no score at iteration 3, is far worse than the best, 2 at iteration 2" in caplog.text
    (failure,) = ScoreFile(tmp_path / "scores.jsonl").failures()
    assert failure == ScoringFailure(3, "the score fd_random must be a finite number; got nan")
    assert step_of(tmp_path, "best") == 2


def test_a_score_within_its_own_deviation_is_not_far_worse():
    courses = Courses()
    for iteration, value in enumerate((0.0001, 0.0004, 0.0007)):
        deviation = record(0.0005, iteration, score="kid_std", better="neither")
        courses.add([record(value, iteration, score="kid"), deviation])
        assert courses.courses["kid"].is_far_worse() == (value == 0.0007)
    assert list(courses.courses) == ["kid"]


def test_another_score_than_the_first_can_be_followed():
    scores = Scores({"fid": FrechetDistance()}, Random(), "unused", follow="recall")
    for iteration, value in ((1, 0.5), (2, 0.6)):
        scores.courses.add([record(1.0, iteration), record(value, iteration, score="recall", better="higher")])
    name, course = scores.followed()
    assert (name, course.best.iteration) == ("recall", 2)


def test_a_score_that_fails_once_keeps_its_best_and_is_followed_on(composed, tmp_path, roots, monkeypatch):
    def score(self, model, options, num_images, moment):
        names = {2: ["fd_random", "kd_random"], 5: ["kd_random"], 7: ["fd_random"], 8: ["fd_random", "kd_random"]}
        values = {2: 1.0, 5: 0.1, 7: 3.0, 8: 2.0}
        return [record(values[moment.iteration], moment.iteration, score=name) for name in names[moment.iteration]]

    monkeypatch.setattr(Scorer, "__call__", score)
    chosen = [*CLASSES, *roots["folder_labelled"], "metric=[fid,kid]", "callbacks.scores.every_n_images=8"]
    trainer, _ = played(composed, tmp_path, 8, *chosen)
    (scores,) = [callback for callback in trainer.callbacks if isinstance(callback, Scores)]
    name, course = scores.followed()
    assert (name, course.best, course.last) == ("fd_random", (1.0, 2), (2.0, 8))
    assert scores.courses.courses["kd_random"].best == (0.1, 5)
    assert step_of(tmp_path, "best") == 2


def test_a_score_that_is_missing_at_the_end_has_no_last_value():
    courses = Courses()
    courses.add([record(1.0, 1), record(2.0, 1, score="kd_random")])
    courses.add([record(1.0, 2)], ["fd_random", "kd_random"])
    assert courses.courses["kd_random"].best == (2.0, 1)
    assert str(courses.courses["kd_random"].last) == "no score at iteration 2"
    courses.add([record(1.0, 3)], ["fd_random"])
    assert list(courses.courses) == ["fd_random"]


def test_scores_of_another_run_in_the_same_folder_are_left_to_none(composed, tmp_path, roots, scripted):
    chosen = [*CLASSES, *roots["folder_labelled"], "metric=[fid]", "callbacks.scores.every_n_images=8"]
    scripted(3.0, 1.0)
    played(
        composed, tmp_path, 5, *chosen, "callbacks.checkpoint.every_n_iterations=1", "callbacks.checkpoint.keep=null"
    )
    evaluations = ScoreFile(tmp_path / "evaluations.jsonl")
    evaluations.append([record(0.5, 0), record(0.5, 3), record(0.5, 5)])
    scripted(9.0)
    played(composed, tmp_path, 4, *chosen, resume=tmp_path / "checkpoints" / "0000003.ckpt")
    assert [each.iteration for each in evaluations.read()] == [0, 3]
    played(composed, tmp_path, 4, *chosen[:-2], "metric=[]")
    assert evaluations.read() == ScoreFile(tmp_path / "scores.jsonl").read() == []


def test_a_run_that_goes_on_elsewhere_has_the_scores_of_its_own_past_alone(composed, tmp_path, roots, scripted):
    chosen = [*CLASSES, *roots["folder_labelled"], "metric=[fid]", "callbacks.scores.every_n_images=8"]
    scripted(1.0, 4.0, 5.0)
    played(composed, tmp_path / "a", 5, *chosen)
    (tmp_path / "b").mkdir()
    ScoreFile(tmp_path / "b" / "scores.jsonl").append([record(0.1, 1)])
    scripted(7.0, 8.0)
    played(composed, tmp_path / "b", 8, *chosen, resume=tmp_path / "a" / "checkpoints" / "last.ckpt")
    found = ScoreFile(tmp_path / "b" / "scores.jsonl").read()
    assert [(each.iteration, each.value) for each in found] == [(2, 1.0), (5, 4.0), (7, 7.0), (8, 8.0)]
    assert iterations(tmp_path / "a") == [2, 5]


def test_a_moved_run_is_resumed_with_its_own_scores_and_best_whatever_lies_where_it_was(
    composed, tmp_path, roots, scripted
):
    chosen = [*CLASSES, *roots["folder_labelled"], "metric=[fid]", "callbacks.scores.every_n_images=8"]
    scripted(1.0, 4.0)
    played(composed, tmp_path / "run", 5, *chosen)
    (tmp_path / "run").rename(tmp_path / "moved")
    own = torch.load(tmp_path / "moved" / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]
    scripted(0.1, 0.2)
    played(composed, tmp_path / "run", 5, *chosen, "model.seed=1")
    scripted(7.0, 8.0)
    played(composed, tmp_path / "on", 8, *chosen, resume=tmp_path / "moved" / "checkpoints" / "last.ckpt")
    found = ScoreFile(tmp_path / "on" / "scores.jsonl").read()
    assert [each.value for each in found] == [1.0, 4.0, 7.0, 8.0]
    assert_same(torch.load(tmp_path / "on" / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"], own, "best")


def test_a_run_that_goes_on_in_the_folder_of_another_leaves_nothing_of_that_one(
    composed, tmp_path, roots, scripted, caplog
):
    chosen = [*CLASSES, *roots["folder_labelled"], "metric=[fid]", "callbacks.scores.every_n_images=12"]
    scripted(1.0)
    played(composed, tmp_path / "a", 3, *chosen, "callbacks.checkpoint.every_n_iterations=1")
    scripted(0.1)
    played(composed, tmp_path / "b", 3, *chosen)
    ScoreFile(tmp_path / "b" / "evaluations.jsonl").append([record(0.2, 1)])
    scripted(5.0)
    before_any_score = tmp_path / "a" / "checkpoints" / "0000001.ckpt"
    played(composed, tmp_path / "b", 3, *chosen, resume=before_any_score)
    assert [each.value for each in ScoreFile(tmp_path / "b" / "scores.jsonl").read()] == [5.0]
    assert ScoreFile(tmp_path / "b" / "evaluations.jsonl").read() == []
    (tmp_path / "a" / "checkpoints" / "best.ckpt").unlink()
    scripted(5.0)
    with caplog.at_level(logging.WARNING, "gan_lightning.callbacks"):
        played(composed, tmp_path / "c", 4, *chosen, resume=tmp_path / "a" / "checkpoints" / "last.ckpt")
    assert "the best score so far is of iteration 3, but there is no checkpoint of it" in caplog.text
    assert [each.value for each in ScoreFile(tmp_path / "c" / "scores.jsonl").read()] == [1.0, 5.0]


class Both(FrechetDistance):
    """A metric that needs features beside moments."""

    real_inputs = fake_inputs = frozenset({"moments", "features"})

    def compute(self, real, fake):
        return [Score("both", float(real.features.mean() - fake.features.mean()))]


def test_a_metric_may_need_features_beside_moments(composed, tmp_path, roots):
    config = composed(*QUIET, *CLASSES, *roots["folder_labelled"], run_dir=tmp_path)
    data = instantiate(config.data)
    assert Scorer({"both": Both(), "fid": FrechetDistance()}, Random(), data).scores == ["both", "fd_random"]


def test_a_run_that_a_timer_ends_has_its_last_score_in_its_checkpoints(composed, tmp_path, roots, monkeypatch):
    """Lightning's timer ends a run after this callback has had the batch."""
    value = iter((3.0, 1.0))
    monkeypatch.setattr(
        Scorer, "__call__", lambda self, model, options, count, moment: [record(next(value), moment.iteration)]
    )
    chosen = [*CLASSES, *roots["folder_labelled"], "metric=[fid]", "callbacks.scores.every_n_images=8"]

    def at_iteration_3(self, trainer, *_, **__):
        trainer.should_stop = trainer.global_step == 3

    monkeypatch.setattr(Timer, "on_train_batch_end", at_iteration_3)
    trainer, last = played(composed, tmp_path, 8, *chosen, "trainer.max_time=00:00:01:00")
    assert trainer.global_step == last["global_step"] == 3
    assert iterations(tmp_path) == [2, 3]
    course = last["callbacks"]["Scores"]["courses"]["fd_random"]
    assert (course["best"], course["last"]) == ([1.0, 3], [1.0, 3])
    assert (tmp_path / "checkpoints" / "best.ckpt").samefile(tmp_path / "checkpoints" / "last.ckpt")


@pytest.mark.parametrize(
    ("better", "values", "best", "is_far"),
    [
        ("lower", [3, 2, 2.9], 2, False),
        ("lower", [3, 2, 3.1], 2, True),
        ("lower", [0.01, -0.001, 0.05], -0.001, True),
        ("higher", [3, 9, 6.1], 9, False),
        ("higher", [3, 9, 5.9], 9, True),
        ("lower", [5], 5, False),
    ],
)
def test_the_best_is_the_lowest_or_the_highest_and_far_is_half_as_much_again(better, values, best, is_far):
    courses = Courses()
    for iteration, value in enumerate(values):
        courses.add([record(float(value), iteration, better=better)])
    course = Courses.from_plain(json.loads(json.dumps(courses.plain()))).courses["fd_random"]
    assert course.best == (best, values.index(best))
    assert course.last == (values[-1], len(values) - 1)
    assert course.is_far_worse() == is_far


def test_a_broken_line_of_a_score_file_is_left_out(tmp_path):
    file = ScoreFile(tmp_path / "run" / "scores.jsonl")
    assert file.read() == []
    file.append([record(1.0, 1), record(2.0, 5)])
    with file.file.open("a") as stream:
        stream.write('{"score": "fd')
    assert [each.iteration for each in file.read()] == [1, 5]
    file.rewind(1)
    file.append([record(3.0, 4)])
    assert [each.value for each in file.read()] == [1.0, 3.0]


def test_rewinding_a_score_file_keeps_what_it_does_not_know(tmp_path):
    file = ScoreFile(tmp_path / "scores.jsonl")
    unknown = '{"iteration": 1, "score": "of a later version"}'
    file.file.write_text(f"{unknown}\nno json\n")
    file.append([record(1.0, 1), ScoringFailure(2, "why"), ScoringFailure(3, "not finite"), record(2.0, 4)])
    file.rewind(2)
    assert file.file.read_text().split("\n")[:2] == [unknown, "no json"]
    assert [each.value for each in file.read()] == [1.0]
    assert file.failures() == [ScoringFailure(2, "why")]
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.slow
def test_two_processes_share_the_work_and_write_once(tmp_path):
    """In float64, because Adam turns rounding into steps, and without what differs among processes by intent: batch
    statistics and dropout."""
    words = [
        *NARROW, "model=gan", "network=mlp", "model.generator.dropout=0", "model.discriminator.dropout=0", "trainer=ddp", "metric=[fid,kid]", "trainer.max_steps=3", "callbacks.scores.every_n_images=16",
        "callbacks.scores.num_images=25", "trainer.precision=64-true", "hydra.run.dir=run",
    ]  # fmt: skip
    command = [sys.executable, "-m", "gan_lightning", *words]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert shown.returncode == 0, shown.stderr
    found = ScoreFile(Path("run/scores.jsonl")).read()
    counts = [(each.iteration, each.n_fake, each.n_real) for each in found if each.score == "fd_random"]
    assert counts == [(2, 25, 1797), (3, 25, 1797)]
    assert Path("run/checkpoints/best.ckpt").is_file()
    alone = [word for word in words if word not in ("trainer=ddp", "hydra.run.dir=run")]
    shown = subprocess.run([*command[:3], *alone, "hydra.run.dir=alone"], capture_output=True, timeout=180, check=False)
    assert shown.returncode == 0, shown.stderr
    expected = ScoreFile(Path("alone/scores.jsonl")).read()
    for score, tolerance in (("fd_random", 1e-6), ("kd_random", 1e-6)):
        values = [[each.value for each in records if each.score == score] for records in (found, expected)]
        assert values[0] == pytest.approx(values[1], rel=tolerance), score
        assert len(values[0]) == 2


BROKEN = """
import os, sys
from gan_lightning import __main__
from gan_lightning.evaluation import scorer

def out_of_memory(model, *_):
    if model.trainer.global_step == 3:
        raise RuntimeError("out of memory")
    yield from images(model, *_)

images = scoring.sample_images
if os.environ.get("LOCAL_RANK") == "1":
    scoring.sample_images = out_of_memory
__main__.main()
"""


@pytest.mark.slow
def test_an_error_in_one_of_two_processes_at_the_end_costs_the_score_and_not_the_checkpoint(tmp_path):
    Path("broken.py").write_text(BROKEN)
    words = [
        *NARROW, "trainer=ddp", "trainer.accelerator=cpu", "metric=[fid]", "trainer.max_steps=3",
        "callbacks.scores.every_n_images=16", "callbacks.scores.num_images=25", "hydra.run.dir=run",
    ]  # fmt: skip
    command = [sys.executable, "broken.py", *words]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert shown.returncode == 0, shown.stderr
    assert "no scores at iteration 3: out of memory" in shown.stdout
    assert iterations("run") == [2]
    assert ScoreFile(Path("run/scores.jsonl")).failures() == [ScoringFailure(3, "out of memory")]
    assert torch.load("run/checkpoints/last.ckpt", weights_only=True)["global_step"] == 3


@pytest.mark.slow
def test_a_trained_dcgans_distance_is_at_most_a_fifth_of_an_untrained_ones(composed, tmp_path, record_property):
    """The first third of the demo."""
    config = composed(
        "experiment=demo", "trainer.max_steps=500", "trainer.accelerator=cpu", "logger=none",
        "callbacks=[checkpoint,scores]", "~callbacks.samples", "+trainer.enable_progress_bar=false", run_dir=tmp_path,
    )  # fmt: skip
    torch.manual_seed(0)
    model, data, trainer = (instantiate(config[part]) for part in ("model", "data", "trainer"))
    (scores,) = [callback for callback in trainer.callbacks if isinstance(callback, Scores)]
    scorer = Scorer(scores.metrics, scores.extractor, data)
    untrained = scorer(model, scores.options, scores.num_images, TrainingProgress(0, 0, 0, ""))[0]
    trainer.fit(model, data)
    trained = [each for each in ScoreFile(tmp_path / "scores.jsonl").read() if each.score == "fd_classifier"][-1]
    accuracy = scores.extractor.accuracy
    record_property("the classifier's held-out accuracy", f"{accuracy:.3f}")
    record_property("fd_classifier of a DCGAN, untrained and trained", f"{untrained.value:.1f} and {trained.value:.1f}")
    assert accuracy >= 0.97
    assert untrained.score == trained.score
    assert trained.value <= untrained.value / 5
