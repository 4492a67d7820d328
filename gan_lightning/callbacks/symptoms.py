"""Symptoms of a run that goes wrong while all numbers are finite, each in one sentence with what to try."""

from collections import defaultdict, deque
from collections.abc import Mapping
from statistics import median
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from gan_lightning.types import Images, Number

CERTAIN = 0.01
"""D is saturated where its mean outputs are this close to the outputs that its loss asks for."""
EXPLODED = 1000.0
"""A loss of this magnitude has exploded, if its usual magnitude is far lower."""
TIMES = 100.0
"""How many times its median a loss must be; it has no bound under objectives such as Wasserstein's."""
USUAL = 1000
"""Readings of which the median is a loss's usual magnitude."""
FEWEST = 10
"""Readings that there must be before a magnitude is usual."""
SAME = 0.01
"""G has collapsed where its images differ by less than this share of the difference of real images."""
POOLED = 8
"""The side in pixels to which images are averaged before they are compared."""


class Symptom(NamedTuple):
    """Something that is wrong with a run.

    Args:
        kind: a word for it, such as `collapsed`.
        sentence: what is seen, the likely cause and what to try.
    """

    kind: str
    sentence: str


@runtime_checkable
class HasSymptom(Protocol):
    """A callback that knows of something that goes wrong, such as a score that becomes far worse."""

    def symptom(self) -> Symptom | None:
        """Return what is wrong now; None if nothing is."""


class Reading(NamedTuple):
    """The numbers of a run at one iteration.

    Args:
        iteration: the iteration.
        losses: each player's loss.
        outputs: D's mean outputs for real and for fake images, by the suffix of a direction's names, which is empty for
            a model that has one direction; none for losses of other names.
        gradients: the greatest norm of a parameter's gradient, for each player.
        rates: each player's greatest learning rate.
    """

    iteration: int
    losses: Mapping[str, float]
    outputs: Mapping[str, tuple[float, float]]
    gradients: Mapping[str, float]
    rates: Mapping[str, float]


class Examination:
    """Finds symptoms in the readings of a run.

    Args:
        certain: the outputs for real and fake images with which D's loss is at its least; None if there are none.
        patience: iterations for which D must be saturated, or a player be without a gradient.
    """

    def __init__(self, certain: tuple[Number, Number] | None, patience: int) -> None:
        self.certain = certain
        self.patience = patience
        self.losses: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=USUAL))
        self.since: dict[str, int] = {}

    def symptoms(self, reading: Reading) -> list[Symptom]:
        """Return what is wrong according to this reading and those before."""
        found = []
        for suffix, (real, fake) in reading.outputs.items():
            if self._lasts(f"saturated{suffix}", self._is_saturated(real, fake), reading.iteration):
                found.append(
                    Symptom(
                        f"saturated{suffix}",
                        f"D{suffix} has told real from generated images with certainty for {self.patience:,} "
                        f"iterations (mean outputs {real:.3f} and {fake:.3f}), so G learns little; D is too strong: "
                        "try a lower model.discriminator_optimizer.lr, penalty=[r1] or augment=diffaugment, or more "
                        "moves of G",
                    )
                )
        for player, loss in reading.losses.items():
            before = self.losses[player]
            is_unusual = len(before) >= FEWEST and abs(loss) > TIMES * median(before)
            before.append(abs(loss))
            if abs(loss) > EXPLODED and (self.certain is not None or is_unusual):
                found.append(
                    Symptom(
                        f"{player} exploding",
                        f"the loss of the {player} has exploded to {loss:,.0f}; the rate is too high or nothing bounds "
                        "D: try a tenth of model.discriminator_optimizer.lr, model.discriminator_clip=1, or a penalty",
                    )
                )
        for player, gradient in reading.gradients.items():
            if self._lasts(f"{player} still", gradient == 0, reading.iteration):
                found.append(
                    Symptom(
                        f"{player} without gradient",
                        f"the {player} has had no gradient for {self.patience:,} iterations and does not learn; its "
                        "outputs no longer depend on its weights or its objective is met: try a lower rate from the "
                        "start, another loss, or init=orthogonal",
                    )
                )
        for player, rate in reading.rates.items():
            if self._lasts(f"{player} rate", rate == 0, reading.iteration):
                found.append(
                    Symptom(
                        f"{player} without rate",
                        f"the learning rate of the {player} has been 0 for {self.patience:,} iterations, so it does "
                        f"not learn: set model.{player}_optimizer.lr, or another schedule",
                    )
                )
        return found

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: the losses that are usual, and since when each symptom has lasted."""
        return {"losses": {player: list(losses) for player, losses in self.losses.items()}, "since": dict(self.since)}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state` returned."""
        for player, losses in state["losses"].items():
            self.losses[player].extend(losses)
        self.since |= state["since"]

    def _is_saturated(self, real: float, fake: float) -> bool:
        if self.certain is None:
            return False
        sign = 1 if self.certain[0] > self.certain[1] else -1
        is_real = sign * (real - self.certain[0]) > -CERTAIN
        return is_real and sign * (fake - self.certain[1]) < CERTAIN

    def _lasts(self, kind: str, holds: bool, iteration: int) -> bool:
        if not holds:
            self.since.pop(kind, None)
            return False
        return iteration - self.since.setdefault(kind, iteration) >= self.patience


def of_images(fake: Float[Tensor, "N C H W"], real: Float[Tensor, "M C H W"]) -> list[Symptom]:
    """Return what is wrong with generated images beside real ones.

    Args:
        fake: generated images of different numbers.
        real: a batch as the discriminator is given it.
    """
    found = []
    if real.abs().max() > 1.01:
        found.append(
            Symptom(
                "out of range",
                f"real images reach {float(real.abs().max()):.1f}, and G can only make values from -1 to 1, so D tells "
                "them apart by that alone: scale the images to [-1, 1] in the data module",
            )
        )
    if len(real) > 1 and difference(real) < 1e-4:
        found.append(
            Symptom(
                "equal data",
                "all real images of a batch are equal; the files are one picture many times, or are decoded wrongly: "
                "run gan-lightning check with the same data.* keys, and look at samples/real.png",
            )
        )
    elif len(fake) > 1 and len(real) > 1 and difference(fake) < SAME * difference(real):
        found.append(
            Symptom(
                "collapsed",
                f"G makes nearly the same image for every noise: its images differ by {difference(fake):.3f}, real "
                f"ones by {difference(real):.3f}; G has collapsed: go back to an earlier checkpoint with a lower "
                "model.generator_optimizer.lr, or train anew with loss=relativistic penalty=[r1,r2] or ema=half_life",
            )
        )
    return found


def difference(images: Images) -> float:
    """Return the mean distance of two different images [B, C, H, W] of a batch, by root mean square, after pooling."""
    side = min(POOLED, *images.shape[-2:])
    features = F.adaptive_avg_pool2d(images.detach().float(), side).flatten(1)
    distances = torch.pdist(features) / features.shape[1] ** 0.5
    return float(distances.mean())
