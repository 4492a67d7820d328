"""Animations of pictures as GIF and WebP files, by Pillow alone."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from gan_lightning.files import atomic_write

COLOURS = 128
"""Colours of a GIF; the format allows twice as many, and its files grow with them."""
SAMPLE = 64
"""Side in pixels of a frame's part in the picture that the colours of a GIF are chosen from."""


def write_animation(frames: Sequence[Image.Image], file: Path, fps: float | int, last: float | int = 0) -> None:
    """Write an animation that repeats without end, in one step; the same frames always have the same bytes.

    Args:
        frames: pictures of one size; at least one.
        file: the file, whose suffix decides the format, `.gif` or `.webp`. All frames of a GIF have the same colours.
        fps: frames in a second.
        last: how many seconds longer the last frame is shown than the others.
    """
    durations = [round(1000 / fps)] * len(frames)
    durations[-1] += round(1000 * last)
    if file.suffix == ".gif":
        frames = with_one_palette(frames)
    first, *others = frames
    with atomic_write(file) as stream:
        first.save(stream, file.suffix[1:].upper(), save_all=True, append_images=others, duration=durations, loop=0)


def with_one_palette(frames: Sequence[Image.Image]) -> list[Image.Image]:
    """Return frames with the same palette, chosen from all of them, so that colours do not flicker."""
    sheet = Image.new("RGB", (SAMPLE * len(frames), SAMPLE))
    for number, frame in enumerate(frames):
        sheet.paste(frame.convert("RGB").resize((SAMPLE, SAMPLE), Image.Resampling.NEAREST), (SAMPLE * number, 0))
    chosen = sheet.quantize(COLOURS - 2, Image.Quantize.MEDIANCUT).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*chosen[: 3 * (COLOURS - 2)], 0, 0, 0, 255, 255, 255])  # paper and ink stay black and white
    return [frame.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]


def of_one_size(pictures: Sequence[Image.Image], largest: int | None = None) -> list[Image.Image]:
    """Return colour pictures on white of the size of the largest one.

    Args:
        pictures: pictures of any sizes.
        largest: the longest side in pixels at most; larger pictures are reduced. None for no limit.
    """
    width = max(picture.width for picture in pictures)
    height = max(picture.height for picture in pictures)
    scale = min(1.0, largest / max(width, height)) if largest else 1.0
    found = []
    for picture in pictures:
        whole = Image.new("RGB", (width, height), "white")
        whole.paste(picture, (0, 0))
        size = (max(1, round(scale * width)), max(1, round(scale * height)))
        found.append(whole if scale == 1 else whole.resize(size, Image.Resampling.LANCZOS))
    return found


def enlarged(picture: Image.Image, least: int) -> Image.Image:
    """Return a picture enlarged by the least whole factor that makes its shorter side at least so many pixels long."""
    times = -(-least // min(picture.size))
    return picture.resize((times * picture.width, times * picture.height), Image.Resampling.NEAREST)
