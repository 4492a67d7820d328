"""What a generator is given for a training batch and for numbered images, and the fakes that it makes of a batch."""

from abc import ABC, abstractmethod
from bisect import bisect
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from functools import partial
from itertools import accumulate
from typing import ClassVar

import numpy as np
import torch
from lightning import LightningDataModule
from torch import Tensor, nn

from gan_lightning import randomness
from gan_lightning.data.module import StoredDataModule
from gan_lightning.partials import plain
from gan_lightning.types import Batch, Images, Labelled, Number, PositiveInt, Unlabelled

Data = LightningDataModule | None
"""The data module; only translation needs one."""
LEAST_LIMIT = 0.01
"""The least truncation: numbers beyond it are drawn again and again, which takes about as often as its inverse."""
BLOCK = 256
"""Numbered latents are drawn in blocks of this size, so that an image does not depend on how many are drawn."""


class GeneratorInputs(ABC):
    """Feeds a generator. An image's number and the seed decide its inputs, whatever the batch, device or command.

    `kind` names the inputs as networks do in their attribute `inputs`.
    """

    kind: ClassVar[tuple[str, ...]]
    class_counts: list[int] | None = None
    """How frequent the classes of images by number are; None for a generator without labels."""

    @abstractmethod
    def for_batch(self, batch: Batch, direction: str, device: torch.device) -> tuple[Tensor, ...]:
        """Return the inputs for a batch; all noise of the game enters here."""

    @abstractmethod
    def by_number(
        self, numbers: Sequence[int], seed: int, data: Data, direction: str, labels: Sequence[int] | None = None
    ) -> tuple[Tensor, ...]:
        """Return the inputs of the images of these numbers, in their order.

        Args:
            numbers: numbers of images, from 0 on.
            seed: the seed of the noise.
            data: the data module, if there is one.
            direction: the direction of a model that has several.
            labels: a class for each image; None for classes as frequent as in the training data.

        Raises:
            ValueError: if there are labels and the generator takes none, or they are not classes, one for each image.
        """

    def grid_numbers(self, count: int, nrow: int, data: Data) -> list[int]:
        """Return the numbers of about `count` images that a grid of `nrow` images in a row shows."""
        return list(range(count))

    def grid_labels(self, numbers: Sequence[int]) -> list[int] | None:
        """Return the classes of a grid's images; None for a generator without labels."""
        return None

    def real_grid(self, batch: Batch) -> Images:
        """Return what a grid of real images shows of a batch: for each row an image of each heading of the model."""
        return batch[0]

    def see(self, data: Data) -> None:
        """Note how many training images each class has; the checkpoint keeps the counts."""
        if self.class_counts and isinstance(data, StoredDataModule):
            labels = data.train[0].labels
            assert labels is not None
            self.class_counts = np.bincount(labels, minlength=len(self.class_counts)).tolist()

    def count(self, data: Data, direction: str) -> int | None:
        """Return how many different images there can be; None if there is no end."""
        return None

    def description(self, data: Data, direction: str) -> str:
        """Return what images are made of besides noise, for score records."""
        return ""


