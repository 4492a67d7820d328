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

from gan_lightning.callbacks.cadence import Cadence
from gan_lightning.callbacks.publishing import publish_scalars
from gan_lightning.models.game import AdversarialGame
from gan_lightning.randomness import derive
from gan_lightning.types import Aligned, Batch, Images, PositiveInt

log = logging.getLogger(__name__)

Distances = Float[Tensor, " B"]
Distance = Callable[[Images, Images], Distances]
DATA_RANGE = 2.0
"""The width of the range [-1, 1] of images."""
SSIM_SMALLEST = 11
"""The side of SSIM's window in pixels."""
LPIPS_SMALLEST = 31
"""The smallest side in pixels that leaves AlexNet something for the last of the layers that LPIPS compares."""


def psnr(output: Images, target: Images) -> Distances:
    """Return the peak signal-to-noise ratio of each image in [-1, 1], [B], in decibels; infinity for equal images.

    It is 10 log10(4 / mean squared error), because the range of the images is 2 wide.
    """
    images = _exact(output), _exact(target)
    return peak_signal_noise_ratio(*images, data_range=DATA_RANGE, reduction="none", dim=(1, 2, 3))


def ssim(output: Images, target: Images) -> Distances:
    """Return the structural similarity of each image in [-1, 1], [B]; 1 for equal images.

    The window is a Gaussian of 11x11 pixels, so images must have at least this size.

    Source: Wang et al. 2004, doi:10.1109/TIP.2003.819861.
    """
    similarity = structural_similarity_index_measure(
        _exact(output), _exact(target), data_range=DATA_RANGE, reduction="none"
    )
    assert isinstance(similarity, Tensor)
    return similarity.reshape(len(output))


def lpips(file: Path) -> Distance:
    """Return a function that computes LPIPS with AlexNet, lower for images that look more alike.

    Source: Zhang et al. 2018, arXiv:1801.03924. Gray images are repeated to three channels.

    Args:
        file: an existing file with torchvision's weights, where torch.hub looks for it, so nothing is downloaded.

    Raises:
        ValueError: if the file is no state dict of AlexNet.
    """
    assert file.is_file()
    try:
        with torch.random.fork_rng(devices=[]):  # torchvision draws weights before it loads the file's
            network = LearnedPerceptualImagePatchSimilarity(net_type="alex").net
    except Exception as error:  # other files make the loader fail in many ways
        raise ValueError(
            f"callbacks.pair_scores.lpips needs torchvision's weights of AlexNet; {file} is no such file; remove it"
        ) from error

    def distance(output: Images, target: Images) -> Distances:
        colour = (images.float().expand(-1, 3, -1, -1) for images in (output, target))
        return network.to(output.device)(*colour).flatten()

    return distance


def alexnet_file() -> Path:
    """Return the file in which torch.hub keeps torchvision's AlexNet, whether it exists or not."""
    return Path(torch.hub.get_dir()) / "checkpoints" / AlexNet_Weights.DEFAULT.url.rsplit("/", 1)[1]


def _exact(images: Images) -> Images:
    """Convert to float64 if the device has it, because TF32 convolutions are too coarse for SSIM's variances."""
    return images.float() if images.device.type == "mps" else images.double()


