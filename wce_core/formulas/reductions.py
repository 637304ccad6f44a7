"""Reductions: what the sum of the item losses is divided by.

A new reduction is a line here; if it divides by something new, that is a field and a method of
:class:`wce_core.LossParts` and a line in :mod:`wce_core.evaluation.counting`.
"""

from wce_core.types import Reduction

DENOMINATORS: dict[Reduction, str | None] = {
    "none": None,
    "sum": "normalizer",
    "mean": "items",
    "mean_over_all": "all_items",
    "weighted_mean": "weight",
    "absolute_weighted_mean": "absolute_weight",
    "nonzero_mean": "nonzero",
    "batch_mean": "batch",
    "parts": None,
}
"""For each reduction what stands under the fraction bar; None: there is no fraction."""

REDUCTIONS = tuple(DENOMINATORS)
