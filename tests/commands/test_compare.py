"""`gan-lightning compare`: runs in one table, ranked by their last scores."""

from pathlib import Path

import pytest

from gan_lightning.config.arguments import with_runs
from support.scored_runs import scored


def test_runs_are_ranked_by_their_last_score_and_best_is_shown_beside_it(compare):
    runs = scored("a", {100: 50.0, 200: 20.0, 300: 90.0}), scored("b", {100: 60.0, 300: 40.0})
    code, out, _, rows = compare(*runs)
    assert code == 0
    assert [(row["run"], row["rank"]) for row in rows] == [("b", "1"), ("a", "2")]
    assert [(float(row["last"]), row["last_iterations"]) for row in rows] == [(40.0, "300"), (90.0, "300")]
    assert [(float(row["best"]), row["best_iterations"]) for row in rows] == [(40.0, "300"), (20.0, "200")]
    assert "fid (lower is better): n_fake 5000, n_real 5000, split train, extractor inception" in " ".join(out.split())
    assert {row["n_fake"] for row in rows} == {"5000"}


def test_where_higher_is_better_the_highest_is_first_and_best(compare):
    changes = {"score": "precision", "better": "higher"}
    _, _, _, rows = compare(scored("a", {1: 0.5, 2: 0.3}, **changes), scored("b", {1: 0.4, 2: 0.4}, **changes))
    assert [row["run"] for row in rows] == ["b", "a"]
    assert [float(row["best"]) for row in rows] == [0.4, 0.5]


def test_equal_scores_share_a_rank(compare):
    _, _, _, rows = compare(scored("a", {1: 2.0}), scored("b", {1: 2.0}), scored("c", {1: 3.0}))
    assert [row["rank"] for row in rows] == ["1", "1", "3"]


def test_seeds_of_one_configuration_become_mean_and_standard_deviation(compare):
    folders = [
        scored(
            f"seed={seed}",
            {1: 9.0, 2: last},
            {"seed": seed, "run_dir": f"x{seed}", "model": {"seed": "${seed}"}},
            seed=seed,
        )
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


def test_evaluations_are_read_beside_scores_and_the_later_of_two_counts(compare):
    run = scored("a", {1: 5.0, 2: 4.0})
    scored("a", {2: 3.0}, file="evaluations.jsonl")
    _, _, _, rows = compare(run)
    assert [float(row["last"]) for row in rows] == [3.0]


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
        (["."], "runs must have scores; . has none"),
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


def test_words_without_a_key_are_runs():
    Path("0_seed=1").mkdir()
    words = ["a", "0_seed=1", "it's", "--cfg", "job", "hydra.job.name=x"]
    assert with_runs(words) == ["--cfg", "job", "hydra.job.name=x", r"runs=['a','0_seed=1','it\'s']"]
    assert with_runs(["runs=[a]"]) == ["runs=[a]"]
