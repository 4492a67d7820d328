"""A reconstruction loss on features instead of pixels."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gan_lightning.losses.reconstruction import ReconstructionLoss, difference
from gan_lightning.types import FilePath, Images, NonNegativeFloat, NonNegativeInt, Scalar

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
KEY = "model.reconstructions.perceptual"
WANTED = f"{KEY}.weights must be the path of torchvision's vgg16-397923af.pth"


class Perceptual(ReconstructionLoss):
    """weight * sum over layers of mean |features(output) - features(target)|.

    The idea and the layers, relu1_2, relu2_2, relu3_3 and relu4_3 of VGG16, are from Johnson et al. 2016
    (arXiv:1603.08155, section 3.2); the paper squares the difference, and takes the four for style and one of them for
    content. Absolute differences are used by pix2pixHD (Wang et al. 2018, arXiv:1711.11585, section 4).

    The network belongs to no module, so it is in no checkpoint and no optimizer. It is frozen, follows the images'
    device and computes in float32.

    Args:
        network: makes a network whose `features` are a sequence of layers; its weights are read from the file.
        weights: path of a state dict of the whole network; it must be given.
        weight: what the sum is multiplied by.
        layers: numbers in `features`, from 0 on, of the layers whose outputs are compared.

    Raises:
        ValueError: if there is no such file, if it is no state dict of the network, or if a layer does not exist.
    """

    def __init__(
        self,
        network: Callable[[], nn.Module],
        weights: FilePath | None = None,
        weight: NonNegativeFloat = 1.0,
        layers: Sequence[NonNegativeInt] = (3, 8, 15, 22),
    ) -> None:
        self.weight = weight
        self.layers = sorted(layers)
        with torch.device("meta"):  # draws no random numbers, which would change the players' first weights
            whole: Any = network()
        state = _state_dict(weights)
        try:
            whole.load_state_dict(state, assign=True)
        except (RuntimeError, TypeError, AttributeError) as error:
            raise ValueError(f"{WANTED}; {weights} is no state dict of {type(whole).__name__}") from error
        depth = len(whole.features)
        if not self.layers or not 0 <= self.layers[0] <= self.layers[-1] < depth:
            raise ValueError(f"{KEY}.layers must be one or more numbers from 0 to {depth - 1}; got {list(layers)}")
        self.features: nn.Sequential = whole.features[: self.layers[-1] + 1].float().eval().requires_grad_(False)
        for module in self.features.modules():
            if isinstance(module, nn.ReLU):
                module.inplace = False  # it would overwrite the output of a compared layer

    def __call__(self, output: Images, target: Images) -> Scalar:
        self.features.to(output.device)
        with torch.autocast(output.device.type, enabled=False):
            with torch.no_grad():
                wanted = list(self._compared(target))
            drawn = self._compared(output)
            means = [difference(one, other).abs().mean() for one, other in zip(drawn, wanted, strict=True)]
        return self.weight * torch.stack(means).sum()

    def _compared(self, images: Images) -> Iterator[Tensor]:
        flow = in_imagenets_range(images)
        for number, layer in enumerate(self.features):
            flow = layer(flow)
            if number in self.layers:
                yield flow


def in_imagenets_range(images: Images) -> Float[Tensor, "B 3 H W"]:
    """Return images in [-1, 1] as float32 RGB, normalised by ImageNet's means and standard deviations.

    torchvision's networks were trained on such values. Gray images are repeated to three channels.

    Raises:
        ValueError: if there are neither 1 nor 3 channels.
    """
    if images.shape[1] not in (1, 3):
        raise ValueError(f"{KEY} needs data.channels to be 1 or 3; got {images.shape[1]}")
    mean, std = (images.new_tensor(each, dtype=torch.float32).view(3, 1, 1) for each in (IMAGENET_MEAN, IMAGENET_STD))
    return ((images.float() + 1) / 2 - mean) / std


def _state_dict(weights: str | None) -> Any:
    if weights is None:
        raise ValueError(f"{WANTED}; got nothing")
    file = Path(weights).expanduser()
    if not file.is_file():
        raise ValueError(f"{WANTED}; there is no file {file}")
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # other files make the loader fail in many ways
        raise ValueError(f"{WANTED}; {file} is no file of weights") from error
