"""Files of images to be translated: sizes, batches, what is read and what is written."""

import numpy as np
import pytest
from PIL import Image

from gan_lightning.data import any_size
from support.small_files import picture
from support.translating import levels


@pytest.mark.parametrize(("side", "rounded"), [(2, 16), (16, 16), (17, 16), (19, 20), (33, 32), (300, 300)])
def test_sides_are_rounded_to_the_multiple_but_never_below_what_leaves_something(side, rounded, tmp_path):
    picture(0, side, 32).save(tmp_path / "a.png")
    image = any_size.read_sized(tmp_path / "a.png", "a.png", 3, 4)
    assert image.size == (side, 32)
    assert (image.levels.shape, image.levels.dtype) == ((32, rounded, 3), np.uint8)


def test_batches_hold_one_size_lose_nothing_and_keep_few_waiting():
    sizes = [16, 32, 16, 16, 48, 64, 80, 32, 96, 16]
    taken = []

    def queue():
        for number, size in enumerate(sizes):
            taken.append(number)
            yield any_size.SizedImage(str(number), (size, 16), np.zeros((16, size, 1), np.uint8))

    seen, batches = set(), []
    for batch in any_size.batches_of_one_size(queue(), 2):
        assert len({image.levels.shape for image in batch}) == 1
        seen |= {int(image.name) for image in batch}
        assert len(set(taken) - seen) <= any_size.WAITING_BATCHES * 2
        batches.append(len(batch))
    assert seen == set(range(len(sizes)))
    assert max(batches) == 2
    assert sum(batches) == len(sizes)


def test_pictures_are_turned_upright_and_transparency_is_white(tmp_path):
    lying = Image.new("RGB", (40, 24), "black")
    exif = lying.getexif()
    exif[0x0112] = 6
    lying.save(tmp_path / "a.jpg", exif=exif)
    Image.new("RGBA", (24, 24), (0, 0, 0, 0)).save(tmp_path / "b.png")
    first, second = (any_size.read_sized(tmp_path / name, name, 3, 8) for name in ("a.jpg", "b.png"))
    assert first.size == (24, 40)
    assert first.levels.shape == (40, 24, 3)
    assert (first.levels == 0).all()
    assert (second.levels == 255).all()


def test_a_file_that_cannot_be_written_leaves_the_old_one_as_it_was(tmp_path, monkeypatch):
    def full(self, file, *rest, **more):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    (tmp_path / "a.png").write_text("old")
    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match="No space"):
        any_size.write_image(np.zeros((4, 4, 3), np.uint8), (4, 4), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_text() == "old"
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["a.png"]


@pytest.mark.parametrize("suffix", sorted(any_size.LOSSY | {".PNG", ".bmp", ".tif", ".tiff", ".gif"}))
@pytest.mark.parametrize("channels", [1, 3])
def test_a_written_image_is_read_as_what_it_was(suffix, channels, tmp_path):
    image = np.broadcast_to(np.linspace(0, 255, 32)[:, None].astype(np.uint8), (24, 32, channels)).copy()
    any_size.write_image(image, (32, 24), tmp_path / f"a{suffix}")
    any_size.write_image(image, (16, 12), tmp_path / "sub" / f"a{suffix}")
    expected = np.broadcast_to(image.astype(float), (24, 32, 3))
    assert levels(tmp_path / f"a{suffix}") == pytest.approx(expected, abs=6)
    assert Image.open(tmp_path / "sub" / f"a{suffix}").size == (16, 12)
