"""``LossParts``: a loss that is not divided yet, mergeable."""

from __future__ import annotations

from typing import Any, NamedTuple

from .dispatch import backend_of
from .handles import Tracked
from .numerics import divide_or
from .opaque import opaque


class LossParts(NamedTuple):
    """The sum of the item losses and every denominator, of a part of a batch.

    Parts of any split along the items' leading axis, added up, give the value and the gradient of
    the whole, to rounding: gradient accumulation, several devices, a scan over chunks. A NamedTuple
    passes through ``jax.jit``, ``lax.scan``, ``lax.psum``, ``tf.function`` and ``torch.func``.

    >>> import numpy as np
    >>> from wce_core import losses
    >>> x, y = np.zeros((4, 3)), np.array([0, 1, 2, 2])
    >>> first = losses.cross_entropy(x[:3], y[:3], class_weight=[1, 2, 3], reduction="parts")
    >>> last = losses.cross_entropy(x[3:], y[3:], class_weight=[1, 2, 3], reduction="parts")
    >>> round(float((first + last).weighted_mean()), 6)
    1.098612
    """

    total: Any
    """Σℓ; float32, or float64 for float64 predictions."""
    items: Any
    """Items not excluded: an integer."""
    all_items: Any
    """All items: an integer."""
    weight: Any
    """Σω; float32, or float64 for float64 predictions."""
    nonzero: Any
    """Items with ω ≠ 0: an integer."""
    batch: Any
    """Length of the items' leading axis, 1 for a single item: an integer."""

    def __add__(self, other: object) -> LossParts:  # not concatenation
        """Field by field."""
        if not isinstance(other, LossParts):
            return NotImplemented  # Python then raises the TypeError of the operator
        return LossParts(*(a + b for a, b in zip(self, other, strict=True)))

    def sum(self, normalizer: Any = None) -> Any:
        """Σℓ, or Σℓ / normalizer."""
        return self.total if normalizer is None else _fraction(self.total, normalizer)

    def mean(self) -> Any:
        """Σℓ / items not excluded."""
        return _fraction(self.total, self.items)

    def mean_over_all(self) -> Any:
        """Σℓ / all items."""
        return _fraction(self.total, self.all_items)

    def weighted_mean(self) -> Any:
        """Σℓ / Σω."""
        return _fraction(self.total, self.weight)

    def nonzero_mean(self) -> Any:
        """Σℓ / items with ω ≠ 0."""
        return _fraction(self.total, self.nonzero)

    def batch_mean(self) -> Any:
        """Σℓ / length of the items' leading axis."""
        return _fraction(self.total, self.batch)


@opaque
def _fraction(total: Any, denominator: Any) -> Any:
    """total / denominator in the dtype of the total; 0, with gradient 0, over 0."""
    if isinstance(total, Tracked):
        return total / denominator if denominator != 0 else total * 0.0
    be = backend_of(total)
    if be is None:
        raise TypeError(f"LossParts.total is {type(total).__name__}; expected an array")
    with be.scope():
        under = be.scalar(denominator, be.dtype_name(total), total)
        return divide_or(be.xp, total, under, 0.0)
