"""`gan-lightning compare`: what is ranked, what is not, and why."""

import csv
import dataclasses
import sys
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from gan_lightning.__main__ import main
from gan_lightning.config.arguments import with_runs
from gan_lightning.evaluation.records import ScoreFile, ScoreRecord, ScoringFailure
from gan_lightning.reports.history import histories

CARD = ScoreRecord(
    weights="ema", batch_norm="eval", latent_seed=0, precision="32-true", iteration=100, images_seen=800, seed=0,
    run="", score="fid", better="lower", value=10.0, settings={}, n_real=5000, n_fake=5000, split="train", data="abc",
    resize="legacy", extractor="inception", extractor_sha256="6726825d", versions={"torch": "2"}, warnings=[],
)  # fmt: skip


def scored(folder, values, config=None, file="scores.jsonl", **changes):
    """A run folder with a score for each iteration."""
    place = Path(folder)
    (place / ".hydra").mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config or {"seed": 0, "name": str(folder)}, place / ".hydra" / "config.yaml")
    records = [dataclasses.replace(CARD, iteration=at, value=value, **changes) for at, value in values.items()]
    ScoreFile(place / file).append(records)
    return str(place)


@pytest.fixture
def compare(monkeypatch, capsys):
    """Runs the command in this process; returns exit code, stdout, stderr, and the rows of compare.csv."""

    def run(*words):
        GlobalHydra.instance().clear()
        monkeypatch.setattr(sys, "argv", ["gan-lightning", "compare", *words])
        monkeypatch.setenv("COLUMNS", "200")
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        shown = capsys.readouterr()
        files = sorted(Path("outputs/compare").glob("*/compare.csv")) if Path("outputs").exists() else []
        rows = list(csv.DictReader(files[-1].open())) if files else []
        return code, shown.out, shown.err, rows

    return run


def test_runs_are_ranked_by_their_last_score_and_best_is_shown_beside_it(compare):
    runs = scored("a", {100: 50.0, 200: 20.0, 300: 90.0}), scored("b", {100: 60.0, 300: 40.0})
    code, out, _, rows = compare(*runs)
    assert code == 0
    assert [(row["run"], row["rank"]) for row in rows] == [("b", "1"), ("a", "2")]
    assert [(float(row["last"]), row["last_iterations"]) for row in rows] == [(40.0, "300"), (90.0, "300")]
    assert [(float(row["best"]), row["best_iterations"]) for row in rows] == [(40.0, "300"), (20.0, "200")]
    assert "fid (lower is better): 5,000 fakes against 5,000 of train" in out
    assert {row["n_fake"] for row in rows} == {"5000"}


def test_where_more_is_better_the_highest_is_first_and_best(compare):
    changes = {"score": "precision", "better": "higher"}
    _, _, _, rows = compare(scored("a", {1: 0.5, 2: 0.3}, **changes), scored("b", {1: 0.4, 2: 0.4}, **changes))
    assert [row["run"] for row in rows] == ["b", "a"]
    assert [float(row["best"]) for row in rows] == [0.4, 0.5]


def test_equal_scores_share_a_rank(compare):
    _, _, _, rows = compare(scored("a", {1: 2.0}), scored("b", {1: 2.0}), scored("c", {1: 3.0}))
    assert [row["rank"] for row in rows] == ["1", "1", "3"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"n_fake": 2000}, "n_fake: 5000 and 2000"),
        ({"weights": "raw"}, "weights: ema and raw"),
        ({"resize": "clean", "split": "test"}, "split: train and test; resize: legacy and clean"),
    ],
)
def test_scores_of_different_protocols_are_not_ranked_together_and_the_difference_is_named(changes, said, compare):
    code, out, _, rows = compare(scored("a", {1: 5.0}), scored("b", {1: 3.0}, **changes))
    assert code == 1
    assert f"fid: a and b are not ranked together; {said}" in out
    assert [(row["table"], row["rank"], row["run"]) for row in rows] == [("1", "1", "a"), ("2", "1", "b")]
    (written,) = Path("outputs/compare").glob("*/compare.md")
    assert f"- fid: a and b are not ranked together; {said}" in written.read_text()


def test_one_common_protocol_is_enough(compare):
    runs = scored("a", {1: 5.0}), scored("b", {1: 3.0})
    scored("b", {1: 2.0}, weights="raw")
    code, _, _, rows = compare(*runs)
    assert code == 0
    assert [(row["table"], row["run"]) for row in rows] == [("1", "b"), ("1", "a"), ("2", "b")]


