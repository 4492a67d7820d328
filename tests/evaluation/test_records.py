"""Cards, and the configuration of metrics."""

import dataclasses
import json
import subprocess
import sys

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

import gan_lightning
from gan_lightning.config import schema
from gan_lightning.evaluation.real_statistics import Real
from gan_lightning.evaluation.records import CIRCUMSTANCES, Context, ScoreRecord, differences
from gan_lightning.evaluation.scorer import needed, scored
from gan_lightning.metrics.extractors.extractor import Extractor, ExtractorIdentity, ExtractorOutput
from gan_lightning.metrics.extractors.random import Random
from gan_lightning.metrics.fid import FrechetDistance
from gan_lightning.metrics.inception_score import InceptionScore
from gan_lightning.metrics.kid import KernelDistance
from gan_lightning.metrics.metric import Metric, Score
from gan_lightning.metrics.statistics import Statistics
from gan_lightning.reports.comparison_tables import whole_records
from support.configuration import CONF, ROOT, options

SUBJECT = Context("ema", "eval", 7, "32-true", 1000, 64_000, 0, "outputs/train/x")


def records(count=40):
    extractor = Random(width=4)
    metrics = {"fid": FrechetDistance(), "kid": KernelDistance(subsets=3, subset_size=20)}
    of_real, of_fake = needed(metrics)
    images = torch.rand(count, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    real = Real(Statistics.from_images([images], extractor, of_real), "test", "abcdef")
    return scored(metrics, real, Statistics.from_images([-images], extractor, of_fake), extractor, SUBJECT), extractor


def test_every_score_has_a_card_with_its_whole_protocol():
    made, extractor = records()
    assert [record.score for record in made] == ["fd_random", "kd_random", "kd_std_random"]
    record = made[1]
    assert (record.n_real, record.n_fake, record.split, record.data) == (40, 40, "test", "abcdef")
    assert (record.extractor, record.extractor_sha256, record.resize) == ("random", extractor.identity.sha256, "none")
    assert record.settings == {"subsets": 3, "subset_size": 20}
    assert (record.weights, record.batch_norm, record.latent_seed, record.iteration) == ("ema", "eval", 7, 1000)
    assert record.versions["torch"] == torch.__version__.split("+")[0] or record.versions["torch"] == torch.__version__
    assert "torch-fidelity" in record.versions
    assert record.versions["gan_lightning"] == gan_lightning.__version__
    assert any("fewer than 2,048" in said for said in made[0].warnings)


class Failing(FrechetDistance):
    """As a metric that meets what it cannot compute."""

    def compute(self, real, fake):
        raise ValueError("it cannot be")


class Endless(FrechetDistance):
    """A score that is no number."""

    def compute(self, real, fake):
        return [Score("endless", float("nan"))]


def two_sets():
    extractor = Random(width=4)
    images = torch.rand(40, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    real, fake = (Statistics.from_images([side], extractor, frozenset({"moments"})) for side in (images, -images))
    return Real(real, "test", "abcdef"), fake, extractor, SUBJECT


def test_one_metric_that_fails_leaves_the_others_their_scores_and_says_why():
    metrics, failed = {"failing": Failing(), "fid": FrechetDistance(), "endless": Endless()}, {}
    made = scored(metrics, *two_sets(), failed)
    assert [record.score for record in made] == ["fd_random"]
    assert failed == {"failing": "it cannot be", "endless": "the score endless must be a finite number; got nan"}


def test_a_failure_that_nobody_asks_for_is_logged(caplog):
    scored({"failing": Failing(), "fid": FrechetDistance()}, *two_sets())
    assert "metric=failing gives no score: it cannot be" in caplog.messages


def test_where_all_metrics_fail_the_reasons_are_raised():
    with pytest.raises(ValueError, match="^it cannot be; the score endless must be a finite number; got nan$"):
        scored({"failing": Failing(), "again": Failing(), "endless": Endless()}, *two_sets(), {})


def test_a_score_that_sees_no_real_image_names_none():
    metrics = {"inception_score": InceptionScore(2)}
    extractor = Random(width=4)
    extractor.identity = ExtractorIdentity("classifier", "", "none", 4, 10)
    fake = Statistics(extractor.identity, needed(metrics)[1])
    fake.add(ExtractorOutput(torch.zeros(40, 4), torch.eye(10).repeat(4, 1)))
    first, second = (
        scored(metrics, Real(Statistics(extractor.identity, frozenset()), split, data), fake, extractor, SUBJECT)
        for split, data in (("train", "one"), ("test", "other"))
    )
    assert [(record.n_real, record.split, record.data) for record in first] == [(0, "", "")] * 2
    assert first == second


def test_a_card_survives_its_file():
    for record in records()[0]:
        assert ScoreRecord.from_json(record.to_json()) == record
        assert "\n" not in record.to_json()


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"score": "fid"}'])
def test_what_is_no_card_is_refused_in_a_sentence(text):
    with pytest.raises(ValueError, match="a ScoreRecord must be a JSON object"):
        ScoreRecord.from_json(text)


def test_differences_name_every_field_of_the_protocol_and_none_of_the_circumstances():
    record = records()[0][0]
    assert differences(record, record) == []
    other = {
        "value": 2.0,
        "weights": "raw",
        "batch_norm": "batch",
        "warnings": ["other"],
        "better": "higher",
    }
    for field in dataclasses.fields(ScoreRecord):
        value = getattr(record, field.name)
        if isinstance(value, dict):
            continue
        changed = other.get(field.name, value + 1 if isinstance(value, int) else f"not {value}")
        expected = [] if field.name in CIRCUMSTANCES else [f"{field.name}: {value} and {changed}"]
        assert differences(record, dataclasses.replace(record, **{field.name: changed})) == expected


def test_differences_inside_of_a_dictionary_are_named_by_their_key():
    record, other = (
        dataclasses.replace(records()[0][0], settings={"subsets": 100, "size": size}, versions=versions)
        for size, versions in ((10, {"torch": "2", "numpy": "1.26"}), (20, {"torch": "2", "pillow": "11"}))
    )
    expected = ["settings.size: 10 and 20", "versions.numpy: 1.26 and none", "versions.pillow: none and 11"]
    assert differences(record, other) == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_gets_no_card(value):
    with pytest.raises(ValueError, match="fd_random must be a finite number"):
        dataclasses.replace(records()[0][0], value=value)


def test_cards_read_as_a_table_with_every_field_and_what_they_share_stands_once():
    record, other = (dataclasses.replace(each, run="a|b", warnings=["One.", "Two."]) for each in records()[0][:2])
    record, other = (
        dataclasses.replace(record, value=12.34567891),
        dataclasses.replace(other, run="c", warnings=["Two."]),
    )
    table, shared = (part.split("\n") for part in whole_records([record, other]).split("\n\n"))
    columns, _, *rows = [line[2:-2].split(" | ") for line in table]
    assert columns == ["score", "value", "run", "settings"]
    assert rows == [
        ["fd_random", "12.3457", "a\\|b", ""],
        ["kd_random", f"{other.value:.6g}", "c", "subsets 3, subset_size 20"],
    ]
    assert shared[-2:] == ["- One.", "- Two."]
    assert {"- latent_seed: 7", "- data: abcdef"} < set(shared)
    assert len(columns) + len(shared[:-2]) + 1 == len(dataclasses.fields(ScoreRecord))
    alone = whole_records([record])
    assert alone.startswith("| score | value |\n| --- | --- |\n| fd_random | ")
    assert "- run: a|b" in alone


def composed(*overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", overrides=["run_dir=unused", *overrides])


@pytest.mark.parametrize("name", options("metric"))
def test_every_metric_composes_and_its_settings_are_plain(name):
    config = composed(f"metric=[{name}]")
    schema.check(config)
    (metric,) = instantiate(config.metrics).values()
    assert isinstance(metric, Metric)
    assert json.dumps(metric.settings)


def test_the_kernel_distance_needs_pairs():
    with pytest.raises(ValueError, match=r"metrics\.kid\.subset_size must be a whole number of at least 2; got 1"):
        schema.check(composed("metric=[kid]", "metrics.kid.subset_size=1"))


def test_metrics_compose_as_a_list():
    metrics = composed(f"metric=[{','.join(options('metric'))}]").metrics
    assert sorted(metrics) == options("metric")
    assert OmegaConf.is_dict(metrics)


@pytest.mark.parametrize("name", options("extractor"))
def test_every_extractor_composes(name, inception_weights):
    chosen = [f"extractor.weights={inception_weights}"] if name == "inception" else []
    config = composed(f"extractor={name}", *chosen)
    schema.check(config)
    assert isinstance(instantiate(config.extractor), Extractor)


def test_importing_every_part_reaches_no_network_and_no_trainer():
    parts = [
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in sorted((ROOT / "gan_lightning" / "metrics").rglob("*.py"))
        if file.stem != "__init__"
    ]
    program = "\n".join([
        "import socket, sys",
        "def refuse(*_, **__): raise SystemExit('tried the network')",
        "socket.socket.connect = socket.getaddrinfo = refuse",
        *(f"import {part}" for part in parts),
        "print(sorted({'lightning', 'hydra', 'omegaconf', 'torchmetrics'} & sys.modules.keys()))",
    ])  # fmt: skip
    shown = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.stdout.strip() == "[]", shown.stdout + shown.stderr
    assert len(parts) > 15
