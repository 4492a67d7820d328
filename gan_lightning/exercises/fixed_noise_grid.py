"""Images of fixed latents while training goes on, which tutorials make in train mode."""

import torch
from torch import Tensor, nn

from gan_lightning.grading.exercise import Exercise, Function, Observation, checked_tensor
from gan_lightning.grading.tiny_networks import LATENT_DIM, PIXELS, draw, generator_and_discriminator


def fixed_noise_grid(generator: nn.Module, latents: Tensor) -> Tensor:
    """Return G's images in eval mode and without gradients, and leave G in train mode."""
    generator.eval()
    with torch.no_grad():
        images = generator(latents)
    generator.train()
    return images


def observe(answer: Function, seed: int) -> Observation:
    """Return the images, and what the call has done to G."""
    generator, _ = generator_and_discriminator(seed, norm=True)
    generator(3 + draw(seed, 8, LATENT_DIM))  # running statistics that differ from those of a batch
    before = torch.cat([each.double().flatten() for each in generator.buffers()])
    images = checked_tensor(answer(generator, draw(seed, 6, LATENT_DIM)), [6, PIXELS], "the images")
    after = torch.cat([each.double().flatten() for each in generator.buffers()])
    return {
        "batch norm's running statistics stay as they were": torch.tensor(torch.equal(before, after)),
        "the generator is in train mode afterwards": torch.tensor(generator.training),
        "the images": images.detach(),
        "the images carry a graph of the generator": torch.tensor(images.requires_grad),
    }


def _in_train_mode(generator: nn.Module, latents: Tensor) -> Tensor:
    with torch.no_grad():
        return generator(latents)


def _left_in_eval_mode(generator: nn.Module, latents: Tensor) -> Tensor:
    with torch.no_grad():
        return generator.eval()(latents)


def _with_graph(generator: nn.Module, latents: Tensor) -> Tensor:
    images = generator.eval()(latents)
    generator.train()
    return images


TRAIN_MODE = (
    "The images are made in train mode: each depends on the others of the grid, "
    "and batch norm's running statistics take these latents in. "
    "Call generator.eval() first"
)

EXERCISE = Exercise(
    observe,
    fixed_noise_grid,
    {
        f"{TRAIN_MODE}.": _in_train_mode,
        f"{TRAIN_MODE}, and use torch.no_grad().": lambda generator, latents: generator(latents),
        "The generator stays in eval mode, in which batch norm does not learn: call generator.train() at the end.": (
            _left_in_eval_mode
        ),
        "The images carry the graph of the whole pass, which keeps memory: "
        "make them under torch.no_grad().": _with_graph,
        "The generator stays in eval mode, and the images carry the graph of the pass: "
        "call generator.train() at the end, and use torch.no_grad().": (
            lambda generator, latents: generator.eval()(latents)
        ),
    },
)
