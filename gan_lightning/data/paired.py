"""Aligned pairs of images: A|B images side by side, or `A/` and `B/` of images with the same names."""

from abc import ABC
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from torch import Tensor

from gan_lightning.data.archive import is_folder
from gan_lightning.data.batch_checks import check_counts
from gan_lightning.data.images import Item, PILImages, Source, on_disk, read_image, sources_of
from gan_lightning.data.listing import image_files
from gan_lightning.data.module import StoredDataModule
from gan_lightning.data.pair_widths import ODD_WIDTH, check_widths
from gan_lightning.data.splits import NoTestImagesError, Split, counts_of
from gan_lightning.printable import printable
from gan_lightning.types import Aligned, Batch, Images, ImageSet
from gan_lightning.values import Existing

LAYOUT = "A|B images, in it or in train/, or with A/ and B/ of images with the same names"


@dataclass(frozen=True)
class PairSide:
    """One side of aligned pairs, whose channels follow one another.

    Args:
        pairs: both sides, [N, 2 * C, H, W].
        side: 0 for x, 1 for y.
    """

    pairs: ImageSet
    side: int

    @property
    def labels(self) -> np.ndarray | None:
        """None, because pairs have no labels."""
        return None

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the pairs, with the name of the side."""
        return f"{self.pairs.fingerprint}-{'xy'[self.side]}"

    def __len__(self) -> int:
        return len(self.pairs)

    def rows(self, indices: list[int]) -> np.ndarray:
        """Return the pixels [n, C, H, W] of some images of this side."""
        return np.split(self.pairs.rows(indices), 2, axis=1)[self.side]


class AlignedDataModule(StoredDataModule, ABC):
    """Batches of pairs that belong together; a pair is stored as one image, so no side can be lost alone."""

    @property
    def batch_type(self) -> type[Batch]:
        return Aligned

    def batch(self, images: list[Images], labels: list[Tensor | None]) -> Aligned:
        return Aligned(*images[0].chunk(2, dim=1))

    def evaluation_images(self, split: Split) -> list[ImageSet]:
        (pairs,) = super().evaluation_images(split)
        return [PairSide(pairs, 0), PairSide(pairs, 1)]


@dataclass(kw_only=True, eq=False)
class Paired(AlignedDataModule):
    """Pairs of A|B images, or of `A/` and `B/` with images of the same names; splits are folders, which may be missing.

    A|B images are in `train/`, and `test/` or `val/`, or all in `root`. `A/` and `B/` may have such folders below.

    Args:
        root: the folder with those, or a zip file, which is read in place.
        direction: `ab` makes A the input x and B the target y; `ba` does the reverse.
    """

    root: Annotated[str, Existing("folder or .zip file", "", "download", LAYOUT)] | None = None
    direction: Literal["ab", "ba"] = "ab"

    def check_files(self) -> None:
        domains = self.domains("train")
        check_counts(counts_of(domains), self.batch_size, self.drop_last)
        for pairs in domains:
            if isinstance(pairs, SideBySidePairs):
                check_widths(pairs.paths, pairs.root, self.fit)

    def domains(self, split: Split) -> list[PILImages]:
        root = Path(self.root).expanduser() if self.root else None
        if root and is_folder(root / "A") and is_folder(root / "B"):
            return [self._from_two_folders(root, split)]
        folder = root and next((root / name for name in _names(split) if is_folder(root / name)), None)
        if root and not folder:
            if split == "test" and is_folder(root):
                raise NoTestImagesError(
                    f"data.root: there are no test pairs; put some into {root}/test and the others into {root}/train, "
                    "or hold some out with data.test_fraction=0.1"
                )
            folder = root / split if any(is_folder(root / name) for name in _names("test")) else root
        return [SideBySidePairs(image_files(folder, LAYOUT), Path(str(folder)), self.direction == "ba")]

    def _from_two_folders(self, root: Path, split: Split) -> "TwoFilePairs":
        x, y = (self._by_name(root, side, split) for side in ("AB" if self.direction == "ab" else "BA"))
        alone = sorted(x.keys() ^ y.keys())
        if alone:
            have = "images have" if len(alone) > 1 else "image has"
            first = (x.get(alone[0]) or y[alone[0]]).relative_to(root)
            raise ValueError(
                f"data.root: {len(alone)} {have} no partner of the same name in {root}/A and {root}/B, the first is "
                f"{printable(first)}; add the partners or remove these images"
            )
        return TwoFilePairs([(x[name], y[name]) for name in sorted(x)], root)

    @staticmethod
    def _by_name(root: Path, side: str, split: Split) -> dict[str, Path]:
        """Find one side's files, by their names without suffixes."""
        below = [root / side / name for name in _names(split) if is_folder(root / side / name)]
        if not below and split == "test":
            is_missing = not any(is_folder(root / each / name) for each in "AB" for name in _names(split))
            raise (NoTestImagesError if is_missing else ValueError)(
                f"data.root: there are no test pairs; put some into {root}/A/test and {root}/B/test, or hold some "
                "of the training pairs out with data.test_fraction=0.1"
            )
        folder = below[0] if below else root / side
        try:
            files = image_files(folder, "A/ and B/ of images with the same names")
        except ValueError as error:
            other = root / ("B" if side == "A" else "A") / folder.relative_to(root / side)
            raise ValueError(f"{error}; put the partner of each image of {other} there, under the same name") from error
        names = [str(file.relative_to(folder).with_suffix("")) for file in files]
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise ValueError(
                f"data.root: {folder} must have one image of each name; it has several of {printable(twice[0])}"
            )
        return dict(zip(names, files, strict=True))


def _names(split: Split) -> tuple[str, ...]:
    return (split,) if split == "train" else ("test", "val")


class SideBySidePairs:
    """Files that each hold two images of one size, A|B.

    Args:
        paths: one file for each pair.
        root: the folder or zip file that contains them.
        swap: whether the right image comes first.
    """

    labels: np.ndarray | None = None
    images_per_item = 2

    def __init__(self, paths: list[Path], root: Path, swap: bool) -> None:
        self.paths, self.root, self.swap = paths, root, swap

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Item:
        both = read_image(self.paths[index])
        if both.width % 2:
            raise ValueError(f"{both.width} pixels wide, {ODD_WIDTH}")
        half = both.width // 2
        a, b = both.crop((0, 0, half, both.height)), both.crop((half, 0, both.width, both.height))
        return (b, a) if self.swap else (a, b)

    def name(self, index: int) -> str:
        return printable(self.paths[index].relative_to(self.root))

    def files(self, index: int) -> list[Path]:
        return on_disk(self.root, self.paths[index])

    def sources(self) -> list[Source]:
        return [Source(f"swap={self.swap}", 0, 0), *sources_of(self.paths, self.root)]


class TwoFilePairs:
    """Pairs whose images are files of one name in two folders.

    Args:
        paths: the two files of each pair.
        root: the folder or zip file that contains them.
    """

    labels: np.ndarray | None = None
    images_per_item = 2

    def __init__(self, paths: list[tuple[Path, Path]], root: Path) -> None:
        self.paths, self.root = paths, root

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Item:
        x, y = map(read_image, self.paths[index])
        if x.size != y.size:
            raise ValueError(f"{x.width}x{x.height} pixels beside {y.width}x{y.height}")
        return x, y

    def name(self, index: int) -> str:
        return " and ".join(printable(file.relative_to(self.root)) for file in self.paths[index])

    def files(self, index: int) -> list[Path]:
        return on_disk(self.root, *self.paths[index])

    def sources(self) -> list[Source]:
        return sources_of([file for pair in self.paths for file in pair], self.root)
