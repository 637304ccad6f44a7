"""Losses of a linear layer as modules. The layer stays outside: it belongs to the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from torch import Tensor

from wce_core import losses
from wce_core.losses.linear import LinearOptions
from wce_core.types import Array, Reduction

from .module import Loss

__all__ = ["LinearCrossEntropyLoss"]


class LinearCrossEntropyLoss(Loss, of=losses.LinearCrossEntropy):
    """Weighted cross-entropy of a linear layer's logits, a chunk of them at a time, as a module.

    See Also
    --------
    torch.nn.LinearCrossEntropyLoss : which has the layer in it, and no weights of tokens.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import LinearCrossEntropyLoss
    >>> head = torch.nn.Linear(8, 1000)
    >>> loss = LinearCrossEntropyLoss(ignore_index=-100)
    >>> hidden, tokens = torch.zeros(2, 5, 8), torch.full((2, 5), -100)
    >>> loss(hidden, head.weight, tokens, head.bias).item()
    0.0

    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            reduction: Reduction = "mean",
            persistent: bool = False,
            **options: Unpack[LinearOptions],
        ) -> None: ...

    def forward(  # type: ignore[override]  # of a layer, too
        self,
        input: Tensor,  # noqa: A002  # PyTorch's name
        weight: Tensor,
        target: Tensor,
        bias: Tensor | None = None,
        sample_weight: Array | None = None,
        mask: Array | None = None,
        normalizer: Any = None,
    ) -> Any:
        """The loss of these hidden states by this layer."""
        given = {"sample_weight": sample_weight, "mask": mask, "normalizer": normalizer}
        return losses.linear_cross_entropy(
            input, weight, target, bias=bias, **given, **self._arguments(input)
        )
