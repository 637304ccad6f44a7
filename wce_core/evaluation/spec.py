"""The description of a call: all of it that is static."""

from __future__ import annotations

from typing import NamedTuple

from wce_core.dtypes import at_least_float32
from wce_core.formulas.layout import Layout
from wce_core.formulas.links import Link
from wce_core.formulas.regions import Region
from wce_core.formulas.terms import AnyTerm
from wce_core.types import Empty, Reduction, Smoothing, SoftWeighting

COTANGENT = "cotangent"
"""Of outputs that are many: what the gradient of each is multiplied with."""


class LossSpec(NamedTuple):
    """Everything of a call that is static: hashable, the key of compiled programs."""

    link: Link
    term: AnyTerm
    axis: int | None
    """The class axis of a categorical loss; None: binary."""
    classes: int
    index_targets: bool
    checked: bool
    """The targets' values were looked at: no need to poison invalid ones."""
    label_smoothing: float
    smoothing: Smoothing
    soft_weighting: SoftWeighting
    reduction: Reduction
    empty: Empty
    batch_axis: int | None
    exact: bool
    compute: str
    accumulate: str
    mass: str
    """The dtype of target masses: wider than ``compute`` where that would lose some of them."""
    result: str
    balanced: bool = False
    """Are class weights those of the batch?"""
    candidates: bool = False
    """Are targets sets of candidates?"""
    z_loss: float = 0.0
    """The factor of (log Σ e^z)², which each unit of mass pays."""
    region: Region | None = None
    """What regions are, and their loss. None: the loss is of items."""
    chunk_bytes: int | None = None
    """Of logits at a time, where predictions are hidden states; None: they are what a link reads.

    With them ``arrays`` has the layer: ``projection`` of shape (V, D) and perhaps a ``bias``.
    """

    signed: bool = False
    """May weights of items be negative?"""

    @property
    def of_regions(self) -> bool:
        """Are the outputs of regions? Each depends on predictions that others depend on."""
        return self.region is not None and self.reduction in ("none", "parts")

    @property
    def one_class(self) -> bool:
        """Is all mass of an item, which is 1, on one class, or on one set of candidates?"""
        return (self.index_targets or self.candidates) and not self.label_smoothing

    def kept(self, predictions: str) -> str:
        """The dtype of the gradient to predictions of a dtype, until its cotangent is known.

        An exact result of float64 has one of as many digits, and only their product is rounded.
        """
        if self.exact and self.result == "float64":
            return "float64"
        return at_least_float32(predictions)

    @property
    def part(self) -> str:
        """The dtype of the reals in LossParts: never a half type."""
        return at_least_float32(self.result)


def batch_axis(layout: Layout) -> int | None:
    """The items' leading axis, counted in the predictions."""
    return layout.item_axes[0] if layout.item_axes else None