def test_runs_without_a_common_score_are_not_ranked(compare):
    code, out, _, _ = compare(scored("a", {1: 5.0}), scored("b", {1: 3.0}, score="fd_random"))
    assert code == 1
    assert "no score is common to all: a has fid; b has fd_random" in out


def test_seeds_of_one_configuration_become_mean_and_standard_deviation(compare):
    folders = [
        scored(f"seed={seed}", {1: 9.0, 2: last}, {"seed": seed, "run_dir": f"x{seed}", "model": "${seed}"}, seed=seed)
        for seed, last in enumerate((1.0, 2.0, 6.0))
    ]
    code, _, _, rows = compare(*folders, scored("other", {2: 2.5}))
    assert code == 0
    assert [(row["run"], row["seeds"]) for row in rows] == [("other", "1"), ("seed=0", "3")]
    assert float(rows[1]["last"]) == pytest.approx(3.0)
    assert float(rows[1]["last_deviation"]) == pytest.approx(7**0.5)
    assert rows[0]["last_deviation"] == ""


def test_a_seed_that_was_run_twice_does_not_count_twice(compare):
    config = {"seed": 0, "name": "same"}
    _, _, _, rows = compare(scored("a", {1: 1.0}, config), scored("b", {1: 1.0}, config))
    assert [(row["run"], row["seeds"]) for row in rows] == [("a", "1"), ("b", "1")]


def test_latent_seeds_are_draws_of_one_protocol():
    records = [dataclasses.replace(CARD, latent_seed=seed, value=float(seed)) for seed in (1, 2, 6)]
    (history,) = histories([*records, dataclasses.replace(CARD, iteration=50, value=1.0)])
    assert history.last.values == (1.0, 2.0, 6.0)
    assert (history.last.mean, history.best.iteration) == (3.0, 50)


def test_evaluations_are_read_beside_scores_and_the_later_of_two_counts(compare):
    run = scored("a", {1: 5.0, 2: 4.0})
    scored("a", {2: 3.0}, file="evaluations.jsonl")
    _, _, _, rows = compare(run)
    assert [float(row["last"]) for row in rows] == [3.0]


def test_a_run_that_ended_without_a_score_is_last_and_says_why(compare):
    runs = scored("a", {1: 1.0, 2: 1.5}), scored("b", {1: 9.0, 3: 8.0}), scored("c", {})
    ScoreFile(Path("a/scores.jsonl")).append([ScoringFailure(3, "images must be finite")])
    ScoreFile(Path("b/scores.jsonl")).append([ScoringFailure(2, "not the end")])
    ScoreFile(Path("c/scores.jsonl")).append([ScoringFailure(3, "images were never finite")])
    code, out, _, rows = compare(*runs)
    assert code == 0
    assert [(row["run"], row["rank"], row["last"], row["best"]) for row in rows] == [
        ("b", "1", "8.0", "8.0"), ("a", "", "", "1.0"), ("c", "", "", ""),
    ]  # fmt: skip
    assert [row["failed"] for row in rows] == ["", "images must be finite", "images were never finite"]
    for reason in ("images must be finite", "images were never finite"):
        assert f"no score: {reason}" in out
    code, _, err, _ = compare(runs[2])
    assert code == 2
    assert "c: images were never finite" in err


def test_one_failed_seed_leaves_an_experiment_without_a_last_score(compare):
    config = {"model": "same"}
    folders = [scored(f"seed={seed}", {1: 1.0}, {"seed": seed, **config}, seed=seed) for seed in (0, 1)]
    ScoreFile(Path("seed=1/scores.jsonl")).append([ScoringFailure(2, "not finite")])
    _, _, _, rows = compare(*folders, scored("other", {1: 5.0}))
    assert [(row["run"], row["seeds"], row["last"]) for row in rows] == [("other", "1", "5.0"), ("seed=0", "2", "")]


def checkpoint(run, *names):
    """Empty files: `compare` reads their names alone."""
    (Path(run) / "checkpoints").mkdir(exist_ok=True)
    for name in names:
        (Path(run) / "checkpoints" / name).touch()


