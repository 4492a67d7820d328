"""练习 3：悄悄发生的广播。

判别器的输出形状是 [N, 1]，而目标常写成 [N]，两者相减得到 [N, N] 的矩阵。如果所有图像的目标相同，平均值碰巧是对的，
所以有一篇教程一直没有发现。这里每张图像有自己的目标，就像带噪声的标签那样。

评分：`gan-lightning grade exercises/zh/03_per_image_squared_error.py`
"""

import torch


def per_image_squared_error(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """根据输出 [N, 1] 和目标 [N]，返回各图像 (输出 - 目标)^2 的平均值。"""
    ...  # 写在这里
