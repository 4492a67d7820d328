"""`gan-lightning neighbours`: the nearest training images of samples, and whether a generator that copies is told."""

import fcntl
import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from PIL import Image

from gan_lightning.commands import neighbours as command
from gan_lightning.config.runs import checkpoint_of, restored
from gan_lightning.evaluation.neighbours import memorisation_record
from gan_lightning.evaluation.records import records_of_run
from gan_lightning.reports import run_report
from support.command import front_door


@pytest.fixture
def run(from_pictures):
    """A copy of a run, so that a test may change it."""
    return Path(shutil.copytree(from_pictures, "run"))


def neighbours(run, output, *more):
    return front_door("neighbours", f"run={run}", f"output={output}", "device=cpu", "num_images=20", *more)


def report(folder):
    return json.loads(Path(folder, "neighbours.json").read_text())


def shown_in_place_of_samples(monkeypatch, run, split):
    """Make the command take real images of a split for the generator's."""
    trained = restored(checkpoint_of(str(run), "run"), "run").config
    (images,) = instantiate(trained.data).evaluation_images(split)

    def copies(model, options, numbers):
        yield torch.from_numpy(images.rows([number % len(images) for number in numbers])) / 127.5 - 1

    monkeypatch.setattr(command, "sample_images", copies)


def test_a_picture_numbers_and_records_are_written(run, capfd):
    assert neighbours(run, "out", "rows=3", "nearest=2") == 0
    table = Image.open("out/neighbours.png")
    assert table.width > 5 * 64
    assert table.height > 3 * 64
    found = report("out")
    assert (found["samples"], found["training_images"], found["held_out_images"]) == (20, 9, 6)
    assert [each["sample"] for each in found["neighbours"]] == [0, 1, 2]
    for each in found["neighbours"]:
        for space in ("pixels", "features"):
            assert len(each[space]["numbers"]) == 2
            assert each[space]["distances"] == sorted(each[space]["distances"])
    records = records_of_run(run)
    assert [record.score for record in records] == ["memorisation_pixels", "memorisation_random"]
    for record in records:
        assert found["memorisation"][record.score]["interval"] == record.interval
        assert (record.n_real, record.n_fake, record.settings["held_out"]) == (9, 20, 6)
        assert (record.iteration, record.run) == (2, str(run.absolute()))
    assert "samples are nearer to a training image than held-out images are in" in capfd.readouterr().out


def test_without_an_output_the_files_are_where_the_runs_report_finds_them_even_while_it_trains(run, capfd):
    """A run that trains holds its folder; the lock is another process's to this one, because the file is opened anew."""
    training = os.open(run, os.O_RDONLY)
    fcntl.flock(training, fcntl.LOCK_EX)
    assert front_door("neighbours", f"run={run}", "device=cpu", "num_images=20", "rows=2", "nearest=1") == 0
    os.close(training)
    assert f"gan-lightning report run={run.absolute()} puts them into the run's report" in capfd.readouterr().out
    assert not list(Path("outputs").rglob("neighbours.[pj]*")), "the log alone"
    page = run_report.page(run)
    assert "Nearest training images" in page
    assert "Samples beside their nearest training images" in page
    assert front_door("neighbours", f"run={run}", "device=cpu") == 2
    assert "overwrite=true replaces them" in capfd.readouterr().err


@pytest.mark.slow
def test_the_same_command_writes_the_same_bytes_and_overwrites_nothing_unasked(run, capfd):
    for output in ("one", "other"):
        assert neighbours(run, output) == 0
    for name in ("neighbours.png", "neighbours.json"):
        assert Path("one", name).read_bytes() == Path("other", name).read_bytes()
    assert neighbours(run, "one", "seed=1") == 2
    assert "overwrite=true replaces them" in capfd.readouterr().err
    assert neighbours(run, "one", "seed=1", "overwrite=true") == 0
    assert Path("one/neighbours.json").read_bytes() != Path("other/neighbours.json").read_bytes()


