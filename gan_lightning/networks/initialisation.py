"""Weight initialisations, each for one module, to be passed to `nn.Module.apply`."""

from torch import nn

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def dcgan(module: nn.Module) -> None:
    """N(0, 0.02) for convolutions, N(1, 0.02) for batch norm's scale, 0 for its shift.

    Source: Radford et al. 2016, section 4 (0.02 is the standard deviation); the scale's 1 follows the PyTorch tutorial.
    """
    if isinstance(module, CONVOLUTIONS):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, BATCH_NORMS) and module.affine:
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def torch_default(module: nn.Module) -> None:
    """Leave every module as torch made it."""
