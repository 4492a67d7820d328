"""`gan-lightning compare` of runs that are equal, of sweeps' folders, and what it says of intervals and protocols."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.scored_runs import scored


def test_runs_whose_numbers_are_equal_are_seeds_of_one_configuration(compare):
    runs = [
        scored(f"x{seed}", {1: 2.0 + seed}, {"seed": seed, "model": {"scale": scale}}, typed=[f"model.scale={scale}"])
        for seed, scale in enumerate((1, 1.0))
    ]
    other = scored("other", {1: 9.0}, {"seed": 0, "model": {"scale": 2.5}}, typed=["model.scale=2.5"])
    _, _, _, rows = compare(*runs, other)
    assert [(row["run"], row["seeds"]) for row in rows] == [("scale=1", "2"), ("scale=2.5", "1")]


def test_runs_that_nothing_but_their_folders_distinguish_are_all_named_or_counted(compare):
    runs = [scored(f"x{seed}", {1: 2.0 + seed}, {"seed": seed}) for seed in range(4)]
    _, _, _, rows = compare(*runs[:3])
    assert [row["run"] for row in rows] == ["x0 and x1 and x2"]
    _, _, _, rows = compare(*runs)
    assert [row["run"] for row in rows] == ["x0 and 3 more"]


@pytest.mark.parametrize(("score", "is_cut"), [("fid", True), ("fd_random", True), ("kid", False)])
def test_an_interval_ends_where_its_score_does(score, is_cut, compare):
    runs = [scored(f"x{seed}", {1: value}, {"seed": seed}, score=score) for seed, value in enumerate((42.0, 56.0))]
    _, out, _, (row,) = compare(*runs)
    assert float(row["last_low"]) == (0 if is_cut else pytest.approx(49 - 12.7062 * 7, abs=1e-3))
    assert float(row["last_high"]) == pytest.approx(49 + 12.7062 * 7, abs=1e-3)
    assert ("an interval is cut where its score cannot be: a distance is not below 0" in out) == is_cut


def test_a_share_is_not_above_1(compare):
    own = {"score": "precision", "better": "higher"}
    runs = [scored(f"x{seed}", {1: value}, {"seed": seed}, **own) for seed, value in enumerate((0.5, 0.7))]
    _, _, _, (row,) = compare(*runs)
    assert (float(row["last_low"]), float(row["last_high"])) == (0, 1)


def test_runs_of_other_images_are_told_apart_by_their_settings_and_not_by_hashes(compare):
    runs = [
        scored(
            f"size={size}",
            {1: 5.0},
            {"seed": 0, "data": {"image_size": size, "batch_size": size}},
            data=f"hash{size}",
            extractor_sha256=f"sha{size}",
        )
        for size in (16, 32)
    ]
    code, out, _, _ = compare(*runs)
    assert code == 1
    assert "are not ranked together; data.image_size: 16 and 32\n" in out
    assert not [word for word in ("hash16", "sha16") if word in out.partition("not ranked")[2]]


def test_a_folder_of_sweeps_is_answered_with_the_newest(compare):
    for age, name in ((100, "old"), (10, "new"), (50, "middle")):
        scored(f"sweep/{name}/1_seed=0", {1: 5.0})
        os.utime(f"sweep/{name}", (1e9 - age, 1e9 - age))
    Path("sweep/empty").mkdir()
    code, _, err, _ = compare("sweep")
    assert code == 2
    assert "sweep is neither; the newest in it that holds some is sweep/new\n" in err


def test_a_pipe_that_closes_ends_quietly_with_the_files_written():
    run = scored("a", {1: 5.0})
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "gan_lightning", "compare", run, "hydra.run.dir=out"]
    done = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in Path("out").iterdir()} >= {"compare.csv", "compare.md"}
