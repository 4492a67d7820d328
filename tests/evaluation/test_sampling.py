"""Images to be scored: functions of a seed and a number, that training does not notice."""

import copy
import shutil

import pytest
import torch
from hydra.utils import instantiate
from torch import nn

from gan_lightning.data.module import StoredDataModule
from gan_lightning.evaluation import sampling
from gan_lightning.evaluation.collectives import broadcast_from_rank_zero, run_on_all_ranks
from gan_lightning.evaluation.sampling import PASSES, SamplingOptions, batch_norms, in_batch_norm_mode, sample_images
from gan_lightning.evaluation.scorer import Scorer, TrainingProgress
from gan_lightning.metrics.extractors.random import Random
from gan_lightning.metrics.fid import FrechetDistance
from support.configuration import options

DATA = {
    "pix2pix": ["data=paired", "model.generator.dropout=0.5"],
    "cyclegan": ["data=unpaired"],
}
NARROW = ["data.image_size=32", "model.generator.width=2", "model.discriminator.width=2"]


@pytest.fixture
def made(composed, roots):
    """A narrow model and its data by the model's name."""

    def make(model, *more):
        data = DATA.get(model, ["data=folder_labelled"])
        config = composed(f"model={model}", *data, *roots[data[0].removeprefix("data=")], *NARROW, *more)
        torch.manual_seed(0)
        return instantiate(config.model), instantiate(config.data)

    return make


def pictures(model, data, rows, batch_size=64, direction=None, **options):
    direction = next(iter(model.directions)) if direction is None else direction
    return torch.cat(
        list(sample_images(model, SamplingOptions(batch_size=batch_size, **options), rows, data, direction))
    )


def test_standing_statistics_are_of_noise_that_is_not_scored(made, monkeypatch):
    monkeypatch.setattr(sampling, "PASSES", 3)
    model, _ = made("dcgan")
    asked, sample = [], model.sample

    def noted(numbers, seed, *rest, **more):
        asked.append((seed, numbers))
        return sample(numbers, seed, *rest, **more)

    monkeypatch.setattr(model, "sample", noted)
    pictures(model, None, range(4), 4, seed=5, batch_norm="standing")
    *standing, scored = asked
    assert scored == (5, range(4))
    assert [numbers for _, numbers in standing] == [range(4), range(4, 8), range(8, 12)]
    assert 5 not in {seed for seed, _ in standing}


@pytest.mark.parametrize("name", options("model"))
def test_an_image_depends_on_the_seed_and_its_number_alone(name, made):
    model, data = made(name)
    for direction in model.directions:
        whole = pictures(model, data, range(7), 7, direction)
        parts = [pictures(model, data, range(3), 2, direction), pictures(model, data, range(3, 7), 3, direction)]
        assert whole.shape == (7, data.shape.channels, 32, 32)
        torch.testing.assert_close(torch.cat(parts), whole, rtol=0, atol=1e-4)
    drawn = name != "cyclegan"
    assert torch.equal(pictures(model, data, range(7), 7, seed=1), pictures(model, data, range(7), 7)) != drawn


def test_image_seventeen_is_the_same_in_a_grid_a_score_and_a_sample(made):
    """H12: whatever asks for an image, its number and the seed decide it."""
    for name in ("dcgan", "cgan", "acgan"):
        model, data = made(name)
        scored = pictures(model, data, range(20), 6)[17]
        torch.testing.assert_close(model.sample([17]), scored[None], rtol=0, atol=1e-5)
        labels = model.generator_inputs.grid_labels([17])
        torch.testing.assert_close(
            model.grid([3, 17])[1], model.sample([17], labels=labels)[0] if labels else scored, rtol=0, atol=1e-5
        )
    model, data = made("pix2pix")
    scored = pictures(model, data, range(3))[2]
    torch.testing.assert_close(model.grid([0, 2], data)[4], scored, rtol=0, atol=1e-5)
    torch.testing.assert_close(model.sample([2], 0, data)[0], scored, rtol=0, atol=1e-5)


def test_latents_continue_across_blocks_and_do_not_depend_on_how_many_there_are(made):
    model, _ = made("dcgan")
    (whole,) = model.generator_inputs.by_number(range(1000), 0, None, "")
    (part,) = model.generator_inputs.by_number(range(250, 521), 0, None, "")
    assert torch.equal(part, whole[250:521])
    assert len(whole.unique(dim=0)) == 1000
    assert whole.mean().item() == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("name", ["dcgan", "cgan", "pix2pix", "cyclegan"])
