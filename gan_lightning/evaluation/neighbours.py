"""The training images that are nearest to other images, in pixels and in features, and what that says about copying."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float64, Int64, Shaped, UInt8
from torch import Tensor

from gan_lightning.evaluation.records import Context, ScoreRecord, versions
from gan_lightning.metrics.extractors.extractor import Extractor, ExtractorIdentity
from gan_lightning.metrics.images import to_uint8
from gan_lightning.types import ImageSet, PositiveInt

ELEMENTS = 2**24
"""Numbers of queries that are converted to float64 at a time, so that large images do not fill the memory."""
RESAMPLES = 1000
"""Resamples of the bootstrap."""
CONFIDENCE = 95
"""The confidence of an interval, in per cent."""
PIXELS = ExtractorIdentity("pixels", "", "none", 0)
"""What stands for an extractor in the records of distances between pixels."""

Bytes = UInt8[Tensor, "B C H W"]


class MirroredToo:
    """Images followed by their mirror images, because training with flips has seen both.

    Args:
        images: the images as they are stored.
    """

    def __init__(self, images: ImageSet) -> None:
        self.images = images

    @property
    def labels(self) -> np.ndarray | None:
        """None, because nobody asks for the classes of neighbours."""
        return None

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the images."""
        return self.images.fingerprint

    def __len__(self) -> int:
        return 2 * len(self.images)

    def rows(self, indices: list[int]) -> np.ndarray:
        """Return the pixels [n, C, H, W] of some images."""
        count = len(self.images)
        pixels = self.images.rows([number % count for number in indices])
        is_mirrored = np.array([number >= count for number in indices])[:, None, None, None]
        return np.where(is_mirrored, pixels[..., ::-1], pixels)


class Nearest(NamedTuple):
    """The nearest images of each query, from the nearest on.

    Args:
        numbers: their numbers in the set that was searched.
        distances: their distances.
    """

    numbers: Int64[np.ndarray, "N K"]
    distances: Float64[np.ndarray, "N K"]


