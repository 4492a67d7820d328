"""PSNR, SSIM and LPIPS of translated images during training."""

import logging
from collections import defaultdict
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure
from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity
from torchvision.models import AlexNet_Weights

from gan_lightning.data.paired import AlignedDataModule
from gan_lightning.models.game import AdversarialGame
from gan_lightning.randomness import derive
from gan_lightning.types import Batch, Images, Pair, PositiveInt

Distances = Float[Tensor, " B"]
Distance = Callable[[Images, Images], Distances]
DATA_RANGE = 2.0
"""Of images in [-1, 1]."""
SSIM_SMALLEST = 11
"""Pixels: the side of SSIM's window."""
LPIPS_SMALLEST = 31
"""Pixels: below, AlexNet has nothing left for the last of the layers that LPIPS compares."""


def psnr(output: Images, target: Images) -> Distances:
    """10 log10(4 / mean squared error) of each image, in decibels; infinite for equal ones."""
    exact = _exact(output), _exact(target)
    return peak_signal_noise_ratio(*exact, data_range=DATA_RANGE, reduction="none", dim=(1, 2, 3))


def ssim(output: Images, target: Images) -> Distances:
    """Structural similarity (Wang et al. 2004, doi:10.1109/TIP.2003.819861), its window 11 pixels; 1 for equal ones."""
    similarity = structural_similarity_index_measure(
        _exact(output), _exact(target), data_range=DATA_RANGE, reduction="none"
    )
    assert isinstance(similarity, Tensor)
    return similarity.reshape(len(output))


def lpips(file: Path) -> Distance:
    """LPIPS with AlexNet (Zhang et al. 2018, arXiv:1801.03924), lower is nearer; gray is repeated.

    Args:
        file: torchvision's weights, where torch.hub looks for them, so that nothing is downloaded.

    Raises:
        ValueError: where the file is no state dict of AlexNet.
    """
    assert file.is_file()
    try:
        with torch.random.fork_rng(devices=[]):  # torchvision draws weights before it loads others
            network = LearnedPerceptualImagePatchSimilarity(net_type="alex").net
    except Exception as error:  # whatever foreign bytes make of the loader
        raise ValueError(
            f"callbacks.pair_scores.lpips needs torchvision's weights of AlexNet; {file} is no such file, remove it"
        ) from error

    def distance(output: Images, target: Images) -> Distances:
        colour = (images.float().expand(-1, 3, -1, -1) for images in (output, target))
        return network.to(output.device)(*colour).flatten()

    return distance


def alexnet_file() -> Path:
    """Where torch.hub keeps torchvision's AlexNet, whether it is there or not."""
    return Path(torch.hub.get_dir()) / "checkpoints" / AlexNet_Weights.DEFAULT.url.rsplit("/", 1)[1]


def _exact(images: Images) -> Images:
    """Float64, where there is any: TF32 convolutions would round away what SSIM's variances are made of."""
    return images.float() if images.device.type == "mps" else images.double()


log = logging.getLogger(__name__)


