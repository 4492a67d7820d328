"""练习 1：从 DCGAN 到 LSGAN。

DCGAN 的判别器损失是 sigmoid 之后的交叉熵。LSGAN（Mao 等，2017，arXiv:1611.04076）去掉 sigmoid,
改用判别器输出与目标值之差的平方：真实图像的目标是 1，生成图像的目标是 0。布置这道作业的课程没有写论文里的系数 1/2,
这里也不要写。

评分：`gan-lightning grade exercises/zh/01_lsgan_discriminator_loss.py`
"""

import torch


def lsgan_discriminator_loss(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """根据判别器对 N 张真实图像和 N 张生成图像的输出 [N, 1]，返回判别器的损失（一个数）。"""
    ...  # 写在这里
