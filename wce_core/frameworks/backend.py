"""What a framework must offer to run the losses: the :class:`Backend` contract."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from wce_core.arrays.ops import ArrayOps
from wce_core.evaluation import evaluate, linear
from wce_core.evaluation.options import Options
from wce_core.evaluation.spec import LossSpec
from wce_core.interchange import numbers
from wce_core.types import Array, Arrays


class Description(NamedTuple):
    """What ``wce-core backends`` prints of a backend."""

    version: str
    devices: tuple[str, ...]
    float64: bool


Sums: TypeAlias = Callable[[ArrayOps, Arrays], tuple[Array, ...]]
"""What is added up over the items of a call: hashable, part of the key of compiled programs."""


class Backend(ArrayOps):
    """One framework: its operations on arrays, its conversions, its way to run a loss.

    The mathematics never appears here. A call reaches :meth:`run` as a ``LossSpec`` (everything
    that is static, hashable) and a dictionary of arrays that all belong to this framework; what to
    evaluate is in :mod:`wce_core.evaluation.evaluate`: ``plain`` (differentiable by any autodiff,
    to any order) and ``fused`` (value and closed-form gradient together), and in
    :mod:`wce_core.evaluation.blocks` (the same, a cache-sized block of rows at a time).

    A backend is stateless but for caches of compiled programs. Third parties offer theirs as an
    instance under the entry point group ``wce_core.backends``, named like the top-level module of
    the array type.
    """

    array_types: tuple[type, ...] = ()
    """Types of the framework's own modules of which all arrays are its; ``owns`` may know more."""
    collective: str | None = None
    """The method of ``LossParts`` that calls :meth:`all_summed`: ``"all_reduce"``, over a group of
    processes, or ``"psum"``, over a named axis. None: the framework has no sums over devices."""

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

    def from_python(self, value: Any, like: Array) -> Array:
        """A number or nested lists as an array: float64, int64 or bool."""
        return self.asarray(numbers(value), like)

    @abstractmethod
    def readable(self, array: Array) -> bool:
        """May the values be looked at now: eager, in the host's memory, no tracing?"""

    @abstractmethod
    def to_numpy(self, array: Array) -> np.ndarray:
        """A readable array as NumPy (bfloat16 as float32), without a copy where possible."""

    def bits(self, array: Array) -> Array:
        """By NumPy, of readable arrays: the standard has no way to them."""
        return self.asarray(self.to_numpy(array).view(np.int64), array)

    def from_bits(self, bits: Array) -> Array:
        """By NumPy."""
        return self.asarray(self.to_numpy(bits).view(np.float64), bits)

    def known(self, value: Any) -> np.ndarray | None:
        """The numbers of an array that can be looked at while another is traced; else None."""
        if isinstance(value, np.ndarray):
            return value
        return self.to_numpy(value) if self.owns(value) and self.readable(value) else None

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

    def require_shape(self, array: Array, like: Array, class_axis: int | None) -> Array:
        """``array``, checked when it runs to have the shape of ``like``, if tracing left that open.

        ``class_axis`` has length 1 in ``array``; None: it has not.
        """
        del like, class_axis
        return array

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

    def followed(self, arguments: dict[str, Any], like: Array) -> dict[str, Any]:
        """Arguments by name as the framework's compiler can follow them, if it is at work."""
        del like
        return arguments

    def fast_path(
        self, options: Options, given: dict[str, Any], *, gradient: bool = False
    ) -> tuple[Any, tuple[Array, ...], Any] | None:
        """A whole call without a look at each argument: replayed, or left to a compiler as it is.

        ``given`` are all its arguments by name, None where one is absent.

        The outputs of :meth:`run`, in second place; where it is asked for, what the call was and
        the gradient of :meth:`fused` are beside them. None: take the usual way.
        """
        del options, given, gradient
        return None

    def fused(self, spec: LossSpec, arrays: Arrays) -> tuple[tuple[Array, ...], Array]:
        """The outputs of a loss and the closed-form gradient to the predictions."""
        return evaluate.fused(self, spec, arrays)

    def fused_layer(
        self, spec: LossSpec, arrays: Arrays, wanted: Collection[str]
    ) -> tuple[tuple[Array, ...], Arrays]:
        """The outputs of a loss of hidden states, and closed-form gradients to them or their layer.

        ``wanted`` are the names of arrays to which there is to be one, of
        :data:`wce_core.evaluation.linear.CLOSED`.
        """
        return linear.evaluated(self, spec, arrays, wanted)

    @abstractmethod
    def run(self, spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
        """The outputs of a loss, differentiable by this framework's own means."""

    def summed(self, spec: LossSpec, sums: Sums, arrays: Arrays) -> tuple[Array, ...]:
        """What is added up over the items of a call, through which no derivative flows."""
        del spec
        return sums(self, {name: self.constant(array) for name, array in arrays.items()})

    def all_summed(
        self, sums: tuple[Array, ...], over: Any, averaged_over: float
    ) -> tuple[Array, ...]:
        """Each array added up over a group or a named axis: integers exactly.

        What flows back to the own summand is the cotangent of the sum, times ``averaged_over``
        where :attr:`collective` is ``"all_reduce"``. Nothing is communicated on the way back.
        """
        del sums, over, averaged_over
        raise NotImplementedError(f"{self.name} has no sums over devices")

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
