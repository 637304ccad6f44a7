"""Gradients without autodiff: what ``value_and_grad`` passes to a function of NumPy arrays.

The function receives :class:`Predictions`, a handle that only losses of this library accept, and
there a loss returns :class:`Tracked`: its value with its closed-form gradient, closed under
arithmetic with numbers and with each other; or, for item losses, :class:`TrackedItems`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import prod
from numbers import Integral
from typing import Any, NoReturn

from wce_core.arrays.numerics import times
from wce_core.dtypes import at_least_float32
from wce_core.errors import shape_error
from wce_core.frameworks.backend import Backend
from wce_core.types import Array

_HINT = (
    "predictions inside wce_core.value_and_grad on NumPy can only be passed to losses of wce_core, "
    "whose gradient is known in closed form; to differentiate other functions use JAX, PyTorch or "
    "TensorFlow"
)


def _refuse(self: object, *args: object, **kwargs: object) -> NoReturn:
    del self, args, kwargs
    raise TypeError(_HINT)


class Predictions:
    """Stands for the predictions: shape, dtype and ndim only."""

    __slots__ = ("array", "backend")

    def __init__(self, backend: Backend, array: Array) -> None:
        self.backend = backend
        self.array = array

    @property
    def shape(self) -> tuple[int, ...]:
        """The predictions' shape."""
        return tuple(self.array.shape)

    @property
    def dtype(self) -> Any:
        """The predictions' dtype."""
        return self.array.dtype

    @property
    def ndim(self) -> int:
        """The predictions' rank."""
        return len(self.array.shape)

    def replaced(self, array: Array) -> Predictions:
        """A handle of the same kind for other predictions."""
        return type(self)(self.backend, array)

    def items(self, values: Array, pull: Callable[[Array], Array]) -> TrackedItems:
        """Item losses of these predictions."""
        return TrackedItems(self, values, pull)

    __array__ = __array_ufunc__ = __array_function__ = __array_namespace__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse
    __truediv__ = __rtruediv__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _refuse
    __neg__ = __pos__ = __abs__ = __float__ = __int__ = __bool__ = __len__ = __iter__ = _refuse
    __getitem__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse


