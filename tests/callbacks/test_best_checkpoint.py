"""The best checkpoint: which one it is, and what becomes of it when a run is resumed."""

import logging

import pytest
import torch
from lightning import Callback

from gan_lightning.evaluation.scorer import Scorer
from support.checkpoints import assert_same
from support.scoring import CLASSES, EVERY_SECOND, NUMBERED, iteration_of, played, record, scores_of


@pytest.fixture
def chosen(roots):
    return [*CLASSES, *roots["folder_labelled"], *EVERY_SECOND]


def test_the_best_checkpoint_is_that_of_the_best_score_and_outlives_the_numbered_ones(
    chosen, composed, tmp_path, scripted, caplog
):
    for every, folder in ((1000, "own"), (1, "second name")):
        scripted(5.0, 2.0, float("nan"), 3.5)
        cadence = ["callbacks.checkpoint.keep=1", f"callbacks.checkpoint.every_n_iterations={every}"]
        caplog.clear()
        with caplog.at_level(logging.WARNING, "gan_lightning.callbacks"):
            _, last = played(composed, tmp_path / folder, 8, *chosen, *cadence, "callbacks=[checkpoint,scores,guard]")
        assert (iteration_of(tmp_path / folder, "best"), last["global_step"]) == (4, 8)
        said = "fd_random is 3.5 at iteration 8, far worse than its best, 2 at iteration 4"
        assert caplog.text.count(said) == 1
        names = {file.name for file in (tmp_path / folder / "checkpoints").iterdir()}
        assert names == {"0000008.ckpt", "last.ckpt", "best.ckpt"}


def test_checkpoints_come_at_a_cadence_in_epochs_too(chosen, composed, tmp_path, scripted):
    """An epoch is four batches."""
    scripted(*range(9))
    cadence = ["callbacks.checkpoint.every_n_iterations=3", "callbacks.checkpoint.every_n_epochs=1"]
    played(composed, tmp_path, 9, *chosen, *cadence, "callbacks.checkpoint.keep=null")
    numbered = sorted(int(file.stem) for file in (tmp_path / "checkpoints").glob("0*.ckpt"))
    assert numbered == [3, 4, 6, 8, 9]


def test_a_best_score_at_the_very_end_is_the_last_checkpoint(chosen, composed, tmp_path, scripted):
    scripted(5.0)
    played(composed, tmp_path, 3, *chosen[:-1])
    assert (tmp_path / "checkpoints" / "best.ckpt").samefile(tmp_path / "checkpoints" / "last.ckpt")


def test_a_resumed_run_knows_the_best_of_what_it_resumes(chosen, composed, tmp_path, scripted):
    scripted(1.0, 4.0)
    played(composed, tmp_path / "a", 4, *chosen)
    scripted(3.0, 2.0)
    last = tmp_path / "a" / "checkpoints" / "last.ckpt"
    trainer, kept = played(composed, tmp_path / "b", 8, *chosen, resume=last)
    assert iteration_of(tmp_path / "b", "best") == 2
    history = scores_of(trainer).histories.by_name["fd_random"]
    assert (history.best, history.last) == ((1.0, 2), (2.0, 8))
    assert kept["callbacks"]["Scores"]["histories"] == scores_of(trainer).histories.plain()
    scripted(9.0, 9.0, n_fake=13)
    trainer, _ = played(composed, tmp_path / "c", 8, *chosen, resume=last)
    best = scores_of(trainer).histories.by_name["fd_random"].best
    assert best == (9.0, 6), "scores of another protocol are not compared"


def test_a_metric_that_is_added_keeps_the_best_of_the_others(chosen, composed, tmp_path, monkeypatch):
    def score(self, model, options, num_images, moment):
        value = {2: 1.0, 4: 5.0}[moment.iteration]
        return [record(value, moment.iteration, score=name) for name in self.names(model)]

    monkeypatch.setattr(Scorer, "__call__", score)
    played(composed, tmp_path, 2, *chosen)
    last = tmp_path / "checkpoints" / "last.ckpt"
    trainer, _ = played(composed, tmp_path, 4, *chosen, "metric=[fid,kid]", resume=last)
    best = {name: history.best for name, history in scores_of(trainer).histories.by_name.items()}
    assert best == {"fd_random": (1.0, 2), "kd_random": (5.0, 4)}
    assert iteration_of(tmp_path, "best") == 2


