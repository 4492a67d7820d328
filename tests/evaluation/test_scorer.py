"""Score records made from statistics."""

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from PIL import Image
from torch import nn

import gan_lightning
from gan_lightning.evaluation.real_statistics import RealStatistics
from gan_lightning.evaluation.sampling import SamplingOptions
from gan_lightning.evaluation.scorer import Scorer, TrainingProgress, make_records, needs_of
from gan_lightning.metrics.extractors.extractor import ExtractorIdentity, ExtractorOutput
from gan_lightning.metrics.extractors.random import Random
from gan_lightning.metrics.fid import FrechetDistance
from gan_lightning.metrics.inception_score import InceptionScore
from gan_lightning.metrics.metric import Score
from gan_lightning.metrics.statistics import Statistics
from support.records import CONTEXT, records


def test_every_score_has_a_record_with_its_whole_protocol():
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
    assert (
        made[0]
        .warnings[-1]
        .startswith("fd_random depends on the number of images, here 40 real and 40 generated ones; ")
    )


class Failing(FrechetDistance):
    """A metric that cannot be computed."""

    def compute(self, real, fake):
        raise ValueError("it cannot be")


class Endless(FrechetDistance):
    """A metric whose score is not a number."""

    def compute(self, real, fake):
        return [Score("endless", float("nan"))]


def two_sets():
    extractor = Random(width=4)
    images = torch.rand(40, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    real, fake = (Statistics.from_images([side], extractor, frozenset({"moments"})) for side in (images, -images))
    return RealStatistics(real, "test", "abcdef"), fake, extractor, CONTEXT


def test_one_metric_that_fails_leaves_the_others_their_scores_and_says_why():
    metrics, failed = {"failing": Failing(), "fid": FrechetDistance(), "endless": Endless()}, {}
    made = make_records(metrics, *two_sets(), failed)
    assert [record.score for record in made] == ["fd_random"]
    assert failed == {"failing": "it cannot be", "endless": "the score endless must be a finite number; got nan"}


def test_a_failure_that_nobody_asks_for_is_logged(caplog):
    make_records({"failing": Failing(), "fid": FrechetDistance()}, *two_sets())
    assert "metric=failing gives no score: it cannot be" in caplog.messages


def test_where_all_metrics_fail_the_reasons_are_raised():
    with pytest.raises(ValueError, match="^it cannot be; the score endless must be a finite number; got nan$"):
        make_records({"failing": Failing(), "again": Failing(), "endless": Endless()}, *two_sets(), {})


def test_a_score_that_sees_no_real_image_names_none():
    metrics = {"inception_score": InceptionScore(2)}
    extractor = Random(width=4)
    extractor.identity = ExtractorIdentity("classifier", "", "none", 4, 10)
    fake = Statistics(extractor.identity, needs_of(metrics)[1])
    fake.add(ExtractorOutput(torch.zeros(40, 4), torch.eye(10).repeat(4, 1)))
    first, second = (
        make_records(
            metrics, RealStatistics(Statistics(extractor.identity, frozenset()), split, data), fake, extractor, CONTEXT
        )
        for split, data in (("train", "one"), ("test", "other"))
    )
    assert [(record.n_real, record.split, record.data) for record in first] == [(0, "", "")] * 2
    assert first == second


class RealImages(nn.Module):
    """A perfect generator by class: it returns training images of the class that is asked for, one after the other."""

    inputs = ("latents", "labels")

    def __init__(self, images, labels):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.by_class = [images[labels == label] for label in labels.unique()]
        self.turn = [0] * len(self.by_class)

    def forward(self, latents, labels):
        made = []
        for label in labels.tolist():
            made.append(self.by_class[label][self.turn[label] % len(self.by_class[label])])
            self.turn[label] += 1
        return torch.stack(made)


def test_a_perfect_generator_by_class_scores_near_its_floor_on_classes_of_unequal_size(composed, tmp_path):
    """Training images are nine tenths one class: classes in turn would be another distribution."""
    for label, (count, level) in enumerate(((90, 60), (10, 200))):
        (tmp_path / str(label)).mkdir()
        for number in range(count):
            pixels = np.random.default_rng(number).integers(level - 40, level + 40, (16, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / str(label) / f"{number}.png")
    words = ["model=cgan", "data=folder_labelled", "data.channels=1", f"data.root={tmp_path}", "data.image_size=16"]
    config = composed(*words, "model.generator.width=2", "model.discriminator.width=2", "data.num_classes=2")
    model, data = instantiate(config.model), instantiate(config.data)
    data.setup("fit")
    batch = next(iter(data.evaluation_batches("train", 100, torch.device("cpu"))))
    scorer, distances = Scorer({"fid": FrechetDistance()}, Random(width=4), data), []
    for sees in (True, False):
        model.generator = RealImages(batch.images, batch.labels)
        if sees:
            model.generator_inputs.see(data)
            assert model.generator_inputs.class_counts == [90, 10]
        else:
            model.generator_inputs.class_counts = [1, 1]
        (record,) = scorer(model, SamplingOptions(), 400, TrainingProgress(0, 0, 0, "run"))
        distances.append(record.value)
    assert record.source == "classes as frequent as in training"
    assert distances[0] < 0.05 * distances[1]


def test_the_classifier_learns_from_training_images_whatever_split_the_images_are_compared_with(composed):
    data, learned = instantiate(composed("data=digits", "data.image_size=8").data), []

    class Remembers(Random):
        def prepare(self, train, test, folder):
            learned.append((train.fingerprint, test.fingerprint))

    for split in ("train", "test"):
        Scorer({"fid": FrechetDistance()}, Remembers(width=4), data, split)
    training, held_out = (data.evaluation_images(split)[0].fingerprint for split in ("train", "test"))
    assert learned == [(training, held_out)] * 2
    assert training != held_out
