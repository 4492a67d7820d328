"""What PSNR, SSIM and LPIPS say of each image beside its target, by torchmetrics."""

from collections.abc import Callable
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure
from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity
from torchvision.models import AlexNet_Weights

from gan_lightning.types import Images

Distances = Float[Tensor, " B"]
Distance = Callable[[Images, Images], Distances]
DATA_RANGE = 2.0
"""Of images in [-1, 1]."""
SSIM_SMALLEST = 11
"""Pixels: the side of SSIM's window."""
LPIPS_SMALLEST = 31
"""Pixels: below, AlexNet has nothing left for the last of the layers that LPIPS compares."""


def psnr(output: Images, target: Images) -> Distances:
    """10 log10(4 / mean squared error) of each image, in decibels; infinite for equal ones."""
    exact = _exact(output), _exact(target)
    return peak_signal_noise_ratio(*exact, data_range=DATA_RANGE, reduction="none", dim=(1, 2, 3))


def ssim(output: Images, target: Images) -> Distances:
    """Structural similarity (Wang et al. 2004, doi:10.1109/TIP.2003.819861), its window 11 pixels; 1 for equal ones."""
    similarity = structural_similarity_index_measure(
        _exact(output), _exact(target), data_range=DATA_RANGE, reduction="none"
    )
    assert isinstance(similarity, Tensor)
    return similarity.reshape(len(output))


def lpips(file: Path) -> Distance:
    """LPIPS with AlexNet (Zhang et al. 2018, arXiv:1801.03924), lower is nearer; gray is repeated.

    Args:
        file: torchvision's weights, where torch.hub looks for them, so that nothing is downloaded.

    Raises:
        ValueError: where the file is no state dict of AlexNet.
    """
    assert file.is_file()
    try:
        with torch.random.fork_rng(devices=[]):  # torchvision draws weights before it loads others
            network = LearnedPerceptualImagePatchSimilarity(net_type="alex").net
    except Exception as error:  # whatever foreign bytes make of the loader
        raise ValueError(
            f"callbacks.pair_scores.lpips needs torchvision's weights of AlexNet; {file} is no such file, remove it"
        ) from error

    def distance(output: Images, target: Images) -> Distances:
        colour = (images.float().expand(-1, 3, -1, -1) for images in (output, target))
        return network.to(output.device)(*colour).flatten()

    return distance


def alexnet_file() -> Path:
    """Where torch.hub keeps torchvision's AlexNet, whether it is there or not."""
    return Path(torch.hub.get_dir()) / "checkpoints" / AlexNet_Weights.DEFAULT.url.rsplit("/", 1)[1]


def _exact(images: Images) -> Images:
    """Float64, where there is any: TF32 convolutions would round away what SSIM's variances are made of."""
    return images.float() if images.device.type == "mps" else images.double()
