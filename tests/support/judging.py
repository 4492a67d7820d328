"""A classifier's opinion of generated digits."""

import torch
from sklearn.svm import SVC
from torch.nn import functional as F


def pixels(images):
    """Return the digits' own 8x8 pixels, flat."""
    return F.avg_pool2d(images.float(), images.shape[-1] // 8).flatten(1).numpy()


def judge_digits(model, data):
    """Return the share of 1,000 samples named as their class, that of held-out digits, and the least varied class.

    Variety is a class's standard deviation in each pixel, as a part of that of real digits.
    """
    batches = [data.on_after_batch_transfer(batch, 0) for batch in data.train_dataloader()]
    images, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
    classifier = SVC(C=10, gamma=0.02).fit(pixels(images[:1400]), labels[:1400])
    wanted = torch.arange(1000) % 10
    made = model.sample(range(1000), labels=wanted.tolist())
    within = [made[wanted == number].std(0).mean() / images[labels == number].std(0).mean() for number in range(10)]
    held_out = classifier.score(pixels(images[1400:]), labels[1400:])
    return classifier.score(pixels(made), wanted), held_out, float(torch.stack(within).min())
