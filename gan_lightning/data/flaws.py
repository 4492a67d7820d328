"""Images that can be trained on and are seldom meant: of one colour, bordered, framed, or enlarged."""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

FLAT = 2.0
"""Levels of standard deviation below which an image is of one colour."""
EVEN = 10.0
"""Levels within which a row of a border stays; JPEG makes it uneven."""
THINNEST = 0.03
"""A border has at least this share of the image's side, and two pixels; other edges are the picture's own."""
JUMP = 16.0
"""Levels by which the picture differs from the border beside it, along the border."""
LENGTH = 0.7
"""The share of the border's length along which the picture must differ; half as much on each of its sides."""
ELSEWHERE = 0.07
"""A colour that more than this share of the picture inside the border has too is a background and no border."""
SMALLEST = 0.5
"""The picture inside has more than this share of the image's height and width; a smaller one is an object."""
CHUNK = 1024
"""How many images are looked at together, which takes some tens of MiB of memory at 64 pixels."""
FINEST = 0.35
"""Cycles per pixel from which detail is the finest; the pixels can show 0.5."""
LEAST_FINE = 1.5e-4
"""The share of an image's energy that is finest detail, below which it was enlarged or is out of focus."""

Gray = Float[np.ndarray, "N H W"]
"""Levels from 0 to 255."""


def are_blank(gray: Gray) -> Bool[np.ndarray, " N"]:
    """Return which images are of one colour."""
    return gray.std((1, 2)) < FLAT


def have_border(gray: Gray) -> Bool[np.ndarray, " N"]:
    """Return which images have a border at an edge or a frame, such as the bars of a letterbox or a print's white rim.

    A border is a strip of one colour that ends at once, along a straight line, and the picture inside hardly has that
    colour. A white background, or the black one of digits, is a strip too, but it ends where the object begins, row by
    row, and the rectangle around the object holds more of it.
    """
    found = np.zeros(len(gray), bool)
    for row, column in ((0, 0), (-1, -1)):  # each strip along an edge has one of these corners
        colours = gray[:, row, column, None, None]
        left = np.flatnonzero(~found & _have_even_edge(gray, colours))
        for start in range(0, len(left), CHUNK):
            part = left[start : start + CHUNK]
            found[part] = _bordered_in(gray[part], colours[part])
    return found


def _have_even_edge(gray: Gray, colours: Float[np.ndarray, "N 1 1"]) -> Bool[np.ndarray, " N"]:
    """Return which images have an outermost row or column of a colour; most have none, which is seen at once."""
    edges = (gray[:, :1], gray[:, -1:], gray[:, :, :1], gray[:, :, -1:])
    return np.logical_or.reduce([(np.abs(edge - colours) <= EVEN).all((1, 2)) for edge in edges])


def _bordered_in(gray: Gray, colours: Float[np.ndarray, "N 1 1"]) -> Bool[np.ndarray, " N"]:
    """Return which images have a border of the colour that is given for each."""
    differs = np.abs(gray - colours)
    even = differs <= EVEN
    by_row, by_column = ~even.all(2), ~even.all(1)
    inside = _between(by_row)[:, :, None] & _between(by_column)[:, None]
    height, width = _between(by_row).sum(1), _between(by_column).sum(1)
    is_large = (height > SMALLEST * gray.shape[1]) & (width > SMALLEST * gray.shape[2])
    is_only_outside = (even & inside).sum((1, 2)) < ELSEWHERE * height * width
    jumps = differs > JUMP
    sides = [(jumps, by_row, by_column), (jumps[:, ::-1], by_row[:, ::-1], by_column)]
    turned = jumps.transpose(0, 2, 1)
    sides += [(turned, by_column, by_row), (turned[:, ::-1], by_column[:, ::-1], by_row)]
    strips = [_strip_above(*side) for side in sides]
    has_strip = np.any([is_thick for is_thick, _, _ in strips], axis=0)
    share = sum(jumping for _, jumping, _ in strips) / np.maximum(1, sum(length for _, _, length in strips))
    is_whole = np.all([2 * jumping >= LENGTH * length for _, jumping, length in strips], axis=0)
    return is_large & is_only_outside & has_strip & is_whole & (share > LENGTH)


def _strip_above(
    jumps: Bool[np.ndarray, "N H W"], by_row: Bool[np.ndarray, "N H"], by_column: Bool[np.ndarray, "N W"]
) -> tuple[Bool[np.ndarray, " N"], Int[np.ndarray, " N"], Int[np.ndarray, " N"]]:
    """Return which images have a strip above that is thick enough, where along it the picture differs, and its length.

    Both are numbers of pixels, and 0 for an image without a strip above.

    Args:
        jumps: where an image differs clearly from the colour of the strip.
        by_row: which rows have pixels of other colours.
        by_column: which columns have.
    """
    rows = by_row.argmax(1)
    after = np.minimum(rows + 1, by_row.shape[1] - 1)  # the row at the border may be a mixture of both
    along = _between(by_column) & (rows > 0)[:, None]
    return (
        rows >= max(2, THINNEST * by_row.shape[1]),
        (jumps[np.arange(len(jumps)), after] & along).sum(1),
        along.sum(1),
    )


def _between(marked: Bool[np.ndarray, "N L"]) -> Bool[np.ndarray, "N L"]:
    """Return which places lie between the first and the last that is marked, both included."""
    return np.logical_or.accumulate(marked, axis=1) & np.logical_or.accumulate(marked[:, ::-1], axis=1)[:, ::-1]


def are_enlarged(gray: Gray) -> Bool[np.ndarray, " N"]:
    """Return which images have no detail in the upper third of their spectrum, as after enlarging.

    A Hann window keeps the edges of the image, which do not continue at the opposite side, out of the spectrum.
    """
    height, width = gray.shape[1:]
    window = torch.outer(torch.hann_window(height), torch.hann_window(width))
    levels = torch.from_numpy(np.ascontiguousarray(gray))
    spectrum = torch.fft.rfft2((levels - levels.mean((1, 2), keepdim=True)) * window)
    energy = torch.view_as_real(spectrum).square().sum(-1)
    frequency = torch.maximum(torch.fft.fftfreq(height).abs()[:, None], torch.fft.rfftfreq(width))
    fine = energy.flatten(1) @ (frequency > FINEST).flatten().float()
    whole = energy.sum((1, 2))
    return ((fine < LEAST_FINE * whole) & (whole > 0)).numpy()
