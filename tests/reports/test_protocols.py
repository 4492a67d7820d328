"""Scores of different protocols are neither ranked nor averaged together, and the difference is named."""

from pathlib import Path

import pytest

from support.scored_runs import scored, seeds


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
    assert f"fid: name=a and name=b are not ranked together; {said}" in out
    assert [(row["table"], row["rank"], row["run"]) for row in rows] == [("1", "1", "name=a"), ("2", "1", "name=b")]
    (written,) = Path("outputs/compare").glob("*/compare.md")
    assert f"- fid: name=a and name=b are not ranked together; {said}" in written.read_text()


def test_one_common_protocol_is_enough(compare):
    runs = scored("a", {1: 5.0}), scored("b", {1: 3.0})
    scored("b", {1: 2.0}, weights="raw")
    code, _, _, rows = compare(*runs)
    assert code == 0
    assert [(row["table"], row["run"]) for row in rows] == [("1", "name=b"), ("1", "name=a"), ("2", "name=b")]


def test_runs_without_a_common_score_are_not_ranked(compare):
    code, out, _, _ = compare(scored("a", {1: 5.0}), scored("b", {1: 3.0}, score="fd_random"))
    assert code == 1
    assert "no score is common to all: name=a has fid; name=b has fd_random" in out


def test_a_seed_of_another_protocol_is_left_out_of_the_mean_and_named(compare):
    old, new = {"versions": {"torch": "2", "numpy": "1.26"}}, {"versions": {"torch": "2", "numpy": "2.0"}}
    code, out, _, rows = compare(*seeds((10.0, old), (11.0, old), (90.0, new)))
    assert code == 1
    said = (
        "fid: the row of seed=0 and seed=1 is without seed=2, of the same configuration; versions.numpy: 1.26 and 2.0"
    )
    assert out.count(said) == out.count("is without") == 1
    assert [(row["run"], row["seeds"], row["folders"]) for row in rows] == [
        ("seed=0 and seed=1", "2", "seed=0 seed=1"), ("seed=2", "1", "seed=2"),
    ]  # fmt: skip
    (written,) = Path("outputs/compare").glob("*/compare.md")
    lines = written.read_text().splitlines()
    assert [line.rsplit(", ", 1)[1] for line in lines if line.startswith("## ")] == [
        "versions.numpy 1.26", "versions.numpy 2.0",
    ]  # fmt: skip
    assert any(line.startswith("| 1 | seed=0 and seed=1 | 2 of 3 | 10.5 ± 0.71 |") for line in lines)
    assert any(line.startswith("| 1 | seed=2 | 1 of 3 | 90 |") for line in lines)


def test_a_seed_left_out_is_named_also_where_its_experiment_is_not_ranked_with_the_others(compare):
    many, other = {"n_fake": 50_000}, {"n_fake": 50_000, "versions": {"torch": "2", "numpy": "2.0"}}
    apart = seeds((10.0, many), (11.0, many), (90.0, other))
    folders = [scored(f"y{seed}", {1: 5.0}, {"seed": seed, "model": {"width": 8}}, seed=seed) for seed in range(3)]
    code, out, _, _ = compare(*folders, *apart)
    assert code == 1
    assert "width=8 and width=4 are not ranked together; n_fake" in out
    assert "fid: the row of seed=0 and seed=1 is without seed=2, of the same configuration; versions" in out


def test_one_protocol_of_all_seeds_is_enough(compare):
    folders = seeds((10.0, {}), (11.0, {}), (12.0, {}))
    scored(folders[2], {1: 8.0}, {"model": {"width": 4}, "seed": 2}, seed=2, n_fake=50_000, file="evaluations.jsonl")
    code, out, _, rows = compare(*folders)
    assert (code, "is without" in out) == (0, False)
    assert [row["seeds"] for row in rows] == ["3", "1"]


def test_a_seed_without_a_score_that_the_others_have_shows_in_the_number_of_seeds(compare):
    folders = seeds((10.0, {}), (11.0, {}))
    scored(folders[0], {1: 0.1}, {"seed": 0, "model": {"width": 4}}, score="kid")
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


def test_three_tables_of_one_title_name_all_that_distinguishes_them(compare):
    changes = {"settings": {"subsets": 10}}, {"settings": {"subsets": 100}}, {"versions": {"torch": "3"}}
    runs = [scored(name, {1: 5.0}, **change) for name, change in zip("abc", changes, strict=True)]
    compare(*runs)
    (written,) = Path("outputs/compare").glob("*/compare.md")
    lines = written.read_text().splitlines()
    assert [line.split(", weights ema, batch_norm eval, ")[1] for line in lines if line.startswith("## ")] == [
        "settings.subsets 10, versions.torch 2",
        "settings.subsets 100, versions.torch 2",
        "settings.subsets none, versions.torch 3",
    ]
