"""JAX: ``jax.value_and_grad``, as it is and under ``jax.jit``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from wce_conformance.adapters.base import Adapter, without


class JaxAdapter(Adapter):
    """Two routes. Float64 arrays are made and used with ``enable_x64``."""

    name = "jax"
    routes = ("eager", "compiled")

    def array(self, array: np.ndarray) -> Any:
        """float64 and int64 kept."""
        with jax.enable_x64(True):
            return jax.numpy.asarray(array)

    def numpy(self, array: Any) -> np.ndarray:
        """bfloat16 is ml_dtypes' already."""
        return np.asarray(array)

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """By ``jax.jit``."""
        jitted: Callable[..., Any] = jax.jit(function)
        return jitted

    def differentiated(
        self, route: str, function: Callable[..., Any], wrt: str
    ) -> Callable[[Mapping[str, Any]], tuple[Any, Any]]:
        """A float32 program stays one: the default precision is 64 bits only for float64."""

        def scalar(x: Any, rest: Any) -> Any:
            value = function(**{wrt: x}, **rest)
            first = value[0] if isinstance(value, tuple) else value
            return first.sum(), value

        both = jax.value_and_grad(scalar, has_aux=True)
        if route == "compiled":
            both = jax.jit(both)

        def outcome(arrays: Mapping[str, Any]) -> tuple[Any, Any]:
            with jax.enable_x64(any(array.dtype == "float64" for array in arrays.values())):
                (_, value), gradient = both(arrays[wrt], without(wrt, arrays))
            return value, gradient

        return outcome
