"""Wrong input on the command line: exit code 2 and one sentence that names the key."""

import pytest

from support.command import NARROW

WRONG = {
    "an empty folder": (["data=celeba", "data.root=."], "img_align_celeba/000001.jpg"),
    "a schedule without an end": (["schedule=linear", "trainer.max_epochs=-1"], "a schedule needs a run with an end"),
    "a folder that cannot be written": (["callbacks.checkpoint.folder=/proc/none"], "/proc/none"),
    "a folder without classes": (
        ["data=folder_labelled", "data.root=nowhere"],
        "one sub-folder of images for each class, or with dataset.json; there is no folder nowhere",
    ),
    "no command": (
        ["evaluat"],
        "evaluat is neither key=value nor a command; did you mean evaluate? `gan-lightning --help` lists the commands",
    ),
    "settings of a reconstruction that is not chosen": (
        ["model=pix2pix", "data=photos_paired", "+model.reconstructions.l2.weight=1"],
        "model.reconstructions.l2 is given settings, but l2 is not among the chosen reconstructions; choose it, or",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_gets_one_sentence_that_names_the_key(case, gan_lightning):
    arguments, said = WRONG[case]
    code, err = gan_lightning(*arguments)
    assert code == 2
    assert said in err
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert "Traceback" not in err


RENAMED = {
    "callbacks.checkpoint.every_n_train_steps=5": "callbacks.checkpoint.every_n_iterations",
    "callbacks.samples.every_n_steps=5": "callbacks.samples.every_n_iterations",
    "callbacks.scores.every_n_images=5": "callbacks.scores.every_n_iterations, in batches",
    "+callbacks.scores.every_n_images=5": "callbacks.scores.every_n_iterations, in batches",
    "comparison=[l1]": "reconstruction",
    "model.comparisons.l1.weight=5": "model.reconstructions.l1.weight",
    "+model.comparisons.l1.weight=5": "model.reconstructions",
    "callbacks.gentle_stop=null": "callbacks.graceful_stop",
    "callbacks=gentle_stop": "graceful_stop",
}


@pytest.mark.parametrize("given", RENAMED)
def test_a_renamed_key_gets_one_sentence_with_its_new_name(given, gan_lightning):
    code, err = gan_lightning("model=pix2pix", "data=photos_paired", given)
    assert code == 2
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert line.endswith(f"; it is called {RENAMED[given]} now")
    assert "Traceback" not in err


@pytest.mark.parametrize("given", ["callbacks.best_checkpoint=null", "callbacks=[checkpoint,best_checkpoint]"])
def test_the_best_checkpoint_is_said_to_be_part_of_the_checkpoints(given, gan_lightning):
    code, err = gan_lightning(given)
    assert code == 2
    assert "; callbacks.checkpoint also writes best.ckpt now, so leave it out" in err


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"<html>404</html>" * 100])
def test_an_unreadable_checkpoint_is_named(content, gan_lightning, tmp_path):
    (tmp_path / "bad.ckpt").write_bytes(content)
    code, err = gan_lightning(*NARROW, f"resume={tmp_path / 'bad.ckpt'}")
    assert code == 2
    assert "bad.ckpt is no readable checkpoint" in err
    assert "Traceback" not in err


def test_of_a_value_that_is_given_twice_the_last_counts_and_a_line_says_so(gan_lightning):
    code, err = gan_lightning("trainer.max_steps=2", "trainer.max_steps=4", "--cfg", "job", "--package", "trainer")
    assert code == 0
    assert err.count("trainer.max_steps is given twice; 4 counts, and 2 does not\n") == 1
