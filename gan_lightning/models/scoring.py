"""The scores of a model: its images, all processes' shares of them, and the real ones that they are held against."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from lightning import LightningDataModule

from gan_lightning.data.base import StoredDataModule
from gan_lightning.data.stored import Split
from gan_lightning.metrics.card import Card, Subject
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.metrics.metric import Metric
from gan_lightning.metrics.ranks import by_first, gathered, share, together
from gan_lightning.metrics.real import Real, real_statistics
from gan_lightning.metrics.scores import needed, scored
from gan_lightning.metrics.statistics import Statistics
from gan_lightning.models.adversarial import AdversarialModule
from gan_lightning.models.norm_modes import batch_norms
from gan_lightning.models.scored_images import Recipe, precision_of, scored_images
from gan_lightning.models.true_split import true_split
from gan_lightning.types import Count, ImageSet


@dataclass(frozen=True)
class Moment:
    """When and in which run a model is scored.

    Args:
        iteration: of training.
        images_seen: real images until then.
        seed: of the run.
        run: its folder.
    """

    iteration: int
    images_seen: int
    seed: int
    run: str


class Scorer:
    """Scores models on one data set by any number of metrics, in one pass of generated images.

    Args:
        metrics: by name.
        extractor: of the features.
        data: where the real images are; for models that translate also what they translate.
        split: of the real images; the cards say `train` where the set has no others.
        device: of the extractor.

    Raises:
        ValueError: where the data cannot be scored, or not by this extractor.
    """

    def __init__(
        self,
        metrics: Mapping[str, Metric],
        extractor: Extractor,
        data: LightningDataModule,
        split: Split = "train",
        device: torch.device | str = "cpu",
    ) -> None:
        if not isinstance(data, StoredDataModule):
            raise ValueError(f"metric needs data of images; got {type(data).__name__}: take metric=[] or other data")
        self.metrics, self.extractor, self.data, self.split = dict(metrics), extractor, data, split
        self.needs = needed(self.metrics)
        sets = data.stills(split)
        extractor.prepare(sets[0], data.stills(data.shown_split())[0], data.cache_dir)
        extractor.to(device)
        self.found: dict[int, Real] = {}
        self._rehearse(sets[0])

    def _rehearse(self, images: ImageSet) -> None:
        """Meet what is wrong with extractor and metrics before anything has run; those of moments alone take long.

        Where there are fewer images than a metric needs, some stand twice here; whether it can do with them says
        `check`.
        """
        of_real, of_fake = self.needs
        few = max([2, *(metric.fewest for metric in self.metrics.values())])
        rows = torch.from_numpy(images.rows([number % len(images) for number in range(few)]))
        found = Statistics.of([rows], self.extractor, of_real | of_fake)
        for metric in self.metrics.values():
            if "moments" in metric.needs_of_fake:
                continue
            for score, value in metric(found, found).items():
                if not math.isfinite(value) and len(images) >= few:
                    raise ValueError(f"{score} of real images held against themselves must be finite; got {value}")

    def check(self, model: AdversarialModule, num_images: Count) -> None:
        """Hold the numbers of images against what the metrics need at the least.

        Raises:
            ValueError: where there are too few real ones, or too few to be translated.
        """
        for direction in model.directions:
            real = self.data.stills(self.split)["xy".index(direction[1]) if direction else 0]
            made = min(num_images, model.scored_count(self.data, direction) or num_images)
            for name, metric in self.metrics.items():
                for what, count, needs in (
                    (f"real images, and split={self.split}", len(real), metric.needs_of_real),
                    ("generated images, and this model", made, metric.needs_of_fake),
                ):
                    if needs and count < metric.fewest:
                        raise ValueError(f"metric={name} needs at least {metric.fewest} {what} has {count}")

    def real(self, direction: str = "") -> Real:
        """Statistics of the images that a direction's are held against: from disk where they are, else made now."""
        domain = "xy".index(direction[1]) if direction else 0
        if domain not in self.found:
            images = self.data.stills(self.split)[domain]
            folder, split = self.data.cache_dir, true_split(self.data, self.split, domain)
            self.found[domain] = real_statistics(images, split, self.extractor, self.needs[0], folder)
        return self.found[domain]

    def __call__(self, model: AdversarialModule, recipe: Recipe, num_images: Count, moment: Moment) -> list[Card]:
        """A card for each score and direction; every process must ask, and all get the same.

        Where a model goes two ways, the scores' names end in the direction, `fid_xy` and `fid_yx`.

        Args:
            model: on its device.
            recipe: how its images are made.
            num_images: so many are scored, of a model that translates as many as there are at most.
            moment: what the cards say of the run.

        Raises:
            ValueError: where images are not finite or a metric cannot be computed of them.
        """
        cards = []
        for direction in model.directions:
            end = f"_{direction}" if len(model.directions) > 1 else ""
            for card in self._way(model, recipe, num_images, moment, direction):
                cards.append(replace(card, score=card.score + end))
        return cards

    def _way(
        self, model: AdversarialModule, recipe: Recipe, num_images: int, moment: Moment, direction: str
    ) -> list[Card]:
        real = self.real(direction)
        count = min(num_images, model.scored_count(self.data, direction) or num_images)
        images = scored_images(model, recipe, share(count), self.data, direction)
        fake = gathered(together(lambda: Statistics.of(images, self.extractor, self.needs[1])))
        norm = recipe.batch_norm if batch_norms(model.way(model.generator, direction)) else "none"
        subject = Subject(
            weights="ema" if model.ema and recipe.weights == "ema" else "raw",
            batch_norm=norm,
            latent_seed=recipe.seed,
            precision=precision_of(model, recipe),
            source=model.scored_source(self.data, direction),
            batch_size=recipe.batch_size if norm in ("batch", "standing") else 0,
            **vars(moment),
        )
        return by_first(lambda: scored(self.metrics, real, fake, self.extractor, subject))
