"""练习 5：判别器的一步。

判别器学习区分真实图像和生成图像，而生成器不应受到影响：它的权重和梯度都保持不变。好几篇教程漏写了保证这一点的那个词。

评分：`gan-lightning grade exercises/zh/05_discriminator_step.py`
"""

import torch
from torch.nn import functional as F


def discriminator_step(
    generator: torch.nn.Module,
    discriminator: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    real: torch.Tensor,
    latents: torch.Tensor,
) -> None:
    """用交叉熵更新判别器一次：`real` 的目标是 1，生成器由 `latents` 生成的图像目标是 0，两个平均值相加。

    判别器返回原始输出 [N, 1]，优化器里是判别器的权重。
    """
    ...  # 写在这里
