"""Scores of pairs: closed forms, when they come, what is left out, and that training does not notice."""

import logging
from typing import ClassVar

import pytest
import torch
from hydra.utils import instantiate
from lightning import LightningModule, Trainer
from lightning.pytorch.loggers.logger import DummyLogger
from omegaconf import OmegaConf

from gan_lightning.callbacks import pair_scores
from gan_lightning.callbacks.pair_scores import PairScores
from gan_lightning.config import schema
from gan_lightning.data.paired import Paired
from gan_lightning.data.photos import PhotosUnpaired
from gan_lightning.models.game import AdversarialGame
from gan_lightning.randomness import derive
from support.configuration import CONF

CPU = torch.device("cpu")
SOMETHING = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


class Shift(LightningModule):
    """A model that translates by adding a constant; its training draws from torch's own stream."""

    directions: ClassVar = {"xy": "y"}
    seed = 3
    interrupted = 0
    has_diverged = False

    def __init__(self, shift=0.1):
        super().__init__()
        self.automatic_optimization = False
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.shift = shift
        self.noise = []
        self.drawn = []

    def training_step(self, batch, batch_idx):
        self.drawn.append(torch.rand(()).item())
        self.optimizers().step()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def average_buffers(self):
        """There are none."""

    def images(self, x, noise, direction):
        assert direction == "xy"
        self.noise += noise
        return x + self.shift


AdversarialGame.register(Shift)


class Written(DummyLogger):
    """A logger that keeps what is logged, by iteration."""

    def __init__(self):
        super().__init__()
        self.rows = []

    def log_metrics(self, metrics, step=None):
        if any(name.startswith("pairs/") for name in metrics):
            self.rows.append((step, metrics))


def paired(root, size=16):
    return Paired(root=str(root), image_size=size, channels=3, batch_size=4, cache="off")


def fitted(callback, data, module=None, **trainer):
    """Train with three batches in an epoch; return what was logged."""
    loggers = [Written(), Written()]
    Trainer(
        accelerator="cpu", logger=loggers, callbacks=[callback] if callback else [], enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, **{"max_epochs": 2, **trainer},
    ).fit(module or Shift(), data)  # fmt: skip
    assert loggers[0].rows == loggers[1].rows, "every logger gets the same"
    return loggers[0].rows


@pytest.fixture(autouse=True)
def hub(tmp_path, monkeypatch):
    """Return a folder for torch.hub without weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints"


@pytest.fixture
def alexnet(hub):
    """Write AlexNet's file with random features; its classifier takes no space."""
    import torchvision

    with torch.device("meta"):
        shapes = torchvision.models.alexnet(weights=None).state_dict()
    stream = torch.Generator().manual_seed(3)
    state = {
        name: torch.randn(each.shape, generator=stream) * 0.05
        if name.startswith("features")
        else torch.zeros(1).expand(each.shape)
        for name, each in shapes.items()
    }
    hub.mkdir(parents=True)
    torch.save(state, hub / "alexnet-owt-7be5be79.pth")
    return state


def test_psnr_of_a_constant_error_is_that_of_its_square():
    output = SOMETHING * 0.5
    errors = torch.tensor([0.1, 0.2, 0.4]).view(3, 1, 1, 1)
    expected = 10 * torch.log10(4 / errors.flatten() ** 2)
    assert pair_scores.psnr(output + errors, output) == pytest.approx(expected, rel=1e-5)
    assert pair_scores.psnr(output, output).isposinf().all()


def test_ssim_of_two_even_images_is_that_of_their_levels():
    levels, c1 = torch.tensor([[-0.5, 0.25], [0.8, 0.8], [1.0, -1.0]]).double(), (0.01 * 2) ** 2
    a, b = (each.view(3, 1, 1, 1).expand(-1, 3, 16, 16) for each in levels.T)
    expected = (2 * levels.prod(1) + c1) / (levels.square().sum(1) + c1)
    assert pair_scores.ssim(a, b) == pytest.approx(expected, abs=1e-9)


