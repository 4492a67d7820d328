"""练习 2：单侧标签平滑。

过于自信的判别器教不了生成器多少东西。Salimans 等（2016，arXiv:1606.03498,3.4 节）因此把真实图像的目标从 1 降到
0.9，生成图像的目标仍为 0。介绍这一做法的博客把概率交给了需要原始输出的损失函数，还把系数乘在了错误的参数上。

评分：`gan-lightning grade exercises/zh/02_smoothed_discriminator_loss.py`
"""

import torch
from torch.nn import functional as F


def smoothed_discriminator_loss(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """根据判别器的原始输出 [N, 1]，返回两批图像的交叉熵之和。"""
    ...  # 写在这里
