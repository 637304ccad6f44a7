"""PyTorch: eager in blocks, under ``torch.func`` as the plain formula, compiled as one graph."""

from .backend import BACKEND

__all__ = ["BACKEND"]
