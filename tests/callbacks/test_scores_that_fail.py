"""Runs whose scores are wrong, fail or do not come at the end: what is said, and what is kept."""

import logging
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hydra.utils import instantiate
from lightning.pytorch.callbacks import Timer
from PIL import Image

from gan_lightning.evaluation.records import ScoreFile, ScoringFailure
from gan_lightning.evaluation.scorer import Scorer
from support.command import NARROW
from support.scoring import CLASSES, EVERY_SECOND, QUIET, iteration_of, iterations, played


@pytest.fixture
def chosen(roots):
    return [*CLASSES, *roots["folder_labelled"], *EVERY_SECOND]


def test_missing_inception_weights_stop_a_run_before_its_data_are_read(gan_lightning, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("GAN_LIGHTNING_INCEPTION", raising=False)
    Path("broken_images").mkdir()
    Path("broken_images/1.png").write_bytes(b"no image")
    begun = time.monotonic()
    words = [*NARROW, "data=folder", "data.root=broken_images", "metric=[fid]", "extractor=inception"]
    code, err = gan_lightning(*words)
    assert time.monotonic() - begun < 10
    assert code == 2
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert "trainer.callbacks" not in line
    for words in ("weights-inception-2015-12-05-6726825d.pth", str(tmp_path / "torch"), "extractor.weights", "96 MB"):
        assert words in line
    assert "broken_images" not in err
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
    "modes of a random network": (["metric=[modes]"], "extractor=random gives none; use extractor=inception or"),
    "the Inception score of one": (["metric=[inception_score]"], "extractor=random gives none; use"),
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
    "an unknown metric": (["metric=[fdi]"], "did you mean metric=[fid]?"),
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


def test_a_generator_that_gives_no_numbers_gets_a_warning_and_training_continues(chosen, composed, tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "gan_lightning.callbacks"):
        _, last = played(composed, tmp_path, 4, *chosen, "model.generator_optimizer.lr=1e30")
    assert last["global_step"] == 4
    assert "no scores at iteration 2: images to be scored must be finite" in caplog.text
    assert iterations(tmp_path) == []


def test_ctrl_c_ends_a_run_without_scores_and_says_so(chosen, composed, tmp_path, scripted, caplog):
    scripted(1.0)
    callbacks = "callbacks=[checkpoint,scores,graceful_stop]"
    config = composed(*QUIET, "trainer.max_steps=20", *chosen, callbacks, run_dir=tmp_path)
    model, data, trainer = instantiate(config.model), instantiate(config.data), instantiate(config.trainer)
    step = type(model).training_step

    def interrupted(self, *given):
        if trainer.global_step == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return step(self, *given)

    model.training_step = interrupted.__get__(model)
    with caplog.at_level(logging.INFO, "gan_lightning.callbacks"):
        trainer.fit(model, data)
    assert model.interrupted
    assert iterations(tmp_path) == [2]
    assert caplog.text.count("no scores at iteration 3, because a signal has ended the run") == 1
    assert iteration_of(tmp_path, "last") == 3


@pytest.mark.parametrize("error", [RuntimeError("out of memory"), KeyboardInterrupt()])
def test_the_last_checkpoint_is_written_whatever_breaks_off_the_scores_at_the_end(
    error, chosen, composed, tmp_path, monkeypatch, caplog
):
    def score(self, model, options, num_images, moment):
        raise error

    monkeypatch.setattr(Scorer, "__call__", score)
    with suppress(SystemExit), caplog.at_level(logging.WARNING, "gan_lightning.callbacks"):
        played(composed, tmp_path, 3, *chosen, "callbacks.scores.every_n_iterations=null")
    assert iteration_of(tmp_path, "last") == 3
    failed = [each.failed for each in ScoreFile(tmp_path / "scores.jsonl").failures()]
    assert failed == (["out of memory"] if isinstance(error, RuntimeError) else [])
    assert ("no scores at iteration 3: out of memory" in caplog.text) == isinstance(error, RuntimeError)


def test_a_run_that_ends_without_a_score_warns_and_says_so_in_its_file(chosen, composed, tmp_path, scripted, caplog):
    scripted(2.0, float("nan"))
    with caplog.at_level(logging.WARNING, "gan_lightning.callbacks"):
        played(composed, tmp_path, 3, *chosen, "callbacks=[checkpoint,scores,guard]")
    assert "fd_random is no score at iteration 3, far worse than its best, 2 at iteration 2" in caplog.text
    (failure,) = ScoreFile(tmp_path / "scores.jsonl").failures()
    assert failure == ScoringFailure(3, "the score fd_random must be a finite number; got nan")
    assert iteration_of(tmp_path, "best") == 2


def test_a_run_that_a_timer_ends_has_its_last_score_in_its_checkpoints(
    chosen, composed, tmp_path, scripted, monkeypatch
):
    """Lightning's timer ends a run after the callback that scores has had the batch."""
    scripted(3.0, 1.0)

    def at_iteration_3(self, trainer, *_, **__):
        trainer.should_stop = trainer.global_step == 3

    monkeypatch.setattr(Timer, "on_train_batch_end", at_iteration_3)
    trainer, last = played(composed, tmp_path, 8, *chosen, "trainer.max_time=00:00:01:00")
    assert trainer.global_step == last["global_step"] == 3
    assert iterations(tmp_path) == [2, 3]
    course = last["callbacks"]["Scores"]["histories"]["fd_random"]
    assert (course["best"], course["last"]) == ([1.0, 3], [1.0, 3])
    assert (tmp_path / "checkpoints" / "best.ckpt").samefile(tmp_path / "checkpoints" / "last.ckpt")
