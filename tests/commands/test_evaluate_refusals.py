"""Arguments that `gan-lightning evaluate` refuses in one sentence, before anything is read."""

from pathlib import Path

import pytest

from gan_lightning.commands import evaluate as command
from gan_lightning.evaluation import folders

WRONG = {
    "neither": ([], "evaluate needs either a run, or two folders of images to compare; got none of them"),
    "one folder": (["real=."], "evaluate needs either a run, or two folders of images to compare; got real=.;"),
    "both": (
        ["run=a", "real=.", "fake=."],
        "evaluate needs either a run, or two folders of images to compare; got run=a real=. fake=.",
    ),
    "no run": (["run=nowhere"], "run must be a checkpoint or a run folder with checkpoints"),
    "no folder": (["real=nowhere", "fake=."], "real must name a folder with images"),
    "an empty folder": (["real=.", "fake=."], "real must name a folder with images"),
    "no metric": (["run=a", "metric=[]"], "metric must name at least one metric, such as metric=[fid]; got none"),
    "settings of none": (["run=a", "+metrics.kid.subsets=3"], "metrics.kid is given settings, but kid is not among"),
    "no number": (["run=a", "num_images=many"], "num_images must be a whole number of at least 1, or a list of them"),
    "a negative seed": (["run=a", "seeds=[0,-1]"], "seeds must be a whole number of at least 0, or a list of them"),
    "no seeds": (["run=a", "seeds=[]"], "seeds must be a whole number of at least 0"),
    "a seed twice": (["run=a", "seeds=[0,0]"], "seeds must name each number once; got [0, 0]"),
    "a number twice": (["run=a", "num_images=[9,8,9]"], "num_images must name each number once; got [9, 8, 9]"),
    "a wrong size": (["run=a", "image_size=0"], "image_size must be a whole number of at least 1"),
    "an unknown metric": (["run=a", "metric=[fjd]"], "metric has no option fjd"),
    "a misspelt key": (["run=a", "num_image=3"], "did you mean num_images"),
    "an unknown mode": (["run=a", "batch_norm=other"], "batch_norm must be one of eval, batch, standing, audit"),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_gets_one_sentence(case, evaluate):
    words, said = WRONG[case]
    code, shown, _ = evaluate(*words)
    assert code == 2
    assert said in shown
    assert "Traceback" not in shown


def test_missing_weights_are_found_before_anything_is_read(monkeypatch, evaluate, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("GAN_LIGHTNING_INCEPTION", raising=False)

    def refuse(*_, **__):
        raise AssertionError("read before the weights were looked for")

    monkeypatch.setattr(command, "TrainedRun", refuse)
    monkeypatch.setattr(folders, "image_files", refuse)
    for folder in "ab":
        Path(folder).mkdir()
        Path(folder, "1.png").touch()
    for words in (["run=a"], ["real=a", "fake=b"]):
        code, shown, _ = evaluate("extractor=inception", *words)
        assert code == 2
        assert "extractor=inception needs the weights weights-inception-2015-12-05-6726825d.pth" in shown