def test_a_score_of_the_best_checkpoint_is_not_the_last_of_the_run(compare):
    runs = scored("a", {2000: 20.0, 10_000: 300.0}), scored("b", {2000: 60.0, 10_000: 40.0})
    scored("a", {2000: 19.0}, n_fake=50_000, file="evaluations.jsonl")
    scored("b", {10_000: 39.0}, n_fake=50_000, file="evaluations.jsonl")
    code, out, _, rows = compare(*runs)
    assert code == 0
    of_many = [row for row in rows if row["n_fake"] == "50000"]
    assert [(row["run"], row["rank"], row["last"], row["best"]) for row in of_many] == [
        ("b", "1", "39.0", "39.0"), ("a", "", "", "19.0"),
    ]  # fmt: skip
    said = "the run ended at iteration 10,000, where this was not scored"
    assert [row["failed"] for row in rows] == ["", "", "", said]
    assert f"no score: {said}" in " ".join(out.split())
    (written,) = Path("outputs/compare").glob("*/compare.md")
    assert f"|  | a | 1 | no score: {said} |  | 19 | 2,000 |" in written.read_text()


@pytest.mark.parametrize(("names", "last"), [(["0000300.ckpt"], ""), (["0000200.ckpt", "best.ckpt", "300.txt"], "5.0")])
def test_a_run_that_was_only_evaluated_ends_no_earlier_than_its_numbered_checkpoints(names, last, compare):
    run = scored("a", {200: 5.0}, file="evaluations.jsonl")
    checkpoint(run, *names)
    _, _, _, rows = compare(run)
    assert [row["last"] for row in rows] == [last]


def test_a_run_that_went_on_from_before_its_newest_checkpoint_ends_with_the_last(compare):
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


def test_a_run_of_other_scores_at_its_end_has_no_last_of_this_one(compare):
    run = scored("a", {1: 5.0})
    scored("a", {2: 0.1}, score="kid")
    _, _, _, rows = compare(run)
    assert [(row["score"], row["rank"], row["last"]) for row in rows] == [("fid", "", ""), ("kid", "1", "0.1")]


@pytest.mark.parametrize(("better", "order"), [("lower", ["c", "d", "a", "b"]), ("higher", ["d", "c", "b", "a"])])
def test_rows_without_a_last_stand_below_the_ranked_ones_by_their_best(better, order, compare):
    values = {"a": {1: 1.0}, "b": {1: 2.0}, "c": {2: 3.0}, "d": {2: 4.0}}
    runs = [scored(name, value, better=better, file="evaluations.jsonl") for name, value in values.items()]
    checkpoint("a", "0000002.ckpt")
    checkpoint("b", "0000002.ckpt")
    _, _, _, rows = compare(*runs)
    assert [row["run"] for row in rows] == order
    assert [row["rank"] for row in rows] == ["1", "2", "", ""]


def seeds(*changes):
    """Runs of one configuration whose records differ in the given ways."""
    config = {"model": "same"}
    return [
        scored(f"seed={seed}", {1: value}, {"seed": seed, **config}, seed=seed, **change)
        for seed, (value, change) in enumerate(changes)
    ]


def test_one_seed_that_was_not_scored_at_its_end_leaves_no_last_and_is_named(compare):
    folders = seeds((10.0, {}), (12.0, {}), (14.0, {}))
    checkpoint(folders[1], "0000002.ckpt")
    ScoreFile(Path(folders[2]) / "scores.jsonl").append([ScoringFailure(2, "not finite")])
    (Path(folders[1]) / "scores.jsonl").rename(Path(folders[1]) / "evaluations.jsonl")
    _, _, _, rows = compare(*folders)
    said = "seed=1: the run ended at iteration 2, where this was not scored; seed=2: not finite"
    assert [(row["rank"], row["last"], row["failed"]) for row in rows] == [("", "", said)]
    assert float(rows[0]["best"]) == pytest.approx(12.0)


def test_a_seed_of_another_protocol_is_named_and_does_not_drop_out_silently(compare):
    old, new = {"versions": {"torch": "2", "numpy": "1.26"}}, {"versions": {"torch": "2", "numpy": "2.0"}}
    code, out, _, rows = compare(*seeds((10.0, old), (11.0, old), (90.0, new)))
    assert code == 1
    said = (
        "fid: the row of seed=0 and seed=1 is without seed=2, of the same configuration; versions.numpy: 1.26 and 2.0"
    )
    assert out.count(said) == out.count("is without") == 1
    assert [(row["run"], row["seeds"], row["folders"]) for row in rows] == [
        ("seed=0", "2", "seed=0 seed=1"), ("seed=2", "1", "seed=2"),
    ]  # fmt: skip
    (written,) = Path("outputs/compare").glob("*/compare.md")
    lines = written.read_text().splitlines()
    assert [line.rsplit(", ", 1)[1] for line in lines if line.startswith("## ")] == [
        "versions.numpy 1.26", "versions.numpy 2.0",
    ]  # fmt: skip
    assert any(line.startswith("| 1 | seed=0 | 2 of 3 | 10.5 ± 0.71 |") for line in lines)
    assert any(line.startswith("| 1 | seed=2 | 1 of 3 | 90 |") for line in lines)


