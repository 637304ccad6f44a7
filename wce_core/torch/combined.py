"""Weighted sums of losses as a module."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from wce_core.losses.combined import Combined, combine
from wce_core.losses.configured import Configured
from wce_core.types import Array

from .module import Loss


class CombinedLoss(Loss, of=Combined):
    """A weighted sum of losses as a module of these.

        ℓ = Σ_i c_i·ℓ_i(input, target)

    Each keeps its own weights and options, and gets the same ``sample_weight`` and ``mask``. It is
    what :func:`wce_core.losses.combine` is of configured losses.

    Parameters
    ----------
    *terms
        Pairs of a finite number and a module, or a configured loss, which is made one. They are of
        one family, and each gives a number.
    persistent
        Are weights of configured losses in the ``state_dict``?

    Raises
    ------
    TypeError
        For what is no loss, or no number.
    ValueError
        For losses of two families, without a single number, and for weights that are not finite.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import BCEWithLogitsLoss, BinaryDiceLoss, CombinedLoss
    >>> loss = CombinedLoss((0.5, BCEWithLogitsLoss(pos_weight=3.0)), (0.5, BinaryDiceLoss()))
    >>> loss(torch.zeros(1, 4), torch.tensor([[0.0, 0.0, 0.0, 1.0]]))
    tensor(0.8532)

    """

    def __init__(self, *terms: tuple[float, Loss | Configured[Any]], persistent: bool = False):
        nn.Module.__init__(self)
        combined = combine(*(_configured(term) for term in terms))
        self._options, self._persistent = {"weights": combined.weights}, persistent
        self.losses = nn.ModuleList(_module(term[1], persistent=persistent) for term in terms)

    @classmethod
    def _of(cls, loss: Configured[Any], *, persistent: bool) -> Loss:
        return cls(*loss.terms, persistent=persistent)

    @property
    def loss(self) -> Combined:
        """The configured loss that it stands for, on its weights as they are now."""
        own: tuple[Any, ...] = tuple(self.losses)
        return Combined(losses=tuple(each.loss for each in own), weights=self._options["weights"])

    def forward(
        self,
        input: Tensor,  # noqa: A002  # PyTorch's name
        target: Tensor,
        sample_weight: Array | None = None,
        mask: Array | None = None,
    ) -> Any:
        """The weighted sum of the losses of these tensors."""
        pairs = zip(self._options["weights"], self.losses, strict=True)
        own = [weight * loss(input, target, sample_weight, mask) for weight, loss in pairs]
        return sum(own[1:], own[0])

    def extra_repr(self) -> str:
        """The number of each."""
        return f"weights={self._options['weights']!r}"


def _configured(term: Any) -> Any:
    """The term as :func:`combine` takes it, or refuses it."""
    if isinstance(term, tuple) and len(term) == 2 and isinstance(term[1], Loss):
        return term[0], term[1].loss
    return term


def _module(loss: Any, *, persistent: bool) -> Any:
    return loss if isinstance(loss, Loss) else Loss.of(loss, persistent=persistent)
