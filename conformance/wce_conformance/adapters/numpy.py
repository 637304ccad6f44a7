"""NumPy and any other array of the array API standard: gradients by ``wce_core.value_and_grad``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import wce_core
from wce_conformance.adapters.base import Adapter, without


class NumpyAdapter(Adapter):
    """Gradients to one array, the predictions or a layer's."""

    name = "numpy"
    routes = ("eager",)

    def array(self, array: np.ndarray) -> Any:
        """The array itself."""
        return array

    def numpy(self, array: Any) -> np.ndarray:
        """The array itself."""
        return np.asarray(array)

    def differentiated(
        self, route: str, function: Callable[..., Any], wrt: str
    ) -> Callable[[Mapping[str, Any]], tuple[Any, Any]]:
        """By handles; the value comes from a call without one, so both routes are seen."""
        del route

        def scalar(x: Any, rest: Mapping[str, Any]) -> Any:
            output = function(**{wrt: x}, **rest)
            first = output[0] if isinstance(output, tuple) else output
            with np.errstate(over="ignore"):  # of a sum that nobody looks at
                return first.sum() if getattr(first, "ndim", 0) else first

        def outcome(arrays: Mapping[str, Any]) -> tuple[Any, Any]:
            value = function(**arrays)
            _, gradient = wce_core.value_and_grad(scalar)(arrays[wrt], without(wrt, arrays))
            return value, gradient

        return outcome
