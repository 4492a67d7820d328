"""Batches of stored pictures, as bytes: the rows that an order's steps name."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from gan_lightning.data.cache import Store
from gan_lightning.data.direct import Direct
from gan_lightning.data.order import Step


class Raw(NamedTuple):
    """A domain's rows of a batch on their way to the device: uint8 images [B, C, H, W].

    None where there are no labels, or no mirroring or cropping is wanted.
    """

    images: Tensor
    labels: Tensor | None
    flips: Tensor | None
    corners: Tensor | None


class Rows(Dataset):
    """Whole batches by their order's steps.

    Args:
        domains: one store for each domain.
        flip: whether the order's mirroring is wanted.
        crop: whether its crops are.
    """

    def __init__(self, domains: list[Store | Direct], flip: bool, crop: bool = False) -> None:
        self.domains = domains
        self.flip = flip
        self.crop = crop

    def __getitem__(self, step: Step) -> Raw | tuple[Raw, ...]:
        raws = tuple(self._raw(*of_domain) for of_domain in zip(self.domains, *step, strict=True))
        return raws if len(raws) > 1 else raws[0]

    def _raw(self, store: Store | Direct, indices: list[int], flips: list[bool], corners: list[list[int]]) -> Raw:
        return Raw(
            self.pixels(store, indices),
            None if store.labels is None else torch.from_numpy(store.labels[indices]),
            torch.tensor(flips) if self.flip else None,
            torch.tensor(corners) if self.crop else None,
        )

    def pixels(self, store: Store | Direct, indices: list[int]) -> Tensor:
        """The bytes of some pictures."""
        return torch.from_numpy(store.rows(indices))


class RowsOnDevice(Rows):
    """The same from the device's own memory: a batch is an index selection there."""

    def __init__(self, domains: list[Store | Direct], flip: bool, crop: bool, device: torch.device) -> None:
        super().__init__(domains, flip, crop)
        whole = (store.rows(list(range(len(store)))) for store in domains)
        self.on_device = {
            id(store): torch.from_numpy(rows).to(device) for store, rows in zip(domains, whole, strict=True)
        }

    def pixels(self, store: Store | Direct, indices: list[int]) -> Tensor:
        held = self.on_device[id(store)]
        return held[torch.tensor(indices, device=held.device)]