@pytest.mark.parametrize("mode", ["eval", "batch", "standing"])
def test_no_random_stream_no_mode_and_no_buffer_is_touched(mode, name, made):
    model, data = made(name, "norm=batch", "ema=half_life")
    before, streams = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    model.train()
    for weights in ("ema", "raw"):
        pictures(model, data, range(3), weights=weights, batch_norm=mode)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert torch.equal(streams, torch.get_rng_state())
    assert torch.is_grad_enabled()
    assert all(layer.training for layer in model.generator.modules())


def test_the_moving_average_makes_the_images_unless_the_raw_weights_are_asked_for(made):
    model, _ = made("dcgan", "ema=half_life")
    for weight in model.generator.parameters():
        nn.init.zeros_(weight)
    assert pictures(model, None, range(2), weights="raw").abs().max() == 0
    assert pictures(model, None, range(2)).abs().max() > 0


def test_classes_are_as_frequent_as_in_the_training_data_and_a_number_keeps_its_class(made):
    model, _ = made("cgan")
    inputs = model.generator_inputs
    inputs.class_counts = [90, 0, 10]
    _, labels = inputs.by_number(range(4000), 0, None, "")
    assert labels.bincount(minlength=3) / 4000 == pytest.approx([0.9, 0, 0.1], abs=0.02)
    _, some = inputs.by_number([3999, 17], 0, None, "")
    assert some.tolist() == [labels[3999], labels[17]]
    assert not torch.equal(labels, inputs.by_number(range(4000), 1, None, "")[1])
    assert inputs.by_number([5, 6], 0, None, "", [2, 1])[1].tolist() == [2, 1]


@pytest.mark.parametrize(("name", "labels"), [("cgan", [3]), ("cgan", [0, 1]), ("dcgan", [0]), ("pix2pix", [0])])
def test_labels_that_a_model_cannot_use_are_refused(name, labels, made):
    model, data = made(name)
    with pytest.raises(ValueError, match=r"^labels .*got \["):
        model.sample([4], 0, data, labels=labels)


def test_a_batchs_own_statistics_make_what_training_makes(made):
    model, _ = made("dcgan", "model.discriminator.width=2")
    assert batch_norms(model.generator)
    found = pictures(model, None, range(8), 8, batch_norm="batch")
    trained = copy.deepcopy(model.generator).train()
    torch.testing.assert_close(found, trained(*model.generator_inputs.by_number(range(8), 0, None, "")).detach())
    assert not torch.allclose(found, pictures(model, None, range(8), 8))


def test_standing_statistics_are_the_mean_of_those_of_fresh_batches():
    network = nn.BatchNorm1d(2, affine=False).eval()
    network.running_mean.fill_(100)
    batches = [3 + 2 * torch.randn(50, 2, generator=torch.Generator().manual_seed(n)) for n in range(PASSES)]
    standing = in_batch_norm_mode(network, "standing", lambda copied, number: copied(batches[number]))
    assert standing.running_mean == pytest.approx(torch.stack(batches).mean((0, 1)), rel=1e-4)
    assert standing.running_var == pytest.approx(torch.stack([batch.var(0) for batch in batches]).mean(0), rel=1e-4)
    assert not standing.training
    assert network.running_mean.tolist() == [100, 100]


def test_a_network_without_batch_norm_is_itself_in_every_mode():
    network = nn.InstanceNorm2d(3)
    assert all(in_batch_norm_mode(network, mode, pytest.fail) is network for mode in ("eval", "batch", "standing"))


def test_reduced_precision_is_the_generators_and_is_on_the_record(made, tmp_path):
    model, data = made("dcgan")
    scorer = Scorer({"fid": FrechetDistance()}, Random(), data)
    for precision in ("32-true", "bf16-mixed"):
        (record,) = scorer(model, SamplingOptions(precision=precision), 20, TrainingProgress(3, 12, 0, "run"))
        assert record.precision == precision
    full, reduced = (pictures(model, None, range(4), precision=each) for each in ("32-true", "bf16-mixed"))
    assert full.dtype == torch.float32
    assert 0 < (full - reduced).abs().max() < 0.1


