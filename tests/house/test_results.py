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
import results_tables  # noqa: E402

PAIRS = {"pix2pix", "cyclegan"}
"""Models that translate; their rows are experiments on photographs."""


def options(group):
    return {file.stem for file in (ROOT / "conf" / group).glob("*.yaml")}


def names_with(start):
    return {row.name.removeprefix(start).split()[0] for row in results_rows.ROWS if row.name.startswith(start)}


def test_every_model_loss_and_tutorial_has_a_row():
    assert names_with("model=") >= options("model") - PAIRS
    assert {name.removesuffix("_photos") for name in names_with("experiment=")} >= PAIRS
    assert names_with("loss=") >= options("loss") - {"squared_error"}  # CycleGAN's
    assert names_with("experiment=tutorial/") >= options("experiment/tutorial") - {
        "cyclegan_horse2zebra",
        "jittor_lsgan_celeba",  # on digits the same as jittor_lsgan_mnist
    }


@pytest.mark.parametrize("language", results_tables.PAGES)
def test_the_tables_are_those_of_the_measurements(language):
    pages = [page.read_text() for page in results_tables.PAGES[language]]
    tables = [found for page in pages for found in results_tables.TABLE.findall(page)]
    assert sorted(name for _, name, _, _ in tables) == sorted(["systems", *results_rows.SHARED])
    for _, name, body, _ in tables:
        assert body == results_tables.of_page(name, language)


def test_every_measurement_is_of_a_row_and_its_command():
    commands = {
        results_rows.key(row, seed): " ".join(["gan-lightning", *row.command(seed)]) + " hydra.run.dir=RUN"
        for row in results_rows.ROWS
        for seed in row.seeds
    }
    measured = {name: found for name, found in results_tables.results().items() if not name.endswith(" floor")}
    assert {name: found["command"].split(" && ")[0] for name, found in measured.items()} == {
        name: commands[name] for name in measured
    }


def test_pictures_are_small_and_each_belongs_to_a_row():
    pictures = list(results_tables.PICTURES.glob("*.png"))
    assert all(picture.stat().st_size <= results.LARGEST_PICTURE for picture in pictures)
    assert {picture.stem for picture in pictures} <= {results_rows.name_of_picture(row) for row in results_rows.ROWS}


@pytest.mark.slow
@pytest.mark.parametrize("row", results_rows.ROWS, ids=lambda row: f"{row.table} {row.name}")
def test_every_row_composes_and_builds_its_model(row, composed):
    words = [word.replace("DIR", "nowhere") for word in row.command(0)]
    instantiate(composed(*words).model)


@pytest.mark.slow
def test_a_row_is_trained_kept_and_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(results_tables, "FILE", tmp_path / "results.json")
    for room in (results, results_tables):
        monkeypatch.setattr(room, "PICTURES", tmp_path / "pictures")
    pages = {language: [tmp_path / f"{language}.md"] for language in results_tables.PAGES}
    for (page,) in pages.values():
        page.write_text("<!-- results: digits -->\n<!-- end -->\n")
    monkeypatch.setattr(results_tables, "PAGES", pages)
    row = results_rows.Row(
        "digits", "model=dcgan", f"model=dcgan {results_rows.NARROW} trainer.max_steps=4", seeds=(0,)
    )
    for room in (results, results_tables):
        monkeypatch.setattr(room, "ROWS", [row])
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
