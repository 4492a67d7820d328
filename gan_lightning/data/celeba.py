"""CelebA's aligned and cropped faces."""

from pathlib import Path

from gan_lightning.data.folder import image_files
from gan_lightning.data.images import ImageDataModule, Split
from gan_lightning.data.pictures import FilePictures

PARTITION = {"train": {"0", "1"}, "test": {"2"}}
LAYOUT = "img_align_celeba/000001.jpg and so on"


class CelebA(ImageDataModule):
    """202,599 faces of 178x218 pixels (Liu et al. 2015).

    `root` holds `img_align_celeba/`, or is it. With the official `list_eval_partition.txt` beside it, its test images
    are the test split; without, all images are both splits.
    """

    def fetch(self) -> None:
        if self._folder() is None:
            from torchvision import datasets

            try:
                datasets.CelebA(self.root, download=True)
            except (OSError, RuntimeError, ImportError) as error:
                raise ValueError(
                    f"data.download: CelebA could not be downloaded; put the images at {self.root}/{LAYOUT}"
                ) from error

    def pictures(self, split: Split) -> FilePictures:
        folder = self._folder()
        files = image_files(str(folder or self.root), LAYOUT)
        partition = Path(files[0]).parent.parent / "list_eval_partition.txt"
        if partition.is_file():
            parts = dict(line.split() for line in partition.read_text().splitlines() if line.strip())
            files = [file for file in files if parts.get(Path(file).name) in PARTITION[split]]
        return FilePictures(files)

    def _folder(self) -> Path | None:
        """Where the JPEGs lie: in the official layout, in torchvision's below `celeba/`, or in `root` itself."""
        root = Path(self.root or ".")
        found = (root / below for below in ("img_align_celeba", "celeba/img_align_celeba"))
        return next((folder for folder in found if folder.is_dir()), None)
