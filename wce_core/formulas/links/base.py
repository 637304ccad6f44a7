"""The contract of a link: predictions → −log p, and the way back for slopes.

There are two families. A *categorical* link reads a row of C predictions along the class axis; a
*binary* link reads one prediction per item and yields −log p of class 1 and of class 0. Both
evaluate the predictions once, in one of two ways:

* ``rows``: −log p that any autodiff differentiates rightly, to any order.
* ``closed``: −log p and the way back for slopes, in as few visits to each element as
  they need. Never differentiated, so it may overwrite what it has made itself.

−log p of what has no mass is free to be anything finite, so that autodiff never meets the infinite
derivative of a logarithm that nobody asked for.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array


class Silent(NamedTuple):
    """Binary items where an infinite −log p of class 1, or of class 0, has no slope."""

    one: Array | None
    zero: Array | None


class ClassRows(Protocol):
    """Something of every class of a row: −log p_k, or what another reading makes of it."""

    def every(self, mass: Array) -> Array:
        """−log p of every class that has mass."""
        ...


class ClosedClassRows(ClassRows, Protocol):
    """The same with the way back, which is asked for once, and last.

    Where ``into`` has the result's dtype, the gradient may be written there and be it.
    """

    def vjp(self, slopes: Array, into: Array | None = None) -> Array:
        """Gradient to the predictions, given ∂ℓ/∂(−log p_k) for every class."""
        ...


class CategoricalRows(ClassRows, Protocol):
    """Rows of predictions along ``axis``; item arrays keep that axis with length 1."""

    def at(self, index: Array) -> Array:
        """−log p of class ``index`` of each row."""
        ...


class ClosedCategorical(CategoricalRows, ClosedClassRows, Protocol):
    """The same with the way back."""

    def vjp_at(self, index: Array, slope: Array, into: Array | None = None) -> Array:
        """Gradient to the predictions, given ∂ℓ/∂(−log p) at ``index`` and 0 elsewhere."""
        ...


class BinaryRows(Protocol):
    """One prediction per item."""

    def pair(self, one: Array, zero: Array) -> tuple[Array, Array]:
        """(−log p of class 1, −log p of class 0), where they have mass."""
        ...


class ClosedBinary(BinaryRows, Protocol):
    """The same with the way back, which is asked for once, and last."""

    def vjp_pair(self, slope_one: Array, slope_zero: Array, into: Array | None = None) -> Array:
        """Gradient to the predictions, given ∂ℓ/∂(−log p) of class 1 and of class 0."""
        ...


class ClosedLogits(ClosedBinary, Protocol):
    """A binary link in which p₀ of z is p₁ of −z."""

    def at(self, sign: Array) -> Array:
        """−log p of class 1 where ``sign`` is −1, of class 0 where it is 1."""
        ...

    def vjp_at(self, sign: Array, slope: Array, into: Array | None = None) -> Array:
        """Gradient to the predictions, given ∂ℓ/∂(−log p) times ``sign``."""
        ...


class CurvedCategorical(ClosedCategorical, Protocol):
    """The same with second derivatives, which are asked for instead of the way back."""

    def curve(self, slopes: Array, bends: Array | None) -> Array:
        """∂²ℓ/∂x_j², given ∂ℓ/∂u_k and ∂²ℓ/∂u_k² for u_k = −log p_k; ``bends`` None: 0."""
        ...


class CurvedBinary(ClosedBinary, Protocol):
    """The same with second derivatives, which are asked for instead of the way back."""

    def curve_pair(
        self, slopes: tuple[Array, Array], bends: tuple[Array | None, Array | None]
    ) -> Array:
        """∂²ℓ/∂z², given ∂ℓ/∂u and ∂²ℓ/∂u² for u = −log p of class 1, and of class 0."""
        ...


class CategoricalLink(Protocol):
    """Reads rows of predictions. Stateless or frozen: it is part of a compile cache's key."""

    @property
    def neutral(self) -> float:
        """A prediction without infinities, put in the place of excluded ones."""
        ...

    def rows(
        self, ops: ArrayOps, predictions: Array, axis: int, silent: Array | None = None
    ) -> CategoricalRows:
        """The rows of ``predictions`` along ``axis``, differentiable.

        Where ``silent``, which has an element for each item, no infinite slope meets autodiff.
        """
        ...

    def closed(self, ops: ArrayOps, predictions: Array, axis: int) -> ClosedCategorical:
        """The same with the way back, not differentiable."""
        ...


class BinaryLink(Protocol):
    """Reads single predictions. Stateless or frozen: it is part of a compile cache's key."""

    @property
    def symmetric(self) -> bool:
        """Are its closed rows :class:`ClosedLogits`?"""
        ...

    @property
    def neutral(self) -> float:
        """A prediction without infinities, put in the place of excluded ones."""
        ...

    def rows(self, ops: ArrayOps, predictions: Array, silent: Silent | None = None) -> BinaryRows:
        """One item per element of ``predictions``, differentiable; ``silent`` of each class."""
        ...

    def closed(self, ops: ArrayOps, predictions: Array) -> ClosedBinary:
        """The same with the way back, not differentiable."""
        ...


class Reading(Protocol):
    """A link of rows of C predictions that reads something else of them than −log p of a class."""

    @property
    def neutral(self) -> float:
        """A prediction without infinities, put in the place of excluded ones."""
        ...

    def rows(
        self, ops: ArrayOps, predictions: Array, axis: int, silent: Array | None = None
    ) -> Any:
        """The rows of ``predictions`` along ``axis``, differentiable; ``silent`` as above."""
        ...

    def closed(self, ops: ArrayOps, predictions: Array, axis: int) -> Any:
        """The same with the way back, not differentiable."""
        ...


Rows = CategoricalRows | BinaryRows
Link = CategoricalLink | BinaryLink | Reading


def curves(link: Link) -> bool:
    """Do its closed rows curve? It says so itself: a link that inherits some may read otherwise."""
    return getattr(link, "curves", False)