def test_a_seed_that_drops_out_is_named_also_where_its_experiment_is_apart(compare):
    many, other = {"n_fake": 50_000}, {"n_fake": 50_000, "versions": {"torch": "2", "numpy": "2.0"}}
    apart = seeds((10.0, many), (11.0, many), (90.0, other))
    folders = [scored(f"y{seed}", {1: 5.0}, {"seed": seed, "model": "y"}, seed=seed) for seed in range(3)]
    code, out, _, _ = compare(*folders, *apart)
    assert code == 1
    assert "y0 and seed=0 are not ranked together; n_fake" in out
    assert "fid: the row of seed=0 and seed=1 is without seed=2, of the same configuration; versions" in out


def test_one_protocol_of_all_seeds_is_enough(compare):
    folders = seeds((10.0, {}), (11.0, {}), (12.0, {}))
    scored(folders[2], {1: 8.0}, {"model": "same", "seed": 2}, seed=2, n_fake=50_000, file="evaluations.jsonl")
    code, out, _, rows = compare(*folders)
    assert (code, "is without" in out) == (0, False)
    assert [row["seeds"] for row in rows] == ["3", "1"]


def test_a_seed_without_a_score_that_the_others_have_shows_in_the_number_of_seeds(compare):
    folders = seeds((10.0, {}), (11.0, {}))
    scored(folders[0], {1: 0.1}, {"seed": 0, "model": "same"}, score="kid")
    code, out, _, rows = compare(*folders)
    assert code == 0
    assert [(row["score"], row["seeds"]) for row in rows] == [("fid", "2"), ("kid", "1")]
    assert "1 of 2" in out
    assert "2 of 2" not in out


def test_titles_that_differ_say_no_more_than_they_need(compare):
    runs = scored("a", {1: 5.0}), scored("b", {1: 3.0}, weights="raw", versions={"torch": "3"})
    _, out, _, _ = compare(*runs)
    assert "versions.torch: 2 and 3" in out
    assert ", versions.torch 2" not in out


def test_three_tables_of_one_title_name_all_that_tells_them_apart(compare):
    changes = {"settings": {"subsets": 10}}, {"settings": {"subsets": 100}}, {"versions": {"torch": "3"}}
    runs = [scored(name, {1: 5.0}, **change) for name, change in zip("abc", changes, strict=True)]
    compare(*runs)
    (written,) = Path("outputs/compare").glob("*/compare.md")
    lines = written.read_text().splitlines()
    assert [line.split(", ema weights, batch norm eval, ")[1] for line in lines if line.startswith("## ")] == [
        "settings.subsets 10, versions.torch 2",
        "settings.subsets 100, versions.torch 2",
        "settings.subsets none, versions.torch 3",
    ]


def test_brackets_in_a_runs_name_are_shown(compare):
    name = "0_seed=0,metric=[fid,kid]"
    scored(name, {1: 5.0})
    _, out, _, rows = compare(f"runs=['{name}']")
    assert name in out
    assert rows[0]["run"] == name


def test_deviations_are_not_ranked(compare):
    run = scored("a", {1: 5.0})
    scored("a", {1: 1.0}, score="kid_std", better="neither")
    _, out, _, rows = compare(run)
    assert "kid_std" not in out
    assert len(rows) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "runs must be given"),
        (["nowhere"], "runs must name run folders; there is no folder nowhere"),
        (["no where", "x=y"], "x is no key of the configuration"),
        (["."], "runs must name runs with scores, in scores.jsonl or evaluations.jsonl; . has none"),
    ],
)
def test_a_missing_run_is_named_in_one_sentence(words, said, compare):
    code, _, err, _ = compare(*words)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_a_line_that_a_power_cut_has_broken_is_left_out(compare):
    run = scored("a", {1: 5.0})
    with (Path(run) / "scores.jsonl").open("a") as file:
        file.write('{"score": "fi')
    code, _, _, rows = compare(run)
    assert code == 0
    assert [float(row["last"]) for row in rows] == [5.0]


def test_words_that_stand_alone_are_runs():
    Path("0_seed=1").mkdir()
    words = ["a", "0_seed=1", "it's", "--cfg", "job", "hydra.job.name=x"]
    assert with_runs(words) == ["--cfg", "job", "hydra.job.name=x", r"runs=['a','0_seed=1','it\'s']"]
    assert with_runs(["runs=[a]"]) == ["runs=[a]"]
