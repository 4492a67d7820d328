"""What every metric is."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from gan_lightning.metrics.statistics import Need, Statistics

Better = Literal["lower", "higher", "neither"]
"""Which values of a score are better; of deviations neither."""
FEW, SOME = 2_048, 10_000
"""Below the first, the covariance of Inception's features is singular; the authors of FID ask for the second."""


class Metric(ABC):
    """Scores of generated images. A new one is a class with `score` and a YAML file.

    `needs_of_real` and `needs_of_fake` say what is gathered for it; `fewest` images of each it can be computed from.
    """

    needs_of_real: ClassVar[frozenset[Need]] = frozenset({"features"})
    needs_of_fake: ClassVar[frozenset[Need]] = frozenset({"features"})
    is_biased: ClassVar[bool] = True
    """Whether its expectation hangs on the number of images."""
    rising: ClassVar[tuple[str, ...]] = ()
    """How the names of scores begin that are better the higher they are; of all others the lower are better."""

    @property
    def settings(self) -> dict[str, int]:
        """The arguments it was made with."""
        return dict(vars(self))

    @property
    def fewest(self) -> int:
        """Images without which it is not defined."""
        return 2

    @abstractmethod
    def score(self, real: Statistics, fake: Statistics) -> dict[str, float]:
        """Named values; the names come from the extractor's `named`."""

    def better(self, score: str) -> Better:
        """Which values of one of its scores are better; of deviations neither."""
        if "_std" in score:
            return "neither"
        return "higher" if score.startswith(self.rising) else "lower"

    def notes(self, real: Statistics, fake: Statistics) -> list[str]:
        """What to know of the scores beyond the number of images, in sentences."""
        return []

    def __call__(self, real: Statistics, fake: Statistics) -> dict[str, float]:
        """The scores of fakes against real images.

        Raises:
            ValueError: where there are too few images, or features of two extractors.
        """
        if real.extractor != fake.extractor:
            raise ValueError(
                "real and generated images must go through the same extractor; "
                f"got {real.extractor} and {fake.extractor}"
            )
        for what, images, needs in (("real", real, self.needs_of_real), ("generated", fake, self.needs_of_fake)):
            if needs and self.used(images, needs) < self.fewest:
                raise ValueError(
                    f"{type(self).__name__} needs at least {self.fewest} {what} images; got {self.used(images, needs)}"
                )
        return self.score(real, fake)

    def warnings(self, real: Statistics, fake: Statistics) -> list[str]:
        """What a reader of the scores should know, in sentences."""
        said = self.notes(real, fake)
        for what, images, needs in (("real", real, self.needs_of_real), ("generated", fake, self.needs_of_fake)):
            count = self.used(images, needs)
            if not needs:
                continue
            if self.is_biased and count < SOME:
                bound, how = (FEW, "strongly biased") if count < FEW else (SOME, "biased")
                said.append(
                    f"{type(self).__name__} of {count:,} {what} images, fewer than {bound:,}, is {how}; compare it "
                    "with scores of equally many images only."
                )
            if _is_constant(images):
                said.append(f"All {what} images have the same features.")
        return said

    @staticmethod
    def used(images: Statistics, needs: frozenset[Need]) -> int:
        """How many of the images enter: all into moments, the kept ones into the rest."""
        return images.count if "moments" in needs else min(images.count, images.kept)


def _is_constant(images: Statistics) -> bool:
    """Whether there is no variation, which makes distances exact numbers about nothing."""
    if "moments" in images.needs:
        scale = max(float(abs(images.moments.mean).max()), 1e-12)
        spread = images.moments.scatter.diagonal().max() / max(images.count, 1)
        return bool(spread <= (1e-6 * scale) ** 2)
    rows = images.features if "features" in images.needs else images.logits
    return len(rows) > 0 and bool((rows - rows[0]).abs().max() <= 1e-6 * rows.abs().max())
