"""Cross-entropy of the logits of a linear layer, each written out as a sum of products."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from wce_conformance.oracle.autodiff import Var, total
from wce_conformance.oracle.checks import check_shape
from wce_conformance.oracle.grid import Grid, Index, Nested, positions
from wce_conformance.oracle.multiclass import _Multiclass, cross_entropy
from wce_conformance.oracle.real import Real, limited, mp
from wce_conformance.oracle.result import Result, largest

LAYER = ("hidden", "weight", "bias")


def linear_cross_entropy(
    hidden: Nested,
    weight: Nested,
    targets: Nested,
    *,
    bias: Nested | None = None,
    chunk_bytes: int | None = None,
    wrt: Collection[str] = (),
    **arguments: Any,
) -> Result:
    """`cross_entropy` of the logits hidden·weightᵀ + bias, classes along their last axis.

    `gradient` is that to the hidden states; `wrt` names further arguments to differentiate to,
    "weight" and "bias" among them. How much of the logits may be there at a time changes no number.
    """
    del chunk_bytes
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

    found = cross_entropy(
        nothing, targets, wrt=dict.fromkeys(("hidden", *wrt)), problem=problem, **arguments
    )
    return _of_states(found, given["hidden"], classes, wrt)


def _of_states(found: Result, hidden: Grid[Any], classes: int, wrt: Collection[str]) -> Result:
    """With the derivatives to the hidden states in the place of those to the logits.

    A derivative to the layer is as exact as those to the logits of an item, which have one scale.
    """
    sizes, (*items, width) = Grid.of(found.gradient_sizes["hidden"]).flat, hidden.shape
    rows = [sizes[i * width : (i + 1) * width] for i in range(prod(items))]
    scales = Grid.of(found.gradient_scale).flat if rows else ()
    states = [hidden.flat[i * width : (i + 1) * width] for i in range(len(rows))]
    one = [_summed(scales, [row[j] for row in states]) for j in range(width)]
    of_layer = {"weight": one, "bias": _summed(scales, [1] * len(rows))}
    return replace(
        found,
        gradient=found.gradients["hidden"],
        gradient_scale=Grid(tuple(items), tuple(map(largest, rows))).nested(),
        gradients={name: found.gradients[name] for name in wrt},
        gradient_sizes={
            "predictions": found.gradient_sizes["hidden"],
            **{name: found.gradient_sizes[name] for name in wrt},
            **{name: [own] * classes for name, own in of_layer.items() if name in wrt},
        },
    )


def _summed(scales: Sequence[Real], states: Sequence[Any]) -> Real:
    pairs = zip(scales, states, strict=True)
    return sum((scale * abs(limited(state)) for scale, state in pairs if scale != 0), mp.zero)


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