class NearestSearch:
    """Finds the nearest rows of a set that comes in batches, by squared differences in float64.

    Differences of bytes are exact in float64, so a copy is at distance 0 whatever the batches.

    Args:
        queries: what neighbours are looked for.
        count: how many neighbours each query gets.
    """

    def __init__(self, queries: Shaped[Tensor, "N D"], count: PositiveInt) -> None:
        self.queries, self.count = queries, count
        self.seen = 0
        self.numbers = torch.empty(len(queries), 0, dtype=torch.int64)
        self.squares = torch.empty(len(queries), 0, dtype=torch.float64)

    def add(self, rows: Shaped[Tensor, "B D"]) -> None:
        """Search further rows of the set, which are numbered in the order in which they come."""
        theirs = rows.double()
        norms = theirs.square().sum(1)
        at_once = max(1, ELEMENTS // rows.shape[1])
        parts = []
        for some in self.queries.split(at_once):
            own = some.double()
            parts.append(own.square().sum(1, keepdim=True) + norms - 2 * own @ theirs.T)
        numbers = torch.arange(self.seen, self.seen + len(rows)).expand(len(self.queries), -1)
        squares = torch.cat([self.squares, torch.cat(parts).clamp(min=0)], 1)
        self.squares, order = squares.topk(min(self.count, squares.shape[1]), largest=False)
        self.numbers = torch.cat([self.numbers, numbers], 1).gather(1, order)
        self.seen += len(rows)

    def found(self, scale: float = 1.0) -> Nearest:
        """Return the nearest of all rows so far; the squared distances are multiplied by `scale` before the root."""
        return Nearest(self.numbers.numpy(), (self.squares * scale).sqrt().numpy())


class Neighbours(NamedTuple):
    """The nearest images of each query in both spaces.

    Args:
        pixels: by the root of the mean squared difference of the pixels, in levels from 0 to 255.
        features: by the Euclidean distance of the extractor's features.
    """

    pixels: Nearest
    features: Nearest


def nearest_images(queries: Bytes, images: Iterable[Bytes], extractor: Extractor, count: PositiveInt) -> Neighbours:
    """Find the nearest images of each query in one pass over a set.

    Args:
        queries: what neighbours are looked for.
        images: the set in batches, each image of the queries' shape.
        extractor: computes the features; already prepared.
        count: how many neighbours each query gets.
    """
    features = torch.cat([extractor(to_uint8(some)).features.cpu() for some in queries.split(64)])
    in_pixels, in_features = NearestSearch(queries.flatten(1), count), NearestSearch(features, count)
    for batch in images:
        in_pixels.add(batch.flatten(1))
        in_features.add(extractor(to_uint8(batch)).features.cpu())
    return Neighbours(in_pixels.found(1 / queries[0].numel()), in_features.found())


@dataclass(frozen=True)
class Memorisation:
    """How often a sample is nearer to its nearest training image than a held-out image is to its own.

    Args:
        value: the share of all pairs of a sample and a held-out image; equal distances count half. 0.5 is expected of
            samples that are as new as held-out images, 1 of copies.
        low: the lower end of the interval.
        high: the upper end of the interval.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return the figure and what it says, in a sentence."""
        if self.low > 0.5:
            said = "more often than new images would, so the generator copies training images or keeps close to them"
        elif self.high < 0.5:
            said = "less often than new images would, so nothing speaks for copying"
        else:
            said = "as often as new images would, so nothing speaks for copying"
        return (
            f"samples are nearer to a training image than held-out images are in {100 * self.value:.1f} % of pairs "
            f"({CONFIDENCE} % interval {100 * self.low:.1f} to {100 * self.high:.1f} %), {said}"
        )


def memorisation(samples: Float64[np.ndarray, " N"], held_out: Float64[np.ndarray, " M"]) -> Memorisation:
    """Compare the distances of samples and of held-out images to their nearest training images.

    The value is 1 minus the statistic of Meehan et al. 2020 (arXiv:2004.05675, section 2) without their division into
    cells, which is the statistic of Mann and Whitney divided by the number of pairs. The interval is that of the
    percentiles of a bootstrap, 95 % of 1,000 resamples of both samples and held-out images, with a fixed seed.

    Args:
        samples: the distance of each sample to its nearest training image.
        held_out: the same of each held-out image.
    """
    counts = len(samples), len(held_out)
    places = [np.searchsorted(np.sort(held_out), samples, side) for side in ("left", "right")]
    stream = np.random.default_rng(0)
    shares = []
    for resample in range(RESAMPLES + 1):
        # How often each image is drawn; the first time each is there once, which gives the value itself.
        of_samples, of_held_out = (
            stream.multinomial(count, np.full(count, 1 / count)) if resample else np.ones(count, int)
            for count in counts
        )
        up_to = np.concatenate([[0], np.cumsum(of_held_out)])
        farther = sum(counts[1] - up_to[place] for place in places) / (2 * counts[1])
        shares.append(float(of_samples @ farther) / counts[0])
    tail = (100 - CONFIDENCE) / 2
    low, high = np.percentile(shares[1:], [tail, 100 - tail])
    return Memorisation(shares[0], float(low), float(high))


def memorisation_record(
    found: Memorisation,
    extractor: ExtractorIdentity,
    context: Context,
    counts: tuple[PositiveInt, PositiveInt],
    training: ImageSet,
    held_out: ImageSet,
    warnings: Iterable[str] = (),
) -> ScoreRecord:
    """Return the score record of a memorisation, whose name ends in that of the space.

    Args:
        found: what was measured.
        extractor: the identity of the extractor; `PIXELS` for distances of pixels.
        context: which samples were compared.
        counts: how many samples and how many held-out images were compared.
        training: the training images.
        held_out: the held-out images.
        warnings: what a reader should know of the extractor.
    """
    return ScoreRecord(
        **asdict(context),
        score=extractor.score_name("memorisation"),
        value=found.value,
        settings={"held_out": counts[1], "resamples": RESAMPLES, "confidence": CONFIDENCE},
        n_real=len(training),
        n_fake=counts[0],
        split="train and test",
        data=f"{training.fingerprint} and {held_out.fingerprint}",
        resize=extractor.resize,
        extractor=extractor.name,
        extractor_sha256=extractor.sha256,
        versions=versions(),
        warnings=list(warnings),
        better="neither",  # one half is best: less is no merit, as noise shows
        interval=[found.low, found.high],
    )
