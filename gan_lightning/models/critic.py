"""A critic that keeps the discriminator's outputs for real and for fake images, from the passes that a loss makes."""

from collections.abc import Callable
from functools import reduce

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gan_lightning.types import Critic, Discriminator, DiscriminatorOutput, Images, Logits, Scalar, Terms

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


class RecordingCritic:
    """Runs a discriminator once on each batch that a loss gives it, and keeps the outputs.

    Args:
        discriminator: the network that is run.
        at_once: whether the named batches, of which the loss needs all, may share one pass, as they do if the
            discriminator judges each image alone.
        images: batches by name, whose outputs are kept; their rows are found by content, so a loss may also join
            several batches in any order.
    """

    def __init__(self, discriminator: Discriminator, *, at_once: bool = False, **images: Images) -> None:
        self.discriminator = discriminator
        self.images = images
        self.outputs: dict[str, DiscriminatorOutput] = {}
        self._shares_a_pass = at_once and judges_each_image_alone(discriminator)
        self._passes: list[DiscriminatorOutput] = []

    def __call__(self, images: Images) -> Logits:
        """Return the first head's logits, in full precision."""
        whole = [name for name, named in self.images.items() if named is images]
        if whole and self._shares_a_pass:
            if whole[0] not in self.outputs:
                self._run_on_all()
            output = self.outputs[whole[0]]
        else:
            output = self._output(images)
        self._passes.append(output)
        self.outputs |= dict.fromkeys(whole, output)
        for name in () if whole else self.images:
            if (rows := find_rows(self.images[name], images)) is not None:
                self.outputs[name] = output.rows(rows)
        return output.logits[0]

    def _run_on_all(self) -> None:
        output, start = self._output(torch.cat([*self.images.values()])), 0
        for name, images in self.images.items():
            self.outputs[name] = output.rows(slice(start, start + len(images)))
            start += len(images)

    def _output(self, images: Images) -> DiscriminatorOutput:
        return _in_full_precision(as_output(self.discriminator(images)))

    def output_of(self, name: str) -> DiscriminatorOutput:
        """Return the discriminator's output for a named batch; if no loss has asked about it, run the pass now."""
        if name not in self.outputs:
            self(self.images[name])
        return self.outputs[name]

    def mean_output(self, name: str, logged: Callable[[Logits], Tensor]) -> Scalar:
        """Return the mean over a named batch and all heads of what is logged of the logits, without a graph."""
        means = [logged(head.detach()).mean() for head in self.outputs[name].logits]
        return means[0] if len(means) == 1 else torch.stack(means).mean()

    def mean_logit(self, name: str) -> Tensor:
        """Return the mean logit of each image of a named batch, [B], over positions and heads, without a graph."""
        means = [head.detach().flatten(1).mean(1) for head in self.output_of(name).logits]
        return torch.stack(means).mean(0)

    def terms(self, objective: Callable[[Critic], Terms]) -> Terms:
        """Return an objective's terms, each summed over the discriminator's heads; all heads share the same passes."""
        terms = objective(self)
        if not isinstance(terms, dict):
            raise ValueError(f'a loss must return terms by name, such as {{"real": ...}}; got {type(terms).__name__}')
        heads = len(self._passes[0].logits) if self._passes else 1
        for head in range(1, heads):
            outputs = iter(self._passes)
            more = objective(lambda images: next(outputs).logits[head])  # noqa: B023 (called before the next head)
            terms = {name: term + more[name] for name, term in terms.items()}
        return terms


def total_of(player: str, terms: dict[str, Tensor]) -> Tensor:
    """Return the sum of a player's terms.

    Raises:
        ValueError: if one of them is no scalar.
    """
    for name, term in terms.items():
        if not isinstance(term, Tensor) or term.ndim:
            got = f"the shape {list(term.shape)}" if isinstance(term, Tensor) else f"{term!r}, which is no tensor"
            raise ValueError(f"the term {player}/{name} must be a scalar, as .mean() makes it; got {got}")
    return reduce(torch.add, terms.values())


def joined(terms: Terms, more: Terms) -> Terms:
    """Return the terms of both.

    Raises:
        ValueError: if two terms have one name.
    """
    if twice := terms.keys() & more.keys():
        raise ValueError(f"two terms of a loss have the name {', '.join(sorted(twice))}; give one of them another name")
    return terms | more


def as_output(answer: Logits | DiscriminatorOutput) -> DiscriminatorOutput:
    """Return a discriminator's output as a record, also if it is bare logits."""
    return answer if isinstance(answer, DiscriminatorOutput) else DiscriminatorOutput((answer,))


def judges_each_image_alone(discriminator: Discriminator) -> bool:
    """Return whether a discriminator's outputs are the same, rounding aside, whichever images share the batch.

    Its class must say so in its attribute `judges_each_image_alone`, because a layer may compare images in ways that
    nothing shows. Even so, batch norm and dropout depend on the batch, and spectral norm changes in each pass.
    Whatever is wrapped around a network, such as a condition or an augmentation, belongs to one batch alone.
    """
    if not isinstance(discriminator, nn.Module) or not getattr(discriminator, "judges_each_image_alone", False):
        return False
    has_dropout = any(isinstance(layer, DROPOUTS) and layer.p for layer in discriminator.modules())
    return not has_dropout and next(discriminator.buffers(), None) is None


def mean_logits(discriminator: Discriminator) -> Critic:
    """Return a critic for penalties: a single head's logits, or each head's mean logit, [B, heads]."""

    def critic(images: Images) -> Logits:
        logits = as_output(discriminator(images)).logits
        return logits[0] if len(logits) == 1 else torch.stack([head.flatten(1).mean(1) for head in logits], 1)

    return critic


def find_rows(wanted: Images, images: Float[Tensor, "N C H W"]) -> Tensor | None:
    """Return the row of each of B images in a batch of N, [B], by content; None if an image is missing.

    The batch may be in a wider type than the images, as joining fakes in half precision to real images makes it.
    """
    if wanted.shape[1:] != images.shape[1:] or torch.promote_types(wanted.dtype, images.dtype) != images.dtype:
        return None
    wanted = wanted.to(images.dtype)
    same = _hashes(wanted)[:, None] == _hashes(images)
    return same.int().argmax(1) if bool(same.any(1).all()) else None


def _hashes(images: Images) -> Int[Tensor, " B"]:
    """Return a hash of each image's bits, exact whatever the batch around it."""
    integers = {2: torch.int16, 4: torch.int32, 8: torch.int64}
    bits = images.detach().contiguous().flatten(1).view(integers[images.element_size()]).long()
    odd = 2 * torch.arange(bits.shape[1], device=bits.device) + 1
    return (bits * (odd * 0x9E3779B97F4A7C1)).sum(1)


def _in_full_precision(output: DiscriminatorOutput) -> DiscriminatorOutput:
    def full(scores: Tensor) -> Tensor:
        return scores if scores.dtype == torch.float64 else scores.float()

    classes = output.class_logits
    return output._replace(
        logits=tuple(map(full, output.logits)), class_logits=None if classes is None else full(classes)
    )