class PairScores(Callback):
    """Logs `pairs/psnr`, `pairs/ssim` and `pairs/lpips`, each a mean over the test pairs.

    The model translates each x; the result, clamped to [-1, 1], is compared with y. SSIM is left out for images below
    11 pixels and LPIPS below 31; a data set without aligned test pairs has no scores. The first process computes them
    alone and without random numbers. The end of training is always scored, unless a signal has ended it; scores that it
    breaks off are made up for by the resumed run.

    Args:
        every_n_iterations: batches between scores; None to ignore iterations.
        every_n_epochs: epochs between scores; None to ignore epochs.
        batch_size: images translated at once.
        lpips: `auto` computes LPIPS if torchvision's file of AlexNet is in torch.hub's folder `checkpoints`, to which
            nothing is downloaded here; true requires the file; false leaves LPIPS out.

    Raises:
        ValueError: before training, if the model does not translate, if `lpips` is true and the file is missing or the
            images are too small, or if the file is no state dict of AlexNet.
    """

    def __init__(
        self,
        every_n_iterations: PositiveInt | None = None,
        every_n_epochs: PositiveInt | None = 1,
        batch_size: PositiveInt = 8,
        lpips: Literal["auto", True, False] = "auto",
    ) -> None:
        self.cadence = Cadence(every_n_iterations, every_n_epochs)
        self.batch_size = batch_size
        self.lpips = lpips
        self.distances: dict[str, Distance] = {}
        self.scored = -1
        self.owed = -1

    @property
    def charts(self) -> list[str]:
        """The tags of the scores that these images allow."""
        return [f"pairs/{name}" for name in self.distances]

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if not (isinstance(pl_module, AdversarialGame) and "xy" in pl_module.directions):
            model = type(pl_module).__name__
            raise ValueError(f"callbacks.pair_scores needs a model that translates images; got {model}")
        self.distances, self.scored = {}, -1
        data = trainer.datamodule  # type: ignore[attr-defined]
        if getattr(data, "batch_type", None) is not Aligned:
            log.info("no pair scores: %s has no aligned pairs", type(data).__name__)
            return
        distances = self._possible(data.shape.image_size)
        if trainer.is_global_zero:
            try:
                data.evaluation_images("test")
                self.distances = distances
            except ValueError as error:
                log.info("no pair scores: %s", error)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: AdversarialGame, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        if self.cadence.due_after_batch(trainer):
            self._log_or_owe(trainer, pl_module)

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        if self.owed == trainer.global_step:
            self._log_or_owe(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        self._log(trainer, pl_module)

    def state_dict(self) -> dict[str, Any]:
        return {"owed": self.owed} if self.owed >= 0 else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.owed = state_dict.get("owed", -1)

    def _log_or_owe(self, trainer: Trainer, module: AdversarialGame) -> None:
        """Log the scores; if a signal breaks them off, end the run with this iteration, on all ranks."""
        is_broken_off = not self._log(trainer, module)
        if trainer.strategy.reduce_boolean_decision(is_broken_off, all=False):
            log.info("no pair scores at iteration %s, because a signal has ended the run", f"{trainer.global_step:,}")
            self.owed, trainer.should_stop = trainer.global_step, True
        else:
            self.owed = -1

    def _log(self, trainer: Trainer, module: AdversarialGame) -> bool:
        """Return whether this process has done what it had to do."""
        module.average_buffers()
        if not self.distances or trainer.global_step == self.scored:
            return True
        self.scored = trainer.global_step
        scores = self._scores(trainer.datamodule, module)  # type: ignore[attr-defined]
        if scores is None:
            return False
        publish_scalars(trainer, scores, trainer.global_step)
        return True

    @torch.no_grad()
    def _scores(self, data: Any, module: AdversarialGame) -> dict[str, float] | None:
        """Return the scores by name; None if a signal has broken them off."""
        values: dict[str, list[Tensor]] = defaultdict(list)
        rows = count()
        for batch in data.evaluation_batches("test", self.batch_size, module.device):
            if module.interrupted:
                return None
            noise = [derive(module.seed, "dropout", f"test {next(rows)}") for _ in batch.x]
            output = module.images(batch.x, noise=noise, direction="xy").to(batch.y).clamp(-1, 1)
            for name, distance in self.distances.items():
                values[f"pairs/{name}"].append(distance(output, batch.y))
        return {name: torch.cat(each).double().mean().item() for name, each in values.items()}

    def _possible(self, size: int) -> dict[str, Distance]:
        """Return the functions of the scores that images of this size allow, by name."""
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
            raise ValueError(f"callbacks.pair_scores.lpips: true {missing}; use auto or false to do without")
        if self.lpips and missing:
            log.info("pairs/lpips is left out: it %s", missing)
        elif self.lpips:
            distances["lpips"] = lpips(file)
        return distances
