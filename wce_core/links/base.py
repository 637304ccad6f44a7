"""The contract of a link: predictions → log-probabilities, and the way back for slopes.

There are two families. A *categorical* link reads a row of C predictions along the class axis; a
*binary* link reads one prediction per item and yields the log-probabilities of class 1 and class
0. Both give ``Rows``: one evaluation of the predictions, from which the loss and its closed-form
gradient are taken.

``needed`` marks where mass stands. Log-probabilities elsewhere are free to be anything finite, so
that autodiff never meets the infinite derivative of a logarithm that nobody asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..types import Array

if TYPE_CHECKING:
    from ..backend import Backend


class CategoricalRows(Protocol):
    """Rows of predictions along ``axis``; item arrays keep that axis with length 1."""

    def at(self, index: Array) -> Array:
        """log p of class ``index`` of each row."""
        ...

    def every(self, needed: Array) -> Array:
        """log p of every class."""
        ...

    def pull_at(self, index: Array, slope: Array) -> Array:
        """Gradient to the predictions, given ∂ℓ/∂log p at ``index`` and 0 elsewhere."""
        ...

    def pull(self, slopes: Array) -> Array:
        """Gradient to the predictions, given ∂ℓ/∂log p_k for every class."""
        ...


class BinaryRows(Protocol):
    """One prediction per item."""

    def pair(self, needed_one: Array, needed_zero: Array) -> tuple[Array, Array]:
        """(log p of class 1, log p of class 0)."""
        ...

    def pull_pair(self, slope_one: Array, slope_zero: Array) -> Array:
        """Gradient to the predictions, given ∂ℓ/∂log p of class 1 and of class 0."""
        ...


class CategoricalLink(Protocol):
    """Reads rows of predictions. Stateless or frozen: it is part of a compile cache's key."""

    @property
    def neutral(self) -> float:
        """A prediction without infinities, put in the place of excluded ones."""
        ...

    def rows(self, be: Backend, predictions: Array, axis: int) -> CategoricalRows:
        """The rows of ``predictions`` along ``axis``."""
        ...


class BinaryLink(Protocol):
    """Reads single predictions. Stateless or frozen: it is part of a compile cache's key."""

    @property
    def neutral(self) -> float:
        """A prediction without infinities, put in the place of excluded ones."""
        ...

    def rows(self, be: Backend, predictions: Array) -> BinaryRows:
        """One item per element of ``predictions``."""
        ...


Rows = CategoricalRows | BinaryRows
Link = CategoricalLink | BinaryLink
