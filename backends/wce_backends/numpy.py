"""NumPy, 2.1 and later, which is an array API namespace itself; bfloat16 through ml_dtypes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from types import SimpleNamespace
from typing import Any

import numpy as np

from wce_core.arrays.boundaries import HALF
from wce_core.arrays.eager import FEW, OneByOne
from wce_core.dtypes import SMALLEST_NORMAL
from wce_core.errors import STEPS
from wce_core.evaluation.blocks import in_blocks
from wce_core.evaluation.cuts import Each
from wce_core.evaluation.linear_blocks import in_place
from wce_core.evaluation.options import Options
from wce_core.evaluation.spec import LossSpec
from wce_core.frameworks.backend import Description, Sums
from wce_core.interchange import no_numbers
from wce_core.types import Array, Arrays, Cut, Precision

from . import fast
from .fast import threads
from .generic import GenericBackend
from .programs import Outcome, Programs, as_arrays
from .tracing import Traced, Untraceable

BLOCK = 2**17
"""Elements a block: its temporaries stay in cache."""
FEW_CLASSES = 32
MANY = 2**8
"""Rows of fewer classes are turned, in blocks of at least so many elements."""
LOOPED_BLOCK = 2**19
"""Elements a block of compiled loops, which visit each once; calls of one block are replayed.