class Tracked:
    """A scalar with its gradient to the predictions, under + − × ÷."""

    __slots__ = ("_gradient", "made", "predictions", "value")

    def __init__(
        self,
        predictions: Predictions,
        value: Any,
        gradient: Callable[[], Array],
        made: Array | None = None,
    ) -> None:
        self.predictions = predictions
        self.value = value
        self._gradient = gradient
        self.made = made
        """The gradient, where no arithmetic is between it and the loss."""

    @property
    def gradient(self) -> Array:
        """∂value / ∂predictions: float32, or float64 for float64 predictions."""
        return self._gradient()

    def carried(self, predictions: Predictions, back: Callable[[Array], Array]) -> Tracked:
        """The same value as a function of others, whose gradient ``back`` makes of this one."""
        return Tracked(predictions, self.value, lambda: back(self._gradient()))

    def rounded(self, dtype: Any) -> Tracked:
        """The value in another dtype."""
        value = self.predictions.backend.xp.astype(self.value, dtype)
        return Tracked(self.predictions, value, self._gradient, self.made)

    def nothing(self) -> Tracked:
        """0, with a gradient of 0, also where either was NaN."""
        zeros = self.predictions.backend.xp.zeros_like
        return Tracked(self.predictions, zeros(self.value)[()], lambda: zeros(self._gradient()))

    def _linear(self, value: Any, own: Any, other: Tracked | None, slope: Any) -> Tracked:
        """``value`` with gradient own·∇self + slope·∇other."""
        return self._with(value, self._scaled(own), other, slope)

    def _with(
        self, value: Any, mine: Callable[[], Array], other: Tracked | None, slope: Any
    ) -> Tracked:
        """``value`` with gradient mine + slope·∇other."""
        if other is None:
            return Tracked(self.predictions, value, mine)
        if other.predictions is not self.predictions:
            raise TypeError("losses of two calls of value_and_grad in one expression")
        theirs = other._scaled(slope)
        return Tracked(self.predictions, value, lambda: mine() + theirs())

    def _scaled(
        self, by: Any, operation: Callable[[Array, Array], Array] = operator.mul
    ) -> Callable[[], Array]:
        backend, inner = self.predictions.backend, self._gradient

        def scaled() -> Array:
            gradient = inner()
            return operation(gradient, backend.scalar(by, backend.dtype_name(gradient), gradient))

        return scaled

    def __add__(self, other: Any) -> Tracked:
        return self._linear(self.value + _value(other), 1.0, _tracked(other), 1.0)

    def __sub__(self, other: Any) -> Tracked:
        return self._linear(self.value - _value(other), 1.0, _tracked(other), -1.0)

    def __mul__(self, other: Any) -> Tracked:
        by = _value(other)
        return self._linear(self.value * by, by, _tracked(other), self.value)

    def __truediv__(self, other: Any) -> Tracked:
        by = _value(other)
        value = self.value / by
        mine = self._scaled(by, operator.truediv)
        return self._with(value, mine, _tracked(other), -value / by)

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: Any) -> Tracked:
        return self._linear(_value(other) - self.value, -1.0, None, None)

    def __rtruediv__(self, other: Any) -> Tracked:
        value = _value(other) / self.value
        return self._linear(value, -value / self.value, None, None)

    def __neg__(self) -> Tracked:
        return self * -1.0

    __pow__ = __rpow__ = __abs__ = __bool__ = __array__ = __array_function__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = _refuse

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Tracked:
        """A NumPy scalar on the left of an operator arrives here."""
        names = {"add": "__radd__", "subtract": "__rsub__", "multiply": "__rmul__"}
        name = {**names, "divide": "__rtruediv__"}.get(ufunc.__name__)
        if name is None or method != "__call__" or kwargs or inputs[1] is not self:
            _refuse(self)
        result: Tracked = getattr(self, name)(inputs[0])
        return result

    def __float__(self) -> float:
        return float(self.value)

    def __repr__(self) -> str:
        return f"Tracked({self.value!r})"


