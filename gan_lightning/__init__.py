"""GANs as PyTorch Lightning experiments, composed with Hydra."""
