"""`gan-lightning export run=RUN`: the generator alone, for programs that have torch or an ONNX runtime and no more."""

import logging
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

import torch
from omegaconf import DictConfig, OmegaConf

from gan_lightning.config import logs, schema
from gan_lightning.evaluation.exported import CLOSE, Inputs, check_onnx, write_onnx, write_program, write_weights
from gan_lightning.evaluation.records import versions
from gan_lightning.files import atomic_write, refuse_existing, take
from gan_lightning.models.ema import Weights
from gan_lightning.trained_run import TrainedRun
from gan_lightning.types import Checkpoint, NewFolder, RunPath

log = logging.getLogger(__name__)

FILES = {
    "safetensors": ("generator.safetensors", "generator.json"),
    "pt2": ("generator.pt2", "sample.py"),
    "onnx": ("generator.onnx",),
}
"""The files of each format."""
FROM_NOISE = '''
"""Draw {what} from generator.pt2: python sample.py [count] [seed] writes {file}; torch is all it needs."""
import sys
from pathlib import Path
import torch

words, out = sys.argv[1:], Path("{file}")
if len(words) > 2 or not all(map(str.isdecimal, words)) or words[:1] == ["0"]:
    sys.exit(__doc__)
if out.exists():
    sys.exit(f"{{out}} exists already; rename it")
count, seed = map(int, [*words, *("8", "0")[len(words) :]])
generator = torch.export.load(Path(__file__).with_name("generator.pt2")).module()
latents = {draw}
images = generator(latents{labels}).detach()  # [count, {channels}, {size}, {size}] in [-1, 1]
'''
PICTURES = """\
columns = min(8, count)
black = -torch.ones(-count % columns, {channels}, {size}, {size})
grid = torch.cat([images, black]).unflatten(0, (-1, columns)).expand(-1, -1, 3, -1, -1).permute(0, 3, 1, 4, 2)
levels = ((grid + 1) * 127.5).round().clamp(0, 255).byte()  # [rows, {size}, columns, {size}, 3]
out.write_bytes(b"P6 %d %d 255\\n" % (columns * {size}, len(grid) * {size}) + bytes(levels.flatten().tolist()))
print("wrote", out)
"""
POINTS = """\
out.write_text("".join(",".join(map(str, point)) + "\\n" for point in images.flatten(1).tolist()))
print("wrote", out)
"""
TRANSLATION = '''
"""Translate a picture by generator.pt2: python sample.py IN.ppm writes sample.ppm; torch is all it needs."""
import sys
from pathlib import Path
import torch

words, out = sys.argv[1:], Path("sample.ppm")
if len(words) != 1 or not Path(words[0]).is_file():
    sys.exit(__doc__)
if out.exists():
    sys.exit(f"{{out}} exists already; rename it")
generator = torch.export.load(Path(__file__).with_name("generator.pt2")).module()
size = {size} * {size} * {channels}  # a binary PPM or PGM of {size}x{size} pixels ends in its levels
levels = torch.tensor(list(Path(words[0]).read_bytes()[-size:])).view(1, {size}, {size}, {channels})
image = generator(levels.permute(0, 3, 1, 2) / 127.5 - 1)  # [1, {channels}, {size}, {size}] in [-1, 1]
made = ((image.detach()[0] + 1) * 127.5).round().clamp(0, 255).byte().expand(3, -1, -1).permute(1, 2, 0)
out.write_bytes(b"P6 {size} {size} 255\\n" + bytes(made.flatten().tolist()))
print("wrote", out)
'''


def prepared(config: DictConfig) -> Callable[[], None]:
    """Restore the generator; return what exports it."""
    logs.tidy()
    return export(**schema.arguments(f"{__name__}.export", config))


