"""练习 6：生成器的一步。

生成器希望判别器把它的图像当成真的。Goodfellow 等（2014，arXiv:1406.2661，第 3 节）最小化 -log D(G(z)),
而不是 log(1 - D(G(z)))：判别器判断正确时，后者的梯度会消失，而训练之初正是这种情况。

评分：`gan-lightning grade exercises/zh/06_generator_step.py`
"""

import torch
from torch.nn import functional as F


def generator_step(
    generator: torch.nn.Module,
    discriminator: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    latents: torch.Tensor,
) -> None:
    """更新生成器一次，使判别器对它由 `latents` 生成的图像给出 1；判别器的权重保持不变。

    判别器返回原始输出 [N, 1]，优化器里是生成器的权重。
    """
    ...  # 写在这里
