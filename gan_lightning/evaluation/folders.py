"""Scores of a folder of images compared with another folder."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from gan_lightning.data.folder import Folder
from gan_lightning.data.images import open_image
from gan_lightning.data.listing import image_files
from gan_lightning.devices import device_of
from gan_lightning.evaluation.real_statistics import RealStatistics, real_statistics
from gan_lightning.evaluation.records import Context, ScoreRecord
from gan_lightning.evaluation.scorer import make_records, needs_of, with_small_sample_metrics
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.metrics.images import read_batches
from gan_lightning.metrics.metric import Metric
from gan_lightning.metrics.statistics import Statistics
from gan_lightning.types import ImageSet, ImagesPath, PositiveInt
from gan_lightning.values import Numbers

SPLIT = "folder"
"""The name of the real images' split in the records."""


def folder_scores(
    metrics: Mapping[str, Metric],
    few: Mapping[str, Metric],
    extractor: Extractor,
    real: ImagesPath | None = None,
    fake: ImagesPath | None = None,
    num_images: Annotated[Sequence[int] | None, Numbers(1)] = None,
    batch_size: PositiveInt = 64,
    image_size: PositiveInt | None = None,
    cache: Literal["auto", "off", False] = "auto",
    cache_dir: str = "~/.cache/gan_lightning",
    device: str = "auto",
) -> list[ScoreRecord]:
    """Return a record for each score and each number of images.

    Args:
        metrics: the metrics by name.
        few: metrics that are added if there are fewer than 10,000 real or generated images.
        extractor: the feature extractor.
        real: the folder of real images.
        fake: the folder of images that are scored.
        num_images: a list of how many images of `fake`, evenly spaced, are scored; all of them if it is empty.
        batch_size: images in one pass of the extractor.
        image_size: the size that all images are fitted to; None where all are squares of one size.
        cache: `auto` keeps decoded images and statistics on disk; `off` writes nothing.
        cache_dir: the folder that they are kept in.
        device: `auto`, `cpu` or another of torch's devices, such as `cuda:0`.

    Raises:
        ValueError: if a folder has no images, their sizes differ and `image_size` is None, or they cannot be scored.
    """
    assert real is not None
    assert fake is not None
    place = Path(cache_dir).expanduser()
    files = [file for key, root in (("real", real), ("fake", fake)) for file in image_files(root, key=key)]
    size = image_size or _common_size(files)
    of_real, of_fake = _read_images(real, "real", size, cache, place), _read_images(fake, "fake", size, cache, place)
    total = len(of_fake)
    counts = list(dict.fromkeys(min(count, total) for count in num_images or [total]))
    chosen = with_small_sample_metrics(metrics, few, [len(of_real), *counts])
    extractor.prepare(of_real, of_real, place)
    extractor.to(device_of(device))
    real_needs, fake_needs = needs_of(chosen)
    if cache == "auto":
        compared_with = real_statistics(of_real, SPLIT, extractor, real_needs, place, batch_size=batch_size)
    else:
        every = read_batches(of_real, range(len(of_real) if real_needs else 0), batch_size)
        statistics = Statistics.from_images(every, extractor, real_needs)
        compared_with = RealStatistics(statistics, SPLIT, of_real.fingerprint)
    context = Context("none", "none", 0, "none", 0, 0, 0, fake)
    records = []
    for count in counts:
        numbers = [position * total // count for position in range(count)]
        scored = Statistics.from_images(read_batches(of_fake, numbers, batch_size), extractor, fake_needs)
        records += make_records(chosen, compared_with, scored, extractor, context)
    return records


def _read_images(root: str, key: str, size: int, cache: Literal["auto", "off", False], cache_dir: Path) -> ImageSet:
    """Return the images of a folder in the order of their names, read as training reads them."""
    data = Folder(root=root, image_size=size, channels=3, batch_size=1, cache=cache, cache_dir=str(cache_dir))
    (images,) = data.fitted_images("train")
    images.survey.check(key, "skip", 1.0)
    images.survey.log(key)
    return images


def _common_size(files: Iterable[Path]) -> int:
    """Return the side of all images by their headers, without those that cannot be opened, which are named later.

    Raises:
        ValueError: if the images are not all squares of one size.
    """
    sizes = set()
    for file in files:
        try:
            with open_image(file) as picture:
                sizes.add(picture.size)
        except ValueError:
            continue
    if len(sizes) == 1 and len(set(*sizes)) == 1:
        return sizes.pop()[0]
    some = ", ".join(f"{width}x{height}" for width, height in sorted(sizes)[:3]) or "none that can be opened"
    raise ValueError(f"image_size must be given where images are not all squares of one size; got {some}")
