"""What `gan-lightning evaluate real=DIR fake=DIR` computes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from lightning import Trainer

from gan_lightning.metrics.card import Card
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.metrics.few import with_few
from gan_lightning.metrics.metric import Metric
from gan_lightning.models.folders import Folders
from gan_lightning.types import Count


def folder_scores(
    metrics: Mapping[str, Metric],
    few: Mapping[str, Metric],
    extractor: Extractor,
    real: str | None = None,
    fake: str | None = None,
    num_images: Any = None,
    batch_size: Count = 64,
    image_size: Count | None = None,
    cache: Literal["auto", "off", False] = "auto",
    cache_dir: str = "~/.cache/gan_lightning",
    accelerator: str = "auto",
) -> list[Card]:
    """A card for each score of each number of images.

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
    return [card for count in counts for card in folders.score(chosen, extractor, count, batch_size, device)]
