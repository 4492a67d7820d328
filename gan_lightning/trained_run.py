"""A trained run in Python: its samples and translations, its generator, its configuration and its data."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from hydra.errors import MissingConfigException
from hydra.utils import instantiate
from lightning import LightningDataModule
from torch import Tensor, nn

from gan_lightning.config.composition import searching
from gan_lightning.config.run_folders import folder_of
from gan_lightning.config.runs import checkpoint_of, restored
from gan_lightning.devices import device_of
from gan_lightning.models.ema import Weights
from gan_lightning.models.inputs import LabelledLatentInputs, LatentInputs, dropout_seeds
from gan_lightning.types import Checkpoint, Images, NonNegativeInt, Number, PositiveInt

BATCH = 64
"""Images in one pass of the generator."""
GivenLabels = int | Sequence[int] | np.ndarray | Tensor | None
"""A class, several that follow one another in turn, or None for all classes in turn."""


class TrainedRun:
    """The model of a run folder or a checkpoint, on a device and in eval mode, with what it was trained on.

    Nothing in the folder is executed: classes are those of the installed configuration, or of `config_dir`, and only
    values come from the run (SECURITY.md). The data need not exist until `data` is called.

    Attributes:
        file: the checkpoint.
        folder: the run folder that the checkpoint lies in; None for one that lies elsewhere.
        model: the game, a LightningModule.
        config: the run's whole configuration.
        iteration: how many batches the model was trained on.
        weights: `ema` or `raw`, the generator's weights that are used; `raw` where there is no moving average.

    Args:
        run: a run folder or a checkpoint.
        checkpoint: `last`, `best`, or a file, which may be named as in the run's folder `checkpoints`.
        weights: the generator's moving average, `ema`, or its weights as trained, `raw`.
        device: `auto`, `cpu`, or another of torch's devices, such as `cuda:0`.
        config_dir: a folder with YAML files of one's own, as `--config-dir` names it.
        overrides: what replaces values of the run's configuration, such as `data.root=DIR`.
        key: the name that errors call the run by.

    Raises:
        ValueError: if there is no such run, checkpoint, device or config_dir, or the checkpoint is damaged or of
            another program.
    """

    def __init__(
        self,
        run: str | Path,
        checkpoint: Checkpoint | Path = "last",
        weights: Weights = "ema",
        device: str = "auto",
        config_dir: str | Path | None = None,
        overrides: Sequence[str] = (),
        key: str = "run",
    ) -> None:
        if weights not in get_args(Weights):
            raise ValueError(f"weights must be {' or '.join(get_args(Weights))}; got {weights}")
        if config_dir is not None and not Path(config_dir).expanduser().is_dir():
            raise ValueError(f"config_dir must be a folder with YAML files; there is no folder {config_dir}")
        self.device = device_of(device)
        self.file = checkpoint_of(str(run), key, str(checkpoint))
        self.folder = folder_of(self.file)
        with searching(config_dir):
            self.model, self.config, self.iteration = restored(self.file, key, overrides)
        self.model.to(self.device).eval()
        self.weights: Weights = weights if self.model.ema else "raw"

    @property
    def generator(self) -> nn.Module:
        """The generator in eval mode, with the weights that were asked for; of two directions, the first."""
        return self.network()

    @property
    def place(self) -> str:
        """The run folder, or the checkpoint if it lies elsewhere; records name the run by it."""
        return str(self.folder or self.file.absolute())

    @property
    def is_translator(self) -> bool:
        """Whether the model translates images, and does not make them from noise."""
        return not isinstance(self.model.generator_inputs, LatentInputs)

    @property
    def num_classes(self) -> int | None:
        """How many classes the generator can be asked for; None if it takes no labels."""
        inputs = self.model.generator_inputs
        return inputs.num_classes if isinstance(inputs, LabelledLatentInputs) else None

    def network(self, direction: str = "") -> nn.Module:
        """Return the generator of a direction, in eval mode."""
        with self.model.sampling(self.weights) as generator:
            return self.model.generator_part(generator, direction or self.model.first_direction).eval()

    def data(self) -> LightningDataModule:
        """Return the run's data module, prepared and set up; files that it needs must be there."""
        data: LightningDataModule = instantiate(self.config.data)
        data.prepare_data()
        data.setup("fit")
        return data

    def sample(
        self,
        num_images: NonNegativeInt = 64,
        seed: int = 0,
        labels: GivenLabels = None,
        truncation: Number | None = None,
    ) -> Images:
        """Return images [num_images, C, H, W] in [-1, 1], those of the command `sample` with the same seed.

        Args:
            num_images: how many.
            seed: decides the latents; image k of a seed is the same however many there are.
            labels: a class, or a list, an array or a tensor [N] of classes, which follow one another in turn; None for
                all classes in turn, however frequent they are in the data.
            truncation: the largest magnitude of a latent's numbers; larger ones are drawn again (Brock et al. 2019,
                arXiv:1809.11096, section 3.1). None for no limit.

        Raises:
            ValueError: if the model translates, takes no labels, has no such class, or its latents are not normal.
        """
        if num_images < 0:
            raise ValueError(f"num_images must be at least 0; got {num_images}")
        one_or_more = range(max(1, num_images))  # one image says what shape none have
        return torch.cat(list(self.batches(one_or_more, seed, labels, truncation)))[:num_images]

    def batches(
        self,
        numbers: Sequence[int],
        seed: int = 0,
        labels: GivenLabels = None,
        truncation: Number | None = None,
        batch_size: PositiveInt = BATCH,
    ) -> Iterator[Images]:
        """Yield the images of these numbers on the CPU, in batches, as `sample` describes them."""
        inputs, classes = self.latent_inputs(truncation), self.classes(labels)
        for start in range(0, len(numbers), batch_size):
            batch = numbers[start : start + batch_size]
            own = None if classes is None else [classes[number % len(classes)] for number in batch]
            given = inputs.by_number(batch, seed, None, self.model.first_direction, own)
            yield self.images(*given, noise=dropout_seeds(batch, seed, self.model.first_direction))

    def images(self, *inputs: Tensor, noise: Sequence[int], direction: str = "") -> Images:
        """Return what the generator makes of its inputs, on the CPU in float32; `noise` seeds each image's dropout."""
        made = self.model.images(*inputs, noise=noise, direction=direction, weights=self.weights)
        return made.float().cpu()

    def latent_inputs(self, truncation: Number | None = None) -> LatentInputs:
        """Return what draws latents by number and seed, within a limit if there is one.

        Raises:
            ValueError: if the model translates, or there is a limit and its latents are not normal.
        """
        inputs = self.model.generator_inputs
        if not isinstance(inputs, LatentInputs):
            raise ValueError(
                f"run must be of a model that draws from noise; {type(self.model).__name__} translates images, "
                "for which there is gan-lightning translate run=RUN input=DIR output=DIR"
            )
        return inputs if truncation is None else inputs.truncated(truncation)

    def check_pictures(self) -> None:
        """Check that the model makes pictures, which files can hold.

        Raises:
            ValueError: if it does not, as one of points.
        """
        channels = self.config.data.get("channels", 3)
        if channels not in (1, 3):
            raise ValueError(
                "run must be of a model that makes gray or colour pictures; this one's images have "
                f"{channels} channels, and gan-lightning export run=RUN writes a program that draws them"
            )

    def classes(self, labels: GivenLabels) -> list[int] | None:
        """Return the classes that images have in turn; None for a generator without labels.

        Raises:
            ValueError: if there is no such class, or there are labels and the generator takes none.
        """
        count = self.num_classes
        if count is None:
            if labels is not None:
                raise ValueError(
                    f"labels are for models by class, model=cgan or model=acgan; a {type(self.model).__name__} without "
                    "classes takes none, so leave labels out"
                )
            return None
        if labels is None:
            return list(range(count))
        every = whole_numbers(labels)
        if not every or not all(0 <= label < count for label in every):
            raise ValueError(f"labels must be classes from 0 to {count - 1}; got {labels}")
        return every

    def translate(self, images: Images, direction: str = "xy") -> Images:
        """Return the translations of images [B, C, H, W] in [-1, 1], of the same shape and range, on the CPU.

        Args:
            images: images whose sides the network can halve as often as it does; powers of two from 32 on always suit.
            direction: `xy`, or `yx` for a model that has both.

        Raises:
            ValueError: if the model does not translate, or not in this direction.
        """
        self.check_direction(direction)
        made = [images[:0].float().cpu()]
        for start in range(0, len(images), BATCH):
            part = images[start : start + BATCH]
            noise = dropout_seeds(range(start, start + len(part)), self.model.seed, direction)
            made.append(self.images(part, noise=noise, direction=direction))
        return torch.cat(made)

    def check_direction(self, direction: str) -> None:
        """Check that the model translates in a direction.

        Raises:
            ValueError: if it does not translate, or not in this direction.
        """
        if not self.is_translator:
            raise ValueError(
                f"run must be of a model that translates, pix2pix or cyclegan; {type(self.model).__name__} draws from "
                "noise, for which there is gan-lightning sample run=RUN"
            )
        if direction not in self.model.directions:
            raise ValueError(f"direction must be {' or '.join(self.model.directions)} for this run; got {direction}")