def test_a_generator_that_copies_the_training_images_is_said_to_copy(run, monkeypatch, capfd):
    shown_in_place_of_samples(monkeypatch, run, "train")
    assert neighbours(run, "out") == 0
    shown = capfd.readouterr().out
    assert shown.count("so the generator copies training images") == 2
    found = report("out")
    assert all(each["value"] > 0.95 and each["interval"][0] > 0.9 for each in found["memorisation"].values())
    for row, each in enumerate(found["neighbours"]):
        assert each["pixels"]["numbers"][0] == row
        assert each["pixels"]["distances"][0] == 0


def test_held_out_images_in_place_of_samples_are_not_said_to_be_copies(run, monkeypatch, capfd):
    shown_in_place_of_samples(monkeypatch, run, "test")
    assert neighbours(run, "out") == 0
    assert capfd.readouterr().out.count("nothing speaks for copying") == 2
    assert all(each["interval"][0] < 0.5 < each["interval"][1] for each in report("out")["memorisation"].values())


def test_without_held_out_images_the_picture_is_made_and_a_sentence_says_why_there_is_no_figure(by_class, capfd):
    assert neighbours(by_class, "out", "data.flip=true") == 0
    assert "a memorisation figure needs held-out images: this data set has no test images" in capfd.readouterr().out
    assert Path("out/neighbours.png").is_file()
    assert report("out")["memorisation"] == {}
    assert report("out")["mirrored"] is True
    assert not (by_class / "evaluations.jsonl").exists()


def test_a_checkpoint_elsewhere_is_compared_by_the_chosen_extractor_and_nothing_is_written_beside_it(
    by_class, tmp_path, monkeypatch, capfd
):
    (tmp_path / "alone").mkdir()
    file = shutil.copy(by_class / "checkpoints" / "last.ckpt", tmp_path / "alone" / "some.ckpt")
    assert front_door("neighbours", f"run={file}", "device=cpu") == 2
    assert "output must be given for a checkpoint outside a run folder, as output=DIR" in capfd.readouterr().err
    records = []
    monkeypatch.setattr(command, "memorisation_record", lambda *given: records.append(given) or made(*given))
    made = memorisation_record
    assert neighbours(file, "out", "extractor=random", "extractor.width=8", "data.test_fraction=0.2") == 0
    assert (report("out")["training_images"], report("out")["held_out_images"]) == (12, 3)
    assert {path.name for path in (tmp_path / "alone").iterdir()} == {"some.ckpt"}
    assert {context.source for _, _, context, *_ in records} == {"classes as frequent as in training"}
    assert [identity.feature_dim for _, identity, *_ in records] == [0, 16]


def test_a_run_that_cannot_be_compared_gets_one_sentence_and_no_folder(pix2pix, run, points, capfd):
    assert neighbours(pix2pix, "out") == 2
    assert "gan-lightning translate run=RUN" in capfd.readouterr().err
    assert neighbours(points, "out") == 2
    assert "run must be of a model that was trained on images; this one has Ring" in capfd.readouterr().err
    assert neighbours(run, "out", "nearest=0") == 2
    assert "nearest must be a whole number of at least 1; got 0" in capfd.readouterr().err
    assert not Path("out").exists()
    assert not Path("outputs").exists()


@pytest.mark.slow
def test_data_that_have_moved_are_found_where_they_are_now(train, classes, tmp_path, capfd):
    shutil.copytree(classes, tmp_path / "then")
    words = ["data=folder", f"data.root={tmp_path / 'then'}", "data.test_fraction=0.2", "model=gan", "network=mlp"]
    run = train(*words)
    (tmp_path / "then").rename(tmp_path / "now")
    assert neighbours(run, "out") == 2
    assert "data.root must name a folder" in capfd.readouterr().err
    assert not Path("out").exists()
    assert neighbours(run, "out", f"data.root={tmp_path / 'now'}") == 0
    assert (report("out")["training_images"], report("out")["held_out_images"]) == (12, 3)
