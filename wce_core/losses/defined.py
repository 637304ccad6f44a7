"""Losses of other terms: everything of a cross-entropy but what an item pays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wce_core.call.run import evaluate
from wce_core.compilers import do_not_convert
from wce_core.evaluation.options import Options
from wce_core.formulas.terms import Term
from wce_core.formulas.weightings import WEIGHTINGS
from wce_core.types import Array

DEFAULTS: dict[str, Any] = {
    "label_smoothing": 0.0,
    "smoothing": "uniform",
    "soft_weighting": "per_class",
    "form": "logits",
    "clip": None,
    "reduction": "mean",
    "empty": "zero",
    "precision": "native",
    "dtype": None,
    "validate": None,
}
"""Options of every loss, but for ``axis``."""


def categorical_loss(term: Term) -> Callable[..., Any]:
    """The loss ℓ = s · Σ_k w_k q_k penalty(−log p_k) of C exclusive classes.

    It is called as ``loss(predictions, targets, **arguments)`` and takes all arguments of
    :func:`wce_core.losses.cross_entropy`, whose term is −log p itself, and every weighting that has
    been added with :func:`wce_core.formulas.weightings.register`.

    ``term`` is hashable and compares by value: it is part of the key of compiled programs.

    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> @dataclass(frozen=True)
    ... class Squared:
    ...     def penalty(self, xp, surprisal):
    ...         return surprisal**2
    ...     def slope(self, xp, surprisal):
    ...         return 2.0 * surprisal
    >>> loss = categorical_loss(Squared())
    >>> round(float(loss(np.zeros((1, 2)), np.array([0]), class_weight=[3.0, 1.0])), 6)
    1.441359
    """
    return _loss(term, categorical=True, defaults={**DEFAULTS, "axis": -1})


def binary_loss(term: Term) -> Callable[..., Any]:
    """The same of two classes, with all arguments of ``binary_cross_entropy``."""
    return _loss(term, categorical=False, defaults={**DEFAULTS, "axis": None})


def _loss(term: Term, *, categorical: bool, defaults: dict[str, Any]) -> Callable[..., Any]:
    def taken() -> list[str]:
        fitting = (
            w.name for w in WEIGHTINGS.values() if (w.categorical if categorical else w.binary)
        )
        return [*fitting, "normalizer"]

    @do_not_convert
    def loss(predictions: Array, targets: Array, **arguments: Any) -> Any:
        arrays = taken()
        unknown = [name for name in arguments if name not in defaults and name not in arrays]
        if unknown:
            expected = ", ".join((*arrays, *defaults))
            raise TypeError(f"the loss has no argument {unknown[0]!r}; expected one of {expected}")
        own = {name: arguments.get(name, default) for name, default in defaults.items()}
        options = Options(categorical=categorical, term=term, **own)
        given = {name: arguments.get(name) for name in arrays}
        return evaluate(options, predictions, targets, given)

    return loss
