"""Any folder of images."""

import logging
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gan_lightning.data.cache import FittedImages
from gan_lightning.data.images import ImageFiles
from gan_lightning.data.module import Split
from gan_lightning.data.one_domain import ImageDataModule
from gan_lightning.printable import printable

log = logging.getLogger(__name__)

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"}


def image_files(
    root: Path | str | None, layout: str = "images, in it or in any sub-folder", key: str = "data.root"
) -> list[Path]:
    """List all image files below a folder, in the same order on every machine; hidden files are left out.

    Args:
        root: the folder; links to folders are followed, once each.
        layout: what the folder should hold, in the words of the error message.
        key: the key of the configuration that the error message names.

    Raises:
        ValueError: if there is no such folder, if it cannot be entered, or if it has no image.
    """
    wanted = f"{key} must name a folder with {layout}"
    if root is None:
        raise ValueError(f"{wanted}; got null")
    root = Path(root).expanduser()
    if not root.is_dir():
        raise ValueError(f"{wanted}; there is no folder {root}")
    if not os.access(root, os.R_OK | os.X_OK):
        raise ValueError(f"{wanted}; {root} cannot be read")
    found = list(_files(root))
    files = sorted((file for file in found if file.suffix.lower() in SUFFIXES), key=lambda file: file.as_posix())
    others = Counter(printable(file.suffix) or "no suffix" for file in found if file.suffix.lower() not in SUFFIXES)
    counted = ", ".join(f"{count:,} of {suffix}" for suffix, count in others.most_common(5))
    if not files:
        raise ValueError(f"{wanted}; {root} holds {counted or 'no files at all'}")
    if others:
        log.info("%s: files that are not images by their names: %s", root, counted)
    return files


def _files(root: Path) -> Iterator[Path]:
    """Yield the files below a folder that are not hidden; a link that leads back up is not followed again."""
    visited: set[str] = set()

    def warn(error: OSError) -> None:
        log.warning("left out the folder %s: %s", printable(error.filename), error.strerror)

    for folder, below, names in os.walk(root, onerror=warn, followlinks=True):
        real = os.path.realpath(folder)
        if real in visited or Path(folder, ".hydra").is_dir():  # seen before, or a run with its sample images
            below.clear()
            continue
        visited.add(real)
        below[:] = sorted(name for name in below if not name.startswith("."))
        yield from (Path(folder, name) for name in names if not name.startswith("."))


def class_folders(root: Path | str) -> list[str]:
    """List the names of a folder's sub-folders, which are its classes, in alphabetical order.

    Raises:
        ValueError: if there is no such folder or it has no sub-folders.
    """
    folder = Path(root).expanduser()
    below = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    names = sorted(path.name for path in below if not path.name.startswith("."))
    if not names:
        raise ValueError(f"data.root must name a folder with one sub-folder for each class; got {root}")
    return names


class Folder(ImageDataModule):
    """All images below `root`, flat, nested or in class folders, without labels."""

    def images(self, split: Split) -> ImageFiles:
        files = image_files(self.root)
        return ImageFiles(files, Path(str(self.root)).expanduser())


class LabelledFolder(ImageDataModule):
    """Images below `root` in one sub-folder for each class; the classes are numbered in alphabetical order."""

    def images(self, split: Split) -> ImageFiles:
        root = Path(str(self.root)).expanduser()
        classes = {name: number for number, name in enumerate(class_folders(root))}
        files = [file for file in image_files(root) if file.parent != root]
        return ImageFiles(files, root, np.array([classes[file.relative_to(root).parts[0]] for file in files]))

    def class_counts(self, images: FittedImages) -> dict[str, int]:
        """Count the images of each class folder, empty folders included."""
        by_number = super().class_counts(images)
        return {printable(name): by_number.get(str(n), 0) for n, name in enumerate(class_folders(str(self.root)))}
