"""`gan-lightning compare`: runs in one table, ranked by their last scores."""

from pathlib import Path

import pytest

from gan_lightning.config.arguments import with_runs
from support.scored_runs import scored


def test_runs_are_ranked_by_their_last_score_and_best_is_shown_beside_it(compare):
    runs = scored("a", {100: 50.0, 200: 20.0, 300: 90.0}), scored("b", {100: 60.0, 300: 40.0})
    code, out, _, rows = compare(*runs)
    assert code == 0
    assert [(row["run"], row["rank"]) for row in rows] == [("name=b", "1"), ("name=a", "2")]
    assert [(float(row["last"]), row["last_iterations"]) for row in rows] == [(40.0, "300"), (90.0, "300")]
    assert [(float(row["best"]), row["best_iterations"]) for row in rows] == [(40.0, "300"), (20.0, "200")]
    assert "fid (lower is better): n_fake 5000, n_real 5000, split train, extractor inception" in " ".join(out.split())
    assert {row["n_fake"] for row in rows} == {"5000"}


def test_where_higher_is_better_the_highest_is_first_and_best(compare):
    changes = {"score": "precision", "better": "higher"}
    _, _, _, rows = compare(scored("a", {1: 0.5, 2: 0.3}, **changes), scored("b", {1: 0.4, 2: 0.4}, **changes))
    assert [row["run"] for row in rows] == ["name=b", "name=a"]
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
    assert [(row["folders"], row["seeds"]) for row in rows] == [("other", "1"), ("seed=0 seed=1 seed=2", "3")]
    assert float(rows[1]["last"]) == pytest.approx(3.0)
    assert float(rows[1]["last_deviation"]) == pytest.approx(7**0.5)
    assert rows[0]["last_deviation"] == ""


def test_a_seed_of_scores_that_is_the_number_of_one_run_does_not_set_it_apart(compare):
    own = {"callbacks": {"scores": {"seed": 0}}, "trainer": {"callbacks": [{"seed": 0}]}}
    runs = [
        scored(f"x{n}", {1: 1.0 + n}, {"seed": n, **own, "model": {"seed": n}}, typed=[f"seed={n}"]) for n in (0, 1)
    ]
    _, _, _, rows = compare(*runs)
    assert [(row["run"], row["seeds"]) for row in rows] == [("x0 and x1", "2")]


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
        ([], "compare needs runs"),
        (["nowhere"], "runs must name run folders, or a folder that holds some; there is no folder nowhere"),
        (["no where", "x=y"], "x is no key of compare"),
        (["x", "output=y"], "output is no key of compare; type hydra.run.dir=y for its folder"),
        (["."], "runs must name run folders, or a folder that holds some; . is neither"),
        (["SWEEP"], "there is no folder SWEEP; type gan-lightning compare 'a sweep'"),
    ],
)
def test_a_missing_run_is_named_in_one_sentence(words, said, compare):
    Path("a sweep/1").mkdir(parents=True)
    Path("a sweep/1/run.json").touch()
    code, _, err, _ = compare(*words)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def swept(folder, values, **more):
    """A sweep's folder with a run for each loss and seed, `9_loss=hinge,seed=0` first."""
    for number, ((loss, seed), value) in enumerate(values.items(), 9):
        own = {"seed": seed, "model": {"loss": {"_target_": f"losses.{loss}"}}}
        words = ["experiment=demo", f"loss={loss}", f"seed={seed}"]
        scored(f"{folder}/{number}_loss={loss},seed={seed}", {2: value} if value else {}, own, typed=words, **more)
    return folder


def test_the_folder_of_a_sweep_stands_for_its_runs_which_are_named_by_what_differs(compare):
    swept("sweep", {("hinge", 0): 7.0, ("hinge", 1): 8.0, ("minimax", 0): 3.0})
    (Path("sweep") / "multirun.yaml").touch()
    code, _, _, rows = compare("sweep")
    assert code == 0
    assert [(row["run"], row["seeds"]) for row in rows] == [("loss=minimax", "1"), ("loss=hinge", "2")]
    assert rows[1]["folders"] == "sweep/9_loss=hinge,seed=0 sweep/10_loss=hinge,seed=1"
    _, _, _, rows = compare("sweep", scored("alone", {2: 1.0}, {"seed": 0}, typed=["experiment=ring/hinge"]))
    assert [row["run"] for row in rows] == [
        "experiment=ring/hinge loss=default", "experiment=demo loss=minimax", "experiment=demo loss=hinge",
    ]  # fmt: skip


def test_runs_without_scores_are_left_out_with_a_line(compare):
    swept("sweep", {("hinge", 0): 7.0, ("minimax", 0): None, ("mine", 0): 9.0})
    code, out, _, rows = compare("sweep")
    assert code == 0
    assert "without scores, and left out: 10_loss=minimax,seed=0" in out
    assert [row["run"] for row in rows] == ["loss=hinge", "loss=mine"]
    code, _, err, _ = compare(swept("none", {("hinge", 0): None, ("mine", 0): None}))
    assert code == 2
    assert "runs must have scores; 9_loss=hinge,seed=0 has none, 10_loss=mine,seed=0 has none; type" in err
    assert len(list(Path("outputs/compare").iterdir())) == 1, "a comparison that fails leaves no folder"


