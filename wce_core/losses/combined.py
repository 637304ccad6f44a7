"""Weighted sums of losses."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

from wce_core.compilers import do_not_convert
from wce_core.evaluation.options import Options
from wce_core.scalars import number
from wce_core.types import Array

from .configured import Configured


@dataclass(frozen=True, kw_only=True, repr=False)
class Combined(Configured[Any]):
    """What :func:`combine` makes: a loss of its own, immutable, comparable, hashable.

    In JAX it is a pytree of its losses.

    Parameters
    ----------
    losses
        Configured losses of one family, each of which gives a number.
    weights
        A finite number for each.

    Examples
    --------
    >>> from wce_core.losses import BinaryCrossEntropy, BinaryDiceLoss, combine
    >>> loss = combine((0.5, BinaryCrossEntropy()), (0.5, BinaryDiceLoss()))
    >>> [type(each).__name__ for each in loss.losses], loss.weights
    (['BinaryCrossEntropy', 'BinaryDiceLoss'], (0.5, 0.5))

    """

    losses: tuple[Configured[Any], ...]
    weights: tuple[float, ...]
    _weights = ("losses",)

    def __post_init__(self) -> None:
        for loss in self.losses:
            _check(loss, self.losses[0])
        self._hold({"losses": tuple(self.losses), "weights": _numbers(self.weights)})

    def _options(self, given: dict[str, Any]) -> Options:
        raise TypeError("a combined loss has no options of its own; its losses have")

    def _hold(self, arguments: dict[str, Any]) -> None:
        for name, value in arguments.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_arguments", dict(arguments))

    def __repr__(self) -> str:
        return f"combine({', '.join(map(repr, self.terms))})"

    @property
    def _categorical(self) -> bool:  # type: ignore[override]  # of its losses, not of the class
        return self.losses[0]._categorical

    @property
    def terms(self) -> tuple[tuple[float, Any], ...]:
        """Each weight with its loss."""
        return tuple(zip(self.weights, self.losses, strict=True))

    @do_not_convert
    def __call__(
        self,
        predictions: Array,
        targets: Array,
        *,
        sample_weight: Array | None = None,
        mask: Array | None = None,
    ) -> Any:
        """The weighted sum of the losses of these arrays."""
        own = [
            loss(predictions, targets, sample_weight=sample_weight, mask=mask) * weight
            for weight, loss in self.terms
        ]
        return sum(own[1:], own[0])


def combine(*terms: tuple[float, Configured[Any]]) -> Combined:
    """A weighted sum of losses as a loss of its own.

        ℓ = Σ_i c_i·ℓ_i(predictions, targets)

    Each loss keeps its own weights, reduction and options, and all of them get the same
    ``sample_weight`` and ``mask``. Value and gradient are the weighted sums of theirs.

    Parameters
    ----------
    *terms
        Pairs of a finite number and a configured loss. They are of one family: of exclusive
        classes, or of labels; and each gives a number, so that ``reduction`` is not ``"none"`` and
        not ``"parts"``.

    Returns
    -------
    A configured loss with ``.keras()``, which can be compared, hashed and pickled.

    Raises
    ------
    TypeError
        For what is no configured loss, or no number.
    ValueError
        For losses of two families, without a single number, and for weights that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core import value_and_grad
    >>> from wce_core.losses import BinaryCrossEntropy, BinaryDiceLoss, combine
    >>> loss = combine((0.5, BinaryCrossEntropy(pos_weight=3.0)), (0.5, BinaryDiceLoss()))
    >>> masks = np.array([[0, 0, 0, 1]])
    >>> value, gradient = value_and_grad(loss)(np.zeros((1, 4)), masks)
    >>> value.round(4), gradient.round(4)
    (np.float64(0.8532), array([[ 0.0764,  0.0764,  0.0764, -0.2569]]))

    """
    if not terms:
        raise TypeError("combine() got no losses; expected pairs (weight, loss)")
    weights, losses = zip(*map(_pair, terms), strict=True)
    return Combined(losses=losses, weights=weights)


def _pair(term: Any) -> tuple[Any, Any]:
    if not isinstance(term, tuple) or len(term) != 2:
        raise TypeError(f"combine() got {term!r}; expected a pair (weight, loss)")
    return term


def _check(loss: Any, first: Any) -> None:
    if not isinstance(loss, Configured):
        expected = "a configured loss such as BinaryCrossEntropy()"
        raise TypeError(f"combine() got {loss!r} as a loss; expected {expected}")
    if loss._categorical != first._categorical:
        names = f"{type(first).__name__} and {type(loss).__name__}"
        raise ValueError(f"{names} read targets of different kinds; expected losses of one family")
    for _, own in loss.terms:
        if own.reduction in ("none", "parts"):
            name = type(own).__name__
            raise ValueError(f"{name} has reduction={own.reduction!r}; expected one of a number")


def _numbers(weights: Any) -> tuple[float, ...]:
    found = tuple(float(number("the weight of a loss", w, "a finite number")) for w in weights)
    if not all(map(isfinite, found)):
        raise ValueError(f"the weights of losses are {found}; expected finite numbers")
    return found
