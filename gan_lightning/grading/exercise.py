"""What an exercise is, and the hint that an answer gets."""

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Function = Callable[..., Any]
Observation = Mapping[str, Tensor]
"""What can be seen of an answer, by names; a tensor of one boolean says whether what its name says is so."""

TOLERANCE = 1e-6
"""The largest relative and absolute difference of a right answer from the reference."""


class WrongFormError(Exception):
    """An answer has the wrong form, such as no tensor or another shape; the text is the hint."""


@dataclass(frozen=True)
class Exercise:
    """A function to write, and what the usual wrong answers have wrong.

    Args:
        observe: runs a function on inputs that are drawn from a seed, and returns what can be seen of it.
        right: the reference; an answer that looks the same for every seed is right.
        mistakes: wrong answers, by the hint that names their mistake.
        seeds: the seeds of the inputs on which an answer is compared with the right one.

    Examples:
        >>> def observe(answer, seed):
        ...     return {"the sum": answer(torch.tensor([1.0 + seed, 2.0]))}
        >>> exercise = Exercise(observe, torch.sum, {"Add the numbers up instead of multiplying them.": torch.prod})
        >>> exercise.hint(lambda numbers: numbers[0] + numbers[1])
        >>> exercise.hint(lambda numbers: numbers[0] * numbers[1])
        'Add the numbers up instead of multiplying them.'
        >>> exercise.hint(lambda numbers: 2 * numbers.sum())
        'The sum is 2 times what it should be.'
    """

    observe: Callable[[Function, int], Observation]
    right: Function
    mistakes: Mapping[str, Function]
    seeds: Sequence[int] = (0, 1, 2)

    def hint(self, answer: Function, file: str = "") -> str | None:
        """Return one sentence that says what is wrong with an answer; None if it is right.

        Args:
            answer: what is called with the inputs.
            file: the file of the answer, in which the hint names the line of an error; empty if there is none.
        """
        try:
            seen = [self.observe(answer, seed) for seed in self.seeds]
        except WrongFormError as error:
            return str(error)
        except Exception as error:
            return raised(error, file)
        wanted = [self.observe(self.right, seed) for seed in self.seeds]
        if _same(seen, wanted):
            return None
        for mistake, wrong in self.mistakes.items():
            if _same(seen, [self.observe(wrong, seed) for seed in self.seeds]):
                return mistake
        return _difference(seen, wanted)


def checked_tensor(result: Any, shape: Sequence[int], what: str) -> Tensor:
    """Return what an answer returned, if it is a tensor of this shape.

    Args:
        result: what the answer returned.
        shape: the shape that a right answer has.
        what: what it is, as a hint names it, such as "the loss".

    Raises:
        WrongFormError: if it is something else.
    """
    if result is None or result is ...:
        raise WrongFormError("The function returns nothing yet: fill the hole and return the result.")
    if not isinstance(result, Tensor):
        raise WrongFormError(f"The function returns a {type(result).__name__}; {what} must be a tensor.")
    if list(result.shape) != list(shape):
        one = " (one number: take the mean)" if not shape else ""
        raise WrongFormError(f"The shape of {what} is {list(result.shape)}; it must be {list(shape)}{one}.")
    return result


def loss_and_gradients(answer: Function, **inputs: Tensor) -> Observation:
    """Return a loss function's value, and its gradients with respect to its inputs.

    Raises:
        WrongFormError: if the function returns no loss, or one without a gradient.
    """
    inputs = {name: each.double().requires_grad_() for name, each in inputs.items()}
    loss = checked_tensor(answer(*inputs.values()), [], "the loss")
    if not loss.requires_grad:
        raise WrongFormError("No gradient flows through the loss: leave out detach(), item() and torch.no_grad().")
    gradients = torch.autograd.grad(loss, list(inputs.values()), allow_unused=True, materialize_grads=True)
    named = {f"the gradient with respect to {name}": each for name, each in zip(inputs, gradients, strict=True)}
    return {"the loss": loss.detach(), **named}


def _same(seen: Sequence[Observation], wanted: Sequence[Observation]) -> bool:
    pairs = zip(seen, wanted, strict=True)
    return all(
        own.keys() == other.keys() and all(_equal(own[name], other[name]) for name in own) for own, other in pairs
    )


def _equal(one: Tensor, other: Tensor) -> bool:
    if one.shape != other.shape:
        return False
    return torch.allclose(one.double(), other.double(), rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)


def raised(error: Exception, file: str) -> str:
    """Return what the code of a file raised, and in which of its lines."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    where = f"Line {lines[-1]} raises" if lines else "Calling the function raises"
    return f"{where} {type(error).__name__}: {' '.join(str(error).split())}"


def _difference(seen: Sequence[Observation], wanted: Sequence[Observation]) -> str:
    """Return the first difference between an answer and the reference that the seeds have in common."""
    for name, right in wanted[0].items():
        own = seen[0][name]
        if _same([{name: each[name]} for each in seen], [{name: each[name]} for each in wanted]):
            continue
        if right.dtype == torch.bool:
            return f"It must be so that {name}." if right else f"It must not be so that {name}."
        if own.shape != right.shape:
            return f"The shape of {name} is {list(own.shape)}; it must be {list(right.shape)}."
        if not own.isfinite().all():
            return f"{_capital(name)} is not finite; look for a logarithm or a root of zero, or a division by it."
        if (factor := _factor(seen, wanted, name)) is not None:
            return f"{_capital(name)} is {factor:.4g} times what it should be."
        if right.numel() == 1:
            return f"{_capital(name)} is {float(own):.4g} for inputs of seed 0, where it should be {float(right):.4g}."
        worst = float((own - right).abs().max())
        return f"{_capital(name)} differs from what it should be, by up to {worst:.4g} for inputs of seed 0."
    return "The answer differs from what it should be."


def _factor(seen: Sequence[Observation], wanted: Sequence[Observation], name: str) -> float | None:
    """Return the number that what is seen is a multiple by, in all elements for all seeds; None if there is none."""
    own, right = (torch.cat([each[name].double().flatten() for each in group]) for group in (seen, wanted))
    if not right.abs().max():
        return None
    factor = float((own * right).sum() / right.square().sum())
    return factor if factor and torch.allclose(own, factor * right, rtol=1e-5, atol=1e-8) else None


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]
