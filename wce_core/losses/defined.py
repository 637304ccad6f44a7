"""Losses of other terms: everything of a cross-entropy but what an item pays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from wce_core.call.run import evaluate
from wce_core.compilers import do_not_convert
from wce_core.evaluation.options import Options
from wce_core.formulas.terms import NEGATIVE_LOG_LIKELIHOOD, AnyTerm, Term
from wce_core.formulas.weightings import WEIGHTINGS
from wce_core.types import Array

DEFAULTS: dict[str, Any] = {
    "label_smoothing": 0.0,
    "soft_weighting": "per_class",
    "negative_weights": False,
    "form": "logits",
    "clip": None,
    "reduction": "mean",
    "empty": "zero",
    "precision": "native",
    "dtype": None,
    "validate": None,
}
"""Options of every loss, but for those of one family."""
CATEGORICAL = {**DEFAULTS, "smoothing": "uniform", "axis": -1}
BINARY = {**DEFAULTS, "axis": None}


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
    return _loss(term, categorical=True)


def binary_loss(term: Term) -> Callable[..., Any]:
    """The same of two classes, with all arguments of ``binary_cross_entropy``."""
    return _loss(term, categorical=False)


def _loss(term: Term, *, categorical: bool) -> Callable[..., Any]:
    @do_not_convert
    def loss(predictions: Array, targets: Array, **arguments: Any) -> Any:
        return of_term(term, predictions, targets, arguments, categorical=categorical)

    return loss


def of_term(
    term: AnyTerm,
    predictions: Any,
    targets: Any,
    arguments: Mapping[str, Any],
    *,
    categorical: bool,
) -> Any:
    """The loss of a term. ``arguments``: those of a cross-entropy that are given."""
    family = CATEGORICAL if categorical else BINARY
    arrays = [w.name for w in WEIGHTINGS.values() if (w.categorical if categorical else w.binary)]
    return _evaluated(predictions, targets, arguments, family, arrays, categorical, term=term)


def of_reading(
    reading: str,
    predictions: Any,
    targets: Any,
    arguments: Mapping[str, Any],
    *,
    without: Collection[str],
    more: Mapping[str, Any],
) -> Any:
    """The loss of another reading of rows, which is that itself.

    ``arguments``: those of :func:`cross_entropy` that are given, of which it takes all but those
    ``without``. ``more``: weightings of its own.
    """
    family = {name: default for name, default in CATEGORICAL.items() if name not in without}
    arrays = [w.name for w in WEIGHTINGS.values() if w.categorical and w.name not in without]
    return _evaluated(
        predictions,
        targets,
        {**arguments, **more},
        family,
        [*arrays, *more],
        categorical=True,
        term=NEGATIVE_LOG_LIKELIHOOD,
        reading=reading,
    )


def _evaluated(
    predictions: Any,
    targets: Any,
    arguments: Mapping[str, Any],
    taken: Mapping[str, Any],
    arrays: list[str],
    categorical: bool,
    **fixed: Any,
) -> Any:
    options, given = sorted_out(arguments, taken, arrays, categorical, **fixed)
    return evaluate(options, predictions, targets, given)


def sorted_out(
    arguments: Mapping[str, Any],
    taken: Mapping[str, Any],
    arrays: list[str],
    categorical: bool,
    **fixed: Any,
) -> tuple[Options, dict[str, Any]]:
    """The options among the arguments of a loss, and its arrays by name, None where not given."""
    own = {**taken, **arguments}
    given = {name: own.pop(name, None) for name in (*arrays, "normalizer")}
    if len(own) > len(taken):
        expected = ", ".join((*given, *taken))
        unknown = next(name for name in own if name not in taken)
        raise TypeError(f"the loss has no argument {unknown!r}; expected one of {expected}")
    defaults = CATEGORICAL if categorical else {**BINARY, "smoothing": "uniform"}
    return Options(**{**defaults, **own}, categorical=categorical, **fixed), given
