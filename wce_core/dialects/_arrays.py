"""What dialects do to arrays before a loss sees them; the losses themselves are the core's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wce_core.call.arguments import as_companion, as_predictions
from wce_core.call.handles import Predictions
from wce_core.frameworks.backend import Backend
from wce_core.frameworks.registry import backend_of

from ..errors import value_error
from ..types import Array


def owner(predictions: Any) -> tuple[Backend, Array]:
    """The backend of the predictions, and they themselves as an array."""
    handle = isinstance(predictions, Predictions)
    return as_predictions(predictions.array if handle else predictions)


def companion(be: Backend, value: Any, predictions: Array, name: str) -> Array:
    """Another argument as an array of the predictions' framework."""
    return as_companion(be, value, predictions, name)


def plain(value: Any) -> tuple[Backend, Array]:
    """An argument that is no prediction, in its own framework; lists become NumPy arrays."""
    be = backend_of(value)
    if be is not None:
        return be, value
    own = np.asarray(value)
    be = backend_of(own)
    assert be is not None
    return be, own


def aligned_right(be: Backend, weights: Array, rank: int) -> Array:
    """Weights with axes of length 1 in front, as broadcasting adds them: of that rank."""
    missing = rank - len(be.shape(weights))
    for _ in range(missing):
        weights = be.xp.expand_dims(weights, axis=0)
    return weights


def smoothed(be: Backend, rows: Array, epsilon: float, classes: Any) -> Array:
    """(1−ε)·q + ε/C, whatever q sums to: what other libraries do to dense targets."""
    del be
    return rows * (1.0 - epsilon) + epsilon / classes if epsilon else rows


def floating(be: Backend, array: Array, like: Array) -> Array:
    """In the dtype of the predictions, unless it is floating already."""
    kind = be.dtype_name(array)
    return array if "float" in kind else be.xp.astype(array, like.dtype)


def readable(be: Backend, array: Array) -> np.ndarray | None:
    """The values where they can be looked at without waiting."""
    return be.to_numpy(array) if be.readable(array) else None


def refuse(
    be: Backend,
    array: Array,
    name: str,
    wrong: Callable[[np.ndarray], Any],
    expected: str,
    error: type[Exception] = ValueError,
) -> None:
    """Raise for the first value that is wrong, where values can be looked at."""
    values = readable(be, array)
    if values is None:
        return
    found = np.asarray(wrong(values))
    if found.any():
        position = tuple(int(axis[0]) for axis in np.atleast_1d(found).nonzero())
        value = np.atleast_1d(values)[position]
        raise error(str(value_error(name, position if values.ndim else (), value, expected)))


def outside_unit(values: np.ndarray) -> Any:
    """Not in [0, 1]; NaN passes."""
    return (values < 0) | (values > 1)


def changed(
    predictions: Any,
    forward: Callable[[Backend, Array], Array],
    back: Callable[[Backend, Array], Array],
    loss: Callable[[Any], Any],
) -> Any:
    """``loss`` of the predictions after ``forward``, a linear change whose adjoint is ``back``.

    Frameworks differentiate ``forward`` themselves; NumPy's gradient is carried back.
    """
    be, own = owner(predictions)
    if not isinstance(predictions, Predictions):
        return loss(forward(be, own))
    result = loss(predictions.replaced(forward(be, own)))
    return result.carried(predictions, lambda gradient: back(be, gradient))
