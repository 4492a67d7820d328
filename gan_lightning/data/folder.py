"""Any folder or zip file of images."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_lightning.data.batch_checks import check_counts
from gan_lightning.data.cache import FittedImages
from gan_lightning.data.class_folders import OUTPUTS, class_names, remarks_on_classes
from gan_lightning.data.dataset_json import labels_of, read_labels
from gan_lightning.data.images import ImageFiles
from gan_lightning.data.listing import image_files
from gan_lightning.data.one_domain import ImageDataModule
from gan_lightning.data.splits import NoTestImagesError, Split, counts_of
from gan_lightning.printable import printable
from gan_lightning.types import ImagesRoot

log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class Folder(ImageDataModule):
    """All images below `root`, flat, nested or in class folders, without labels.

    Args:
        root: the folder, or a zip file, which is read in place.
        test_root: a folder or zip file of test images, neither in `root` nor around it; None for none.

    Raises:
        ValueError: if one of the two folders is in the other.
    """

    root: ImagesRoot | None = None
    test_root: ImagesRoot | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.test_root is not None:
            test, train = (Path(str(root)).expanduser().resolve() for root in (self.test_root, self.root))
            if test.is_relative_to(train) or train.is_relative_to(test):
                raise ValueError(
                    "data.test_root must be a folder beside data.root, because all images in data.root are trained on; "
                    f"got {self.test_root} and {self.root}"
                )

    def check_files(self) -> None:
        check_counts(counts_of(self.domains("train")), self.batch_size, self.drop_last)

    def images(self, split: Split) -> ImageFiles:
        root, key = self.place(split)
        return ImageFiles(image_files(root, key=key), Path(str(root)).expanduser())

    def place(self, split: Split) -> tuple[str | None, str]:
        """Return the folder of a split, and the key that names it.

        Raises:
            NoTestImagesError: if there is no folder of test images.
        """
        if split == "train":
            return self.root, "data.root"
        if self.test_root is None:
            raise NoTestImagesError(
                "this data set has no test images; data.test_root=DIR names a folder of them, and "
                "data.test_fraction=0.1 holds a tenth of the training images out"
            )
        return self.test_root, "data.test_root"


@dataclass(kw_only=True, eq=False)
class LabelledFolder(Folder):
    """Images below `root` in one sub-folder for each class; the classes are numbered in alphabetical order.

    Where `root` has a `dataset.json`, as StyleGAN's data sets have, the labels are those in it. The folder of test
    images has sub-folders of the same names, or a `dataset.json` too.
    """

    def images(self, split: Split) -> ImageFiles:
        root, key = self.place(split)
        folder = Path(str(root)).expanduser()
        if (labels := read_labels(folder, key)) is not None:
            files = image_files(root, key=key)
            return ImageFiles(files, folder, labels_of(files, folder, labels, key))
        classes = {name: number for number, name in enumerate(class_names(str(self.root)))}
        below = [file for file in image_files(root, key=key) if file.parent != folder]
        files = [file for file in below if file.relative_to(folder).parts[0] != OUTPUTS]
        names = [file.relative_to(folder).parts[0] for file in files]
        if unknown := sorted(set(names) - classes.keys()):
            raise ValueError(
                f"{key} must have sub-folders of the same names as data.root; {printable(unknown[0])} is not among them"
            )
        return ImageFiles(files, folder, np.array([classes[name] for name in names]))

    def check_training_images(self, domains: list[FittedImages]) -> None:
        super().check_training_images(domains)
        for remark in remarks_on_classes(str(self.root)):
            log.warning("%s", remark)

    def class_counts(self, images: FittedImages) -> dict[str, int]:
        """Count the images of each class, empty ones included."""
        by_number = super().class_counts(images)
        return {printable(name): by_number.get(str(n), 0) for n, name in enumerate(class_names(str(self.root)))}
