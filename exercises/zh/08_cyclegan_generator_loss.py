"""练习 8:CycleGAN 缺少的一步。

一篇介绍 CycleGAN 的博客只写了判别器怎样学习，没有写生成器。生成器希望判别器对为它生成的图像给出 1（最小二乘），
并且图像翻译过去再翻译回来应与原图相同（Zhu 等，2017，arXiv:1703.10593，式 2 和式 3）。

评分：`gan-lightning grade exercises/zh/08_cyclegan_generator_loss.py`
"""

import torch


def cyclegan_generator_loss(
    generator_xy: torch.nn.Module,
    generator_yx: torch.nn.Module,
    discriminator_x: torch.nn.Module,
    discriminator_y: torch.nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
) -> torch.Tensor:
    """返回生成器的损失：两个最小二乘项，加上两个循环的平均绝对误差的 10 倍。"""
    ...  # 写在这里
