"""Every loss by its name: cross-entropies, with terms of their own, and losses of regions."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from wce_conformance.oracle.any_of import any_of_cross_entropy
from wce_conformance.oracle.binary import binary_cross_entropy
from wce_conformance.oracle.costs import expected_cost, pairwise_cost
from wce_conformance.oracle.grid import Nested
from wce_conformance.oracle.linear import linear_cross_entropy
from wce_conformance.oracle.multiclass import cross_entropy
from wce_conformance.oracle.region_losses import (
    Family,
    dice,
    focal_tversky,
    generalized_dice,
    jaccard,
    lovasz_hinge,
    lovasz_softmax,
    of_classes,
    of_labels,
    tversky,
)
from wce_conformance.oracle.result import Result
from wce_conformance.oracle.terms import Focal, Generalized, Poly, Shifted


class Loss(NamedTuple):
    """A loss, whether its items are rows of classes, and its arguments that no other loss has.

    `of_regions`: of a loss of each region, those of its arguments that such losses share; `apart`:
    a class may be a region of its own. `labels`: targets are 0 and 1, and have no gradient.
    """

    function: Callable[..., Result]
    categorical: bool
    own: tuple[str, ...] = ()
    of_regions: tuple[str, ...] = ()
    apart: bool = True
    labels: bool = False


def focal_cross_entropy(
    predictions: Nested, targets: Nested, *, gamma: float = 2.0, **rest: Any
) -> Result:
    """Focal loss: every class costs (1 − p_k)^γ·(−log p_k)."""
    return cross_entropy(predictions, targets, term=Focal(gamma), **rest)


def binary_focal_cross_entropy(
    predictions: Nested, targets: Nested, *, gamma: float = 2.0, **rest: Any
) -> Result:
    """Focal loss of every element, as for two classes."""
    return binary_cross_entropy(predictions, targets, terms=(Focal(gamma), Focal(gamma)), **rest)


def poly_cross_entropy(
    predictions: Nested, targets: Nested, *, epsilon: float = 1.0, **rest: Any
) -> Result:
    """The first two terms of PolyLoss: every class costs −log p_k + ε·(1 − p_k)."""
    return cross_entropy(predictions, targets, term=Poly(epsilon), **rest)


def generalized_cross_entropy(
    predictions: Nested, targets: Nested, *, q: float = 0.7, **rest: Any
) -> Result:
    """Every class costs (1 − p_k^q)/q."""
    return cross_entropy(predictions, targets, term=Generalized(q), **rest)


def asymmetric_loss(
    predictions: Nested,
    targets: Nested,
    *,
    gamma_positive: float = 1.0,
    gamma_negative: float = 4.0,
    margin: float = 0.05,
    **rest: Any,
) -> Result:
    """A focal term for class 1, and for class 0 one of p − margin, 0 where that is negative."""
    terms = (Shifted(gamma_negative, margin), Focal(gamma_positive))
    return binary_cross_entropy(predictions, targets, terms=terms, **rest)


def _of_layer(hidden: Nested, targets: Nested, *, weight: Nested, **rest: Any) -> Result:
    """Hidden states in the place of predictions."""
    return linear_cross_entropy(hidden, weight, targets, **rest)


_OF_REGIONS: Mapping[str, tuple[Callable[[Family], Family], tuple[str, ...]]] = {
    "dice_loss": (dice, ("squared",)),
    "jaccard_loss": (jaccard, ("squared",)),
    "tversky_loss": (tversky, ("alpha", "beta")),
    "focal_tversky_loss": (focal_tversky, ("alpha", "beta", "gamma")),
}


def _of_regions(prefix: str, family: Family, *, categorical: bool) -> dict[str, Loss]:
    return {
        prefix + name: Loss(made(family), categorical, own, ("per", "classes", "smooth", "absent"))
        for name, (made, own) in _OF_REGIONS.items()
    }


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
    "poly_cross_entropy": Loss(poly_cross_entropy, categorical=True, own=("epsilon",)),
    "generalized_cross_entropy": Loss(generalized_cross_entropy, categorical=True, own=("q",)),
    "asymmetric_loss": Loss(
        asymmetric_loss,
        categorical=False,
        own=("gamma_positive", "gamma_negative", "margin"),
    ),
    **_of_regions("", of_classes, categorical=True),
    **_of_regions("binary_", of_labels, categorical=False),
    "generalized_dice_loss": Loss(
        generalized_dice(of_classes),
        categorical=True,
        of_regions=("per", "smooth", "absent"),
        apart=False,
    ),
    "lovasz_softmax_loss": Loss(
        lovasz_softmax, categorical=True, own=("absent",), of_regions=("per",), labels=True
    ),
    "lovasz_hinge_loss": Loss(
        lovasz_hinge, categorical=False, own=("absent",), of_regions=("per",), labels=True
    ),
}
"""Losses of predictions."""
OF_LAYERS: Mapping[str, Loss] = {
    "linear_cross_entropy": Loss(_of_layer, categorical=True, own=("weight", "bias")),
}
"""Losses of hidden states and of a linear layer, which makes the predictions."""
CALLED: Mapping[str, Loss] = {**LOSSES, **OF_LAYERS}
"""All that a vector may call."""
