"""wce_core on one framework, as the runner calls it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import wce_core
from wce_conformance.adapters import Adapter, adapter
from wce_conformance.calls import arrays_of, function_of, outcome_of, supports
from wce_conformance.cases.case import LAYER
from wce_conformance.implementation import Answer, Given, NotOffered, Refused
from wce_conformance.vectors import Vector
from wce_core.frameworks.registry import backend_of

SAMPLED: Mapping[str, Mapping[str, int]] = {
    "torch": {"compiled": 25, "programs": 200},
    "jax": {"eager": 3, "compiled": 2},
    "tensorflow": {"compiled": 6, "xla": 10},
}
"""Compilation takes 0.2 to 4 seconds a vector: of these routes one vector in so many is run."""


class WceCore:
    """An :class:`~wce_conformance.implementation.Implementation`."""

    precisions: tuple[str, ...] = ("native", "exact")
    repeated: tuple[str, ...] = ("compiled", "xla")

    def __init__(self, backend: str) -> None:
        _quieten()
        self.name = f"wce_core on {backend}"
        self.adapter: Adapter = adapter(backend)
        self.version = wce_core.__version__
        self.routes: tuple[str, ...] = (*self.adapter.routes, *self.adapter.own_routes)
        self.sampled: Mapping[str, int] = SAMPLED.get(backend, {})

    def offers(self, vector: Vector) -> bool:
        """Everything, in the dtypes that the framework has."""
        return supports(vector.case, self.adapter)

    def run(self, vector: Vector, route: str, precision: str) -> Given:
        """By the framework's own way of differentiating."""
        if vector.error is not None:
            return self._refusal(vector, route, precision)
        value, gradient = outcome_of(vector.case, self.adapter, route, precision)
        return Answer(value, gradient, self._further(vector, route, precision))

    def _further(self, vector: Vector, route: str, precision: str) -> dict[str, np.ndarray]:
        """Gradients to a layer, and to weights and soft targets where a tape gives them cheaply."""
        taped = (route, precision) == ("eager", "native") and self.adapter.name in _TAPES
        names = [name for name in vector.answer["gradients"] if taped or name in LAYER]
        function = function_of(vector.case, precision)
        arrays = arrays_of(vector.case, self.adapter) if names else {}
        return {name: self._gradient(route, function, arrays, name) for name in names}

    def _gradient(
        self, route: str, function: Callable[..., Any], arrays: Mapping[str, Any], name: str
    ) -> np.ndarray:
        _, gradient = self.adapter.differentiate(route, function, arrays, name)
        if gradient is None:
            return np.zeros(arrays[name].shape)
        return self.adapter.numpy(gradient)

    def _refusal(self, vector: Vector, route: str, precision: str) -> Given:
        """Values are looked at where they can be read at once: not while compiling."""
        eager = route == "eager"
        if precision == "exact" or route not in ("eager", "compiled"):
            return NotOffered("refusals are the same by every route")
        if vector.of_values and not eager:
            return NotOffered("values are not looked at in compiled code")
        arrays = arrays_of(vector.case, self.adapter)
        function = function_of(vector.case, precision)
        try:
            value = (function if eager else self._compiled(function, arrays))(**arrays)
        except Exception as error:  # whatever it is, it is the answer
            root = _root(error)
            return Refused(_name(root), str(root).partition("\n")[0])
        return Answer(self.adapter.to_numpy(value), None)

    def _compiled(
        self, function: Callable[..., Any], arrays: Mapping[str, Any]
    ) -> Callable[..., Any]:
        backend = backend_of(arrays["predictions"])
        assert backend is not None
        compiled: Callable[..., Any] = backend.compile(function)
        return compiled


def _quieten() -> None:
    """TensorFlow warns of functions that are traced again and again, which here is the point."""
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


_TAPES = ("torch", "tensorflow")


def _root(error: BaseException) -> BaseException:
    """The error of the library behind a compiler's own."""
    while error.__cause__ is not None and not isinstance(error, ValueError | TypeError):
        error = error.__cause__
    return error


def _name(error: BaseException) -> str:
    """Compiling one whole graph, Dynamo raises errors of its own for those that it met."""
    name = type(error).__name__
    return OBSERVED.get(name, name)


OBSERVED = {"ObservedValueErrorError": "ValueError", "ObservedTypeError": "TypeError"}
