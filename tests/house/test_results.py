"""The page of results is what the benchmark measured, and leaves no model, loss or tutorial out."""

import json
import sys
from pathlib import Path

import pytest
from hydra.utils import instantiate

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
import results  # noqa: E402
import results_rows  # noqa: E402

PAIRS = {"pix2pix", "cyclegan"}
"""Models that translate; the README shows what they make of photographs."""


def options(group):
    return {file.stem for file in (ROOT / "conf" / group).glob("*.yaml")}


def names_with(start):
    return {row.name.removeprefix(start).split()[0] for row in results.ROWS if row.name.startswith(start)}


def test_every_model_loss_and_tutorial_has_a_row():
    assert names_with("model=") >= options("model") - PAIRS
    assert names_with("loss=") >= options("loss") - {"squared_error"}  # CycleGAN's
    assert names_with("experiment=tutorial/") >= options("experiment/tutorial") - {
        "cyclegan_horse2zebra",
        "jittor_lsgan_celeba",  # on digits the same as jittor_lsgan_mnist
    }


@pytest.mark.parametrize("language", results.PAGES)
def test_the_tables_are_those_of_the_measurements(language):
    page = results.PAGES[language].read_text()
    tables = {name: body for _, name, body, _ in results.TABLE.findall(page)}
    assert set(tables) == set(results.SHARED)
    for name, body in tables.items():
        assert body == results.of_page(name, language)


def test_every_measurement_is_of_a_row_and_its_command():
    commands = {
        results.key(row, seed): " ".join(["gan-lightning", *row.command(seed)]) + " hydra.run.dir=RUN"
        for row in results.ROWS
        for seed in row.seeds
    }
    measured = {name: found for name, found in results.results().items() if not name.endswith(" floor")}
    assert {name: found["command"].split(" && ")[0] for name, found in measured.items()} == {
        name: commands[name] for name in measured
    }


def test_pictures_are_small_and_each_belongs_to_a_row():
    pictures = list(results.PICTURES.glob("*.png"))
    assert all(picture.stat().st_size <= results.LARGEST_PICTURE for picture in pictures)
    assert {picture.stem for picture in pictures} <= {results.name_of_picture(row) for row in results.ROWS}


@pytest.mark.slow
@pytest.mark.parametrize("row", results.ROWS, ids=lambda row: f"{row.table} {row.name}")
def test_every_row_composes_and_builds_its_model(row, composed):
    words = [word.replace("DIR", "nowhere") for word in row.command(0)]
    instantiate(composed(*words).model)


@pytest.mark.slow
def test_a_row_is_trained_kept_and_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FILE", tmp_path / "results.json")
    monkeypatch.setattr(results, "PICTURES", tmp_path / "pictures")
    for language in results.PAGES:
        (tmp_path / f"{language}.md").write_text("<!-- results: digits -->\n<!-- end -->\n")
    monkeypatch.setattr(results, "PAGES", {language: tmp_path / f"{language}.md" for language in results.PAGES})
    row = results_rows.Row(
        "digits", "model=dcgan", f"model=dcgan {results_rows.NARROW} trainer.max_steps=4", seeds=(0,)
    )
    monkeypatch.setattr(results, "ROWS", [row])
    monkeypatch.setattr(sys, "argv", ["results.py"])
    results.main()
    found = json.loads((tmp_path / "results.json").read_text())
    run = found["digits model=dcgan 0"]
    assert run["images_seen"] == 4 * 64
    assert run["n_real"] == 359
    assert run["n_fake"] == 1438
    assert found["digits floor"]["last"] < run["last"]
    assert f"{run['last']:.3g}" in (tmp_path / "en.md").read_text()
    (tmp_path / "results.json").touch()
    results.main()
    assert json.loads((tmp_path / "results.json").read_text()) == found
