"""Two domains without pairs."""

from abc import ABC
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from torch import Tensor

from gan_lightning.data.archive import is_folder
from gan_lightning.data.batch_checks import check_counts
from gan_lightning.data.images import ImageFiles, PILImages
from gan_lightning.data.listing import image_files
from gan_lightning.data.module import StoredDataModule
from gan_lightning.data.splits import NoTestImagesError, Split, counts_of
from gan_lightning.types import Batch, Images, ImagesRoot, Pair
from gan_lightning.values import Existing

LAYOUT = "images (trainA, trainB, testA and testB)"
OTHER = "data.root_x=FOLDER data.root_y=FOLDER"


class UnalignedDataModule(StoredDataModule, ABC):
    """Batches with images of x and any images of y; an epoch goes once through the larger domain."""

    @property
    def batch_type(self) -> type[Batch]:
        return Pair

    def batch(self, images: list[Images], labels: list[Tensor | None]) -> Pair:
        return Pair(*images)


@dataclass(kw_only=True, eq=False)
class Unpaired(UnalignedDataModule):
    """Two domains of any sizes: `trainA trainB testA testB` below `root`, or two folders of training images.

    Args:
        root: the folder with those four, or a zip file, which is read in place.
        root_x: the folder or zip file of x, if `root` is not given; there are no test images then.
        root_y: the folder or zip file of y.
    """

    root: (
        Annotated[str, Existing("folder or .zip file", "", "download", LAYOUT, ("trainA", "trainB"), OTHER)] | None
    ) = None
    root_x: ImagesRoot | None = None
    root_y: ImagesRoot | None = None

    def check_files(self) -> None:
        check_counts(counts_of(self.domains("train")), self.batch_size, self.drop_last)

    def domains(self, split: Split) -> list[PILImages]:
        if self.root_x is not None or self.root_y is not None:
            if split == "test":
                raise NoTestImagesError(
                    "data.root_x and data.root_y have no test images; data.root with testA and testB has, and "
                    "data.test_fraction=0.1 holds a tenth of the training images out"
                )
            for key in ("root_x", "root_y"):
                if getattr(self, key) is None:
                    raise ValueError(f"data.{key} must be given too; type data.{key}=FOLDER")
            folders = {"data.root_x": self.root_x, "data.root_y": self.root_y}
            return [self._images(folder, "the images of one domain", key) for key, folder in folders.items()]
        if self.root is None:
            raise ValueError(
                "data.root must name a folder with trainA and trainB, or data.root_x and data.root_y one folder each"
            )
        root = Path(self.root).expanduser()
        if split == "test" and not any(is_folder(root / name) for name in ("testA", "testB")):
            raise NoTestImagesError(
                f"data.root: there are no test images, because there is no folder {root}/testA; put some into testA "
                "and testB, or hold some of the training images out with data.test_fraction=0.1"
            )
        return [self._images(str(root / f"{split}{side}"), LAYOUT, "data.root") for side in "AB"]

    @staticmethod
    def _images(folder: str | None, layout: str, key: str) -> ImageFiles:
        files = image_files(folder, layout, key)
        return ImageFiles(files, Path(str(folder)).expanduser())
