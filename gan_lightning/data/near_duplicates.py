"""Images that look the same although their pixels differ: found by a perceptual hash, in time that grows with N log N.

The hash is the difference hash, dHash (Krawetz, "Kind of Like That", hackerfactor.com, 2013), of 16x16 bits. An
image that was packed again, resized or slightly changed in colour keeps almost all of its bits.
"""

from collections import defaultdict

import numpy as np
from jaxtyping import Float, Int, UInt8

SIDE = 16
"""Side of the grid of which the hash has one bit for each cell, and of the thumbnails."""
STEP = 2.0
"""Levels by which a cell must be lighter than its left neighbour for a 1; flat areas stay 0 whatever the noise."""
BANDS = 8
"""Parts of a hash, 32 bits each. If two hashes differ in fewer bits than this, at least one part of them is equal."""
NEIGHBOURS = 8
"""How many followers in the order of each band a hash is compared with, so that flat images cost no N squared."""
MOST_BITS = 32
"""Hashes that differ in more bits belong to different images."""
MOST_DIFFERENCE = 0.15
"""Thumbnails whose root mean square difference is larger belong to different images, whatever their hashes.

A thumbnail's levels are taken from its mean and divided by its standard deviation, so that brightness and contrast do
not count."""
FLAT = 2.0
"""Thumbnails of a smaller standard deviation, in levels, show nothing that could be alike."""

Hashes = UInt8[np.ndarray, "N 32"]
Thumbnails = UInt8[np.ndarray, "N 16 16"]


def hashed(gray: Float[np.ndarray, "N H W"]) -> tuple[Hashes, Thumbnails]:
    """Return the perceptual hash and a thumbnail of each image.

    Args:
        gray: levels from 0 to 255.
    """
    rows, columns = _averages(gray.shape[1], SIDE), _averages(gray.shape[2], SIDE + 1)
    cells = rows @ gray @ columns.T
    bits = np.diff(cells, axis=2) > STEP
    thumbnails = rows @ gray @ _averages(gray.shape[2], SIDE).T
    return np.packbits(bits.reshape(len(gray), -1), axis=1), np.round(thumbnails).astype(np.uint8)


def groups_of(hashes: Hashes, thumbnails: Thumbnails) -> list[list[int]]:
    """Return groups of numbers of images that look the same; an image like no other is in none.

    Hashes are sorted eight times, each time beginning with another eighth of their bits, and compared with the next
    eight in that order. Pairs whose hashes are close are images that look the same if their thumbnails agree too.
    """
    parent: dict[int, int] = {}

    def root(number: int) -> int:
        while (above := parent.setdefault(number, number)) != number:
            parent[number] = parent[above]
            number = above
        return number

    for one, other in _close_pairs(hashes, thumbnails):
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    groups: dict[int, list[int]] = defaultdict(list)
    for number in sorted(parent):
        groups[root(number)].append(number)
    return list(groups.values())


def _close_pairs(hashes: Hashes, thumbnails: Thumbnails) -> list[tuple[int, int]]:
    words = hashes.view(np.uint64)
    found: set[tuple[int, int]] = set()
    for band in range(BANDS):
        shift = band * hashes.shape[1] // BANDS
        keys = np.roll(hashes, -shift, axis=1)
        order = np.lexsort(keys.view(">u8").T[::-1])
        for step in range(1, NEIGHBOURS + 1):
            one, other = order[:-step], order[step:]
            near = np.bitwise_count(words[one] ^ words[other]).sum(1) <= MOST_BITS
            one, other = one[near], other[near]
            alike = _alike(thumbnails[one].astype(np.float32), thumbnails[other].astype(np.float32))
            found |= set(zip(one[alike].tolist(), other[alike].tolist(), strict=True))
    return sorted(found)


def _alike(one: Float[np.ndarray, "P 16 16"], other: Float[np.ndarray, "P 16 16"]) -> np.ndarray:
    (one, contrast), (other, contrast_of_other) = _standardised(one), _standardised(other)
    return (((one - other) ** 2).mean((1, 2)) <= MOST_DIFFERENCE**2) & (np.minimum(contrast, contrast_of_other) > FLAT)


def _standardised(thumbnails: Float[np.ndarray, "P 16 16"]) -> tuple[np.ndarray, np.ndarray]:
    contrast = thumbnails.std((1, 2), keepdims=True)
    return (thumbnails - thumbnails.mean((1, 2), keepdims=True)) / np.maximum(contrast, 1e-6), contrast[:, 0, 0]


def _averages(side: int, cells: int) -> Float[np.ndarray, "cells side"]:
    """Return the matrix that averages `side` pixels over equal cells, each pixel by the share that lies in the cell."""
    edges = np.arange(cells + 1) * side / cells
    pixels = np.arange(side)
    inside = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights: Int[np.ndarray, "cells side"] = np.clip(inside, 0, None)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)
