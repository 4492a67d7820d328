"""What is wrong with a command line is said before torch is imported, and before there is a folder."""

from pathlib import Path

import pytest

from support.answering import answers
from support.command import NARROW
from support.scored_runs import scored
from support.small_files import picture

BEFORE_THE_FOLDER = {
    "a size": (["data.image_size=28"], "model.generator: DCGAN doubles"),
    "a kind": (["data=photos_paired", "data.image_size=32"], "data=photos_paired has pairs of images"),
    "labels": (["network=cgan"], "takes latents and labels"),
    "a checkpoint": (["init_from=empty"], "init_from"),
}


@pytest.mark.parametrize("case", BEFORE_THE_FOLDER)
def test_what_a_constructor_tells_is_said_before_there_is_a_folder(case, gan_lightning):
    words, sentence = BEFORE_THE_FOLDER[case]
    Path("empty").mkdir()
    code, err = gan_lightning(*words, "hydra.run.dir=made", "data.cache_dir=cache")
    assert code == 2
    assert sentence in err
    assert sorted(path.name for path in Path().iterdir()) == ["empty"]


def test_a_run_has_the_folder_and_the_files_that_hydra_makes(gan_lightning):
    code, _ = gan_lightning(*NARROW, "hydra.run.dir=made", "hydra.job.chdir=true", "trainer.max_steps=1")
    assert code == 0
    assert Path.cwd().name == "cwd"
    assert {file.name for file in Path("made/.hydra").iterdir()} == {"config.yaml", "hydra.yaml", "overrides.yaml"}
    assert (Path("made") / "train.log").is_file()


def test_neither_runs_that_are_compared_or_reported_nor_help_need_torch(tmp_path):
    folders = [str(Path(scored(name, {1: 0.5})).absolute()) for name in ("a", "b")]
    helps = [["--help"], ["help", "sample"], ["-sc", "query=bash"]]
    lines = [["compare", *folders], ["report", f"run={folders[0]}"], ["--cfg", "job"], *helps]
    found = answers(lines, tmp_path)
    assert [(code, imported) for code, _, imported in found] == [(0, [])] * len(lines), found


def test_an_animation_needs_neither_torch_nor_a_checkpoint(tmp_path):
    (tmp_path / "run" / "samples").mkdir(parents=True)
    for number in range(3):
        picture(number).save(tmp_path / "run" / "samples" / f"{number:07d}.png")
    (tmp_path / "run" / "losses.csv").write_text("iteration,generator\n1,0.5\n2,0.25\n")
    ((code, said, imported),) = answers([["animate", "run=run", "output=out", "losses=true"]], tmp_path)
    assert code == 0, said
    assert imported == []
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"animation.gif", "animation.webp", "strip.png"}