class LatentInputs(GeneratorInputs):
    """Noise from a distribution.

    Args:
        latent_dim: Z.
        distribution: draws latents [rows, Z].
    """

    kind: ClassVar[tuple[str, ...]] = ("latents",)

    def __init__(self, latent_dim: PositiveInt, distribution: randomness.Distribution = randomness.normal) -> None:
        self.latent_dim = latent_dim
        self.distribution = plain(distribution)

    def for_batch(self, batch: Batch, direction: str, device: torch.device) -> tuple[Tensor, ...]:
        assert isinstance(batch, Unlabelled | Labelled), f"a batch must be Unlabelled or Labelled; got {type(batch)}"
        rows = len(batch.images)
        return (randomness.draw_rows(lambda n, stream: self._draw(n, stream, device), rows, device),)

    def by_number(
        self, numbers: Sequence[int], seed: int, data: Data, direction: str, labels: Sequence[int] | None = None
    ) -> tuple[Tensor, ...]:
        refuse_labels(labels)
        return (self._latents(numbers, seed),)

    @property
    def name(self) -> str:
        """The distribution's name, such as `normal`."""
        return str(getattr(self.distribution, "__name__", self.distribution))

    @property
    def is_normal(self) -> bool:
        """Whether latents are standard normal, without a limit."""
        return self.distribution is randomness.normal

    def truncated(self, limit: Number) -> "LatentInputs":
        """Return the same inputs, with numbers beyond plus or minus a limit drawn again when images have numbers.

        Raises:
            ValueError: if the latents are not normal, or the limit is below 0.01.
        """
        if not self.is_normal:
            raise ValueError("truncation is for normal latents, latent=normal; this run has others, so leave it out")
        if limit < LEAST_LIMIT:
            raise ValueError(f"truncation must be at least {LEAST_LIMIT}; got {limit}")
        inputs = copy(self)
        inputs.distribution = partial(randomness.truncated_normal, limit=limit)
        return inputs

    def _latents(self, numbers: Sequence[int], seed: int) -> Tensor:
        blocks = {number // BLOCK for number in numbers}
        drawn = {block: self._block(seed, block) for block in blocks}
        return torch.stack([drawn[number // BLOCK][number % BLOCK] for number in numbers])

    def _block(self, seed: int, block: int) -> Tensor:
        stream = torch.Generator().manual_seed(randomness.derive(seed, "scores", block))
        return self._draw(BLOCK, stream, torch.device("cpu"))

    def _draw(self, rows: int, stream: randomness.Stream, device: torch.device) -> Tensor:
        return self.distribution(rows, self.latent_dim, stream, device)


class LabelledLatentInputs(LatentInputs):
    """Noise and labels: those of the batch in training, and for images by number classes drawn by their frequency.

    The frequencies are those of the training data, and stay in the checkpoint, because scores compare generated images
    with real ones of all classes. Before any data are seen, all classes are equally frequent. A grid shows `nrow`
    images of each class, one class in a row.

    Args:
        latent_dim: Z.
        num_classes: how many classes there are.
        distribution: draws latents [rows, Z].
    """

    kind = ("latents", "labels")

    def __init__(
        self,
        latent_dim: PositiveInt,
        num_classes: PositiveInt,
        distribution: randomness.Distribution = randomness.normal,
    ) -> None:
        super().__init__(latent_dim, distribution)
        self.num_classes = num_classes
        self.class_counts: list[int] = [1] * num_classes

    def for_batch(self, batch: Batch, direction: str, device: torch.device) -> tuple[Tensor, ...]:
        assert isinstance(batch, Labelled)
        return (*super().for_batch(batch, direction, device), batch.labels)

    def by_number(
        self, numbers: Sequence[int], seed: int, data: Data, direction: str, labels: Sequence[int] | None = None
    ) -> tuple[Tensor, ...]:
        labels = self.drawn_labels(numbers, seed) if labels is None else list(labels)
        if len(labels) != len(numbers) or not all(0 <= label < self.num_classes for label in labels):
            raise ValueError(
                f"labels must be {len(numbers)} classes, one for each image, from 0 to {self.num_classes - 1}; "
                f"got {labels}"
            )
        return self._latents(numbers, seed), torch.tensor(labels)

    def drawn_labels(self, numbers: Sequence[int], seed: int) -> list[int]:
        """Return the classes of numbered images, drawn by their frequency in the training data."""
        ends = list(accumulate(self.class_counts))
        return [bisect(ends, randomness.derive(seed, "scores", "label", number) % ends[-1]) for number in numbers]

    def grid_numbers(self, count: int, nrow: int, data: Data) -> list[int]:
        return [label + self.num_classes * column for label in range(self.num_classes) for column in range(nrow)]

    def grid_labels(self, numbers: Sequence[int]) -> list[int]:
        return [number % self.num_classes for number in numbers]

    def description(self, data: Data, direction: str) -> str:
        return "classes as frequent as in training"


def refuse_labels(labels: Sequence[int] | None) -> None:
    """Refuse labels for a generator that takes none.

    Raises:
        ValueError: if there are labels.
    """
    if labels is not None:
        raise ValueError(
            f"labels are for models by class, model=cgan or model=acgan; this one takes none, got {labels}"
        )


class WrongInputsError(ValueError):
    """A network that does not take what a game gives it.

    Args:
        game: the name of the game's class.
        player: the network's part in it.
        network: the name of the network's class.
        given: what the game gives the network.
        takes: what the network takes.
    """

    def __init__(self, game: str, player: str, network: str, given: Sequence[str], takes: Sequence[str]) -> None:
        self.player, self.given, self.takes = player, given, takes
        self.differ = self.clause(game, network)
        super().__init__(f"{self.differ}; choose another network, or another model")

    def clause(self, game: str, network: str) -> str:
        """Return what a game gives and what a network takes, under names of both."""
        given, takes = " and ".join(self.given), " and ".join(self.takes)
        return f"{game} gives its {self.player} {given}, and {network} takes {takes}"


def check_inputs(game: str, player: str, network: nn.Module, given: tuple[str, ...]) -> None:
    """Compare a network's attribute `inputs` with what a game gives it; networks from elsewhere may lack it.

    Raises:
        WrongInputsError: if they differ.
    """
    takes: tuple[str, ...] = getattr(network, "inputs", given)
    if takes != given:
        raise WrongInputsError(game, player, type(network).__name__, given, takes)


def cast_for(network: nn.Module, *inputs: Tensor) -> tuple[Tensor, ...]:
    """Return inputs on a network's device, floats in the type of its weights."""
    weight = next(network.parameters(), inputs[0])
    return tuple(each.to(weight.device, weight.dtype if each.is_floating_point() else None) for each in inputs)


def dropout_seeds(numbers: Sequence[int], seed: int, direction: str) -> list[int]:
    """Return a seed for the dropout of each image, by its number, for networks whose noise is dropout."""
    return [randomness.derive(seed, "scores", "dropout", direction, number) for number in numbers]


class Fakes:
    """What the generators make of one batch, by direction; each is made once, when it is first asked for.

    So a generator's part of the terms has no graph of another part's fakes besides its own.

    Args:
        generate: makes the fakes of a direction.
    """

    def __init__(self, generate: Callable[[str], Images]) -> None:
        self._generate = generate
        self._made: dict[str, Images] = {}

    def __call__(self, direction: str = "") -> Images:
        """Return the fakes of a direction."""
        if direction not in self._made:
            self._made[direction] = self._generate(direction)
        return self._made[direction]

    def make(self, directions: Iterable[str], with_graph: bool) -> None:
        """Make the fakes of these directions now, with or without a graph."""
        with torch.set_grad_enabled(with_graph):
            for direction in directions:
                self(direction)

    def detached(self) -> "Fakes":
        """Return the same images without a graph."""
        return Fakes(lambda direction: self(direction).detach())