class TrackedItems:
    """Item losses with the way back to the predictions, to be weighed, averaged and summed.

    ``pull`` takes a cotangent of the items' shape to the gradient to the predictions.
    """

    __slots__ = ("_pull", "predictions", "values")

    def __init__(
        self, predictions: Predictions, values: Array, pull: Callable[[Array], Array]
    ) -> None:
        self.predictions = predictions
        self.values = values
        self._pull = pull

    @property
    def shape(self) -> tuple[int, ...]:
        """The items' shape."""
        return tuple(self.values.shape)

    @property
    def dtype(self) -> Any:
        """Of the losses."""
        return self.values.dtype

    @property
    def ndim(self) -> int:
        """The items' rank."""
        return len(self.values.shape)

    def carried(self, predictions: Predictions, back: Callable[[Array], Array]) -> TrackedItems:
        """The same values as functions of others, whose gradient ``back`` makes of this one."""
        return self.derived(predictions, self.values, lambda c: back(self._pull(c)))

    def derived(
        self,
        predictions: Predictions,
        values: Array,
        pull: Callable[[Array], Array],
        averaged: int = 1,
    ) -> TrackedItems:
        """What was made of these, each a mean of so many."""
        del averaged
        return TrackedItems(predictions, values, pull)

    def sum(self, dtype: Any = None) -> Tracked:
        """Σℓ, in that dtype or their own."""
        own = self.values.dtype if dtype is None else dtype
        value = self.predictions.backend.xp.sum(self.values, dtype=own)
        return Tracked(self.predictions, value, lambda: self._pull(self._ones()))

    def mean(self, axis: int | tuple[int, ...] | None = None) -> TrackedItems | Tracked:
        """The mean along axes, over everything if None; of no items NaN, as that of an array."""
        axes = _axes(axis, self.shape)
        count = prod(self.shape[a] for a in axes)
        values = self._means(axes, count)
        if len(axes) == len(self.shape):
            return Tracked(self.predictions, values, lambda: self._pull(self._ones() / count))
        xp, shape = self.predictions.backend.xp, self.shape
        kept = tuple(1 if i in axes else n for i, n in enumerate(shape))

        def pull(cotangent: Array) -> Array:
            return self._pull(xp.broadcast_to(xp.reshape(cotangent, kept), shape) / count)

        return self.derived(self.predictions, values, pull, count)

    def _means(self, axes: tuple[int, ...], count: int) -> Array:
        xp = self.predictions.backend.xp
        if count:
            return xp.mean(self.values, axis=axes)
        return xp.sum(self.values, axis=axes) + xp.nan  # NumPy's mean warns of it

    def _ones(self) -> Array:
        """The cotangent of a sum, never in a half type, of which 1/N would lose its digits."""
        be = self.predictions.backend
        wide = at_least_float32(be.dtype_name(self.values))
        return be.xp.ones_like(self.values, dtype=be.dtype(wide))

    def weighed(self, weights: Array) -> TrackedItems:
        """Times weights, with 0 · ∞ = 0 as within a loss."""
        return self._each(lambda own, by: times(self.predictions.backend.xp, by, own), weights)

    def __mul__(self, weights: Any) -> TrackedItems:
        return self._each(operator.mul, weights)

    def __truediv__(self, weights: Any) -> TrackedItems:
        return self._each(operator.truediv, weights)

    def _each(self, operation: Callable[[Any, Any], Any], weights: Any) -> TrackedItems:
        """Times or divided by what does not depend on the predictions."""
        if isinstance(weights, (Predictions, Tracked, TrackedItems)):
            _refuse(self)
        values = operation(self.values, weights)
        if tuple(values.shape) != self.shape:
            raise ValueError(f"weights make {tuple(values.shape)} of items of shape {self.shape}")
        return self.derived(self.predictions, values, lambda c: self._pull(operation(c, weights)))

    __rmul__ = __mul__
    __array_ufunc__ = None
    __array__ = __array_function__ = __array_namespace__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __rtruediv__ = __pow__ = __rpow__ = _refuse
    __neg__ = __abs__ = __float__ = __bool__ = __len__ = __iter__ = __getitem__ = _refuse


def _axes(axis: int | tuple[int, ...] | None, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Axes of items of that shape, counted from 0."""
    rank = len(shape)
    if axis is None:
        return tuple(range(rank))
    axes = axis if isinstance(axis, tuple) else (axis,)
    for each in axes:
        if isinstance(each, bool) or not isinstance(each, Integral):
            raise TypeError(f"axis is {axis!r}; expected integers")
        if not -rank <= each < rank:
            raise shape_error("items", shape, f"an axis at axis={each}")
    found = tuple(a % rank for a in axes)
    if len(set(found)) < len(found):
        raise ValueError(f"axis={axis} names an axis twice")
    return found


def plain(value: Any) -> Any:
    """``value`` with arrays in the place of handles, in dictionaries, lists and tuples too."""
    if isinstance(value, Predictions):
        return value.array
    if isinstance(value, Tracked):
        return value.value
    if isinstance(value, TrackedItems):
        return value.values
    if type(value) is dict:
        return {name: plain(each) for name, each in value.items()}
    if type(value) in (list, tuple) or hasattr(value, "_fields"):
        held = map(plain, value)
        return type(value)(*held) if hasattr(value, "_fields") else type(value)(held)
    return value


def _tracked(other: Any) -> Tracked | None:
    return other if isinstance(other, Tracked) else None


def _value(other: Any) -> Any:
    """The number in an expression."""
    if isinstance(other, Tracked):
        return other.value
    if (
        getattr(other, "ndim", 0) == 0
        and hasattr(other, "__float__")
        and not isinstance(other, str)
    ):
        return other
    raise TypeError(
        f"a loss under value_and_grad combined with {type(other).__name__}; expected a number or "
        "another loss of the same predictions"
    )
