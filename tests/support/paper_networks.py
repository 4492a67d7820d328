"""SNGAN's and R3GAN's networks written from their papers as functions of weights, and nothing of this package.

Each function takes an iterator of weights, in the order in which a network of the package was built: within a block
first what is on the residual branch, then the shortcut.
"""

import torch
from torch.nn import functional as F


def linear(weights, x):
    return F.linear(x, next(weights), next(weights))


def conv(weights, x, padding=0, bias=True, **more):
    return F.conv2d(x, next(weights), next(weights) if bias else None, padding=padding, **more)


def normed(weights, x):
    """Batch normalisation with the batch's own statistics."""
    return F.batch_norm(x, None, None, next(weights), next(weights), training=True)


def doubled(x):
    """Each pixel becomes four."""
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def halved(x):
    """The mean of each four pixels."""
    return (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4


def sngan_generator(weights, latents, first_side, blocks):
    """Miyato et al. 2018, tables 3a and 4a, with the block of figure 8."""
    x = linear(weights, latents)
    x = x.reshape(len(latents), -1, first_side, first_side)
    for _ in range(blocks):
        residual = conv(weights, doubled(normed(weights, x).relu()), padding=1)
        residual = conv(weights, normed(weights, residual).relu(), padding=1)
        x = residual + conv(weights, doubled(x))
    return conv(weights, normed(weights, x).relu(), padding=1).tanh()


def sngan_discriminator(weights, images, halvings, blocks_that_keep, changes_channels=False):
    """Tables 3b and 4b: blocks that halve, blocks that keep the size, ReLU, the sum over the map, a linear layer.

    The first block has no ReLU in front, because it reads the image. The last ones have a convolution on the shortcut
    only where the number of channels changes.
    """
    x = images
    for number in range(halvings + blocks_that_keep):
        residual = conv(weights, x.relu() if number else x, padding=1)
        residual = conv(weights, residual.relu(), padding=1)
        if number < halvings:
            x = halved(residual) + conv(weights, halved(x))
        else:
            x = residual + (conv(weights, x) if changes_channels else x)
    return linear(weights, x.relu().sum((2, 3)))


def r3gan_block(weights, x):
    """Huang et al. 2024, section 4: 1x1 to twice the channels, a grouped 3x3 of 16 channels a group, 1x1 back."""
    inside = F.leaky_relu(conv(weights, x), 0.2)
    inside = F.leaky_relu(conv(weights, inside, padding=1, groups=inside.shape[1] // 16), 0.2)
    return x + conv(weights, inside, bias=False)


def r3gan_generator(weights, latents, doublings):
    """A learned map, scaled channel by channel, then two blocks at each size; channels change before the size."""
    x = next(weights) * F.linear(latents, next(weights))[..., None, None]
    for number in range(doublings + 1):
        if number:
            x = F.interpolate(conv(weights, x, bias=False), scale_factor=2, mode="bilinear", align_corners=False)
        x = r3gan_block(weights, r3gan_block(weights, x))
    return conv(weights, x)


def r3gan_discriminator(weights, images, halvings):
    """The mirror image: the last 4x4 map is read by a depthwise convolution and a linear layer."""
    x = conv(weights, images)
    for number in range(halvings + 1):
        if number:
            x = conv(weights, halved(x), bias=False)
        x = r3gan_block(weights, r3gan_block(weights, x))
    return linear(weights, conv(weights, x, bias=False, groups=x.shape[1]).flatten(1))


def drawn_anew(network):
    """Draw every parameter of a network, those that start from 0 or 1 too, and return an iterator of them."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0.5 if parameter.ndim == 1 else 0, 0.3)
    return iter(network.double().parameters())
