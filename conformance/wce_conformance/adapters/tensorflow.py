"""TensorFlow: ``GradientTape``, as it is, under ``tf.function``, and under XLA."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from wce_conformance.adapters.base import Adapter, without


class TensorFlowAdapter(Adapter):
    """Three routes."""

    name = "tensorflow"
    routes = ("eager", "compiled", "xla")

    def array(self, array: np.ndarray) -> Any:
        """bfloat16 is ml_dtypes' in TensorFlow too."""
        return tf.constant(array)

    def numpy(self, array: Any) -> np.ndarray:
        """By ``numpy()``: a bfloat16 scalar has no other way."""
        return np.asarray(array.numpy())

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """By ``tf.function``."""
        graph: Callable[..., Any] = tf.function(function)
        return graph

    def differentiated(
        self, route: str, function: Callable[..., Any], wrt: str
    ) -> Callable[[Mapping[str, Any]], tuple[Any, Any]]:
        """By a tape."""

        def both(x: Any, rest: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = function(**{wrt: x}, **rest)
                first = value[0] if isinstance(value, tuple) else value
            return value, tape.gradient(first, x)

        if route != "eager":
            both = tf.function(both, jit_compile=route == "xla")
        return lambda arrays: both(arrays[wrt], without(wrt, arrays))
