"""Any folder or zip file of images."""

import errno
import logging
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_lightning.data.archive import RUN, archive_of, is_folder
from gan_lightning.data.cache import FittedImages
from gan_lightning.data.dataset_json import FILE, labels_of, read_labels
from gan_lightning.data.images import ImageFiles
from gan_lightning.data.one_domain import ImageDataModule
from gan_lightning.data.splits import NoTestImagesError, Split
from gan_lightning.printable import printable
from gan_lightning.types import ImagesRoot

log = logging.getLogger(__name__)

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
OUTPUTS = "outputs"
"""The folder of runs; below a folder of classes it is none of them."""


def image_files(
    root: Path | str | None, layout: str = "images, in it or in any sub-folder", key: str = "data.root"
) -> list[Path]:
    """List all image files below a folder or in a zip file, in the same order on every machine, without hidden ones.

    Args:
        root: the folder, the zip file or a folder in one; links to folders are followed, once each.
        layout: what the folder should hold, in the words of the error message.
        key: the key of the configuration that the error message names.

    Raises:
        ValueError: if there is no such folder, if it cannot be entered, or if it has no image.
    """
    wanted = f"{key} must name a folder with {layout}"
    if root is None:
        raise ValueError(f"{wanted}; got null")
    root = Path(root).expanduser()
    if not is_folder(root, key):
        raise ValueError(f"{wanted}; {_why_missing(root)}")
    archive = archive_of(root, key)
    if archive is None and not os.access(root, os.R_OK | os.X_OK):
        raise ValueError(f"{wanted}; {root} cannot be read")
    found = list(_files(root, key) if archive is None else archive.files_below(root))
    files = sorted(filter(_is_image, found), key=lambda file: file.as_posix())
    others = [file for file in found if not _is_image(file) and file.name != FILE]
    if not files:
        raise ValueError(f"{wanted}; {root} holds {f'only {_kinds(others)}' if others else 'no files at all'}")
    if others:
        log.info("%s: left out %s, which are not images by their names", root, _kinds(others))
    return files


def _why_missing(root: Path) -> str:
    try:
        root.stat()
    except PermissionError:
        return f"{root} cannot be read, because a folder above it may not be entered"
    except OSError:
        pass
    return f"there is no folder {root}"


def _kinds(files: list[Path]) -> str:
    """Return how many files of each suffix there are, in words, such as `2 .txt files and 1 without a suffix`."""
    counts = Counter(printable(file.suffix.lower()) for file in files).most_common()
    words = [f"{count:,} {suffix} file{'s'[: count > 1]}" for suffix, count in counts if suffix]
    words += [f"{count:,} file{'s'[: count > 1]} without a suffix" for suffix, count in counts if not suffix]
    if len(words) > 5:
        words[4:] = [f"{len(files) - sum(count for _, count in counts[:4]):,} others"]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _files(root: Path, key: str) -> Iterator[Path]:
    """Yield the files below a folder that are not hidden; a link that leads back up is not followed again.

    Folders that cannot be listed or entered are left out, with a warning that names the key.
    """
    visited: set[str] = set()

    def warn(error: OSError) -> None:
        log.warning("%s: left out the folder %s: %s", key, printable(error.filename), error.strerror)

    for folder, below, names in os.walk(root, onerror=warn, followlinks=True):
        real = os.path.realpath(folder)
        is_run = any(name in below or name in names for name in RUN)  # with its sample images
        can_be_entered = os.access(folder, os.X_OK)
        if not can_be_entered:
            warn(PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder))
        if real in visited or is_run or not can_be_entered:
            below.clear()
            continue
        visited.add(real)
        below[:] = sorted(name for name in below if not name.startswith("."))
        yield from (Path(folder, name) for name in names if not name.startswith("."))


def class_names(root: Path | str) -> list[str]:
    """List the names of a folder's or zip file's classes, in the order of their numbers.

    They are the sub-folders with images in them or below, in alphabetical order, without runs of this program and the
    folder `outputs`; or, where there is a `dataset.json`, the numbers in it.

    Raises:
        ValueError: if there is no such folder, or it has neither such sub-folders nor labels.
    """
    folder = Path(root).expanduser()
    if (labels := read_labels(folder, "data.root")) is not None:
        return [str(number) for number in range(max(labels.values()) + 1)]
    archive = archive_of(folder, "data.root")
    if archive is None:
        below = _names_of_folders(folder)
    else:
        images = filter(_is_image, archive.files_below(folder))
        below = {file.relative_to(folder).parts[0] for file in images if file.parent != folder}
    names = sorted(set(below) - {OUTPUTS})
    if not names:
        raise ValueError(
            f"data.root must name a folder or .zip file with one sub-folder of images for each class, or with "
            f"dataset.json; got {root}"
        )
    return names


def _names_of_folders(root: Path) -> set[str]:
    """Return the names of the folders directly below one that are not hidden and hold images."""
    try:
        below = [path for path in root.iterdir() if not path.name.startswith(".")]
    except OSError:
        return set()
    return {path.name for path in below if os.path.isdir(path) and any(map(_is_image, _files(path, "data.root")))}  # noqa: PTH112 - Path's raises without rights


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES


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

    def class_counts(self, images: FittedImages) -> dict[str, int]:
        """Count the images of each class, empty ones included."""
        by_number = super().class_counts(images)
        return {printable(name): by_number.get(str(n), 0) for n, name in enumerate(class_names(str(self.root)))}