def test_the_best_of_an_abandoned_course_goes_when_a_run_is_resumed_before_it(chosen, composed, tmp_path, scripted):
    chosen = [*chosen, *NUMBERED]
    scripted(3.0, 1.0)
    played(composed, tmp_path, 4, *chosen)
    assert iteration_of(tmp_path, "best") == 4
    scripted(4.0)
    before = tmp_path / "checkpoints" / "0000003.ckpt"
    played(composed, tmp_path, 4, *chosen, resume=before)
    best = tmp_path / "checkpoints" / "best.ckpt"
    assert not best.exists(), "the best of iteration 2 is lost, that of 4 is abandoned"
    scripted(2.0)
    played(composed, tmp_path, 4, *chosen, resume=before)
    assert iteration_of(tmp_path, "best") == 4
    scripted(float("nan"))
    before_any_score = tmp_path / "checkpoints" / "0000001.ckpt"
    played(composed, tmp_path, 2, *chosen, resume=before_any_score)
    assert not best.exists(), "without a score the best of iteration 4 is abandoned too"


def test_a_run_that_is_resumed_without_metrics_keeps_its_best_checkpoint(chosen, composed, tmp_path, scripted):
    scripted(1.0, 4.0)
    played(composed, tmp_path, 4, *chosen)
    played(composed, tmp_path, 6, *chosen, "metric=[]", resume=tmp_path / "checkpoints" / "last.ckpt")
    assert iteration_of(tmp_path, "best") == 2
    played(composed, tmp_path, 2, *chosen, "metric=[]")
    assert not (tmp_path / "checkpoints" / "best.ckpt").exists(), "it is not of this run"


def test_the_best_checkpoint_is_never_a_file_of_an_abandoned_course(chosen, composed, tmp_path, scripted):
    own = tmp_path / "checkpoints"
    own.mkdir()
    (own / "0000002.ckpt").write_bytes(b"of another history")
    scripted(1.0, 2.0)
    played(composed, tmp_path, 3, *chosen)
    assert iteration_of(tmp_path, "best") == 2
    assert not (own / "0000002.ckpt").exists()


def test_a_moved_run_is_resumed_with_its_own_scores_and_best_whatever_is_where_it_was(
    chosen, composed, tmp_path, scripted
):
    scripted(1.0, 4.0)
    played(composed, tmp_path / "run", 4, *chosen)
    (tmp_path / "run").rename(tmp_path / "moved")
    own = torch.load(tmp_path / "moved" / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]
    scripted(0.1, 0.2)
    played(composed, tmp_path / "run", 4, *chosen, "model.seed=1")
    scripted(7.0, 8.0)
    trainer, _ = played(composed, tmp_path / "on", 8, *chosen, resume=tmp_path / "moved" / "checkpoints" / "last.ckpt")
    assert [each.value for each in scores_of(trainer).file.read()] == [7.0, 8.0], "the command brings the earlier ones"
    assert_same(torch.load(tmp_path / "on" / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"], own, "best")


class Fails(Callback):
    """A callback that fails before the first batch."""

    def on_train_start(self, trainer, pl_module):
        raise RuntimeError("my own failure")


def test_an_error_before_the_first_batch_of_a_resumed_run_is_the_one_that_is_raised(
    chosen, composed, tmp_path, scripted, monkeypatch
):
    scripted(1.0)
    played(composed, tmp_path / "a", 2, *chosen)
    monkeypatch.setattr("gan_lightning.callbacks.scores.Scores.on_train_start", Fails.on_train_start)
    with pytest.raises(RuntimeError, match="my own failure"):
        played(composed, tmp_path / "b", 4, *chosen, resume=tmp_path / "a" / "checkpoints" / "last.ckpt")
    assert not list((tmp_path / "b" / "checkpoints").iterdir())
