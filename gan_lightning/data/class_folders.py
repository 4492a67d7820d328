"""The classes of a folder or zip file of images: its sub-folders, or the numbers in its `dataset.json`."""

import os
from pathlib import Path

from gan_lightning.data.archive import RUN, archive_of, is_folder
from gan_lightning.data.dataset_json import read_labels
from gan_lightning.data.listing import files_below, is_image
from gan_lightning.data.nearby import folders_in
from gan_lightning.printable import printable

OUTPUTS = "outputs"
"""The folder of runs; below a folder of classes it is none of them."""


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
        images = filter(is_image, archive.files_below(folder))
        below = {file.relative_to(folder).parts[0] for file in images if file.parent != folder}
    names = sorted(set(below) - {OUTPUTS})
    if not names:
        found = f"{root} has neither; type data=folder for images without classes"
        raise ValueError(
            "data.root must name a folder or .zip file with one sub-folder of images for each class, or with "
            f"dataset.json; {found if is_folder(folder) else f'there is no folder {root}'}"
        )
    return names


def remarks_on_classes(root: Path | str) -> list[str]:
    """Return what is odd about the classes of a folder or zip file: a class alone, and folders without images."""
    names, folder = class_names(root), Path(root).expanduser()
    remarks = []
    if len(names) == 1:
        remarks.append(
            f"{root} has one class alone, {printable(names[0])}; images without classes are trained on by model=dcgan "
            "data=folder"
        )
    if archive_of(folder) is None and read_labels(folder, "data.root") is None:
        others = [each for each in folders_in(folder) if each.name not in {*names, OUTPUTS}]
        empty = [printable(each.name) for each in others if not any((each / name).exists() for name in RUN)]
        hold = "holds no images and is no class" if len(empty) == 1 else "hold no images and are no classes"
        remarks += [f"{root}: {', '.join(empty)} {hold}"] if empty else []
    return remarks


def _names_of_folders(root: Path) -> set[str]:
    """Return the names of the folders directly below one that are not hidden and hold images."""
    try:
        below = [path for path in root.iterdir() if not path.name.startswith(".")]
    except OSError:
        return set()
    return {path.name for path in below if os.path.isdir(path) and any(map(is_image, files_below(path, "data.root")))}  # noqa: PTH112 - Path's raises without rights