Of more blocks each thread has some.
"""
PARALLEL = 2**21
"""Elements from which several threads are worth their start where there are no loops."""
PARALLEL_BLOCK = 2**18
"""Elements a block of one of several threads, which wait for each other between operations."""
ALIGNMENT = 64
"""Bytes."""
ABOVE = 2 * SMALLEST_NORMAL
"""Numbers above it are not flushed, whatever they may be off by."""
PRODUCT = 2**20
"""Elements of a product that are there before they are added."""
DTYPES = {
    name: np.dtype(name)
    for name in ("float64", "float32", "float16", "int64", "int32", "uint8", "bool")
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
"""A dictionary is twenty times faster than ``dtype.name``."""


def _sum(x: Array, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Array:
    reduce: Any = np.add.reduce  # whose overloads know no optional axis
    one = isinstance(axis, int)
    if one and x.shape[axis] >= FEW_CLASSES and x.strides[axis] != x.itemsize:
        found = reduce(_innermost(x, axis), -1, dtype, None, keepdims)
        return np.moveaxis(found, -1, axis) if keepdims else found
    return reduce(x, axis, dtype, None, keepdims)


def _innermost(x: Array, axis: int) -> Array:
    """A copy with ``axis`` last: NumPy sums pairwise only along neighbours in memory.

    Along any other axis it adds one by one, which loses a digit in 1000 classes.
    """
    return np.moveaxis(x, axis, -1).copy()


def _max(x: Array, axis: Any = None, keepdims: bool = False) -> Array:
    reduce: Any = np.maximum.reduce
    return reduce(x, axis, None, None, keepdims)


def _expand_dims(x: Array, axis: int) -> Array:
    before = axis if axis >= 0 else x.ndim + 1 + axis
    return x[(slice(None),) * before + (None,)]


def _reshape(x: Array, shape: tuple[int, ...]) -> Array:
    return x.reshape(shape)


QUICK = {"sum": _sum, "max": _max, "reshape": _reshape, "expand_dims": _expand_dims}
NAMESPACE = SimpleNamespace(**{**vars(np), **QUICK})
"""NumPy, but for functions whose own way in takes longer than a small batch."""


class _Operations(OneByOne, GenericBackend):
    """Blocks of rows that stay in cache."""

    def __init__(self) -> None:
        super().__init__("numpy", NAMESPACE, np.ndarray)

    def owns(self, array: object) -> bool:
        """Arrays and NumPy's scalars."""
        return isinstance(array, (np.ndarray, np.generic))

    def refusal(self, array: Array) -> str | None:
        """Masked arrays lose their mask in NumPy's own functions; matrices keep rank 2."""
        if isinstance(array, np.ma.MaskedArray):
            return "a masked array; pass its data and mask=~array.mask"
        if isinstance(array, np.matrix):
            return "a numpy.matrix; pass numpy.asarray of it"
        what = no_numbers(array)
        return what and f"an array that holds {what}; expected numbers: {STEPS[what]}"

    def dtype_name(self, array: Array) -> str:
        """NumPy's own name is the standard's."""
        dtype = array.dtype
        return NAMES.get(dtype) or str(dtype.name)

    def dtype(self, name: str) -> Any:
        """bfloat16 is not NumPy's own."""
        known = DTYPES.get(name)
        if known is None and name == "bfloat16":
            import ml_dtypes

            return np.dtype(ml_dtypes.bfloat16)
        return known or np.dtype(name)

    def cast(self, array: Array, dtype: str) -> Array:
        """Without a look at what has the dtype already."""
        own = self.dtype(dtype)
        if array.dtype is own:
            return array
        # Of NumPy's scalars the conversion by their type takes a fifth of the time.
        return array.astype(own, copy=False) if array.ndim else self.number(own.type, array)

    def number(self, kind: Any, array: Array) -> Array:
        """What has no axes as a scalar of another type."""
        return kind(array)

    def asarray(self, value: np.ndarray, like: Array) -> Array:
        """The array itself."""
        del like
        return value

    def bits(self, array: Array) -> Array:
        """The same memory."""
        return array.view(np.int64)

    def from_bits(self, bits: Array) -> Array:
        """The same memory."""
        return bits.view(np.float64)

    def sum_roundings(self, count: int) -> int:
        """Pairwise, from blocks of 128 by eight; few classes in turn."""
        return min(count, 27 + max(0, (count - 1).bit_length() - 7))

    def readable(self, array: Array) -> bool:
        """Always."""
        del array
        return True

    def to_numpy(self, array: Array) -> np.ndarray:
        """The array itself; bfloat16, which NumPy's own functions do not know, as float32."""
        own: np.ndarray = np.asarray(array)
        return own if own.dtype in NAMES or own.dtype.name != "bfloat16" else own.astype(np.float32)

    def empty(self, shape: tuple[int, ...], dtype: str, like: Array) -> Array:
        """Aligned as compiled kernels of other frameworks want it that are handed the memory."""
        del like
        own = self.dtype(dtype)
        count = prod(shape) * own.itemsize
        memory = np.empty(count + ALIGNMENT, np.uint8)
        start = -memory.ctypes.data % ALIGNMENT
        return memory[start : start + count].view(own).reshape(shape)

    def take_along_axis(self, array: Array, index: Array, axis: int) -> Array:
        """By indexing, with the places of the items made once for each shape."""
        return array[_places(index.shape, axis, index)]

    def put_along_axis(self, array: Array, index: Array, value: Any, axis: int) -> Array:
        """In place: nothing is recorded."""
        array[_places(index.shape, axis, index)] = value
        return array

    def take(self, row: Array, index: Array, axis: int) -> Array:
        """By one ``take``."""
        del axis
        found: Array = row.reshape(-1).take(index)
        return found

    def occurrences(self, index: Array, classes: int) -> Array:
        """By ``bincount``, one visit: what names no class is at most their number."""
        return np.bincount(index.reshape(-1), minlength=classes + 1)[:classes]

    def summed_by(self, index: Array, values: Array, count: int) -> Array:
        """By ``bincount``, one visit."""
        return np.bincount(index, values, count)

    def leading(self, array: Array, count: int, axis: int) -> Array:
        """By a stable sort of the negatives: NumPy has no descending one."""
        moved = np.moveaxis(array, axis, -1)
        return np.argsort(-moved, axis=-1, stable=True)[..., :count]

    def memory_order(self, predictions: Array, axis: int) -> Array:
        """Few classes outermost: each operation then runs along many items. Many innermost."""
        if predictions.shape[axis] < FEW_CLASSES:
            return _ordered(predictions, "F") if predictions.size >= MANY else predictions
        if predictions.strides[axis] == predictions.itemsize:
            return predictions
        return np.moveaxis(_innermost(predictions, axis), -1, axis)

    def flushed(self, array: Array) -> Array:
        """In place, where there is something to flush."""
        if not array.ndim:
            return super().flushed(array)
        size = np.abs(array)
        if not np.min(size, initial=SMALLEST_NORMAL) >= SMALLEST_NORMAL:
            array[size < SMALLEST_NORMAL] = 0.0
        return array

    def flushed_and_undecided(self, array: Array, ulps: Array, axis: int) -> tuple[Array, Array]:
        """By the least and the most of rows; small numbers and NaN are looked at one by one."""
        small = not np.minimum.reduce(np.abs(array), None, initial=1.0) > ABOVE
        if small or not array.ndim or not array.size:
            return super().flushed_and_undecided(array, ulps, axis)
        # The last 29 bits as the first of 32: a middle is the least of all numbers, or next to the
        # largest one.
        places = array.view(np.int64).astype(np.int32)
        np.left_shift(places, 3, out=places)
        far = 8 * HALF - 8 * ulps
        nearest = np.minimum.reduce(far, None)
        if (np.min(places) > -nearest) & (np.max(places) < nearest):
            return array, np.zeros_like(np.take(places, [0], axis), bool)
        least, most = (each(places, axis, keepdims=True) for each in (np.min, np.max))
        return array, (least <= -far) | (most >= far)

    def all_zero(self, array: Array) -> bool:
        """By a maximum, which is several times faster than ``any``."""
        return array.size > 0 and bool(np.maximum.reduce(array, None) == 0)

    def times(self, weight: Array, value: Array, *more: Array) -> Array:
        """Without a selection unless a product is NaN, which one number of all of them tells."""
        product = weight * value
        if more:
            product += more[0] * more[1]
        if product.size:
            number = self.nan_if_any(product)
            if number != number:  # of NumPy's scalars isnan takes longer
                return super().times(weight, value, *more)
        return product

    def nan_if_any(self, array: Array) -> Array:
        """A number that is NaN if one of many is: the largest, which is found fastest."""
        return np.maximum.reduce(array, None)

    def softplus(self, array: Array) -> tuple[Array, Array]:
        """Compared with a number, not with zeros."""
        log_sum, state = self.log_sum(array)
        above = self.in_place(np.maximum, array, 0.0)
        return self.in_place(np.add, above, log_sum), state

    def scalar(self, value: Any, dtype: str, like: Array) -> Array:
        """Numbers and NumPy's scalars alike."""
        del like
        own = self.dtype(dtype)
        if hasattr(value, "dtype"):
            return self.cast(value, dtype)
        return own.type(value)

    def affine(
        self, rows: Array, matrix: Array, offset: Array | None, into: Array | None = None
    ) -> Array:
        """In place."""
        product = np.matmul(rows, matrix.T, out=into)
        return product if offset is None else np.add(product, offset, out=product)

    def plus_product(self, array: Array, left: Array, right: Array) -> Array:
        """Some rows of ``array`` at a time: NumPy adds no product to what is there already."""
        step = max(1, PRODUCT // max(1, right.shape[1]))
        for start in range(0, array.shape[0], step):
            cut = slice(start, start + step)
            array[cut] += np.matmul(left[:, cut].T, right)
        return array

    def fast_path(
        self, options: Options, given: dict[str, Any], *, gradient: bool = False
    ) -> Outcome | None:
        """Of few numbers, by their program."""
        if options.chunk_bytes is not None:
            return None
        if given["predictions"].size > few(options.precision) or fast.followed():
            return None
        arrays = as_arrays(given)
        if arrays is None:
            return None
        found = PROGRAMS.outcome(options, arrays, given.get("ignore_index"), gradient=gradient)
        return found and (found[0], _scalars(found[1]), found[2])

    def run(self, spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
        """In blocks, without a gradient."""
        if spec.chunk_bytes is not None:
            return self.fused_layer(spec, arrays, ())[0]
        return _scalars(evaluated(spec, arrays, gradient=False)[0])

    def summed(self, spec: LossSpec, sums: Sums, arrays: Arrays) -> tuple[Array, ...]:
        """As NumPy's own functions return it."""
        return _scalars(super().summed(spec, sums, arrays))

    def fused(self, spec: LossSpec, arrays: Arrays) -> tuple[tuple[Array, ...], Array]:
        """In blocks, with the gradient."""
        outputs, gradient = evaluated(spec, arrays, gradient=True)
        return _scalars(outputs), gradient

    def fused_layer(
        self, spec: LossSpec, arrays: Arrays, wanted: Collection[str]
    ) -> tuple[tuple[Array, ...], Arrays]:
        """In chunks, and these in blocks."""
        outputs, gradients = of_layer(spec, arrays, wanted)
        return _scalars(outputs), gradients

    def describe(self) -> Description:
        """NumPy's version."""
        return Description(np.__version__, ("cpu",), True)


class NumpyBackend(fast.LoopedOps, _Operations):
    """The same, and compiled loops where they are in use."""


def few(precision: Precision = "native") -> int:
    """Elements up to which the overhead of a call is worth replaying it, in one block."""
    if not fast.in_use():
        return FEW
    return max(FEW, LOOPED_BLOCK // 2 if precision == "exact" else LOOPED_BLOCK)


def _scalars(outputs: tuple[Array, ...]) -> tuple[Array, ...]:
    """Rank-0 results as NumPy's own functions return them."""
    return tuple(output[()] for output in outputs)


class _Tracing(NumpyBackend):
    """The ways of NumPy's arrays, taken by traced ones."""

    def looped(self, function: Callable[..., Any], *args: Any) -> Any:
        """A call, as any other."""
        traced = next((arg for arg in args if isinstance(arg, Traced)), None)
        return function(*args) if traced is None else traced.trace.call(function, args, {})

    def owns(self, array: object) -> bool:
        """Traced arrays."""
        return isinstance(array, Traced)

    def to_numpy(self, array: Array) -> Any:
        """The traced array itself: checks are part of the program."""
        return array

    def decided(self, asked: Array, again: Callable[[], Any], first: Any) -> Any:
        """Which items are evaluated again differs from call to call: no program does it."""
        if asked:
            raise Untraceable("a second look")
        return first

    def number(self, kind: Any, array: Array) -> Array:
        """A call, as any other, unless it is the same number in every call."""
        return array.passed_to(kind) if isinstance(array, Traced) else kind(array)

    def nan_if_any(self, array: Array) -> Array:
        """The sum, which is taken anyway."""
        return self.total(array, "float64", "float64")


BACKEND = NumpyBackend()


def _ordered(array: Array, order: str) -> Array:
    """In that order of memory, C or F; an array, where operations have left a scalar."""
    if not array.ndim:
        return np.asarray(array)
    return array if array.flags[order] else array.copy(order)


def _places(shape: tuple[int, ...], axis: int, index: Array) -> tuple[Array, ...]:
    """What selects ``index`` along ``axis`` in every item."""
    items = _items(shape)
    return (*items[:axis], index, *items[axis + 1 :])


@functools.lru_cache(maxsize=32)
def _items(shape: tuple[int, ...]) -> tuple[Array, ...]:
    return tuple(np.ix_(*map(np.arange, shape)))


def evaluated(spec: LossSpec, arrays: Arrays, *, gradient: bool) -> tuple[tuple[Array, ...], Any]:
    """Outputs and gradient of NumPy arrays; large ones by several threads, in the same order."""
    binary = spec.axis is None
    with _at_a_time(arrays["predictions"].size, binary=binary) as (size, each):
        if each is map:
            return _in_turn(BACKEND, spec, arrays, gradient=gradient, size=size)
        return in_blocks(BACKEND, spec, arrays, gradient=gradient, size=size, each=each)


def of_layer(
    spec: LossSpec, arrays: Arrays, wanted: Collection[str]
) -> tuple[tuple[Array, ...], Arrays]:
    """Outputs of NumPy arrays of hidden states and a layer, and gradients to those wanted."""
    hidden, projection = arrays["predictions"], arrays["projection"]
    logits = hidden.size // max(1, hidden.shape[-1]) * projection.shape[0]
    with _at_a_time(logits) as (size, each):
        return in_place(BACKEND, spec, arrays, wanted, size=size, each=each)


@contextmanager
def _at_a_time(elements: int, *, binary: bool = False) -> Iterator[tuple[int, Each]]:
    """How many elements a block of so many has, and how blocks are run.

    Of any number of threads the blocks are the same, and so is the result.
    """
    size, several = _block(elements, binary=binary)
    count = threads.number() if several else 1
    with np.errstate(all="ignore"):
        if count == 1:
            yield size, map
            return

        def each(job: Callable[[Cut], Any], cuts: Sequence[Cut]) -> Iterable[Any]:
            return threads.mapped(_quiet(job), cuts, count)

        yield size, each


def _block(elements: int, *, binary: bool) -> tuple[int, bool]:
    """How many elements a block of so many has, and whether several threads have the blocks."""
    if fast.in_use():
        # Every element of binary losses is an item, with temporaries of its own.
        size = LOOPED_BLOCK // 2 if binary else LOOPED_BLOCK
        return size, elements > size
    return (PARALLEL_BLOCK, True) if elements >= PARALLEL else (BLOCK, False)


def _in_turn(
    be: NumpyBackend, spec: LossSpec, arrays: Arrays, *, gradient: bool, size: int | None = None
) -> tuple[tuple[Array, ...], Any]:
    if size is None:
        size = LOOPED_BLOCK if fast.in_use() else BLOCK
    outputs, slopes = in_blocks(be, spec, arrays, gradient=gradient, size=size)
    # Of one block that was turned, the gradient is turned, too.
    return outputs, None if slopes is None else _ordered(slopes, "C")


_TRACING = _Tracing()
PROGRAMS = Programs(_TRACING, functools.partial(_in_turn, _TRACING))


def _quiet(job: Callable[[Cut], Any]) -> Callable[[Cut], Any]:
    """Every thread has an error state of its own."""

    def quiet(cut: Cut) -> Any:
        with np.errstate(all="ignore"):
            return job(cut)

    return quiet
