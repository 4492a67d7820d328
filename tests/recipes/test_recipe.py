"""Recipes for somebody's own pictures: what is chosen for them, and which candidate fits this device."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from gan_lightning.config.composition import composed, searching
from gan_lightning.data.picture_survey import PictureSurvey
from gan_lightning.recipes import choice
from gan_lightning.recipes.recipe import Candidate, Forecast, candidates, recipe
from gan_lightning.recipes.trial import Trial

HOUR = 3600.0


def survey(count=206, side=100, classes=(), gray=False, root="/pictures"):
    sizes, by_class = Counter({(side, side): count}), dict.fromkeys(classes, count // max(1, len(classes)))
    decoded = [Path(root, "0.png")]
    return PictureSurvey(Path(root), count, count, {}, sizes, Counter(RGB=count), gray, by_class, decoded, 0.0)


def trial(seconds, was_stopped=False, memory=2**30):
    return Trial(18, seconds, 1.0, memory, 2**20, 2**10, was_stopped)


def names(found):
    return [(each.model, each.image_size) for each in found]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (survey(side=8), [("dcgan", 32), ("r3gan", 32)]),
        (survey(side=60), [("dcgan", 32), ("r3gan", 32), ("dcgan", 64), ("r3gan", 64)]),
        (survey(side=130, classes="ab"), [("cgan", 32), ("cgan", 64), ("cgan", 128)]),
    ],
)
def test_candidates_suit_the_sizes_and_classes_of_the_pictures(given, expected):
    assert names(candidates(given)) == expected


def test_few_pictures_are_augmented_and_seen_often_in_small_batches():
    few, many = Candidate(survey(206), "dcgan", 32), Candidate(survey(50_000), "dcgan", 32)
    assert (few.batch_size, few.iterations) == (16, 25_000)
    assert (many.batch_size, many.iterations) == (64, 156_250)
    assert "augment: diffaugment # 206 pictures are few" in recipe(few, 100)
    assert "augment: none #" in recipe(many, 100)


@pytest.mark.parametrize(
    "given", [Candidate(survey(), "r3gan", 128), Candidate(survey(gray=True), "dcgan", 32)], ids=str
)
def test_a_recipe_composes_to_what_it_says(given, tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(recipe(given, 321, "an hour"))
    with searching(tmp_path):
        config = composed(["experiment=mine", "run_dir=run"])
    assert (config.data.root, config.data.image_size) == ("/pictures", given.image_size)
    assert (config.data.channels, config.trainer.max_steps) == (given.channels, 321)
    assert config.model.augment._target_.endswith("DiffAugment")
    assert config.model.ema._target_.endswith("EMA")
    assert (config.model.generator.latent_dim == 64) is (given.model == "r3gan")


def test_a_forecast_adds_up_decoding_on_all_cores_iterations_and_the_files_between_them():
    pictures = replace(survey(400), seconds_each=0.5)
    forecast = Forecast(Candidate(pictures, "dcgan", 32), trial(0.1), 2000, 4)
    assert forecast.seconds == pytest.approx(400 * 0.5 / 4 + 2000 * 0.1 + 4 * 1.0)
    assert forecast.folder == 3 * 2**20 + 4 * 2**10


def test_every_choice_has_its_reason_beside_it():
    text = recipe(Candidate(survey(), "r3gan", 64), 100)
    silent = [line for line in text.splitlines() if not line.endswith(":") and "#" not in line]
    assert [line.split(":")[0].strip() for line in silent] == ["root"]


def test_a_path_with_odd_characters_stays_as_it_is():
    path = "/a b/${oc.env:HOME}/it's: #1"
    root = yaml.safe_load(recipe(Candidate(survey(root=path), "dcgan", 32), 1))["data"]["root"]
    assert root.replace("\\$", "$") == path
    assert "\\${" in root, "OmegaConf would put a variable in its place"


@pytest.fixture
def tried(monkeypatch):
    """Tries candidates with given results instead of training; returns the choice, and what was tried."""

    def run(results, longest=12 * HOUR, given=None, left=1e9):
        asked = []

        def answer(folder, root, slowest, until):
            config = yaml.safe_load((folder / "experiment" / "mine.yaml").read_text())
            model = config["defaults"][1]["override /model"]
            asked.append((model, config["data"]["image_size"]))
            result = results[asked[-1]]
            if isinstance(result, Exception):
                raise result
            return result

        monkeypatch.setattr(choice, "tried", answer)
        found = choice.try_all(given or survey(side=60), longest, choice.time.monotonic() + left, 100)
        return choice.choose(found, longest), asked

    return run


def test_the_best_candidate_that_fits_into_the_time_is_chosen(tried):
    fast = {("dcgan", 32): trial(0.1), ("r3gan", 32): trial(0.3), ("dcgan", 64): trial(0.4), ("r3gan", 64): trial(1.5)}
    (forecast, why_not), _ = tried(fast)
    assert (str(forecast.candidate), why_not) == ("r3gan at 64x64 pixels", ("", ""))
    (forecast, why_not), _ = tried(fast, longest=5 * HOUR)
    assert str(forecast.candidate) == "dcgan at 64x64 pixels"
    remedy = "; `gan-lightning start DIR hours=11.5 overwrite=true` may allow it"
    assert why_not == (f"r3gan at 64x64 pixels would take 10.4 hours, more than hours=5{remedy}", "")


def test_beside_the_image_size_stands_why_it_is_not_larger(tried):
    slow = {("dcgan", 32): trial(0.1), ("r3gan", 32): trial(0.3), ("dcgan", 64): trial(2.5), ("r3gan", 64): trial(3.0)}
    (forecast, why_not), _ = tried(slow, longest=8 * HOUR)
    (line,) = (line for line in recipe(forecast.candidate, 100, why_not=why_not).splitlines() if "image_size:" in line)
    assert "image_size: 32 # larger ones are left out: dcgan at 64x64 pixels would take 17.4 hours, more" in line
    assert "more than hours=8; `gan-lightning start DIR hours=19.2 overwrite=true`" in line
    assert why_not.model == ""


def test_a_model_that_is_clearly_too_slow_is_not_tried_at_larger_sizes(tried):
    slow = {("dcgan", 32): trial(0.1), ("r3gan", 32): trial(10.0, was_stopped=True), ("dcgan", 64): trial(0.4)}
    (forecast, why_not), asked = tried(slow)
    assert asked == list(slow)
    assert forecast.candidate.model == "dcgan"
    reason = "was not tried, because at 32x32 pixels it would take at least 2.9 days, more than hours=12"
    assert why_not == (f"r3gan at 64x64 pixels {reason}", "")


def test_a_model_that_would_need_more_memory_than_there_is_is_not_tried(tried, monkeypatch):
    monkeypatch.setattr(choice, "memory_at_hand", lambda: 2**30)
    small = {("dcgan", 32): trial(0.1, memory=2**40), ("r3gan", 32): MemoryError()}
    (forecast, why_not), asked = tried(small)
    assert asked == list(small)
    assert forecast.candidate.image_size == 32
    assert why_not.model == "r3gan at 32x32 pixels needs more memory than there is"


def test_after_the_time_is_over_nothing_more_is_tried(tried):
    (_, why_not), asked = tried({("dcgan", 32): trial(0.1)}, left=0)
    assert asked == [("dcgan", 32)]
    remedy = "; `gan-lightning start DIR seconds=200 overwrite=true` may allow it"
    assert [each[:6] for each in why_not] == ["r3gan ", "dcgan "]
    assert all(each.endswith(f"pixels was not tried, because time is over{remedy}") for each in why_not)


def test_where_nothing_fits_into_the_time_the_fastest_run_is_shortened(tried):
    slow = {("dcgan", 32): trial(2.0), ("r3gan", 32): trial(5.0, was_stopped=True)}
    (forecast, _), _ = tried(slow, given=survey(side=32), longest=10 * HOUR)
    assert forecast.seconds == pytest.approx(10 * HOUR, rel=1e-3)
    assert forecast.iterations < 25_000
    with pytest.raises(ValueError, match=r"hours=1 is too short: dcgan at 32x32 pixels.* hours=3\.5 is enough"):
        tried(slow, given=survey(side=32), longest=HOUR)


def test_where_memory_suffices_for_nothing_the_folder_is_refused(tried):
    exhausted = dict.fromkeys(
        [("dcgan", 32), ("r3gan", 32)], RuntimeError("DefaultCPUAllocator: can't allocate memory")
    )
    with pytest.raises(ValueError, match="no model can be trained on these pictures here: dcgan at 32x32 pixels needs"):
        tried(exhausted, given=survey(side=32))
