"""Translations of files' images by a trained network, by several threads at once."""

from copy import deepcopy
from itertools import chain
from queue import SimpleQueue

import numpy as np
import torch
from jaxtyping import UInt8
from torch import nn

from gan_lightning.data.any_size import SizedImage
from gan_lightning.data.transforms import in_range
from gan_lightning.evaluation.sampling import Precision, autocast
from gan_lightning.models.ema import Weights
from gan_lightning.models.game import AdversarialGame
from gan_lightning.printable import printable
from gan_lightning.randomness import derive
from gan_lightning.types import PositiveInt

Made = tuple[SizedImage, UInt8[np.ndarray, "h w C"]]
"""An image and its translation, from 0 to 255, of the network's size."""


class Translator:
    """The generator of one direction, as trained or as its moving average, for `passes` threads at once.

    Each thread has a network of its own, because a pass sets the noise of the dropout layers; all share the weights.

    Args:
        model: a model that translates, on its device.
        direction: one of the model's directions.
        precision: the precision in which the network computes.
        passes: how many passes may be in work at once; further threads wait.
        weights: the generator's moving average if there is one, or its weights as trained.
    """

    def __init__(
        self,
        model: AdversarialGame,
        direction: str,
        precision: Precision,
        passes: PositiveInt,
        weights: Weights = "ema",
    ) -> None:
        self.model, self.direction, self.precision = model, direction, precision
        self.free: SimpleQueue[nn.Module] = SimpleQueue()
        with model.sampling(weights) as generator:
            network = model.generator_part(generator, direction)
            shared = {id(each): each for each in chain(network.parameters(), network.buffers())}
            for _ in range(passes):
                self.free.put(deepcopy(network, dict(shared)))

    def __call__(self, batch: list[SizedImage]) -> list[Made]:
        """Translate images of one size.

        The noise of an image, if the network has any, depends on its name and the run's seed alone.

        Raises:
            ValueError: if memory does not suffice, or the outputs are not finite.
        """
        network = self.free.get()
        try:
            return list(zip(batch, self._translated(batch, network), strict=True))
        except torch.OutOfMemoryError as error:
            height, width = batch[0].levels.shape[:2]
            raise ValueError(
                f"batch_size must fit into memory, which {len(batch)} images of {width}x{height} do not; "
                "precision=bf16-mixed and smaller images need less"
            ) from error
        finally:
            self.free.put(network)

    def _translated(self, batch: list[SizedImage], network: nn.Module) -> UInt8[np.ndarray, "B h w C"]:
        names = [image.name for image in batch]
        noise = [derive(self.model.seed, "dropout", name) for name in names]
        levels = torch.from_numpy(np.stack([image.levels for image in batch])).to(self.model.device)
        with torch.inference_mode(), autocast(self.model.device, self.precision):
            images = in_range(levels.permute(0, 3, 1, 2).contiguous(), torch.float32)
            made = self.model.images(images, noise=noise, direction=self.direction, network=network).float()
            if not made.isfinite().all():
                raise ValueError(
                    "run must be of a model with finite outputs; the output for "
                    f"{printable(names[0])} has NaN or infinity"
                )
            return ((made + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
