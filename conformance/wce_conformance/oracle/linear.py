"""Cross-entropy of the logits of a linear layer, each written out as a sum of products."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import prod
from typing import Any

from wce_conformance.oracle.autodiff import Var, total
from wce_conformance.oracle.checks import check_shape
from wce_conformance.oracle.grid import Grid, Index, Nested, positions
from wce_conformance.oracle.multiclass import _Multiclass, cross_entropy
from wce_conformance.oracle.real import limited, mp
from wce_conformance.oracle.result import Result

LAYER = ("hidden", "weight", "bias")


def linear_cross_entropy(
    hidden: Nested,
    weight: Nested,
    targets: Nested,
    *,
    bias: Nested | None = None,
    wrt: Collection[str] = (),
    **arguments: Any,
) -> Result:
    """`cross_entropy` of the logits hidden·weightᵀ + bias, classes along their last axis.

    `wrt` names further arguments to differentiate to, "hidden", "weight" and "bias" among them.
    """
    given = {"hidden": Grid.of(hidden), "weight": Grid.of(weight)}
    given |= {} if bias is None else {"bias": Grid.of(bias)}
    *items, width = given["hidden"].shape
    classes = given["weight"].shape[0]
    check_shape("weight", given["weight"].shape, (classes, width))
    if bias is not None:
        check_shape("bias", given["bias"].shape, (classes,))
    shape = (*items, classes)
    nothing = Grid(shape, (0.0,) * prod(shape))

    def problem(weights: Mapping[str, Grid[Any]], **fields: Any) -> _Linear:
        return _Linear(weights={**weights, **given}, **fields)

    return cross_entropy(nothing, targets, wrt=wrt, problem=problem, **arguments)


class _Linear(_Multiclass):
    """A call of `linear_cross_entropy`: the layer is among the weights, predictions are made."""

    def differentiated(self) -> dict[str, Grid[Var]]:
        """With logits of what stands in the items that are not excluded."""
        leaves = super().differentiated()
        leaves |= {
            name: self.weights[name].map(lambda number: Var(limited(number)))
            for name in LAYER
            if name in self.weights
        }
        kept = set(self.included())
        made = (
            _logit(leaves, at[:-1], at[-1]) if at[:-1] in kept else Var(mp.zero)
            for at in positions(self.predictions.shape)
        )
        return {**leaves, "predictions": Grid(self.predictions.shape, tuple(made))}


def _logit(leaves: Mapping[str, Grid[Var]], item: Index, k: int) -> Var:
    hidden, weight = leaves["hidden"], leaves["weight"]
    terms = [hidden.at((*item, j)) * weight.at((k, j)) for j in range(weight.shape[1])]
    return total([*terms, leaves["bias"].at((k,))] if "bias" in leaves else terms)
