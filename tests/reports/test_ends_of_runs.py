"""The last score of a run is that of its end, and a run whose end has none has no rank and says why."""

from pathlib import Path

import pytest

from gan_lightning.evaluation.records import ScoreFile, ScoringFailure
from support.scored_runs import checkpoint, scored, seeds


def test_a_run_that_ended_without_a_score_is_below_the_others_and_says_why(compare):
    runs = scored("a", {1: 1.0, 2: 1.5}), scored("b", {1: 9.0, 3: 8.0}), scored("c", {})
    ScoreFile(Path("a/scores.jsonl")).append([ScoringFailure(3, "images must be finite")])
    ScoreFile(Path("b/scores.jsonl")).append([ScoringFailure(2, "not the end")])
    ScoreFile(Path("c/scores.jsonl")).append([ScoringFailure(3, "images were never finite")])
    code, out, _, rows = compare(*runs)
    assert code == 0
    assert [(row["run"], row["rank"], row["last"], row["best"]) for row in rows] == [
        ("name=b", "1", "8.0", "8.0"), ("name=a", "", "", "1.0"), ("name=c", "", "", ""),
    ]  # fmt: skip
    assert [row["failed"] for row in rows] == ["", "images must be finite", "images were never finite"]
    for reason in ("images must be finite", "images were never finite"):
        assert f"no score: {reason}" in out
    code, _, err, _ = compare(runs[2])
    assert code == 2
    assert "c has none (images were never finite)" in err


def test_one_failed_seed_leaves_an_experiment_without_a_last_score(compare):
    config = {"model": {"width": 4}}
    folders = [scored(f"seed={seed}", {1: 1.0}, {"seed": seed, **config}, seed=seed) for seed in (0, 1)]
    ScoreFile(Path("seed=1/scores.jsonl")).append([ScoringFailure(2, "not finite")])
    _, _, _, rows = compare(*folders, scored("other", {1: 5.0}))
    assert [(row["run"], row["seeds"], row["last"]) for row in rows] == [
        ("name=other", "1", "5.0"),
        ("width=4", "2", ""),
    ]


def test_a_score_of_the_best_checkpoint_is_not_the_last_of_the_run(compare):
    runs = scored("a", {2000: 20.0, 10_000: 300.0}), scored("b", {2000: 60.0, 10_000: 40.0})
    scored("a", {2000: 19.0}, n_fake=50_000, file="evaluations.jsonl")
    scored("b", {10_000: 39.0}, n_fake=50_000, file="evaluations.jsonl")
    code, out, _, rows = compare(*runs)
    assert code == 0
    of_many = [row for row in rows if row["n_fake"] == "50000"]
    assert [(row["run"], row["rank"], row["last"], row["best"]) for row in of_many] == [
        ("name=b", "1", "39.0", "39.0"), ("name=a", "", "", "19.0"),
    ]  # fmt: skip
    said = "the run ended at iteration 10,000, where this was not scored"
    assert [row["failed"] for row in rows] == ["", "", "", said]
    assert f"no score: {said}" in " ".join(out.split())
    (written,) = Path("outputs/compare").glob("*/compare.md")
    assert f"|  | name=a | 1 | no score: {said} |  |  | 19 | 2,000 |" in written.read_text()


@pytest.mark.parametrize(("names", "last"), [(["0000300.ckpt"], ""), (["0000200.ckpt", "best.ckpt", "300.txt"], "5.0")])
def test_a_run_that_was_only_evaluated_ends_no_earlier_than_its_numbered_checkpoints(names, last, compare):
    run = scored("a", {200: 5.0}, file="evaluations.jsonl")
    checkpoint(run, *names)
    _, _, _, rows = compare(run)
    assert [row["last"] for row in rows] == [last]


def test_a_run_resumed_from_before_its_newest_checkpoint_ends_with_its_last_checkpoint(compare):
    run = scored("a", {200: 5.0}, file="evaluations.jsonl")
    checkpoint(run, "0000200.ckpt", "0000300.ckpt")
    (Path(run) / "checkpoints" / "last.ckpt").hardlink_to(Path(run) / "checkpoints" / "0000200.ckpt")
    _, _, _, rows = compare(run)
    assert [row["last"] for row in rows] == ["5.0"]


def test_a_run_that_is_still_training_has_its_newest_score_as_its_last(compare):
    run = scored("a", {100: 6.0, 200: 5.0})
    checkpoint(run, "0000300.ckpt")
    _, _, _, rows = compare(run)
    assert [row["last"] for row in rows] == ["5.0"]


def test_a_run_whose_end_has_another_score_has_no_last_value_of_this_one(compare):
    run = scored("a", {1: 5.0})
    scored("a", {2: 0.1}, score="kid")
    _, _, _, rows = compare(run)
    assert [(row["score"], row["rank"], row["last"]) for row in rows] == [("fid", "", ""), ("kid", "1", "0.1")]


@pytest.mark.parametrize(("better", "order"), [("lower", ["c", "d", "a", "b"]), ("higher", ["d", "c", "b", "a"])])
def test_rows_without_a_last_score_are_below_the_ranked_ones_by_their_best_score(better, order, compare):
    values = {"a": {1: 1.0}, "b": {1: 2.0}, "c": {2: 3.0}, "d": {2: 4.0}}
    runs = [scored(name, value, better=better, file="evaluations.jsonl") for name, value in values.items()]
    checkpoint("a", "0000002.ckpt")
    checkpoint("b", "0000002.ckpt")
    _, _, _, rows = compare(*runs)
    assert [row["run"] for row in rows] == [f"name={name}" for name in order]
    assert [row["rank"] for row in rows] == ["1", "2", "", ""]


def test_one_seed_that_was_not_scored_at_its_end_leaves_no_last_and_is_named(compare):
    folders = seeds((10.0, {}), (12.0, {}), (14.0, {}))
    checkpoint(folders[1], "0000002.ckpt")
    ScoreFile(Path(folders[2]) / "scores.jsonl").append([ScoringFailure(2, "not finite")])
    (Path(folders[1]) / "scores.jsonl").rename(Path(folders[1]) / "evaluations.jsonl")
    _, _, _, rows = compare(*folders)
    said = "seed=1: the run ended at iteration 2, where this was not scored; seed=2: not finite"
    assert [(row["rank"], row["last"], row["failed"]) for row in rows] == [("", "", said)]
    assert float(rows[0]["best"]) == pytest.approx(12.0)
