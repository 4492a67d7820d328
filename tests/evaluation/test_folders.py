"""`gan-lightning evaluate real=DIR fake=DIR`: a folder of images compared with another folder."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lightning.metrics.extractors.random import Random
from gan_lightning.metrics.fid import FrechetDistance
from gan_lightning.metrics.statistics import Statistics
from support.small_files import picture


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two folders of 12 and 9 pictures of 24x24, of several kinds and modes."""
    home = tmp_path_factory.mktemp("folders")
    for name, count, first in (("real", 12, 0), ("fake", 9, 100)):
        (home / name / "deep").mkdir(parents=True)
        for number in range(count):
            mode = ("RGB", "L", "RGBA")[number % 3]
            below = "deep/" if number % 2 else ""
            picture(first + number, 24, 24, mode).save(home / name / f"{below}{number:02d}.png")
    return home


@pytest.mark.parametrize("cache", ["auto", "off"])
def test_folders_of_any_kind_are_scored_at_their_own_size(cache, folders, evaluate, tmp_path):
    code, shown, records = evaluate(f"real={folders / 'real'}", f"fake={folders / 'fake'}", f"cache={cache}")
    assert code == 0, shown
    assert [record.score for record in records] == ["fd_random", "kd_random", "kd_std_random"]
    assert {(record.n_real, record.n_fake, record.split, record.weights) for record in records} == {
        (12, 9, "folder", "none")
    }
    assert {record.run for record in records} == {str(folders / "fake")}
    extractor = Random()
    sides = []
    for name in ("real", "fake"):
        files = sorted((folders / name).rglob("*.png"), key=lambda file: file.as_posix())
        pixels = np.stack([np.array(Image.open(file).convert("RGBA")) for file in files])
        assert (pixels[..., 3] == 255).all()
        images = torch.from_numpy(pixels[..., :3]).permute(0, 3, 1, 2)
        sides.append(Statistics.from_images([images], extractor, frozenset({"moments"})))
    (expected,) = FrechetDistance()(*sides)
    assert records[0].value == pytest.approx(expected.value, rel=1e-5)
    assert (tmp_path / "cache").exists() == (cache == "auto")


def test_folders_have_no_labels_for_a_classifier_to_learn(folders, evaluate):
    code, shown, _ = evaluate(f"real={folders / 'real'}", f"fake={folders / 'fake'}", "extractor=classifier")
    assert code == 2
    assert "extractor=classifier needs data with labels of at least two classes; got none" in shown
    assert "Traceback" not in shown


def test_folders_may_be_scored_by_some_of_their_images(folders, evaluate):
    code, shown, records = evaluate(
        f"real={folders / 'real'}", f"fake={folders / 'fake'}", "num_images=[4,50,60]", "metric@few=[]"
    )
    assert code == 0, shown
    assert [record.n_fake for record in records] == [4, 9]


def test_images_of_several_sizes_need_image_size(folders, evaluate, tmp_path):
    shutil.copytree(folders / "fake", tmp_path / "odd")
    picture(1, 30, 20).save(tmp_path / "odd" / "odd.png")
    (tmp_path / "odd" / "bad.png").write_bytes(b"no image")
    words = f"real={folders / 'real'}", f"fake={tmp_path / 'odd'}"
    code, shown, _ = evaluate(*words)
    assert code == 2
    assert "image_size must be given where images are not all squares of one size; got 24x24, 30x20" in shown
    code, shown, records = evaluate(*words, "image_size=16")
    assert code == 0, shown
    assert {record.n_fake for record in records} == {10}
    assert "fake: left out bad.png" in shown
