"""练习 9：梯度惩罚。

WGAN-GP 要求在真实图像与生成图像的连线上，判别器的梯度长度为 1（Gulrajani 等，2017，arXiv:1704.00028，式 3）。
每对图像有自己的 epsilon（在连线上，1 是真实图像一端，0 是另一端），也有自己的梯度。这里的错误在图片上很久都看不出来。

评分：`gan-lightning grade exercises/zh/09_gradient_penalty.py`
"""

import torch


def gradient_penalty(
    discriminator: torch.nn.Module, real: torch.Tensor, fake: torch.Tensor, epsilon: torch.Tensor
) -> torch.Tensor:
    """根据图像 [N, K] 和 epsilon [N]，返回 (梯度长度 - 1)^2 的平均值的 10 倍；判别器要能从中学习。"""
    ...  # 写在这里