class PairScores(Callback):
    """Logs `pairs/psnr`, `pairs/ssim` and `pairs/lpips`, each a mean over the test pairs.

    The model translates each x, and the result, clamped to [-1, 1], is held against y. SSIM is left out for images
    below 11 pixels and LPIPS below 31; a set without test pairs has no scores. The first process computes alone, draws
    no random numbers, and keeps nothing in checkpoints.

    Args:
        every_n_iterations: iterations between scores; None for none.
        every_n_epochs: epochs between scores; None for none. The end of training is always scored.
        batch_size: images translated at once.
        lpips: `auto` where torchvision's file of AlexNet lies in torch.hub's folder `checkpoints`, which nothing
            downloads; true insists on it.

    Raises:
        ValueError: before training, for a model that does not translate, or where `lpips` is true and the file is
            missing or the images are too small, or where the file is no state dict of AlexNet.
    """

    def __init__(
        self,
        every_n_iterations: PositiveInt | None = None,
        every_n_epochs: PositiveInt | None = 1,
        batch_size: PositiveInt = 8,
        lpips: Literal["auto", True, False] = "auto",
    ) -> None:
        self.every_n_iterations = every_n_iterations
        self.every_n_epochs = every_n_epochs
        self.batch_size = batch_size
        self.lpips = lpips
        self.distances: dict[str, Distance] = {}
        self.scored = -1

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if not isinstance(pl_module, AdversarialGame) or "xy" not in pl_module.directions:
            model = type(pl_module).__name__
            raise ValueError(f"callbacks.pair_scores needs a model that translates images; got {model}")
        self.distances, self.scored = {}, -1
        data = trainer.datamodule  # type: ignore[attr-defined]
        if isinstance(data, AlignedDataModule):
            self.distances = self._possible(data.shape.image_size)
        elif trainer.is_global_zero:
            log.info("no pair scores: %s has no aligned pairs", type(data).__name__)

    @property
    def charts(self) -> list[str]:
        """The tags of the scores that these images allow."""
        return [f"pairs/{name}" for name in self.distances]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not (trainer.is_global_zero and self.distances):
            return
        try:
            trainer.datamodule.evaluation_batches("test", self.batch_size, pl_module.device)  # type: ignore[attr-defined]
        except ValueError as error:
            log.info("no pair scores: %s", error)
            self.distances = {}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        if self.every_n_iterations and trainer.global_step % self.every_n_iterations == 0:
            self._log(trainer, pl_module)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.every_n_epochs and (trainer.current_epoch + 1) % self.every_n_epochs == 0:
            self._log(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._log(trainer, pl_module)

    def _log(self, trainer: Trainer, module: LightningModule) -> None:
        if not (trainer.is_global_zero and self.distances) or trainer.global_step == self.scored:
            return
        self.scored = trainer.global_step
        scores = self._scores(trainer.datamodule, module)  # type: ignore[attr-defined]
        for logger in trainer.loggers:
            logger.log_metrics(scores, step=trainer.global_step)

    @torch.no_grad()
    def _scores(self, data: AlignedDataModule, module: LightningModule) -> dict[str, float]:
        assert isinstance(module, AdversarialGame)
        values: dict[str, list[Tensor]] = defaultdict(list)
        rows = count()
        for batch in data.evaluation_batches("test", self.batch_size, module.device):
            assert isinstance(batch, Pair)
            noise = [derive(module.seed, "dropout", f"test {next(rows)}") for _ in batch.x]
            output = module.images(batch.x, noise=noise, direction="xy").to(batch.y).clamp(-1, 1)
            for name, distance in self.distances.items():
                values[f"pairs/{name}"].append(distance(output, batch.y))
        return {name: torch.cat(each).double().mean().item() for name, each in values.items()}

    def _possible(self, size: int) -> dict[str, Distance]:
        """The scores that images of this size allow, by name."""
        distances: dict[str, Distance] = {"psnr": psnr}
        if size >= SSIM_SMALLEST:
            distances["ssim"] = ssim
        else:
            log.info("pairs/ssim is left out: it needs data.image_size of at least %d; got %d", SSIM_SMALLEST, size)
        file = alexnet_file()
        missing = None
        if size < LPIPS_SMALLEST:
            missing = f"needs data.image_size of at least {LPIPS_SMALLEST}; got {size}"
        elif not file.is_file():
            missing = f"needs torchvision's weights of AlexNet at {file}, and there is no such file"
        if self.lpips is True and missing:
            raise ValueError(f"callbacks.pair_scores.lpips: true {missing}; put it right, or use auto or false")
        if self.lpips and missing:
            log.info("pairs/lpips is left out: it %s", missing)
        elif self.lpips:
            distances["lpips"] = lpips(file)
        return distances
