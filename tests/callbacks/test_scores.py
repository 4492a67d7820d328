"""Scores during training: when they come, where they go, and that training computes the same with and without them."""

import csv
import json

import pytest
import torch
from hydra.utils import instantiate
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.hparams import metadata

from gan_lightning.callbacks.scores import Scores
from gan_lightning.evaluation.records import ScoreFile
from gan_lightning.evaluation.scorer import Scorer, TrainingProgress
from gan_lightning.metrics.extractors.random import Random
from gan_lightning.metrics.fid import FrechetDistance
from gan_lightning.metrics.metric import Score
from support.checkpoints import assert_same
from support.command import NARROW, the_run
from support.scoring import CLASSES, EVERY_SECOND, NUMBERED, QUIET, iterations, played, record, scores_of


@pytest.mark.parametrize(
    ("model", "data", "files", "names"),
    [
        ("dcgan", CLASSES, "folder_labelled", ["fd_random"]),
        ("cgan", CLASSES, "folder_labelled", ["fd_random"]),
        ("pix2pix", ["data=paired", "model.generator.dropout=0.5"], "paired", ["fd_random"]),
        ("cyclegan", ["data=unpaired"], "unpaired", ["fd_random_xy", "fd_random_yx"]),
    ],
)
def test_a_run_with_scores_is_the_run_without_bit_for_bit(model, data, files, names, composed, tmp_path, roots):
    chosen = [f"model={model}", *data, *roots[files], "ema=half_life", "model.generator_every=2"]
    _, plain = played(composed, tmp_path / "plain", 6, *chosen)
    scores = ["metric=[fid]", "callbacks.scores.every_n_iterations=1"]
    _, scored = played(composed, tmp_path / "scored", 6, *chosen, *scores)
    for part in ("state_dict", "optimizer_states", "loops", "images_seen"):
        assert_same(plain[part], scored[part], part)
    found = ScoreFile(tmp_path / "scored" / "scores.jsonl").read()
    assert list(dict.fromkeys(each.score for each in found)) == names
    assert {each.weights for each in found} == {"ema"}
    assert not (tmp_path / "plain" / "scores.jsonl").exists()


@pytest.mark.parametrize(
    ("every_n_iterations", "every_n_epochs", "expected"),
    [
        (2, None, [2, 4, 6, 8, 9]),
        (4, None, [4, 8, 9]),
        (9, None, [9]),
        (1000, None, [9]),
        (None, None, [9]),
        (None, 1, [4, 8, 9]),
        (None, 2, [8, 9]),
        (None, 3, [9]),
        (3, 1, [3, 4, 6, 8, 9]),
        (4, 1, [4, 8, 9]),
    ],
)
def test_scores_come_at_the_cadence_and_at_the_end_once_for_an_iteration(
    every_n_iterations, every_n_epochs, expected, composed, tmp_path, roots, scripted
):
    """An epoch is four batches: 15 images in batches of 4."""
    scripted(*range(99))
    cadence = [
        f"callbacks.scores.every_n_iterations={every_n_iterations or 'null'}",
        f"callbacks.scores.every_n_epochs={every_n_epochs or 'null'}",
    ]
    played(composed, tmp_path, 9, *CLASSES, *roots["folder_labelled"], "metric=[fid]", *cadence)
    assert iterations(tmp_path) == expected


def test_a_resumed_run_continues_its_cadence(composed, tmp_path, roots, scripted):
    chosen = [*CLASSES, *roots["folder_labelled"], "metric=[fid]", "callbacks.scores.every_n_iterations=3", *NUMBERED]
    chosen.append("callbacks.scores.every_n_epochs=1")
    scripted(*range(99))
    _, whole = played(composed, tmp_path / "a", 9, *chosen)
    expected = [3, 4, 6, 8, 9]
    assert iterations(tmp_path / "a") == expected
    for at in (3, 4, 5):
        file = tmp_path / "a" / "checkpoints" / f"{at:07d}.ckpt"
        scripted(*range(99))
        played(composed, tmp_path / f"b{at}", 9, *chosen, resume=file)
        assert iterations(tmp_path / f"b{at}") == [each for each in expected if each > at]
    history = whole["callbacks"]["Scores"]["histories"]["fd_random"]
    assert (history["better"], history["best"], history["last"]) == ("lower", [0.0, 3], [4.0, 9])


