"""Weight initialisations, each for one module, to be passed to `nn.Module.apply`."""

from collections.abc import Callable

from torch import nn

Init = Callable[[nn.Module], None]
"""A function that initialises one module in place."""

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
LINEAR = (*CONVOLUTIONS, nn.Linear)
MATRICES = (*LINEAR, nn.Embedding)


def dcgan(module: nn.Module) -> None:
    """Draw weights of convolutions and Linear from N(0, 0.02), batch norm's scale from N(1, 0.02); set biases to 0.

    0.02 is the standard deviation, and batch norm's shift is a bias. Source: Radford et al. 2016, section 4. The mean
    of 1 is the PyTorch tutorial's; the biases are those of AC-GAN's appendix (Odena et al. 2017) and of the authors'
    code of pix2pix and CycleGAN.
    """
    if isinstance(module, LINEAR):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, BATCH_NORMS) and module.affine:
        nn.init.normal_(module.weight, 1.0, 0.02)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)


def orthogonal(module: nn.Module) -> None:
    """Make the weights of a convolution, Linear or Embedding an orthogonal matrix and set its bias to 0.

    Source: Saxe et al. 2014, arXiv:1312.6120; for GANs Brock et al. 2019, arXiv:1809.11096, section 3.
    """
    if isinstance(module, MATRICES):
        nn.init.orthogonal_(module.weight)
    if isinstance(module, LINEAR) and module.bias is not None:
        nn.init.zeros_(module.bias)


def torch_default(module: nn.Module) -> None:
    """Leave a module as torch made it."""
