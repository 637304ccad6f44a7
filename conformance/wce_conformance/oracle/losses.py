"""Every loss by its name. Each is one of the two cross-entropies with a term of its own."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from wce_conformance.oracle.any_of import any_of_cross_entropy
from wce_conformance.oracle.binary import binary_cross_entropy
from wce_conformance.oracle.costs import expected_cost, pairwise_cost
from wce_conformance.oracle.grid import Nested
from wce_conformance.oracle.multiclass import cross_entropy
from wce_conformance.oracle.result import Result
from wce_conformance.oracle.terms import Focal


class Loss(NamedTuple):
    """A loss, whether its items are rows of classes, and its arguments that no other loss has."""

    function: Callable[..., Result]
    categorical: bool
    own: tuple[str, ...] = ()


def focal_cross_entropy(
    predictions: Nested, targets: Nested, *, gamma: float = 2.0, **rest: Any
) -> Result:
    """Focal loss: every class costs (1 − p_k)^γ·(−log p_k)."""
    return cross_entropy(predictions, targets, term=Focal(gamma), **rest)


def binary_focal_cross_entropy(
    predictions: Nested, targets: Nested, *, gamma: float = 2.0, **rest: Any
) -> Result:
    """Focal loss of every element, as for two classes."""
    return binary_cross_entropy(predictions, targets, term=Focal(gamma), **rest)


LOSSES: Mapping[str, Loss] = {
    "cross_entropy": Loss(cross_entropy, categorical=True),
    "binary_cross_entropy": Loss(binary_cross_entropy, categorical=False),
    "focal_cross_entropy": Loss(focal_cross_entropy, categorical=True, own=("gamma",)),
    "binary_focal_cross_entropy": Loss(
        binary_focal_cross_entropy, categorical=False, own=("gamma",)
    ),
    "any_of_cross_entropy": Loss(any_of_cross_entropy, categorical=True, own=("rule",)),
    "expected_cost": Loss(expected_cost, categorical=True, own=("costs",)),
    "pairwise_cost": Loss(pairwise_cost, categorical=True, own=("costs",)),
}
