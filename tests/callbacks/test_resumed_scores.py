"""The score files of a run that is resumed: its own past and nothing else."""

import logging

import pytest

from gan_lightning.evaluation.records import ScoreFile, ScoringFailure
from support.scoring import CLASSES, EVERY_SECOND, NUMBERED, iterations, played, record


@pytest.fixture
def chosen(roots):
    return [*CLASSES, *roots["folder_labelled"], *EVERY_SECOND]


def test_scores_of_another_run_in_the_same_folder_are_left_to_none(chosen, composed, tmp_path, scripted):
    scripted(3.0, 1.0)
    played(composed, tmp_path, 4, *chosen, *NUMBERED)
    evaluations = ScoreFile(tmp_path / "evaluations.jsonl")
    evaluations.append([record(0.5, 0), record(0.5, 3), record(0.5, 5)])
    scripted(9.0)
    played(composed, tmp_path, 4, *chosen, resume=tmp_path / "checkpoints" / "0000003.ckpt")
    assert [each.iteration for each in evaluations.read()] == [0, 3]
    played(composed, tmp_path, 4, *chosen, "metric=[]")
    assert evaluations.read() == ScoreFile(tmp_path / "scores.jsonl").read() == []


def test_a_run_that_is_resumed_elsewhere_has_the_scores_of_its_own_past_alone(chosen, composed, tmp_path, scripted):
    scripted(1.0, 4.0, 5.0)
    played(composed, tmp_path / "a", 5, *chosen)
    (tmp_path / "b").mkdir()
    ScoreFile(tmp_path / "b" / "scores.jsonl").append([record(0.1, 1)])
    scripted(7.0, 8.0)
    played(composed, tmp_path / "b", 8, *chosen, resume=tmp_path / "a" / "checkpoints" / "last.ckpt")
    found = ScoreFile(tmp_path / "b" / "scores.jsonl").read()
    assert [(each.iteration, each.value) for each in found] == [(2, 1.0), (4, 4.0), (5, 5.0), (6, 7.0), (8, 8.0)]
    assert iterations(tmp_path / "a") == [2, 4, 5]


def test_a_run_that_is_resumed_in_the_folder_of_another_leaves_nothing_of_that_one(
    chosen, composed, tmp_path, scripted, caplog
):
    chosen = [*chosen[:-1], "callbacks.scores.every_n_iterations=3"]
    scripted(1.0)
    played(composed, tmp_path / "a", 3, *chosen, *NUMBERED)
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
    assert "the best score so far is that of iteration 3, but it has no checkpoint" in caplog.text
    assert [each.value for each in ScoreFile(tmp_path / "c" / "scores.jsonl").read()] == [1.0, 5.0]


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
