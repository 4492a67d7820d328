"""CelebA's aligned and cropped faces."""

from pathlib import Path
from typing import Any

import numpy as np
from torchvision import datasets

from gan_lightning.data.folder import image_files
from gan_lightning.data.module import ImageDataModule
from gan_lightning.data.pictures import FilePictures
from gan_lightning.data.stored import Split

PARTITION = {"train": {"0", "1"}, "test": {"2"}}
LAYOUT = "img_align_celeba/000001.jpg and so on"


class CelebA(ImageDataModule):
    """202,599 faces of 178x218 pixels (Liu et al. 2015).

    `root` holds `img_align_celeba/`, or is it. With the official `list_eval_partition.txt` beside it, its test images
    are the test split; without, all images are both splits.
    """

    def fetch(self) -> None:
        if self._folder() is None:
            try:
                datasets.CelebA(self.root, download=True)
            except (OSError, RuntimeError, ImportError) as error:
                raise ValueError(
                    f"data.download: CelebA could not be downloaded; put the images at {self.root}/{LAYOUT}"
                ) from error

    def pictures(self, split: Split) -> FilePictures:
        files = image_files(self._folder() or self.root, LAYOUT)
        partition = self._beside(files, "list_eval_partition.txt")
        if partition.is_file():
            parts = dict(line.split()[:2] for line in partition.read_text().splitlines() if line.strip())
            files = [file for file in files if parts.get(file.name) in PARTITION[split]]
            if not files:
                raise ValueError(f"data.root: {partition} names no image for the {split} split")
        return FilePictures(files, files[0].parent)

    @staticmethod
    def _beside(files: list[Path], name: str) -> Path:
        return files[0].parent.parent / name

    def _folder(self) -> Path | None:
        """Where the JPEGs lie: in the official layout, in torchvision's below `celeba/`, or in `root` itself."""
        root = Path(self.root or ".").expanduser()
        found = (root / below for below in ("img_align_celeba", "celeba/img_align_celeba"))
        return next((folder for folder in found if folder.is_dir()), None)


class CelebAAttribute(CelebA):
    """CelebA with two classes: 1 where an attribute is present, 0 where not.

    Args:
        attribute: one of the forty in `list_attr_celeba.txt`, which lies beside the images; Smiling, for one.
        images: everything `ImageDataModule` takes.
    """

    def __init__(self, attribute: str, **images: Any) -> None:
        super().__init__(**images)
        self.attribute = attribute

    def pictures(self, split: Split) -> FilePictures:
        pictures = super().pictures(split)
        table = pictures.files[0].parent.parent / "list_attr_celeba.txt"
        if not table.is_file():
            raise ValueError(f"data.attribute needs list_attr_celeba.txt beside the images; there is no {table}")
        names, *lines = table.read_text().splitlines()[1:] or [""]
        if self.attribute not in names.split():
            raise ValueError(f"data.attribute must be one of {', '.join(names.split())}; got {self.attribute}")
        column = 1 + names.split().index(self.attribute)
        present = {words[0]: words[column] == "1" for words in map(str.split, lines) if len(words) > column}
        files = [file for file in pictures.files if file.name in present]
        return FilePictures(files, pictures.root, np.array([present[file.name] for file in files], np.int64))