def test_ssim_of_equal_images_is_one_and_of_others_less():
    assert pair_scores.ssim(SOMETHING, SOMETHING) == pytest.approx(1)
    assert (pair_scores.ssim(SOMETHING, SOMETHING.flip(-1)) < 0.5).all()


def test_lpips_is_a_weighted_distance_of_normalised_features(alexnet):
    from torchmetrics.functional.image import learned_perceptual_image_patch_similarity as reference

    lpips = pair_scores.lpips(pair_scores.alexnet_file())
    other = SOMETHING.flip(-1)
    expected = torch.stack([reference(one[None], two[None]) for one, two in zip(SOMETHING, other, strict=True)])
    assert lpips(SOMETHING, other) == pytest.approx(expected.detach(), rel=1e-5)
    assert (lpips(SOMETHING, other) > 0).all()
    assert lpips(SOMETHING, SOMETHING) == pytest.approx(0, abs=1e-7)
    gray = SOMETHING[:, :1]
    assert torch.equal(lpips(gray, -gray), lpips(gray.expand(-1, 3, -1, -1), -gray.expand(-1, 3, -1, -1)))


def test_lpips_reads_torchvisions_file_draws_nothing_and_sees_31_pixels(alexnet):
    before = torch.get_rng_state()
    lpips = pair_scores.lpips(pair_scores.alexnet_file())
    assert torch.equal(before, torch.get_rng_state())
    smallest = SOMETHING[..., :31, :31]
    assert torch.isfinite(lpips(smallest, -smallest)).all()
    with pytest.raises(RuntimeError):
        lpips(smallest[..., :30, :30], -smallest[..., :30, :30])


def test_a_signal_breaks_scores_off_and_ends_the_run_which_then_owes_them(pairs):
    module, callback = Shift(), PairScores(batch_size=1, every_n_iterations=1, every_n_epochs=None)
    module.interrupted = 15
    assert fitted(callback, paired(pairs), module) == []
    assert callback.state_dict() == {"owed": 1}
    assert len(module.drawn) == 1
    again = PairScores(batch_size=1, every_n_epochs=None)
    again.load_state_dict({"owed": 0})  # as if the run were resumed where it begins
    steps = [step for step, _ in fitted(again, paired(pairs), Shift())]
    assert steps == [0, 6]


def test_each_score_is_the_mean_over_images_of_all_test_pairs(pairs):
    for batch_size in (1, 3, 8):
        module = Shift(0.3)
        (row,) = fitted(PairScores(batch_size=batch_size, every_n_epochs=None), paired(pairs), module)
        assert sorted(row[1]) == ["pairs/psnr", "pairs/ssim"]
        (whole,) = paired(pairs).evaluation_batches("test", 4, CPU)
        output = (whole.x + 0.3).clamp(-1, 1)
        each = 10 * torch.log10(4 / (output - whole.y).double().square().mean((1, 2, 3)))
        assert row[1]["pairs/psnr"] == pytest.approx(each.mean().item(), rel=1e-5)
        assert row[1]["pairs/ssim"] == pytest.approx(pair_scores.ssim(output, whole.y).mean().item(), rel=1e-5)
        assert module.noise == [derive(3, "dropout", f"test {row}") for row in range(4)]


def test_lpips_is_scored_where_its_weights_are(pairs, alexnet):
    for choice, expected in (("auto", True), (True, True), (False, False)):
        (row,) = fitted(PairScores(every_n_epochs=None, lpips=choice), paired(pairs, 32))
        assert ("pairs/lpips" in row[1]) is expected


@pytest.mark.parametrize(
    ("cadence", "expected"),
    [
        ({}, [3, 6, 9]),
        ({"every_n_epochs": 2}, [6, 9]),
        ({"every_n_epochs": None}, [9]),
        ({"every_n_iterations": 4, "every_n_epochs": None}, [4, 8, 9]),
        ({"every_n_iterations": 3}, [3, 6, 9]),
    ],
)
def test_scores_come_at_the_cadence_and_at_the_end_once_for_an_iteration(cadence, expected, pairs):
    rows = fitted(PairScores(**cadence), paired(pairs), max_epochs=3)
    assert [step for step, _ in rows] == expected


