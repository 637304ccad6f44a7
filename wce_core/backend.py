"""What a framework must offer to run the losses: the :class:`Backend` contract."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import evaluate
from .evaluate import Spec
from .interchange import numbers
from .numerics import along, times, total
from .precision import SMALLEST_NORMAL
from .types import Array, Arrays, Namespace

if TYPE_CHECKING:
    from .options import Options


class Description(NamedTuple):
    """What ``wce-core backends`` prints of a backend."""

    version: str
    devices: tuple[str, ...]
    float64: bool


class Backend(ABC):
    """One framework: its namespace, its conversions, its way to run and differentiate a loss.

    The mathematics never appears here. A call reaches :meth:`run` as a ``Spec`` (everything that
    is static, hashable) and a dictionary of arrays that all belong to this framework; what to
    evaluate is in :mod:`wce_core.evaluate`: ``plain`` (differentiable by any autodiff, to any
    order), ``fused`` (value and closed-form gradient together), and :mod:`wce_core.blocks` (the
    same, a cache-sized block of rows at a time).

    A backend is stateless but for caches of compiled programs. Third parties offer theirs as an
    instance under the entry point group ``wce_core.backends``, named like the top-level module of
    the array type.
    """

    name: str
    """The name in messages, tables and tests."""

    xp: Namespace
    """The array API namespace (standard 2024.12: the functions that ``wce_core`` uses)."""

    index_dtype: str = "int64"
    """The integer dtype in which class indices are compared and gathered."""

    array_types: tuple[type, ...] = ()
    """Types of the framework's own modules of which all arrays are its; ``owns`` may know more."""

    @abstractmethod
    def owns(self, array: object) -> bool:
        """Is this an array of this framework (whatever the losses can do with it)?"""

    def refusal(self, array: Array) -> str | None:
        """Why an owned array cannot be used (sparse, ragged, masked), or None."""
        del array
        return None

    def misplaced(self, array: Array, predictions: Array) -> str | None:
        """Why an owned array cannot meet the predictions where they are, or None."""
        del array, predictions
        return None

    @abstractmethod
    def dtype_name(self, array: Array) -> str:
        """The dtype as the standard names it: ``"float32"``, ``"bfloat16"``, ``"int64"``, …"""

    def dtype(self, name: str) -> Any:
        """The namespace's dtype object of that name."""
        return getattr(self.xp, name)

    def cast(self, array: Array, dtype: str) -> Array:
        """The array in the dtype of that name; itself where it has it."""
        return self.xp.astype(array, self.dtype(dtype), copy=False)

    @abstractmethod
    def asarray(self, value: np.ndarray, like: Array) -> Array:
        """A NumPy array as an array of this framework on the device of ``like``, same dtype."""

    def from_python(self, value: Any, like: Array) -> Array:
        """A number or nested lists as an array: float64, int64 or bool."""
        return self.asarray(numbers(value), like)

    @abstractmethod
    def readable(self, array: Array) -> bool:
        """May the values be looked at now: eager, in the host's memory, no tracing?"""

    @abstractmethod
    def to_numpy(self, array: Array) -> np.ndarray:
        """A readable array as NumPy (bfloat16 as float32), without a copy where possible."""

    def known(self, value: Any) -> np.ndarray | None:
        """The numbers of an array that can be looked at while another is traced; else None."""
        if isinstance(value, np.ndarray):
            return value
        return self.to_numpy(value) if self.owns(value) and self.readable(value) else None

    def has_float64(self, like: Array) -> bool:
        """Does the device of ``like`` compute in float64?"""
        del like
        return True

    def scope(self) -> AbstractContextManager[Any]:
        """Entered for the whole of a call: where float64 must be switched on."""
        return nullcontext()

    def result_dtype(self, predictions: Array) -> str:
        """The dtype of results when none is asked for: that of the predictions."""
        return self.dtype_name(predictions)

    def can_return(self, dtype: str) -> bool:
        """May results have this floating dtype in the program as it is set up?"""
        del dtype
        return True

    def shape(self, array: Array) -> tuple[int | None, ...]:
        """The shape; None for a length that is not known while tracing."""
        return tuple(array.shape)

    def sizes(self, array: Array) -> Any:
        """The shape as ``reshape`` takes it, also where a length is not known while tracing."""
        return tuple(array.shape)

    def length(self, array: Array, axis: int) -> Any:
        """The length of an axis: a number, or an integer array where it is not known yet."""
        return array.shape[axis]

    def require_shape(self, array: Array, like: Array, class_axis: int | None) -> Array:
        """``array``, checked when it runs to have the shape of ``like``, if tracing left that open.

        ``class_axis`` has length 1 in ``array``; None: it has not.
        """
        del like, class_axis
        return array

    def argmax(self, array: Array, axis: int) -> Array:
        """Indices of the first largest elements, or of the first NaN; ``axis`` kept, length 1."""
        top = self.xp.argmax(array, axis=axis, keepdims=True)
        return self.cast(top, self.index_dtype)

    def pick(self, array: Array, index: Array, axis: int) -> Array:
        """The element at ``index`` (length 1 along ``axis``) of each row."""
        return self.xp.take_along_axis(array, index, axis=axis)

    def top(self, array: Array, axis: int) -> tuple[Array, Array]:
        """``argmax`` and the element there; of equal ones any may be named."""
        index = self.argmax(array, axis)
        return index, self.pick(array, index, axis)

    def laid_out(self, predictions: Array, axis: int) -> Array:
        """A block of predictions in the order of memory in which rows are read fastest."""
        del axis
        return predictions

    def over(
        self, function: Callable[..., Array], array: Array, *more: Array, into: Array | None = None
    ) -> Array:
        """``function(array, *more)``, written over ``array``, or to ``into``, where it may be.

        ``array`` is a temporary that the caller gives up; all have the result's shape and dtype.
        """
        del into
        return function(array, *more)

    def times(self, weight: Array, value: Array, *more: Array) -> Array:
        """``weight * value`` plus the products of further pairs.

        0 · ±∞ = 0, forward and backward; 0 · NaN stays NaN.
        """
        product = times(self.xp, weight, value)
        return product + self.times(*more) if more else product

    def total(self, values: Array, dtype: str) -> Array:
        """The sum of all, in that dtype."""
        return self.xp.sum(values, dtype=self.dtype(dtype))

    def softplus(self, array: Array) -> tuple[Array, Array]:
        """log(1 + exp(array)), and what :meth:`sigmoid` makes σ(array) of. Not differentiable.

        ``array`` is a temporary that the caller gives up.
        """
        log_sum, state = self.log_sum(array)
        above = self.over(self.xp.maximum, array, self.xp.zeros_like(array))
        return self.over(self.xp.add, above, log_sum), state

    def sigmoid(self, state: Any) -> Array:
        """σ, from the state that :meth:`softplus` gave."""
        return self.sigmoids(state)[0]

    def log_sum(self, array: Array) -> tuple[Array, Any]:
        """log(1 + exp(−|array|)), and what :meth:`sigmoids` makes σ(±array) of."""
        xp = self.xp
        small = xp.exp(-xp.abs(array))
        return xp.log1p(small), (array >= 0, small)

    def sigmoids(self, state: Any) -> tuple[Array, Array]:
        """(σ(array), σ(−array)), from the state that :meth:`log_sum` gave."""
        positive, small = state
        large = 1.0 / (1.0 + small)
        small = small * large
        return self.xp.where(positive, large, small), self.xp.where(positive, small, large)

    def all_zero(self, array: Array) -> bool:
        """Are numbers, none of them negative, all 0? False where asking would mean to wait."""
        del array
        return False

    def divides(self, number: Array) -> bool:
        """Is it neither 0, infinite nor NaN? False where asking would mean to wait."""
        del number
        return False

    def flushed(self, array: Array) -> Array:
        """A float64 temporary with 0 for what is below float32's normal numbers."""
        return self.xp.where(self.xp.abs(array) < SMALLEST_NORMAL, 0.0, array)

    def exponentials(
        self, predictions: Array, largest: Array, axis: int
    ) -> tuple[Array, Array, Array]:
        """exp(x − largest), their sum along ``axis``, and that without one that is of the largest.

        What is below 1 is summed by itself, however little it is. Rows whose largest is infinite
        or NaN are NaN.
        """
        xp = self.xp
        exponentials = self.over(xp.exp, predictions - largest)
        whole = total(xp, exponentials, axis)
        fractions = total(xp, exponentials - xp.floor(exponentials), axis)
        return exponentials, whole, xp.where(whole >= 2, whole - 1.0, fractions)

    def empty(self, shape: tuple[int, ...], dtype: str, like: Array) -> Array:
        """Memory for results, on the device of ``like``."""
        return self.xp.empty(shape, dtype=self.dtype(dtype), device=like.device)

    def put(self, array: Array, index: Array, value: Any, axis: int) -> Array:
        """``array`` with ``value`` at ``index`` of each row; where it may, it writes to ``array``.

        ``array`` is a temporary that the caller gives up; ``index`` and ``value`` have length 1
        along ``axis``.
        """
        places = self.arange(array.shape[axis], index)
        laid = along(self.xp, places, axis, array.ndim)
        return self.xp.where(laid == index, value, array)

    def lookup(self, row: Array, index: Array, axis: int) -> Array:
        """The elements of one row, laid along ``axis``, at ``index`` (length 1 along ``axis``)."""
        del axis
        flat = self.xp.reshape(row, (-1,))
        found = self.xp.take(flat, self.xp.reshape(index, (-1,)), axis=0)
        return self.xp.reshape(found, self.sizes(index))

    def arange(self, count: int, like: Array) -> Array:
        """0 … count−1 in the dtype and on the device of ``like``."""
        return self.xp.arange(count, dtype=like.dtype, device=like.device)

    def matching(self, value: float, targets: Array) -> Array | None:
        """A number in the dtype of the targets; None if that dtype lacks it, so none equals it."""
        dtype = self.dtype_name(targets)
        if isinstance(value, int) and abs(value) > sys.float_info.max:
            return None
        if "int" in dtype:
            info = self.xp.iinfo(targets.dtype)
            if not info.min <= value <= info.max or value != int(value):
                return None
            return self.scalar(int(value), dtype, targets)
        if dtype == "bool":
            return self.scalar(bool(value), dtype, targets) if value in (0, 1) else None
        return self.scalar(float(value), dtype, targets)

    def scalar(self, value: Any, dtype: str, like: Array) -> Array:
        """A number or a rank-0 array as a rank-0 array of that dtype on the device of ``like``."""
        if isinstance(value, (int, float)):
            return self.xp.asarray(value, dtype=self.dtype(dtype), device=like.device)
        return self.cast(value, dtype)

    def constant(self, array: Array) -> Array:
        """``array``, through which no derivative flows."""
        return array

    def flushing(self, array: Array) -> Array:
        """``array``, whose gradient by autodiff is 0 where it is below float32's normal numbers.

        Only for a framework that differentiates ``plain`` where it promises exact bits.
        """
        return array

    def whole_call(
        self, options: Options, given: dict[str, Any], *, gradient: bool = False
    ) -> tuple[Any, tuple[Array, ...], Any] | None:
        """A whole call without a look at each argument: replayed, or left to a compiler as it is.

        ``given`` are all its arguments by name, None where one is absent.

        The outputs of :meth:`run`, in second place; where it is asked for, what the call was and
        the gradient of :meth:`fused` are beside them. None: take the usual way.
        """
        del options, given, gradient
        return None

    def fused(self, spec: Spec, arrays: Arrays) -> tuple[tuple[Array, ...], Array]:
        """The outputs of a loss and the closed-form gradient to the predictions."""
        return evaluate.fused(self, spec, arrays)

    @abstractmethod
    def run(self, spec: Spec, arrays: Arrays) -> tuple[Array, ...]:
        """The outputs of a loss, differentiable by this framework's own means."""

    @abstractmethod
    def value_and_grad(
        self, function: Callable[..., Any], has_aux: bool
    ) -> Callable[..., tuple[Any, Array]]:
        """``function(predictions, …) -> value`` made into ``-> (value, gradient)``."""

    def compile(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function compiled by this framework's compiler; itself where there is none."""
        return function

    @abstractmethod
    def describe(self) -> Description:
        """Version, devices and whether float64 is there."""
