"""Folders of two domains whose images do not belong together."""

from pathlib import Path
from typing import Any

from gan_lightning.data.folder import image_files
from gan_lightning.data.paired import UnalignedDataModule
from gan_lightning.data.pictures import FilePictures, Pictures
from gan_lightning.data.stored import Split


class Unpaired(UnalignedDataModule):
    """Two domains of any sizes: `trainA trainB testA testB` below `root`, or two folders.

    Args:
        root_x: the folder of x, where `root` is not given; all of it is for training.
        root_y: the folder of y.
        stored: everything `StoredDataModule` takes.
    """

    def __init__(self, root_x: str | None = None, root_y: str | None = None, **stored: Any) -> None:
        super().__init__(**stored)
        self.root_x, self.root_y = root_x, root_y

    def domains(self, split: Split) -> list[Pictures]:
        if self.root_x is not None or self.root_y is not None:
            if split == "test":
                raise ValueError("data.root_x and data.root_y have no test images; data.root with testA and testB has")
            places = {"data.root_x": self.root_x, "data.root_y": self.root_y}
            return [self._pictures(place, "the images of one domain", key) for key, place in places.items()]
        if self.root is None:
            raise ValueError(
                "data.root must name a folder with trainA and trainB, or data.root_x and data.root_y one each"
            )
        layout = "trainA, trainB, testA and testB"
        return [
            self._pictures(str(Path(self.root) / f"{split}{side}"), f"images ({layout})", "data.root") for side in "AB"
        ]

    @staticmethod
    def _pictures(place: str | None, layout: str, key: str) -> Pictures:
        files = image_files(place, layout, key)
        return FilePictures(files, Path(str(place)).expanduser())
