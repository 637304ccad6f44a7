"""Adapters by name; a framework is imported when its adapter is asked for."""

from wce_conformance.adapters.base import Adapter, Outcome, as_numpy

NAMES = ("numpy", "array_api_strict", "torch", "jax", "tensorflow")

__all__ = ["NAMES", "Adapter", "Outcome", "adapter", "as_numpy"]


def adapter(name: str) -> Adapter:
    """The adapter of a framework."""
    if name == "numpy":
        from wce_conformance.adapters.numpy import NumpyAdapter

        return NumpyAdapter()
    if name == "array_api_strict":
        from wce_conformance.adapters.array_api_strict import ArrayApiStrictAdapter

        return ArrayApiStrictAdapter()
    if name == "torch":
        from wce_conformance.adapters.torch import TorchAdapter

        return TorchAdapter()
    if name == "jax":
        from wce_conformance.adapters.jax import JaxAdapter

        return JaxAdapter()
    if name == "tensorflow":
        from wce_conformance.adapters.tensorflow import TensorFlowAdapter

        return TensorFlowAdapter()
    raise ValueError(f"adapter is {name!r}; expected one of {', '.join(NAMES)}")
