"""练习 4：用于比较的固定噪声。

只有每次都展示隐空间中的同一批点，训练过程中的图片才能相互比较。因此画样本图所用的噪声由单独的种子产生，
而且产生噪声时不能打乱训练所用的随机数。

评分：`gan-lightning grade exercises/zh/04_uniform_latents.py`
"""

import torch


def uniform_latents(count: int, latent_dim: int, seed: int) -> torch.Tensor:
    """返回形状为 [count, latent_dim]、在 -1 到 1 之间均匀分布的噪声；种子相同，结果就相同。"""
    ...  # 写在这里