def export(
    run: RunPath,
    output: NewFolder,
    checkpoint: Checkpoint = "last",
    formats: Sequence[Literal["safetensors", "pt2", "onnx"]] = ("safetensors", "pt2"),
    direction: str = "",
    weights: Weights = "ema",
    overwrite: bool = False,
    overrides: Any = (),
) -> Callable[[], None]:
    """Check what is asked for; return what writes the generator and compares each file with the module.

    Args:
        run: a run folder, or a checkpoint.
        output: the folder that the files are written to.
        checkpoint: `last`, `best` or a file.
        formats: some of `safetensors`, the weights with a card in JSON; `pt2`, a program of torch.export with a
            `sample.py` that needs torch alone; and `onnx`, which needs the extra of that name.
        direction: `xy` or `yx` of a model that translates; the first without any.
        weights: the generator's moving average if there is one, or its weights as trained.
        overwrite: whether files that exist may be replaced.
        overrides: a list of what replaces values of the run's configuration, such as a `_target_` that the run names.

    Raises:
        ValueError: if a key is wrong or files exist already; nothing is written then. The work raises it too, if a
            file's images differ from the module's by more than 1e-5.
    """
    trained = TrainedRun(run, checkpoint, weights, "cpu", overrides=overrides)
    if not formats or not set(formats) <= FILES.keys():
        raise ValueError(f"formats must be a list of {', '.join(FILES)}; got {list(formats)}")
    if direction and direction not in trained.model.directions:
        if not trained.is_translator:
            raise ValueError(
                "direction is for runs that translate images, and this one draws them from noise; leave direction out"
            )
        raise ValueError(f"direction must be {' or '.join(trained.model.directions)} for this run; got {direction}")
    target = Path(output).expanduser()
    if "pt2" in formats and not trained.is_translator and trained.latent_inputs().name not in ("normal", "uniform"):
        raise ValueError("formats must leave pt2 out, whose sample.py draws no latents but normal or uniform ones")
    refuse_existing([target / name for kind in formats for name in FILES[kind]], "output", overwrite)
    network = deepcopy(trained.network(direction)).float().requires_grad_(False)
    network.to(memory_format=torch.contiguous_format)
    if "onnx" in formats:
        check_onnx(network)
    inputs = example_inputs(trained)
    card = card_of(trained, direction, inputs)

    def work() -> None:
        take(target, "output")
        if "safetensors" in formats:
            write_weights(network, card, target / "generator.safetensors")
            log.info("%s and its card, generator.json", target / "generator.safetensors")
        if "pt2" in formats:
            _report(write_program(network, inputs, target / "generator.pt2"), target / "generator.pt2")
            with atomic_write(target / "sample.py") as stream:
                stream.write(program_text(trained, card).encode())
            log.info("%s draws from it; torch is all that it needs", target / "sample.py")
        if "onnx" in formats:
            _report(write_onnx(network, inputs, card["inputs"], target / "generator.onnx"), target / "generator.onnx")

    return work


TAKES = (export,)
"""The functions whose arguments are the keys of this command's configuration."""


def example_inputs(trained: TrainedRun) -> Inputs:
    """Return a batch of 7 that the generator takes: latents, latents and labels, or images of the training size."""
    if trained.is_translator:
        data = trained.config.data
        stream = torch.Generator().manual_seed(0)
        return (2 * torch.rand(7, data.channels, data.image_size, data.image_size, generator=stream) - 1,)
    labels = [number % trained.num_classes for number in range(7)] if trained.num_classes else None
    return trained.latent_inputs().by_number(range(7), 0, None, trained.model.first_direction, labels)


def card_of(trained: TrainedRun, direction: str, inputs: Inputs) -> dict[str, Any]:
    """Return what there is to know about the exported generator, for its card."""
    config: Any = OmegaConf.to_container(trained.config.model.generator, resolve=True)
    with torch.no_grad():
        made = trained.network(direction)(*inputs)
    return {
        "network": str(config.pop("_target_")),
        "arguments": {key: value for key, value in config.items() if isinstance(value, str | int | float | bool)},
        "inputs": list(trained.model.generator_inputs.kind),
        "input_shapes": [["B", *each.shape[1:]] for each in inputs],
        "output_shape": ["B", *made.shape[1:]],
        "output_range": [-1, 1],
        "num_classes": trained.num_classes,
        "latents": None if trained.is_translator else trained.latent_inputs().name,
        "direction": direction or trained.model.first_direction,
        "weights": trained.weights,
        "iteration": trained.iteration,
        "images_seen": trained.model.images_seen,
        "versions": versions(),
    }


def program_text(trained: TrainedRun, card: dict[str, Any]) -> str:
    """Return the source of a program that draws from `generator.pt2`."""
    _, channels, size, _ = card["output_shape"]
    if trained.is_translator:
        return TRANSLATION.lstrip().format(size=size, channels=channels)
    length = card["input_shapes"][0][1]
    drawn = f"(count, {length}), generator=torch.Generator().manual_seed(seed)"
    draw = f"torch.randn({drawn})" if card["latents"] == "normal" else f"2 * torch.rand({drawn}) - 1"
    labels = f", torch.arange(count) % {trained.num_classes}" if trained.num_classes else ""
    what, file, written = ("images", "sample.ppm", PICTURES) if channels in (1, 3) else ("points", "sample.csv", POINTS)
    given = {"what": what, "file": file, "draw": draw, "labels": labels, "channels": channels, "size": size}
    return (FROM_NOISE.lstrip() + written).format(**given)


def _report(difference: float, file: Path) -> None:
    """Say how near a file's images are to the module's.

    Raises:
        ValueError: if they are not near enough.
    """
    if difference > CLOSE:
        raise ValueError(f"{file} must give the module's images within {CLOSE:g}; they differ by {difference:.2g}")
    log.info("%s, images within %.1e of the module's in batches of 1 and 7", file, difference)
