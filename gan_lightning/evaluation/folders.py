"""Scores of a folder of images compared with another folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from lightning import Trainer
from PIL import Image

from gan_lightning.data.cache import Direct, Store
from gan_lightning.data.folder import Folder, image_files
from gan_lightning.evaluation.real_statistics import Real, real_statistics
from gan_lightning.evaluation.records import Context, ScoreRecord
from gan_lightning.evaluation.scorer import needed, scored, with_few
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.metrics.images import read_batches
from gan_lightning.metrics.metric import Metric
from gan_lightning.metrics.statistics import Statistics
from gan_lightning.types import PositiveInt

SPLIT = "folder"
"""Stands on the records for the real images' split."""


class Folders:
    """The images of two folders, in the order of their names, of any kind that training reads.

    Args:
        real: the folder of real images.
        fake: of those to be scored.
        image_size: to which all are fitted; None where all are squares of one size.
        cache: `auto` keeps decoded images and statistics on disk; `off` writes nothing.
        cache_dir: where.

    Raises:
        ValueError: where a folder has no images, or their sizes differ and `image_size` is None.
    """

    def __init__(
        self,
        real: str,
        fake: str,
        image_size: PositiveInt | None = None,
        cache: Literal["auto", "off", False] = "auto",
        cache_dir: Path = Path("~/.cache/gan_lightning"),
    ) -> None:
        self.fake_folder = fake
        self.cache, self.cache_dir = cache, cache_dir
        files = [file for key, root in (("real", real), ("fake", fake)) for file in image_files(root, key=key)]
        size = image_size or _size(files)
        self.real, self.fake = self._read(real, "real", size), self._read(fake, "fake", size)

    def _read(self, root: str, what: str, size: int) -> Store | Direct:
        where = str(self.cache_dir)
        data = Folder(root=root, image_size=size, channels=3, batch_size=1, cache=self.cache, cache_dir=where)
        (images,) = data.stores("train")
        images.survey.hold(what, "skip", 1.0)
        return images

    def score(
        self,
        metrics: Mapping[str, Metric],
        extractor: Extractor,
        count: PositiveInt,
        batch_size: PositiveInt = 64,
        device: torch.device | str = "cpu",
    ) -> list[ScoreRecord]:
        """A record for each score.

        Args:
            metrics: by name.
            extractor: of the features.
            count: of `fake`, evenly spaced; all where there are no more.
            batch_size: of one pass of the extractor.
            device: of the extractor.

        Raises:
            ValueError: where a metric cannot be computed of these images, or the extractor needs labels.
        """
        extractor.prepare(self.real, self.real, self.cache_dir)
        extractor.to(device)
        of_real, of_fake = needed(metrics)
        if self.cache == "auto":
            real = real_statistics(self.real, SPLIT, extractor, of_real, self.cache_dir, batch_size=batch_size)
        else:
            every = read_batches(self.real, range(len(self.real) if of_real else 0), batch_size)
            real = Real(Statistics.from_images(every, extractor, of_real), SPLIT, self.real.fingerprint)
        total = len(self.fake)
        count = min(count, total)
        numbers = [row * total // count for row in range(count)]
        fake = Statistics.from_images(read_batches(self.fake, numbers, batch_size), extractor, of_fake)
        subject = Context("none", "none", 0, "none", 0, 0, 0, self.fake_folder)
        return scored(metrics, real, fake, extractor, subject)


def _size(files: list[Path]) -> int:
    """The side of all images, by their headers; those that cannot be opened are left to whoever reads them.

    Raises:
        ValueError: where there is none.
    """
    sizes = set()
    for file in files:
        try:
            with Image.open(file) as picture:
                sizes.add(picture.size)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            continue
    if len(sizes) == 1 and len(set(*sizes)) == 1:
        return sizes.pop()[0]
    some = ", ".join(f"{width}x{height}" for width, height in sorted(sizes)[:3]) or "none that can be opened"
    raise ValueError(f"image_size must be given where images are not all squares of one size; got {some}")


def folder_scores(
    metrics: Mapping[str, Metric],
    few: Mapping[str, Metric],
    extractor: Extractor,
    real: str | None = None,
    fake: str | None = None,
    num_images: Any = None,
    batch_size: PositiveInt = 64,
    image_size: PositiveInt | None = None,
    cache: Literal["auto", "off", False] = "auto",
    cache_dir: str = "~/.cache/gan_lightning",
    accelerator: str = "auto",
) -> list[ScoreRecord]:
    """A record for each score of each number of images.

    Args:
        metrics: by name.
        few: metrics added where there are fewer than 10,000 real or generated images.
        extractor: of the features.
        real: a folder of images,
        fake: and one that is held against it.
        num_images: how many are taken of `fake`, a list; all where it is empty.
        batch_size: of one pass.
        image_size: to which images are fitted; None where all are squares of one size.
        cache: of decoded images and their statistics; `off` writes nothing.
        cache_dir: where.
        accelerator: of Lightning's.

    Raises:
        ValueError: where a folder has no images, or they cannot be scored.
    """
    assert real is not None
    assert fake is not None
    device = Trainer(accelerator=accelerator, devices=1, logger=False).strategy.root_device
    folders = Folders(real, fake, image_size, cache, Path(cache_dir).expanduser())
    total = len(folders.fake)
    counts = list(dict.fromkeys(min(count, total) for count in num_images or [total]))
    chosen = with_few(metrics, few, [len(folders.real), *counts])
    return [record for count in counts for record in folders.score(chosen, extractor, count, batch_size, device)]
