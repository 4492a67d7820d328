"""Latents between -1 and 1 for a grid that shows the same places in every epoch."""

import torch
from torch import Tensor

from gan_lightning.grading.exercise import Exercise, Function, Observation, checked_tensor

COUNT, LATENT_DIM = 2000, 3


def uniform_latents(count: int, latent_dim: int, seed: int) -> Tensor:
    """Return latents [count, latent_dim], uniform in [-1, 1) and the same for the same seed."""
    return 2 * torch.rand(count, latent_dim, generator=torch.Generator().manual_seed(seed)) - 1


def observe(answer: Function, seed: int) -> Observation:
    """Return whether the latents are spread as they should be, and what drawing them leaves behind."""
    state = torch.random.get_rng_state()
    torch.manual_seed(seed)  # whatever an answer draws without the seed that it is given
    before = torch.random.get_rng_state()
    one = checked_tensor(answer(COUNT, LATENT_DIM, seed), [COUNT, LATENT_DIM], "the latents")
    undisturbed = torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(seed + 12345)
    again, other = answer(COUNT, LATENT_DIM, seed), answer(COUNT, LATENT_DIM, seed + 1)
    torch.random.set_rng_state(state)
    return {
        "half of the latents are negative": ((one < 0).double().mean() - 0.5).abs() < 0.05,
        "all latents are between -1 and 1": one.abs().max() <= 1,
        "a quarter of the latents is beyond 1/2": ((one > 0.5).double().mean() - 0.25).abs() < 0.05,
        "the same seed gives the same latents": torch.tensor(torch.equal(one, again)),
        "another seed gives other latents": torch.tensor(not torch.equal(one, other)),
        "torch's own random numbers go on as they would have": torch.tensor(undisturbed),
    }


def _seeds_torch(count: int, latent_dim: int, seed: int) -> Tensor:
    torch.manual_seed(seed)
    return 2 * torch.rand(count, latent_dim) - 1


EXERCISE = Exercise(
    observe,
    uniform_latents,
    {
        "The latents are between 0 and 1: torch.rand(...) needs to be stretched to the range from -1 to 1.": (
            lambda count, latent_dim, seed: uniform_latents(count, latent_dim, seed) / 2 + 0.5
        ),
        "These latents are normal; the exercise asks for uniform ones.": lambda count, latent_dim, seed: torch.randn(
            count, latent_dim, generator=torch.Generator().manual_seed(seed)
        ),
        "The seed is not used, so each grid would show other places: draw from torch.Generator().manual_seed(seed).": (
            lambda count, latent_dim, seed: 2 * torch.rand(count, latent_dim) - 1
        ),
        "Calling torch.manual_seed(seed) starts all of training's random numbers again, "
        "so every epoch would see the same noise: "
        "draw from a torch.Generator of your own.": _seeds_torch,
    },
)
