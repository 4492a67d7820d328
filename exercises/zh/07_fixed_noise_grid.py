"""练习 7：训练途中的样本图。

在 train 模式下，批归一化使用当前这一批的统计量：一张图会受同批其他图的影响，画样本图所用的噪声也会混入滑动统计量。
大多数教程就是这样出图的。

评分：`gan-lightning grade exercises/zh/07_fixed_noise_grid.py`
"""

import torch


def fixed_noise_grid(generator: torch.nn.Module, latents: torch.Tensor) -> torch.Tensor:
    """返回生成器在 eval 模式下由 `latents` 生成的图像，不带计算图；之后训练照常进行，就像什么都没发生过。"""
    ...  # 写在这里
