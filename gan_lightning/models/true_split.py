"""Which images a split really has."""

from gan_lightning.data.module import Split, StoredDataModule


def true_split(data: StoredDataModule, split: Split, domain: int = 0) -> Split:
    """`train` where a split's images are the very training images, as in sets without others; else the split."""
    if split == "train":
        return split
    both = (data.evaluation_images(name)[domain].fingerprint for name in ("train", split))
    return "train" if len(set(both)) == 1 else split