def test_a_score_and_its_record_go_to_file_loggers_and_log(gan_lightning):
    code, err = gan_lightning(
        *NARROW, "metric=[fid,kid]", "trainer.max_steps=3", "callbacks.scores.every_n_iterations=1",
        "callbacks.scores.num_images=20",
    )  # fmt: skip
    assert code == 0, err
    run = the_run()
    records = [json.loads(line) for line in (run / "scores.jsonl").read_text().splitlines()]
    names = ["fd_random", "kd_random", "kd_std_random"]
    assert [each["score"] for each in records] == 3 * names
    assert [each["iteration"] for each in records[::3]] == [1, 2, 3]
    expected = {
        "n_real": 1438, "n_fake": 20, "split": "train", "weights": "raw", "batch_norm": "eval", "latent_seed": 0,
        "images_seen": 24, "run": str(run.absolute()), "extractor": "random", "precision": "32-true", "seed": 0,
    }  # fmt: skip
    assert records[-1] | expected == records[-1]
    with (run / "metrics.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["scores/fd_random"]]
    assert [float(row["scores/fd_random"]) for row in rows] == [each["value"] for each in records[::3]]
    assert [int(row["step"]) for row in rows] == [1, 2, 3]
    board = EventAccumulator(str(run), {"scalars": 0, "tensors": 0}).Reload()
    shown = [event.value for event in board.Scalars("scores/fd_random")]
    assert shown == pytest.approx([each["value"] for each in records[::3]])
    (text,) = board.Tensors("scores/text_summary")[-1].tensor_proto.string_val
    assert "\n- latent_seed: 0\n" in text.decode()
    (layout,) = board.Tensors("custom_scalars__config__")
    session = board.PluginTagToContent("hparams")[metadata.SESSION_START_INFO_TAG]
    set_by_run = set(metadata.parse_session_start_info_plugin_data(session).hparams)
    assert {"seed", "model.loss._target_", "data.batch_size"} < set_by_run
    assert not {name for name in set_by_run if name.startswith(("callbacks", "run_dir")) or name.endswith("_dir")}
    assert shown_charts(layout)["Scores"] == {name: [f"^scores/{name}$"] for name in ("fd_random", "kd_random")}
    said = (run / "train.log").read_text()
    assert f"iteration 2: fd_random {records[3]['value']:.4g}, kd_random" in said
    assert said.count("depends on the number of images") == 1
    assert "fd_random depends on the number of images, here 1,438 real and 20 generated ones; compare it" in said
    assert f"fd_random: best {min(each['value'] for each in records[::3]):.4g} at iteration" in said
    assert torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["global_step"] in (1, 2, 3)


def shown_charts(event):
    """Return the tags by chart by category of a layout in TensorBoard's file."""
    layout = layout_pb2.Layout.FromString(event.tensor_proto.string_val[0])
    return {each.title: {chart.title: [*chart.multiline.tag] for chart in each.chart} for each in layout.category}


def test_a_run_without_metrics_makes_no_feature(gan_lightning, monkeypatch):
    monkeypatch.setattr(Random, "extract", pytest.fail)
    code, err = gan_lightning(*NARROW)
    assert code == 0, err
    assert not (the_run() / "scores.jsonl").exists()
    assert not (the_run() / "checkpoints" / "best.ckpt").exists()


def test_nothing_of_an_extractor_is_in_a_checkpoint(composed, tmp_path, roots, inception_weights):
    chosen = [*CLASSES, *roots["folder_labelled"]]
    inception = ["metric=[kid]", "extractor=inception", f"extractor.weights={inception_weights}"]
    _, plain = played(composed, tmp_path / "plain", 2, *chosen)
    _, scored = played(composed, tmp_path / "scored", 2, *chosen, *inception)
    sizes = [(tmp_path / run / "checkpoints" / "last.ckpt").stat().st_size for run in ("plain", "scored")]
    assert sizes[1] - sizes[0] == pytest.approx(0, abs=4000)
    assert plain["state_dict"].keys() == scored["state_dict"].keys()
    assert scored["callbacks"]["Scores"]["histories"]["kid"]["last"][1] == 2


def test_another_score_than_the_first_can_be_followed():
    scores = Scores({"fid": FrechetDistance()}, Random(), "unused", follow="recall")
    for iteration, value in ((1, 0.5), (2, 0.6)):
        scores.histories.add([record(1.0, iteration), record(value, iteration, score="recall", better="higher")])
    name, history = scores.followed()
    assert (name, history.best.iteration) == ("recall", 2)


def test_a_score_that_fails_once_keeps_its_best_and_is_still_followed(composed, tmp_path, roots, monkeypatch):
    def score(self, model, options, num_images, moment):
        names = {2: ["fd_random", "kd_random"], 4: ["kd_random"], 6: ["fd_random"], 8: ["fd_random", "kd_random"]}
        values = {2: 1.0, 4: 0.1, 6: 3.0, 8: 2.0}
        return [record(values[moment.iteration], moment.iteration, score=name) for name in names[moment.iteration]]

    monkeypatch.setattr(Scorer, "__call__", score)
    trainer, _ = played(composed, tmp_path, 8, *CLASSES, *roots["folder_labelled"], *EVERY_SECOND, "metric=[fid,kid]")
    name, history = scores_of(trainer).followed()
    assert (name, history.best, history.last) == ("fd_random", (1.0, 2), (2.0, 8))
    assert scores_of(trainer).histories.by_name["kd_random"].best == (0.1, 4)
    assert trainer.lightning_module.best_iteration == 2


class Both(FrechetDistance):
    """A metric that needs features beside moments."""

    real_inputs = fake_inputs = frozenset({"moments", "features"})

    def compute(self, real, fake):
        return [Score("both", float(real.features.mean() - fake.features.mean()))]


def test_a_metric_may_need_features_beside_moments(composed, tmp_path, roots):
    config = composed(*QUIET, *CLASSES, *roots["folder_labelled"], run_dir=tmp_path)
    data = instantiate(config.data)
    assert Scorer({"both": Both(), "fid": FrechetDistance()}, Random(), data).scores == ["both", "fd_random"]


@pytest.mark.slow
def test_a_trained_dcgans_distance_is_at_most_a_fifth_of_an_untrained_ones(composed, tmp_path, record_property):
    """The run is the first third of the demo."""
    config = composed(
        "experiment=demo", "trainer.max_steps=500", "trainer.accelerator=cpu", "logger=none",
        "callbacks=[checkpoint,scores]", "~callbacks.samples", "~callbacks.plots", "+trainer.enable_progress_bar=false", run_dir=tmp_path,
    )  # fmt: skip
    torch.manual_seed(0)
    model, data, trainer = (instantiate(config[part]) for part in ("model", "data", "trainer"))
    scores = scores_of(trainer)
    scorer = Scorer(scores.metrics, scores.extractor, data)
    untrained = scorer(model, scores.options, scores.num_images, TrainingProgress(0, 0, 0, ""))[0]
    trainer.fit(model, data)
    trained = [each for each in ScoreFile(tmp_path / "scores.jsonl").read() if each.score == "fd_classifier"][-1]
    accuracy = scores.extractor.accuracy
    record_property("the classifier's held-out accuracy", f"{accuracy:.3f}")
    record_property("fd_classifier of a DCGAN, untrained and trained", f"{untrained.value:.1f} and {trained.value:.1f}")
    assert accuracy >= 0.97
    assert untrained.score == trained.score
    assert trained.value <= untrained.value / 5
