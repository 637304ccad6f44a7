"""Any array of the array API standard, evaluated as a whole; gradients by ``value_and_grad``."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Collection
from typing import Any

import array_api_compat
import numpy as np

from wce_core.arrays.rounding import rounded
from wce_core.call.handles import Predictions, Tracked, TrackedItems, plain
from wce_core.evaluation import evaluate
from wce_core.evaluation.second_look import is_proved
from wce_core.evaluation.spec import LossSpec
from wce_core.frameworks.backend import Backend, Description, Sums
from wce_core.types import Array, Arrays, Namespace

from .sums import in_pieces

NEEDED = (  # one name a line would fill a page
    "abs add any arange argmax asarray astype broadcast_to empty exp expand_dims expm1 finfo floor "
    "iinfo isfinite log log1p matmul max maximum mean minimum moveaxis multiply ones_like "
    "permute_dims pow prod reshape result_type round squeeze stack subtract sum take "
    "take_along_axis unstack where zeros_like"
)
"""Functions of the standard (2024.12) that losses are made of."""


class AnyNamespace:
    """A namespace of which nobody knows how it sums: along one axis, it does so in pieces."""

    def __init__(self, xp: Namespace) -> None:
        self._xp = xp

    def __getattr__(self, name: str) -> Any:
        return getattr(self._xp, name)

    def sum(
        self, x: Array, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False
    ) -> Array:
        """NumPy, for one, adds in turn along any axis but the last."""
        xp = self._xp
        if not isinstance(axis, int) or not xp.isdtype(x.dtype, "real floating"):
            return xp.sum(x, axis=axis, dtype=dtype, keepdims=keepdims)
        own, place = x if dtype is None else xp.astype(x, dtype, copy=False), axis % x.ndim
        found = in_pieces(self._along, self._reshaped, own, list(own.shape), place)
        return xp.expand_dims(found, axis=place) if keepdims else found

    def _along(self, x: Array, axis: int) -> Array:
        return self._xp.sum(x, axis=axis)

    def _reshaped(self, x: Array, shape: list[Any]) -> Array:
        return self._xp.reshape(x, tuple(shape))


class GenericBackend(Backend):
    """A namespace found by array-api-compat or ``__array_namespace__``; no autodiff is assumed."""

    def __init__(self, name: str, xp: Namespace, array_type: type) -> None:
        self.name = name
        self.xp = xp
        self._array_type = array_type

    def owns(self, array: object) -> bool:
        """Arrays of the type it was made for."""
        return isinstance(array, self._array_type)

    @functools.cached_property
    def _lacking(self) -> str | None:
        """The first function that its namespace lacks."""
        lacking = (f"the function {name}" for name in NEEDED.split() if not hasattr(self.xp, name))
        return next(lacking, None)

    def refusal(self, array: Array) -> str | None:
        """What array or namespace lack of the standard: those of lazy and sparse ones lack much."""
        lacking = self._lacking or (None if hasattr(array, "device") else "the attribute device")
        return lacking and (
            f"of {self.name}, whose arrays lack {lacking} of the array API standard; convert them "
            "to arrays of NumPy, JAX, PyTorch or TensorFlow"
        )

    def dtype_name(self, array: Array) -> str:
        """The last word of the dtype's name."""
        return str(getattr(array.dtype, "name", array.dtype)).rpartition(".")[2]

    def asarray(self, value: np.ndarray, like: Array) -> Array:
        """By the namespace's own ``asarray``."""
        return self.xp.asarray(value, device=array_api_compat.device(like))

    def looks_again(self, like: Array) -> bool:
        """If NumPy can read it."""
        return self.readable(like)

    def readable(self, array: Array) -> bool:
        """If NumPy can read it."""
        try:
            self.to_numpy(array)
        except (TypeError, ValueError, RuntimeError, BufferError, AttributeError):
            return False
        return True

    def to_numpy(self, array: Array) -> np.ndarray:
        """By DLPack, the standard's own way to share memory."""
        return np.from_dlpack(array)

    def run(self, spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
        """The plain formula; a namespace built on NumPy must not warn of infinities it handles."""
        with np.errstate(all="ignore"):
            if spec.chunk_bytes is not None:
                return self.fused_layer(spec, arrays, ())[0]
            if is_proved(self, spec, arrays["predictions"]):
                return evaluate.fused(self, spec, arrays, gradient=False)[0]
            return evaluate.plain(self, spec, arrays)

    def fused_layer(
        self, spec: LossSpec, arrays: Arrays, wanted: Collection[str]
    ) -> tuple[tuple[Array, ...], Arrays]:
        """The closed form, in chunks."""
        with np.errstate(all="ignore"):
            return super().fused_layer(spec, arrays, wanted)

    def fused(self, spec: LossSpec, arrays: Arrays) -> tuple[tuple[Array, ...], Array]:
        """The closed form."""
        with np.errstate(all="ignore"):
            return evaluate.fused(self, spec, arrays)

    def summed(self, spec: LossSpec, sums: Sums, arrays: Arrays) -> tuple[Array, ...]:
        """Without NumPy's warnings."""
        with np.errstate(all="ignore"):
            return super().summed(spec, sums, arrays)

    def value_and_grad(
        self, function: Callable[..., Any], has_aux: bool
    ) -> Callable[..., tuple[Any, Array]]:
        """By handles: the closed-form gradient of losses of this library."""

        def with_gradient(predictions: Array, *args: Any, **kwargs: Any) -> tuple[Any, Array]:
            handle = Predictions(self, predictions)
            result = function(handle, *args, **kwargs)
            value, aux = result if has_aux else (result, None)
            gradient = self._gradient(handle, value)
            return ((value.value, plain(aux)) if has_aux else value.value), gradient

        return functools.wraps(function)(with_gradient)

    def _gradient(self, handle: Predictions, value: Any) -> Array:
        predictions = handle.array
        if isinstance(value, TrackedItems):
            raise ValueError(
                "reduction='none' has no single gradient; value_and_grad needs a scalar: sum() or "
                "mean() of the item losses"
            )
        if not isinstance(value, Tracked):
            raise TypeError(
                f"the function returned {type(value).__name__}; expected a loss of wce_core of its "
                "first argument, or arithmetic of such losses"
            )
        if value.predictions is not handle:
            raise TypeError(
                "the function returned a loss of the predictions of another call of "
                "value_and_grad; expected one of its own first argument"
            )
        if value.made is not None and value.made.dtype == predictions.dtype:
            return value.made
        with np.errstate(all="ignore"):
            return rounded(self, value.gradient, self.dtype_name(predictions), exact=True)

    def describe(self) -> Description:
        """The version of the array's own package."""
        module = sys.modules[self._array_type.__module__.partition(".")[0]]
        return Description(str(getattr(module, "__version__", "unknown")), ("unknown",), True)


@functools.cache
def _backend_for_type(array_type: Any, namespace: Namespace) -> GenericBackend:
    name = array_type.__module__.partition(".")[0]
    return GenericBackend(name, AnyNamespace(namespace), array_type)


def backend_for(array: object) -> GenericBackend | None:
    """A backend for an array with a namespace of its own, or None."""
    if not array_api_compat.is_array_api_obj(array):
        return None
    kind: Any = type(array)
    return _backend_for_type(kind, array_api_compat.array_namespace(array))
