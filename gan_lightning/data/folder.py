"""Any folder of images."""

import os
from collections import Counter
from pathlib import Path

from gan_lightning.data.images import ImageDataModule, Split
from gan_lightning.data.pictures import FilePictures

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"}


def image_files(root: str | None, layout: str = "images, in it or in any sub-folder") -> list[str]:
    """All image files below a folder, in the same order on every machine; hidden ones are left out.

    Args:
        root: the folder.
        layout: what should be there, for the error.

    Raises:
        ValueError: where there is no such folder, it cannot be entered, or it holds no image.
    """
    if root is None:
        raise ValueError(f"data.root must name a folder with {layout}; got nothing")
    if not Path(root).is_dir():
        raise ValueError(f"data.root must name a folder with {layout}; there is no folder {root}")
    if not os.access(root, os.R_OK | os.X_OK):
        raise ValueError(f"data.root must name a folder that can be read; got {root}")
    seen = [
        str(Path(folder, name))
        for folder, _, names in os.walk(root)
        for name in names
        if not name.startswith(".") and not Path(folder).name.startswith(".")
    ]
    files = sorted(name for name in seen if Path(name).suffix.lower() in SUFFIXES)
    if not files:
        kinds = Counter(Path(name).suffix or "no suffix" for name in seen)
        found = ", ".join(f"{count} of {kind}" for kind, count in kinds.most_common(5)) or "no files at all"
        raise ValueError(f"data.root must name a folder with {layout}; {root} holds {found}")
    return files


class Folder(ImageDataModule):
    """All images below `root`, flat, nested or in class folders, without labels."""

    def pictures(self, split: Split) -> FilePictures:
        return FilePictures(image_files(self.root))
