"""NumPy and any other array of the array API standard: gradients by ``wce_core.value_and_grad``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import wce_core
from wce_conformance.adapters.base import Adapter


class NumpyAdapter(Adapter):
    """Gradients to the predictions only."""

    name = "numpy"
    routes = ("eager",)

    def array(self, array: np.ndarray) -> Any:
        """The array itself."""
        return array

    def numpy(self, array: Any) -> np.ndarray:
        """The array itself."""
        return np.asarray(array)

    def differentiate(
        self, route: str, function: Callable[..., Any], arrays: Mapping[str, Any], wrt: str
    ) -> tuple[Any, Any]:
        """By handles; the value comes from a call without one, so both routes are seen."""
        del route
        rest = {name: array for name, array in arrays.items() if name != wrt}
        value = function(**arrays)
        if not isinstance(value, tuple) and value.ndim > 0:
            return value, None  # handles are for scalars; "sum" has the same gradient

        def scalar(x: Any) -> Any:
            output = function(**{wrt: x}, **rest)
            return output[0] if isinstance(output, tuple) else output

        _, gradient = wce_core.value_and_grad(scalar)(arrays[wrt])
        return value, gradient
