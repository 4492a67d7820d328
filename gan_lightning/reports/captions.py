"""Text on pictures: a caption below one, headings above the columns of a grid, and titles above panels."""

from collections.abc import Mapping, Sequence
from functools import cache

from PIL import Image, ImageDraw, ImageFont

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

PAPER, INK = "white", "black"
LARGEST, SMALLEST = 24, 8
"""Sizes of letters in pixels, at most and at least."""
GAP = 8
"""Pixels between panels."""


def captioned(picture: Image.Image, *parts: str) -> Image.Image:
    """Return a picture above a white band with its caption; the picture's own pixels stay as they are.

    Args:
        picture: a gray or a colour picture.
        parts: the parts of the caption, such as `epoch 3` and `iteration 1,500`; those that do not fit in one line
            follow in the next.
    """
    font = _font(parts, picture.width - 4, picture.width // 36)
    lines: list[str] = []
    for part in parts:
        longer = f"{lines[-1]}   {part}" if lines else part
        if lines and font.getlength(longer) <= picture.width - 4:
            lines[-1] = longer
        else:
            lines.append(part)
    height = _height(font)
    whole = _on_paper([(picture, (0, 0))], picture.width, picture.height + len(lines) * height)
    for number, line in enumerate(lines):
        _write(whole, line, picture.width / 2, picture.height + (number + 0.5) * height, font)
    return whole


def headed(picture: Image.Image, headings: Sequence[str]) -> Image.Image:
    """Return a picture below a white band with a heading for each of its columns, which are equally wide."""
    width = picture.width / len(headings)
    font = _font(headings, width - 4, round(width) // 6)
    height = _height(font)
    whole = _on_paper([(picture, (0, height))], picture.width, picture.height + height)
    for number, heading in enumerate(headings):
        _write(whole, heading, (number + 0.5) * width, height / 2, font)
    return whole


def panels(pictures: Mapping[str, Image.Image]) -> Image.Image:
    """Return pictures side by side in panels of one size, each below its title; smaller pictures are not enlarged."""
    width = max(picture.width for picture in pictures.values())
    height = max(picture.height for picture in pictures.values())
    font = _font(list(pictures), width - 4, width // 24)
    band = _height(font)
    places = [number * (width + GAP) for number in range(len(pictures))]
    placed = [
        (picture, (left + (width - picture.width) // 2, band))
        for left, picture in zip(places, pictures.values(), strict=True)
    ]
    whole = _on_paper(placed, places[-1] + width, band + height)
    for left, title in zip(places, pictures, strict=True):
        _write(whole, title, left + width / 2, band / 2, font)
    return whole


def _on_paper(placed: Sequence[tuple[Image.Image, tuple[int, int]]], width: int, height: int) -> Image.Image:
    """Return white paper with pictures at their places."""
    paper = Image.new("RGB", (width, height), PAPER)
    for picture, place in placed:
        paper.paste(picture, place)
    return paper


def _font(texts: Sequence[str], width: float | int, wanted: int) -> Font:
    """Return the font of a wanted size, or a smaller one with which the longest text is no wider than `width`."""
    size = min(max(wanted, 12), LARGEST)
    longest = max(_sized(size).getlength(text) for text in texts)
    return _sized(max(SMALLEST, min(size, int(size * width / max(longest, 1)))))


@cache
def _sized(size: int) -> Font:
    """Return Pillow's own font, which is there on every machine, in letters of so many pixels."""
    return ImageFont.load_default(size)


def _height(font: Font) -> int:
    """Return the height of a line."""
    _, top, _, bottom = font.getbbox("Ag|")
    return round(1.5 * (bottom - top))


def _write(picture: Image.Image, text: str, x: float | int, y: float | int, font: Font) -> None:
    """Write a text whose middle is at a place."""
    ImageDraw.Draw(picture).text((x, y), text, INK, font, anchor="mm")
