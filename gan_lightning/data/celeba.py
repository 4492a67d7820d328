"""CelebA's aligned and cropped faces."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from torchvision import datasets

from gan_lightning.data.batch_checks import check_counts
from gan_lightning.data.images import ImageFiles
from gan_lightning.data.listing import image_files
from gan_lightning.data.one_domain import ImageDataModule
from gan_lightning.data.splits import NoTestImagesError, Split, counts_of
from gan_lightning.files import without_new_empty_folders
from gan_lightning.values import Existing

PARTITION = {"train": {"0", "1"}, "test": {"2"}}
"""The numbers in the official file of the images that belong to each split; 1 is its validation part."""
LAYOUT = "img_align_celeba/000001.jpg and so on"


@dataclass(kw_only=True, eq=False)
class CelebA(ImageDataModule):
    """202,599 faces of 178x218 pixels (Liu et al. 2015).

    `root` is the folder `img_align_celeba`, or contains it.

    Args:
        split: `all` trains on every image, as most papers and tutorials do, and keeps none for tests;
            `official` keeps the 19,962 test images of `list_eval_partition.txt`, next to the images' folder, apart and
            trains on the other 182,637, the official validation images included.
    """

    root: (
        Annotated[
            str, Existing("folder", "name a folder with img_align_celeba/000001.jpg and so on", "download", LAYOUT)
        ]
        | None
    ) = None
    split: Literal["all", "official"] = "all"

    def fetch(self) -> None:
        if self._folder() is None:
            try:
                with without_new_empty_folders(Path(self.root or ".").expanduser()):
                    datasets.CelebA(self.root, download=True)
            except (OSError, RuntimeError, ImportError) as error:
                raise ValueError(
                    f"data.download: CelebA could not be downloaded; put the images at {self.root}/{LAYOUT}; "
                    "if you have them elsewhere, type data.root=FOLDER"
                ) from error

    def check_files(self) -> None:
        if not self.download:
            check_counts(counts_of(self.domains("train")), self.batch_size, self.drop_last)

    def images(self, split: Split) -> ImageFiles:
        if (self.split, split) == ("all", "test"):
            raise NoTestImagesError(
                "data.split=all trains on all of CelebA and has no test images; data.split=official keeps the official "
                "ones apart, and data.test_fraction=0.1 holds a tenth out"
            )
        files = image_files(self._folder() or self.root, LAYOUT)
        if self.split == "official":
            partition = files[0].parent.parent / "list_eval_partition.txt"
            if not partition.is_file():
                raise ValueError(
                    f"data.split=official needs list_eval_partition.txt beside the images; there is no {partition}: "
                    "put it there, or use data.split=all"
                )
            parts = dict(line.split()[:2] for line in partition.read_text().splitlines() if line.strip())
            files = [file for file in files if parts.get(file.name) in PARTITION[split]]
            if not files:
                raise ValueError(f"data.root: {partition} names no image for the {split} split")
        return ImageFiles(files, files[0].parent)

    def _folder(self) -> Path | None:
        """Return the folder of JPEGs in the official layout or in torchvision's; None if neither is below `root`."""
        root = Path(self.root or ".").expanduser()
        found = (root / below for below in ("img_align_celeba", "celeba/img_align_celeba"))
        return next((folder for folder in found if folder.is_dir()), None)


@dataclass(kw_only=True, eq=False)
class CelebAAttribute(CelebA):
    """CelebA with two classes: 1 if an attribute is present, 0 if it is not.

    Images that `list_attr_celeba.txt`, next to the images' folder, does not name are left out.

    Args:
        attribute: one of the forty in that file, such as Smiling.
    """

    attribute: str

    def images(self, split: Split) -> ImageFiles:
        images = super().images(split)
        table = images.paths[0].parent.parent / "list_attr_celeba.txt"
        if not table.is_file():
            raise ValueError(f"data.attribute needs list_attr_celeba.txt beside the images; there is no {table}")
        names, *lines = table.read_text().splitlines()[1:] or [""]
        if self.attribute not in names.split():
            raise ValueError(f"data.attribute must be one of {', '.join(names.split())}; got {self.attribute}")
        column = 1 + names.split().index(self.attribute)
        present = {words[0]: words[column] == "1" for words in map(str.split, lines) if len(words) > column}
        files = [file for file in images.paths if file.name in present]
        return ImageFiles(files, images.root, np.array([present[file.name] for file in files], np.int64))
