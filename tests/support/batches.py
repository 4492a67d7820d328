"""Batches of a data module, as training sees them."""

import torch


def epoch_of(module, number=0):
    """All batches of one epoch of a data module, images in [-1, 1]."""
    module.prepare_data()
    module.setup("fit")
    loader = module.train_dataloader()
    loader.sampler.set_epoch(number)
    return [module.on_after_batch_transfer(batch, 0) for batch in loader]


def same(one, other):
    """Whether two lists of batches hold the same values."""
    return all(
        torch.equal(*fields)
        for first, second in zip(one, other, strict=True)
        for fields in zip(first, second, strict=True)
    )
