"""The contract of an adapter: how the suite calls one implementation on one framework."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from wce_conformance.cases import Tensor

if TYPE_CHECKING:
    import numpy as np


class Outcome(NamedTuple):
    """What an implementation gave for a case, as NumPy arrays in the dtypes it chose.

    ``value`` is an array (of the items' shape for reduction "none"), or a tuple of the six fields
    for "parts". ``gradient`` is that of the value, of Σℓ for "none" and "parts"; None where there
    is none to be had.
    """

    value: Any
    gradient: np.ndarray | None


class Adapter(ABC):
    """One framework: its arrays and its ways to a gradient (``routes``).

    ``own_routes`` are such as only wce_core has.
    """

    name: str
    routes: tuple[str, ...]
    own_routes: tuple[str, ...] = ()
    dtypes: frozenset[str] = frozenset(
        {"float64", "float32", "float16", "bfloat16"}
        | {"int64", "int32", "int16", "int8", "uint8", "bool"}
    )

    @abstractmethod
    def array(self, array: np.ndarray) -> Any:
        """An array of the framework with the same dtype and values."""

    @abstractmethod
    def numpy(self, array: Any) -> np.ndarray:
        """The other way; bfloat16 as ml_dtypes'."""

    @abstractmethod
    def differentiated(
        self, route: str, function: Callable[..., Any], wrt: str
    ) -> Callable[[Mapping[str, Any]], tuple[Any, Any]]:
        """What gives, of arrays, (``function(**arrays)``, gradient of its first output's sum).

        The gradient is that to ``wrt``. ``function`` returns an array or a tuple of arrays. By a
        route that compiles, arrays of the same shapes and dtypes are compiled for once.
        """

    def differentiate(
        self, route: str, function: Callable[..., Any], arrays: Mapping[str, Any], wrt: str
    ) -> tuple[Any, Any]:
        """The same of these arrays alone."""
        return self.differentiated(route, function, wrt)(arrays)

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function under the framework's compiler; itself where there is none."""
        return function

    def tensor(self, tensor: Tensor) -> Any:
        """A case's array."""
        return self.array(as_numpy(tensor))

    def to_numpy(self, value: Any) -> Any:
        """An output, or a tuple of outputs."""
        if isinstance(value, tuple):
            return tuple(self.numpy(field) for field in value)
        return self.numpy(value)


def as_numpy(tensor: Tensor) -> np.ndarray:
    """A case's array in its own dtype."""
    import numpy as np

    if tensor.dtype == "bfloat16":
        wide = np.array(tensor.data, dtype=np.float32)
        return wide.astype(_bfloat16()).reshape(tensor.shape)
    return np.array(tensor.data, dtype=tensor.dtype).reshape(tensor.shape)


def _bfloat16() -> Any:
    try:
        from ml_dtypes import bfloat16
    except ModuleNotFoundError:
        reason = "NumPy has no bfloat16: `pip install ml_dtypes`, or skip vectors of this dtype"
        raise ModuleNotFoundError(reason) from None
    return bfloat16


def without(name: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """All arrays but one."""
    return {own: array for own, array in arrays.items() if own != name}
