"""Any folder of images."""

import logging
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gan_lightning.data.cache import Direct, Store
from gan_lightning.data.module import ImageDataModule
from gan_lightning.data.pictures import FilePictures
from gan_lightning.data.stored import Split

log = logging.getLogger(__name__)

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"}


def image_files(
    root: Path | str | None, layout: str = "images, in it or in any sub-folder", key: str = "data.root"
) -> list[Path]:
    """All image files below a folder, in the same order on every machine; hidden ones are left out.

    Args:
        root: the folder; links to folders are followed, once each.
        layout: what should be there, for the error.
        key: the one that names the folder, for the error.

    Raises:
        ValueError: where there is no such folder, it cannot be entered, or it holds no image.
    """
    wanted = f"{key} must name a folder with {layout}"
    if root is None:
        raise ValueError(f"{wanted}; got nothing")
    root = Path(root).expanduser()
    if not root.is_dir():
        raise ValueError(f"{wanted}; there is no folder {root}")
    if not os.access(root, os.R_OK | os.X_OK):
        raise ValueError(f"{wanted}; {root} cannot be read")
    seen = list(_files(root))
    files = sorted((file for file in seen if file.suffix.lower() in SUFFIXES), key=lambda file: file.as_posix())
    kinds = Counter(file.suffix or "no suffix" for file in seen if file.suffix.lower() not in SUFFIXES)
    if files and kinds:
        log.info(
            "%s: not images by their names: %s", root, ", ".join(f"{n:,} of {kind}" for kind, n in kinds.most_common())
        )
    if not files:
        found = ", ".join(f"{count} of {kind}" for kind, count in kinds.most_common(5)) or "no files at all"
        raise ValueError(f"{wanted}; {root} holds {found}")
    return files


def _files(root: Path) -> Iterator[Path]:
    """Files below a folder that are not hidden; a link that leads back up is not followed again."""
    visited: set[str] = set()

    def refused(error: OSError) -> None:
        log.warning("left out the folder %s: %s", error.filename, error.strerror)

    for folder, below, names in os.walk(root, onerror=refused, followlinks=True):
        real = os.path.realpath(folder)
        if real in visited or Path(folder, ".hydra").is_dir():  # seen, or a run's own pictures
            below.clear()
            continue
        visited.add(real)
        below[:] = sorted(name for name in below if not name.startswith("."))
        yield from (Path(folder, name) for name in names if not name.startswith("."))


def class_folders(root: Path | str) -> list[str]:
    """Names of the sub-folders of a folder, which are its classes, in alphabetical order.

    Raises:
        ValueError: where there is no such folder or it has no sub-folders.
    """
    place = Path(root).expanduser()
    names = (
        sorted(path.name for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))
        if place.is_dir()
        else []
    )
    if not names:
        raise ValueError(f"data.root must name a folder with one sub-folder for each class; got {root}")
    return names


class Folder(ImageDataModule):
    """All images below `root`, flat, nested or in class folders, without labels."""

    def pictures(self, split: Split) -> FilePictures:
        files = image_files(self.root)
        return FilePictures(files, Path(str(self.root)).expanduser())


class LabelledFolder(ImageDataModule):
    """Images below `root` in one sub-folder for each class; the classes are numbered in alphabetical order."""

    def pictures(self, split: Split) -> FilePictures:
        root = Path(str(self.root)).expanduser()
        classes = {name: number for number, name in enumerate(class_folders(root))}
        files = [file for file in image_files(root) if file.parent != root]
        return FilePictures(files, root, np.array([classes[file.relative_to(root).parts[0]] for file in files]))

    def class_counts(self, store: Store | Direct) -> dict[str, int]:
        """Pictures of each class folder, also of those that are empty."""
        by_number = super().class_counts(store)
        return {name: by_number.get(str(n), 0) for n, name in enumerate(class_folders(str(self.root)))}
