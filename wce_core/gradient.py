"""``value_and_grad`` and ``compile`` in the predictions' framework."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from wce_core.call.arguments import as_predictions
from wce_core.frameworks.backend import Backend

from .types import Array


def value_and_grad(
    function: Callable[..., Any], has_aux: bool = False
) -> Callable[..., tuple[Any, Array]]:
    """Make ``function(predictions, *args, **kwargs)`` return its value and gradient.

    The gradient is that of the scalar value to the first argument, in the dtype of the predictions,
    by the means of their framework. With ``has_aux`` the function returns ``(value, aux)`` and the
    result is ``((value, aux), gradient)``.

    For NumPy arrays and other arrays without autodiff, ``function`` receives a handle for the
    predictions (``shape``, ``dtype`` and ``ndim`` only) that only losses of this library accept.
    There a loss returns a scalar that carries its value and closed-form gradient, closed under
    + − × ÷ with numbers and with each other; ``LossParts`` carry it too. Item losses can be weighed
    by ``*`` and ``/``, and reduced by ``sum()`` and ``mean(axis=None)``. Handles in the auxiliary
    output become arrays.

    Raises
    ------
    TypeError
        On NumPy, if the function does anything else with the predictions, or returns a loss of the
        predictions of another call.

    Examples
    --------
    >>> import numpy as np
    >>> import wce_core
    >>> from wce_core import losses
    >>> def objective(x, y):
    ...     return losses.cross_entropy(x, y, class_weight=[1.0, 3.0]) + 0.5
    >>> value, gradient = wce_core.value_and_grad(objective)(np.zeros((1, 2)), np.array([1]))
    >>> round(float(value), 6), gradient.tolist()
    (2.579442, [[1.5, -1.5]])

    """
    made: dict[Backend, Callable[..., tuple[Any, Array]]] = {}

    @functools.wraps(function)
    def with_gradient(predictions: Any, *args: Any, **kwargs: Any) -> tuple[Any, Array]:
        backend, own = as_predictions(predictions)
        both = made.get(backend)
        if both is None:
            both = made[backend] = backend.value_and_grad(function, has_aux)
        return both(own, *args, **kwargs)

    return with_gradient
