"""Weight initialisations, each for one module, to be passed to `nn.Module.apply`."""

from collections.abc import Callable
from math import sqrt

from torch import nn

Init = Callable[[nn.Module], None]
"""A function that initialises one module in place."""

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
LINEAR = (*CONVOLUTIONS, nn.Linear)
MATRICES = (*LINEAR, nn.Embedding)


def dcgan(module: nn.Module) -> None:
    """Draw a convolution's weights from N(0, 0.02) and batch norm's scale from N(1, 0.02); set batch norm's shift to 0.

    All other parameters, a convolution's bias and Linear layers included, stay as torch made them. 0.02 is the standard
    deviation. Source: Radford et al. 2016, section 4; the scale's mean of 1 follows the PyTorch tutorial.
    """
    if isinstance(module, CONVOLUTIONS):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, BATCH_NORMS) and module.affine:
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def orthogonal(module: nn.Module) -> None:
    """Make the weights of a convolution, Linear or Embedding an orthogonal matrix and set its bias to 0.

    Source: Saxe et al. 2014, arXiv:1312.6120; for GANs Brock et al. 2019, arXiv:1809.11096, section 3.
    """
    if isinstance(module, MATRICES):
        nn.init.orthogonal_(module.weight)
    if isinstance(module, LINEAR) and module.bias is not None:
        nn.init.zeros_(module.bias)


def glorot(module: nn.Module) -> None:
    """Draw the weights of a convolution, Linear or Embedding from Glorot's uniform distribution and set its bias to 0.

    Convolutions with a kernel of more than one pixel are next to a ReLU and get its gain, sqrt 2. Source: Glorot and
    Bengio 2010.
    """
    if isinstance(module, MATRICES):
        spatial = isinstance(module, CONVOLUTIONS) and module.kernel_size != (1, 1)
        nn.init.xavier_uniform_(module.weight, sqrt(2) if spatial else 1.0)
    if isinstance(module, LINEAR) and module.bias is not None:
        nn.init.zeros_(module.bias)


def torch_default(module: nn.Module) -> None:
    """Leave a module as torch made it."""
