"""`gan-lightning interpolate`: what lies between samples, between classes, and around sums of latents."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_lightning.reports.captions import headed, panels
from support.command import front_door

TILE, STEP = 64, 66
ANIMATIONS = {"interpolation.gif", "interpolation.webp"}


@pytest.fixture(scope="module")
def by_class(train):
    return train("data=digits", "model=cgan", "data.image_size=16", "init=default")


def pixels(file):
    return np.asarray(Image.open(file).convert("RGB")).astype(int)


def tiles(file, rows, columns, left=0, top=0):
    """Return the images of a grid, [rows][columns]."""
    whole = pixels(file)
    return [
        [
            whole[top + 2 + STEP * row : top + STEP * (row + 1), left + 2 + STEP * column : left + STEP * (column + 1)]
            for column in range(columns)
        ]
        for row in range(rows)
    ]


def sampled(run, *words):
    """Return the images that the command `sample` makes of the first numbers, enlarged as in a grid."""
    output = "-".join(["sampled", *words]).replace("=", "")
    assert front_door("sample", f"run={run}", f"output={output}", "num_images=4", "device=cpu", *words) == 0
    every = [pixels(f"{output}/{number:06d}.png") for number in range(4)]
    return [each.repeat(TILE // len(each), 0).repeat(TILE // len(each), 1) for each in every]


def interpolate(run, *words):
    own = any(word.startswith("output=") for word in words)
    return front_door("interpolate", f"run={run}", "device=cpu", *words, *([] if own else ["output=out"]))


def same(one, other):
    assert one == pytest.approx(other, abs=1)


def test_each_row_goes_from_one_sample_to_the_next(from_noise):
    assert interpolate(from_noise, "samples=[0,3,1,0]", "steps=4") == 0
    assert {file.name for file in Path("out").iterdir()} == ANIMATIONS | {"interpolation.png"}
    samples = sampled(from_noise)
    found = tiles("out/interpolation.png", 3, 4)
    for row, (start, end) in zip(found, [(0, 3), (3, 1), (1, 0)], strict=True):
        same(row[0], samples[start])
        same(row[-1], samples[end])
        assert np.abs(row[1] - row[2]).max() > 1, "something lies between"


def test_the_animation_goes_through_all_rows_and_back(from_noise):
    assert interpolate(from_noise, "samples=[0,1,2]", "steps=3", "fps=10") == 0
    with Image.open("out/interpolation.webp") as animation:
        shown = 0.0
        for frame in range(animation.n_frames):  # equal frames are one that is shown for longer
            animation.seek(frame)
            animation.load()
            shown += animation.info["duration"]
        assert shown >= 100 * (5 + 3)
        assert min(animation.size) >= 128
        assert animation.info["loop"] == 0


@pytest.mark.slow
def test_the_same_command_writes_the_same_bytes_with_arithmetic_too(by_class):
    words = ["samples=[0,1]", "steps=3", "arithmetic=[[0,1],[2],[3]]"]
    assert interpolate(by_class, *words) == 0
    first = {file.name: file.read_bytes() for file in Path("out").iterdir()}
    assert set(first) == ANIMATIONS | {"interpolation.png", "arithmetic.png"}
    assert interpolate(by_class, *words, "overwrite=true") == 0
    assert {file.name: file.read_bytes() for file in Path("out").iterdir()} == first


@pytest.mark.slow
def test_samples_of_a_model_by_class_keep_their_classes_and_one_label_is_that_of_all(by_class):
    for number, words in enumerate(([], ["labels=7"])):
        assert interpolate(by_class, "samples=[1,2]", "steps=3", f"output=out{number}", *words) == 0
        ((start, _, end),) = tiles(f"out{number}/interpolation.png", 1, 3)
        samples = sampled(by_class, *words)
        same(start, samples[1])
        same(end, samples[2])


@pytest.mark.slow
def test_several_labels_are_passed_through_while_each_sample_keeps_its_latent(by_class):
    assert interpolate(by_class, "samples=[1,3]", "labels=[3,8,3]", "steps=3") == 0
    found = tiles("out/interpolation.png", 4, 3)
    threes, eights = (sampled(by_class, f"labels={label}") for label in (3, 8))
    for rows, number in ((found[:2], 1), (found[2:], 3)):
        for row, ends in zip(rows, ((threes, eights), (eights, threes)), strict=True):
            same(row[0], ends[0][number])
            same(row[-1], ends[1][number])
        same(rows[0][1], rows[1][1])
    assert np.abs(threes[1] - eights[1]).max() > 1


def place_of_sums(width):
    """Return where the left grid and the 3x3 of a sum begin: their rows, and the columns."""
    heading = headed(Image.new("RGB", (STEP * width + 2, 10)), [*[""] * (width - 1), "average"]).height - 10
    left = Image.new("RGB", (STEP * width + 2, heading + 3 * STEP + 2))
    right = Image.new("RGB", (3 * STEP + 2, 3 * STEP + 2))
    whole = panels({"A, B, C": left, "A - B + C": right})
    band = whole.height - left.height
    size = max(left.width, right.width)
    return band + heading, (size - left.width) // 2, band, whole.width - size + (size - right.width) // 2


@pytest.mark.slow
@pytest.mark.parametrize("model", ["from_noise", "by_class"])
def test_a_sum_is_that_of_the_averages(model, request):
    """A - B + B is A, and the average of one sample is the sample."""
    run = request.getfixturevalue(model)
    assert interpolate(run, "arithmetic=[[0,1],[2],[2]]") == 0
    top, left, top_of_sum, left_of_sum = place_of_sums(3)
    rows = tiles("out/arithmetic.png", 3, 3, left, top)
    around = tiles("out/arithmetic.png", 3, 3, left_of_sum, top_of_sum)
    samples = sampled(run)
    same(rows[0][0], samples[0])
    same(rows[0][1], samples[1])
    same(rows[1][2], samples[2])
    assert (rows[1][1] == 255).all(), "a group of one has a blank beside it"
    same(around[1][1], rows[0][2])
    assert np.abs(around[0][0] - around[1][1]).max() > 1


@pytest.mark.slow
def test_latents_of_a_cube_are_joined_by_lines_unless_an_arc_is_asked_for(train):
    run = train("data=digits", "model=gan", "network=mlp", "data.image_size=8", "latent=uniform")
    words = ["samples=[0,1]", "steps=5"]
    assert interpolate(run, *words) == 0
    assert interpolate(run, *words, "method=lerp", "output=line") == 0
    assert interpolate(run, *words, "method=slerp", "output=arc") == 0
    own, line, arc = (Path(folder, "interpolation.png").read_bytes() for folder in ("out", "line", "arc"))
    assert own == line != arc
    assert interpolate(run, "truncation=0.5", "overwrite=true") == 2


def test_normal_latents_are_joined_by_arcs_unless_a_line_is_asked_for_and_may_have_a_limit(from_noise):
    words = ["samples=[0,1]", "steps=5"]
    for output, own in (
        ("own", []),
        ("arc", ["method=slerp"]),
        ("line", ["method=lerp"]),
        ("limited", ["truncation=0.2"]),
    ):
        assert interpolate(from_noise, *words, f"output={output}", *own) == 0
    own, arc, line, limited = (
        Path(name, "interpolation.png").read_bytes() for name in ("own", "arc", "line", "limited")
    )
    assert own == arc
    assert own not in (line, limited)


REFUSED = {
    "a single sample": ("from_noise", ["samples=0"], "samples must be two numbers of images or more"),
    "no number": ("from_noise", ["samples=[0,-1]"], "samples must be a whole number of at least 0, or a list of them"),
    "labels for none": ("from_noise", ["labels=[0,1]"], "so leave labels out"),
    "an unknown class": ("by_class", ["labels=[3,10]"], "labels must be classes from 0 to 9; got [3, 10]"),
    "two groups": ("from_noise", ["arithmetic=[[0],[1]]"], "arithmetic must be three lists of numbers of images"),
    "no groups": ("from_noise", ["arithmetic=3"], "arithmetic must be a list or null; got 3"),
    "a sum of paths": ("by_class", ["labels=[0,1]", "arithmetic=[[0],[1],[2]]"], "name one class in labels"),
    "one step": ("from_noise", ["steps=1"], "steps must be a whole number of at least 2; got 1"),
    "an unknown method": ("from_noise", ["method=cubic"], "method must be one of slerp, lerp or null; got 'cubic'"),
    "a translator": ("pix2pix", [], "gan-lightning translate run=RUN"),
    "a file that exists": ("from_noise", ["output=there"], "overwrite=true replaces them"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_drawn_gets_a_sentence_and_nothing_is_written(case, request, capfd):
    model, words, sentence = REFUSED[case]
    Path("there").mkdir()
    Path("there/interpolation.gif").write_bytes(b"mine")
    output = [] if words[:1] == ["output=there"] else ["output=out"]
    capfd.readouterr()
    assert front_door("interpolate", f"run={request.getfixturevalue(model)}", *output, "device=cpu", *words) == 2
    assert sentence in " ".join(capfd.readouterr().err.split())
    assert [str(file) for file in Path().rglob("*")] == ["there", "there/interpolation.gif"]


def test_points_are_no_pictures(tmp_path, capfd):
    words = ["data=ring", "network=mlp", "callbacks=checkpoint", "logger=none", "trainer=cpu", "trainer.max_steps=1"]
    assert front_door(*words, "data.num_batches=1", "model=gan", f"hydra.run.dir={tmp_path / 'ring'}") == 0
    for command in ("interpolate", "sample"):
        capfd.readouterr()
        assert front_door(command, f"run={tmp_path / 'ring'}", "output=out", "device=cpu") == 2
        said = capfd.readouterr().err
        assert "run must be of a model that makes gray or colour pictures" in said
        assert "gan-lightning export run=RUN writes a program" in said