def test_training_and_checkpoints_do_not_notice(pairs, alexnet, tmp_path):
    def played(callback):
        torch.manual_seed(0)
        module = Shift()
        fitted(callback, paired(pairs, 32), module)
        module.trainer.save_checkpoint(tmp_path / "it.ckpt")
        return module.drawn, torch.load(tmp_path / "it.ckpt", weights_only=True)

    (plain, before), (scored, after) = played(None), played(PairScores(every_n_iterations=1))
    assert plain == scored
    assert before["state_dict"].keys() == after["state_dict"].keys() == {"weight"}
    assert before["callbacks"] == after["callbacks"]


def test_only_the_first_process_scores(pairs, monkeypatch):
    monkeypatch.setattr(Trainer, "is_global_zero", False)
    module = Shift()
    assert fitted(PairScores(), paired(pairs), module) == []
    assert module.noise == []


def test_a_set_without_test_pairs_has_one_line_and_no_scores(pairs, tmp_path, caplog):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "train").symlink_to(pairs / "train")
    unaligned = PhotosUnpaired(image_size=160, channels=3, batch_size=60)
    for data, said in (
        (paired(tmp_path / "d"), "there are no test pairs"),
        (unaligned, "PhotosUnpaired has no aligned"),
    ):
        caplog.clear()
        with caplog.at_level(logging.INFO, "gan_lightning.callbacks"):
            assert fitted(PairScores(lpips=False), data, max_epochs=1) == []
        assert [said in record.message for record in caplog.records if "pair scores" in record.message] == [True]


def test_small_images_leave_ssim_and_lpips_out_with_a_line_each(pairs, alexnet, caplog):
    with caplog.at_level(logging.INFO, "gan_lightning.callbacks"):
        rows = fitted(PairScores(), paired(pairs, 10), max_epochs=1)
    assert [sorted(scores) for _, scores in rows] == [["pairs/psnr"]]
    assert "pairs/ssim is left out: it needs data.image_size of at least 11; got 10" in caplog.text
    assert "pairs/lpips is left out: it needs data.image_size of at least 31; got 10" in caplog.text
    with pytest.raises(ValueError, match=r"pair_scores.lpips: true needs data.image_size of at least 31; got 30"):
        fitted(PairScores(lpips=True), paired(pairs, 30))


def test_lpips_without_its_weights_is_a_sentence_before_training_or_a_line(pairs, caplog):
    module = Shift()
    with pytest.raises(ValueError, match=r"lpips: true needs .*AlexNet at .*alexnet-owt-7be5be79.pth, and there is no"):
        fitted(PairScores(lpips=True), paired(pairs, 32), module)
    assert module.drawn == []
    with caplog.at_level(logging.INFO, "gan_lightning.callbacks"):
        (row,) = fitted(PairScores(), paired(pairs, 32), max_epochs=1)
    assert sorted(row[1]) == ["pairs/psnr", "pairs/ssim"]
    assert caplog.text.count("pairs/lpips is left out: it needs torchvision's weights of AlexNet") == 1


def test_a_file_that_is_no_alexnet_is_named(hub, pairs):
    hub.mkdir(parents=True)
    for content in (b"", b"no pickle"):
        (hub / "alexnet-owt-7be5be79.pth").write_bytes(content)
        with pytest.raises(ValueError, match=r"weights of AlexNet; .*7be5be79.pth is no such file"):
            fitted(PairScores(), paired(pairs, 32))


def test_a_model_that_does_not_translate_is_refused(pairs):
    class Plain(LightningModule):
        pass

    with pytest.raises(ValueError, match="needs a model that translates images; got Plain"):
        PairScores().setup(Trainer(accelerator="cpu", logger=False), Plain(), "fit")


def test_the_configuration_fits_the_callback():
    config = OmegaConf.create({"callbacks": OmegaConf.load(CONF / "callbacks" / "pair_scores.yaml")})
    schema.check(config)
    own, default = (vars(each) for each in (instantiate(config.callbacks)["pair_scores"], PairScores()))
    assert vars(own.pop("cadence")) == vars(default.pop("cadence"))
    assert own == default
