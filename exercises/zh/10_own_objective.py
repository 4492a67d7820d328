"""练习 10：自己的目标函数。

只要能训练 GAN，任何一对损失都可以：交叉熵、最小二乘、hinge 损失，或者自己设计的。程序会在排成一圈的八个高斯分布上
用它训练 300 步，至少要找到其中七个。生成器的损失也可以使用真实图像的输出。

评分：`gan-lightning grade exercises/zh/10_own_objective.py`
"""

import torch
from torch.nn import functional as F


def own_objective(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """根据判别器对真实图像和生成图像的原始输出 [N, 1]，返回判别器的损失和生成器的损失。"""
    ...  # 写在这里