def loaded(
    run: str | Path,
    checkpoint: str | Path,
    weights: Weights,
    device: str,
    config_dir: str | Path | None,
    overrides: Sequence[str],
) -> TrainedRun:
    """Return a run for Python, where a file that is missing is given by an argument and not by a flag.

    Raises:
        ValueError: as `TrainedRun` does, and if the run was made with a YAML file that is not found.
    """
    try:
        return TrainedRun(run, checkpoint, weights, device, config_dir, overrides)
    except MissingConfigException as error:
        where = f"in {config_dir}" if config_dir else "among the installed files"
        raise ValueError(
            f"run={run} was made with {error.missing_cfg_file}.yaml, which is not {where}; give config_dir=FOLDER, the "
            "folder of one's own that has it"
        ) from error


def whole_numbers(given: int | Sequence[int] | np.ndarray | Tensor) -> list[int]:
    """Return one whole number, or those of a list, an array or a tensor [N], as a list; an empty one for anything else.

    Examples:
        >>> whole_numbers(np.array([3, 7])), whole_numbers(torch.tensor(3)), whole_numbers(np.array([0.5]))
        ([3, 7], [3], [])
    """
    try:
        tensor = torch.as_tensor(given)
    except (TypeError, ValueError, RuntimeError):
        return []
    is_whole = not (tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool)
    return tensor.reshape(-1).tolist() if is_whole and tensor.ndim < 2 else []
