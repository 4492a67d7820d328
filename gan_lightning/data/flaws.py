"""Images that can be trained on and are seldom meant: of one colour, with a border, or enlarged from fewer pixels."""

import numpy as np
import torch
from jaxtyping import Bool, Float

FLAT = 2.0
"""Levels of standard deviation below which an image is of one colour."""
EVEN = 10.0
"""Levels within which a row of a border stays; JPEG makes it uneven."""
THINNEST = 0.03
"""A border has at least this share of the image's side, and two pixels; other edges are the picture's own."""
JUMP = 16.0
"""Levels by which the picture differs from the border beside it, along the border."""
LENGTH = 0.7
"""The share of the border's length along which the picture must differ."""
ELSEWHERE = 0.05
"""A colour that more than this share of the image has outside of even rows is a background and no border."""
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
    """Return which images have a straight border at an edge, such as the black bars of a letterbox.

    A border is a strip of even colour that ends at once along its length. A white background, or the black one of
    digits, ends where the object begins, row by row, and is no border.
    """
    turned = gray.transpose(0, 2, 1)
    sides = (gray, gray[:, ::-1], turned, turned[:, ::-1])
    return np.logical_or.reduce([_borders_above(side) for side in sides])


def _borders_above(gray: Gray) -> Bool[np.ndarray, " N"]:
    """Return which images have a border above."""
    found = np.ptp(gray[:, 0], axis=1) <= EVEN  # the first row of most images is not even, and that is seen at once
    gray = gray[found]
    count, height, _ = gray.shape
    even = np.ptp(gray, axis=2) <= EVEN
    even &= np.abs(gray.mean(2) - gray[:, :1].mean(2)) <= EVEN  # of one colour with the first row
    rows = np.where(even.all(1), height, even.argmin(1))  # how many at the edge are even
    inside = np.minimum(rows + 1, height - 1)  # the row after the border may be a mixture of both
    number = np.arange(count)
    jump = np.abs(gray[number, inside] - gray[:, 0]) > JUMP
    thick = (rows >= max(2, THINNEST * height)) & (rows < height / 2)
    colour = gray[:, 0].mean(1)[:, None, None]
    elsewhere = (np.abs(gray - colour) <= EVEN).mean((1, 2)) - even.mean(1)
    found[found] = thick & (jump.mean(1) > LENGTH) & (elsewhere < ELSEWHERE)
    return found


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
