"""Images that look the same although their pixels differ: found by a perceptual hash, in time that grows with N log N.

The hash is the difference hash, dHash (Krawetz, "Kind of Like That", hackerfactor.com, 2013), of 16x16 bits. An
image that was packed again, resized or slightly changed in colour keeps almost all of its bits.
"""

import logging

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

log = logging.getLogger(__name__)

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
CHUNK = 2**14
"""How many thumbnails, or pairs of them, are looked at together, which takes some tens of MiB of memory."""
MOST_PAIRS = 1_000_000
"""Where there are more pairs than this, no more parts of the hashes are compared; each part gives eight an image."""

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
    eight in that order. Pairs whose hashes are close are images that look the same if their thumbnails agree too. Where
    these are more than `MOST_PAIRS`, a warning says that some were not looked for.
    """
    shown = np.flatnonzero(_show_something(thumbnails))
    pairs = _close_pairs(hashes[shown], thumbnails[shown])
    if not len(pairs):
        return []
    concerned, ends = np.unique(pairs, return_inverse=True)
    first, second = ends.reshape(pairs.shape).T
    links = coo_array((np.ones(len(pairs), bool), (first, second)), shape=(len(concerned), len(concerned)))
    group_of_each = connected_components(links, directed=False)[1]
    order = np.argsort(group_of_each, kind="stable")
    groups = np.split(shown[concerned[order]], np.flatnonzero(np.diff(group_of_each[order])) + 1)
    return sorted(group.tolist() for group in groups)


def _close_pairs(hashes: Hashes, thumbnails: Thumbnails) -> Int[np.ndarray, "P 2"]:
    """Return pairs of numbers of images that look the same, each once, the smaller number first."""
    words, count = hashes.view(np.uint64), len(hashes)
    found = np.empty(0, np.int64)  # a pair is one number, so that equal ones are found by sorting
    for band in range(BANDS):
        shift = band * hashes.shape[1] // BANDS
        keys = np.roll(hashes, -shift, axis=1)
        order = np.lexsort(keys.view(">u8").T[::-1])
        for step in range(1, NEIGHBOURS + 1):
            one, other = order[:-step], order[step:]
            near = np.bitwise_count(words[one] ^ words[other]).sum(1) <= MOST_BITS
            one, other = one[near], other[near]
            alike = _alike(thumbnails, one, other)
            first, second = np.minimum(one, other)[alike], np.maximum(one, other)[alike]
            found = np.concatenate([found, first * count + second])
        found = np.unique(found)
        if len(found) > MOST_PAIRS and band < BANDS - 1:
            log.warning(
                "more than %s pairs of images look the same, so not all near copies were looked for", f"{MOST_PAIRS:,}"
            )
            break
    return np.stack(np.divmod(found, max(1, count)), axis=1)


def _alike(thumbnails: Thumbnails, one: Int[np.ndarray, " P"], other: Int[np.ndarray, " P"]) -> Bool[np.ndarray, " P"]:
    """Return for which pairs of numbers the thumbnails agree."""
    alike = np.empty(len(one), bool)
    for start in range(0, len(one), CHUNK):
        part = slice(start, start + CHUNK)
        difference = _standardised(thumbnails[one[part]]) - _standardised(thumbnails[other[part]])
        alike[part] = (difference**2).mean((1, 2)) <= MOST_DIFFERENCE**2
    return alike


def _show_something(thumbnails: Thumbnails) -> Bool[np.ndarray, " N"]:
    """Return which thumbnails are not flat."""
    shows = np.empty(len(thumbnails), bool)
    for start in range(0, len(thumbnails), CHUNK):
        shows[start : start + CHUNK] = thumbnails[start : start + CHUNK].std((1, 2), dtype=np.float32) > FLAT
    return shows


def _standardised(thumbnails: Thumbnails) -> Float[np.ndarray, "N 16 16"]:
    levels = thumbnails.astype(np.float32)
    contrast = levels.std((1, 2), keepdims=True)
    return (levels - levels.mean((1, 2), keepdims=True)) / np.maximum(contrast, 1e-6)


def _averages(side: int, cells: int) -> Float[np.ndarray, "cells side"]:
    """Return the matrix that averages `side` pixels over equal cells, each pixel by the share that lies in the cell."""
    edges = np.arange(cells + 1) * side / cells
    pixels = np.arange(side)
    inside = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights: Int[np.ndarray, "cells side"] = np.clip(inside, 0, None)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)