def test_ranks_whose_intervals_overlap_are_ties(compare):
    values = {"wide": (250.0, 309.0, 368.0), "narrow": (313.0, 314.0, 315.0), "far": (399.0, 400.0, 401.0)}
    swept("sweep", {(loss, seed): value for loss, own in values.items() for seed, value in enumerate(own)})
    _, out, _, rows = compare("sweep", scored("alone", {2: 500.0}, typed=["experiment=demo"]))
    assert [(row["run"], row["rank"], row["worst_rank"]) for row in rows] == [
        ("loss=wide", "1", "3"), ("loss=narrow", "1", "2"), ("loss=far", "2", "3"), ("loss=default", "4", "4"),
    ]  # fmt: skip
    assert float(rows[1]["last_low"]) == pytest.approx(314 - 4.302653 / 3**0.5)
    assert rows[3]["last_high"] == ""
    assert "1-2   loss=narrow" in out
    assert "± is the standard deviation over seeds of training, the interval that of their mean (Student's t)" in out
    assert "ranks such as 1-2 are ties: intervals overlap" in out
    assert "a run of one seed has no interval, so its rank may be chance" in out


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_a_single_score_within_another_interval_is_a_tie(better, compare):
    swept("sweep", {("a", 0): 1.0, ("a", 1): 3.0, ("b", 0): 9.0, ("c", 0): 90.0}, better=better)
    _, _, _, rows = compare("sweep")
    ranks = {row["run"]: (row["rank"], row["worst_rank"]) for row in rows}
    last, first = ("3", "3"), ("1", "1")
    tie = ("1", "2") if better == "lower" else ("2", "3")
    assert ranks == {"loss=a": tie, "loss=b": tie, "loss=c": last if better == "lower" else first}


def test_latent_seeds_of_a_single_run_are_said_to_tell_nothing_of_others(compare):
    run = scored("a", {2: 1.0})
    scored("a", {2: 1.5}, latent_seed=1, file="evaluations.jsonl")
    _, out, _, _ = compare(run)
    assert "over latent seeds: they say how exact its score is, and nothing about another seed of training" in out


@pytest.mark.parametrize(("columns", "left"), [(60, "best, 95 % interval"), (80, "best"), (120, "")])
def test_a_narrow_screen_cuts_nothing_of_what_differs(columns, left, compare):
    losses = [f"{'a' * 30}{number}" for number in range(3)]
    swept("sweep", {(loss, seed): 1000.0 + seed for loss in losses for seed in range(2)})
    _, out, _, _ = compare("sweep", columns=columns)
    lines = [line.strip() for line in out.splitlines()]
    table = lines[lines.index("") + 1 : lines.index("", lines.index("") + 1)]
    assert [row.split()[1] for row in table[2:]] == [f"loss={loss}" for loss in losses]
    assert max(map(len, table)) <= columns
    assert "seeds: 2; last score at iteration 2; best score at iteration 2" in out
    assert [line for line in lines if "for want" in line] == (
        [f"for want of room without {left}: see compare.md"] if left else []
    )


def test_a_line_that_a_power_cut_has_broken_is_left_out(compare):
    run = scored("a", {1: 5.0})
    with (Path(run) / "scores.jsonl").open("a") as file:
        file.write('{"score": "fi')
    code, _, _, rows = compare(run)
    assert code == 0
    assert [float(row["last"]) for row in rows] == [5.0]


def test_words_without_a_key_are_runs():
    Path("0_seed=1").mkdir()
    words = ["a", "0_seed=1", "it's", "none/1_seed=2", "--cfg", "job", "hydra.job.name=x", "hydra/launcher=y"]
    assert with_runs(words) == [
        "--cfg", "job", "hydra.job.name=x", "hydra/launcher=y", r"runs=['a','0_seed=1','it\'s','none/1_seed=2']",
    ]  # fmt: skip
    assert with_runs(["runs=[a]"]) == ["runs=[a]"]


def test_a_strangers_lines_and_names_of_folders_break_nothing(compare):
    run = scored("a", {1: 5.0}, {"seed": 0, "run_dir": "{", "name": "{x}"})
    empty = scored("b", {1: 6.0}, {"seed": [0], "run_dir": "", "name": "b"})
    (line,) = Path(run, "scores.jsonl").read_bytes().splitlines()
    own = (
        (b'"iteration": 1', b'"iteration": "x"'),
        (b'"fid"', b'"\xff"'),
        (b'"fid"', b'"\\ud800"'),
        (b"5.0", b"9" * 400),
    )
    wrong = [line.replace(*pair) for pair in own]
    assert line not in wrong
    Path(run, "scores.jsonl").write_bytes(b"\n".join([*wrong, b"[" * 10_000, line]))
    code, _, err, rows = compare(run, empty)
    assert (code, "Traceback" in err) == (0, False)
    assert [(row["folders"], float(row["last"])) for row in rows] == [("a", 5.0), ("b", 6.0)]