def test_each_direction_is_compared_with_the_other_domain(made):
    model, data = made("cyclegan")
    scorer = Scorer({"fid": FrechetDistance()}, Random(), data)
    there, back = scorer(model, SamplingOptions(), 100, TrainingProgress(0, 0, 0, "run"))
    assert (there.score, back.score) == ("fd_random_xy", "fd_random_yx")
    x, y = data.evaluation_images("train")
    assert (there.data, back.data) == (y.fingerprint, x.fingerprint)
    assert (there.n_real, back.n_real, there.n_fake, back.n_fake) == (len(y), len(x), 3, 3)


def test_pairs_are_split_into_their_sides(made):
    model, data = made("pix2pix")
    (record,) = Scorer({"fid": FrechetDistance()}, Random(), data)(
        model, SamplingOptions(), 100, TrainingProgress(0, 0, 0, "run")
    )
    x, y = data.evaluation_images("train")
    assert (record.score, record.data, record.n_fake) == ("fd_random", y.fingerprint, 4)
    batch = next(data.evaluation_batches("train", 5, torch.device("cpu")))
    for side, images in ((x, batch.x), (y, batch.y)):
        assert torch.from_numpy(side.rows(list(range(5)))) / 127.5 - 1 == pytest.approx(images)


def test_pictures_that_training_crops_at_random_are_scored_at_their_own_size(made):
    _, data = made("pix2pix", "data.load_size=40")
    data.setup("fit")
    assert data.train[0].rows([0]).shape[-1] == 40
    assert data.evaluation_images("train")[1].rows([0]).shape == (1, 3, 32, 32)


def test_pictures_decoded_for_training_are_not_decoded_again(made, monkeypatch):
    _, data = made("dcgan", "data.cache=off")
    data.setup("fit")
    monkeypatch.setattr(StoredDataModule, "fitted_images", pytest.fail)
    assert data.evaluation_images("train") == data.train


def test_an_error_of_one_process_is_one_of_all():
    def wrong():
        raise ValueError("not finite")

    for ask in (run_on_all_ranks, broadcast_from_rank_zero):
        assert ask(lambda: 3) == 3
        with pytest.raises(ValueError, match="not finite"):
            ask(wrong)


def test_a_record_says_what_was_translated_or_which_classes_and_the_batch_where_it_matters(made):
    where = TrainingProgress(0, 0, 0, "")
    for name, mode, size in (
        ("dcgan", "eval", 0),
        ("dcgan", "batch", 5),
        ("dcgan", "standing", 5),
        ("cgan", "eval", 0),
    ):
        model, data = made(name, "norm=batch")
        scorer = Scorer({"fid": FrechetDistance()}, Random(width=4), data)
        (record,) = scorer(model, SamplingOptions(batch_size=5, batch_norm=mode), 6, where)
        assert (record.batch_size, record.source) == (
            size,
            "classes as frequent as in training" if name == "cgan" else "",
        )
    model, data = made("cyclegan")
    scorer = Scorer({"fid": FrechetDistance()}, Random(width=4), data)
    split = data.evaluation_split()
    for record, store in zip(scorer(model, SamplingOptions(), 6, where), data.evaluation_images(split), strict=True):
        assert record.source == f"{split} {store.fingerprint}"
    assert scorer.split == "train"


def test_a_split_that_is_the_training_images_is_called_so(composed, classes, tmp_path):
    shutil.copytree(classes, tmp_path / "copies")
    folders = [f"data.root={classes}", f"data.test_root={tmp_path / 'copies'}"]
    config = composed("model=dcgan", "data=folder", *folders, *NARROW)
    model, data = instantiate(config.model), instantiate(config.data)
    assert data.evaluation_images("test")[0].fingerprint == data.evaluation_images("train")[0].fingerprint
    (record,) = Scorer({"fid": FrechetDistance()}, Random(width=4), data, "test")(
        model, SamplingOptions(), 6, TrainingProgress(0, 0, 0, "")
    )
    assert record.split == "train"


def test_a_split_of_its_own_keeps_its_name(made):
    _, data = made("pix2pix")
    assert data.evaluation_images("test")[0].fingerprint != data.evaluation_images("train")[0].fingerprint
    assert [data.true_split(split) for split in ("train", "test")] == ["train", "test"]
