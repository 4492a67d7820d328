"""Data modules of two domains, and folders of aligned pairs."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from torch import Tensor

from gan_lightning.data.folder import image_files
from gan_lightning.data.module import StoredDataModule
from gan_lightning.data.pictures import Parts, Pictures, Source, read
from gan_lightning.data.stored import Split
from gan_lightning.types import Aligned, Images, ImageSet, Pair


@dataclass(frozen=True)
class Half:
    """One side of aligned pairs, which are stored one above the other in their channels.

    Args:
        pairs: with both sides.
        side: 0 for x, 1 for y.
    """

    pairs: ImageSet
    side: int

    @property
    def labels(self) -> np.ndarray | None:
        """Pairs have none."""
        return None

    @property
    def fingerprint(self) -> str:
        """That of the pairs, with the side."""
        return f"{self.pairs.fingerprint}-{'xy'[self.side]}"

    def __len__(self) -> int:
        return len(self.pairs)

    def rows(self, indices: list[int]) -> np.ndarray:
        """Pixels of one side."""
        return np.split(self.pairs.rows(indices), 2, axis=1)[self.side]


class AlignedDataModule(StoredDataModule):
    """Batches of pairs that belong together; a picture holds both of its parts, so neither can be lost alone."""

    def batch(self, images: list[Images], labels: list[Tensor | None]) -> Aligned:
        return Aligned(*images[0].chunk(2, dim=1))

    def evaluation_images(self, split: Split) -> list[ImageSet]:
        (pairs,) = super().evaluation_images(split)
        return [Half(pairs, 0), Half(pairs, 1)]


class UnalignedDataModule(StoredDataModule):
    """Batches with images of x beside any of y; an epoch goes once through the larger domain."""

    def batch(self, images: list[Images], labels: list[Tensor | None]) -> Pair:
        return Pair(*images)


LAYOUT = "train/ of A|B images, or A/ and B/ of images with the same names"


class SideBySide:
    """Files that each hold two pictures of one size, A|B."""

    labels: np.ndarray | None = None
    parts = 2

    def __init__(self, files: list[Path], root: Path, swap: bool) -> None:
        self.files, self.root, self.swap = files, root, swap

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Parts:
        both = read(self.files[index])
        if both.width % 2:
            raise ValueError(f"{both.width} pixels wide, which two pictures of one size cannot be")
        half = both.width // 2
        a, b = both.crop((0, 0, half, both.height)), both.crop((half, 0, both.width, both.height))
        return (b, a) if self.swap else (a, b)

    def name(self, index: int) -> str:
        return str(self.files[index].relative_to(self.root))

    def sources(self) -> list[Source]:
        return [Source(f"swap={self.swap}", 0, 0), *(Source.of_file(file) for file in self.files)]


class TwoFiles:
    """Pictures of two folders with the same names."""

    labels: np.ndarray | None = None
    parts = 2

    def __init__(self, files: list[tuple[Path, Path]], root: Path) -> None:
        self.files, self.root = files, root

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Parts:
        x, y = map(read, self.files[index])
        if x.size != y.size:
            raise ValueError(f"{x.width}x{x.height} pixels beside {y.width}x{y.height}")
        return x, y

    def name(self, index: int) -> str:
        return " and ".join(str(file.relative_to(self.root)) for file in self.files[index])

    def sources(self) -> list[Source]:
        return [Source.of_file(file) for pair in self.files for file in pair]


class Paired(AlignedDataModule):
    """Aligned pairs: `train/`, `val/` and `test/` of A|B images, or `A/` and `B/`, with or without splits below.

    Args:
        direction: `ab` makes A the input x and B the target y, `ba` the other way round.
        stored: everything `StoredDataModule` takes.
    """

    def __init__(self, direction: Literal["ab", "ba"] = "ab", **stored: Any) -> None:
        super().__init__(**stored)
        self.direction = direction

    def domains(self, split: Split) -> list[Pictures]:
        root = Path(self.root).expanduser() if self.root else None
        if root and (root / "A").is_dir() and (root / "B").is_dir():
            return [self._two_folders(root, split)]
        place = root and next((root / name for name in _names(split) if (root / name).is_dir()), root / split)
        return [SideBySide(image_files(place, LAYOUT), Path(str(place)), self.direction == "ba")]

    def _two_folders(self, root: Path, split: Split) -> TwoFiles:
        sides = []
        for side in "AB" if self.direction == "ab" else "BA":
            below = [root / side / name for name in _names(split) if (root / side / name).is_dir()]
            if not below and split == "test":
                raise ValueError(f"data.root: there are no test pairs; put some into {root}/A/test and {root}/B/test")
            place = below[0] if below else root / side
            files = image_files(place, LAYOUT)
            twice = [name for name, count in Counter(map(_stem(place), files)).items() if count > 1]
            if twice:
                raise ValueError(f"data.root: {place} has more than one {twice[0]}, so its pair is not clear")
            sides.append({_stem(place)(file): file for file in files})
        x, y = sides
        alone = sorted(x.keys() ^ y.keys())
        if alone:
            raise ValueError(
                f"data.root: {len(alone)} pictures have no partner of the same name in {root}/A and {root}/B, "
                f"the first is {alone[0]}"
            )
        return TwoFiles([(x[name], y[name]) for name in sorted(x)], root)


def _names(split: Split) -> tuple[str, ...]:
    return (split,) if split == "train" else ("test", "val")


def _stem(place: Path) -> Any:
    return lambda file: str(file.relative_to(place).with_suffix(""))
