"""JAX: one compiled program per shape and static option, differentiable to any order.

The first derivative is the closed form, by ``custom_jvp``, so forward mode, reverse mode and their
compositions work; the second and higher ones are JAX's own of the plain formula. Float64, for sums
and for ``precision="exact"``, is switched on around the call and never leaves it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
import jax.numpy as xp
import numpy as np
from jax.core import Tracer
from jax.custom_derivatives import SymbolicZero
from jax.sharding import NamedSharding, PartitionSpec

from wce_core.arrays.compiled import Fused
from wce_core.arrays.ops import ArrayOps, Chunked, has_rows
from wce_core.dtypes import at_least_float32
from wce_core.evaluation import evaluate, linear
from wce_core.evaluation.spec import LossSpec
from wce_core.frameworks.backend import Backend, Description, Sums
from wce_core.types import Array, Arrays

from . import numpy
from .jax_flushing import flushing
from .jax_permuting import permuted
from .numpy import NAMES
from .sums import in_pieces

NO_FLOAT64 = ("tpu",)
"""Platforms that do not compute in float64."""


class JaxNamespace:
    """``jax.numpy``, but for functions whose derivatives JAX takes in the program's precision.

    What is differentiated twice or backwards, JAX differentiates after the call, where a float32
    program has no float64 any more.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(xp, name)

    @staticmethod
    def pow(x1: Array, x2: Array, /) -> Array:
        """x1 to the power of x2, with derivatives of every order in float64 where that is meant."""
        power: Array = _power(x1, x2)
        return power

    @staticmethod
    def divide(x1: Array, x2: Array, /) -> Array:
        """x1 / x2, whose derivative does not ask for x2⁻², which is 0 from x2 = 1e162 on."""
        quotient: Array = _quotient(x1, x2)
        return quotient

    @staticmethod
    def unstack(x: Array, /, *, axis: int) -> tuple[Array, ...]:
        """The slices along an axis."""
        slices = jax.lax.split(x, [1] * x.shape[axis], axis=axis % x.ndim)
        return tuple(xp.squeeze(each, axis=axis) for each in slices)

    @staticmethod
    def prod(x: Array, /, *, axis: int, keepdims: bool = False) -> Array:
        """The product along an axis, pair by pair."""
        odd_ones = []
        while x.shape[axis] > 1:
            half, odd = divmod(x.shape[axis], 2)
            first, second, *more = jax.lax.split(x, [half, half, 1][: 2 + odd], axis=axis)
            x = first * second
            odd_ones += more
        for each in odd_ones:
            x = x * each
        return x if keepdims else xp.squeeze(x, axis=axis)


class JaxBackend(Backend):
    """CPU, GPU and TPU; sharded arrays and tracers alike."""

    name = "jax"
    collective = "psum"
    xp = JaxNamespace()
    index_dtype = "int32"
    contracts = True

    def owns(self, array: object) -> bool:
        """Arrays and tracers."""
        return isinstance(array, jax.Array)

    def refusal(self, array: Array) -> str | None:
        """Keys are arrays to JAX, and numbers to nobody."""
        dtype = array.dtype
        if dtype not in NAMES and xp.issubdtype(dtype, jax.dtypes.prng_key):
            return "typed PRNG keys; pass numbers drawn with them"
        return None

    def total(self, values: Array, dtype: str, result: str, axis: int | None = None) -> Array:
        """In pieces where float64 has no digits to spare: XLA loses up to 12 eps of 1000 items."""
        if result != "float64" or not isinstance(values.size, int):
            return super().total(values, dtype, result, axis)
        own = values.astype(dtype)
        own, place = (xp.reshape(own, (-1,)), 0) if axis is None else (own, axis % own.ndim)
        return in_pieces(_piece, xp.reshape, own, list(own.shape), place)

    def dtype_name(self, array: Array) -> str:
        """NumPy's names, and ml_dtypes' bfloat16; looked up, since NumPy spells a name anew."""
        dtype = array.dtype
        return NAMES.get(dtype) or str(dtype)

    def asarray(self, value: np.ndarray, like: Array) -> Array:
        """Uncommitted, so it follows the predictions to their device."""
        del like
        return xp.asarray(value)

    def readable(self, array: Array) -> bool:
        """Concrete and on the CPU."""
        if isinstance(array, Tracer):
            return False
        return bool(array.is_fully_addressable) and all(
            device.platform == "cpu" for device in array.devices()
        )

    def to_numpy(self, array: Array) -> np.ndarray:
        """Without a copy, but for bfloat16."""
        return numpy.BACKEND.to_numpy(array)

    def has_float64(self, like: Array) -> bool:
        """Not on a TPU, nor in a program whose default it is: there a traced array may run."""
        if _default_lacks_float64() or isinstance(like, Tracer):
            return not _default_lacks_float64()
        return all(device.platform not in NO_FLOAT64 for device in like.devices())

    def scope(self) -> AbstractContextManager[Any]:
        """Float64 within the call, whatever the program's default is."""
        context: AbstractContextManager[Any] = (
            nullcontext() if _default_lacks_float64() else jax.enable_x64(True)
        )
        return context

    def argmax(self, array: Array, axis: int) -> Array:
        """By two reductions: ``argmax`` of float64 cannot be lowered in a float32 program."""
        array = jax.lax.stop_gradient(array)
        places = jax.lax.broadcasted_iota(xp.int32, array.shape, axis)
        largest = (array == xp.max(array, axis=axis, keepdims=True)) | (array != array)
        last = array.shape[axis] - 1
        return xp.min(xp.where(largest, places, last), axis=axis, keepdims=True)

    def take_along_axis(self, array: Array, index: Array, axis: int) -> Array:
        """By selection: it fuses, and a gather of float64 cannot be transposed in float32."""
        places = jax.lax.broadcasted_iota(index.dtype, array.shape, axis)
        return xp.sum(xp.where(places == index, array, 0), axis=axis, keepdims=True)

    def take(self, row: Array, index: Array, axis: int) -> Array:
        """By selection, for the same reasons."""
        return self.take_along_axis(
            xp.broadcast_to(row, xp.broadcast_shapes(row.shape, index.shape)), index, axis
        )

    def summed_by(self, index: Array, values: Array, count: int) -> Array:
        """By a scatter."""
        return xp.zeros(count, values.dtype).at[index].add(values)

    def leading(self, array: Array, count: int, axis: int) -> Array:
        """By ``top_k``, whose ties go to the lower index."""
        return jax.lax.top_k(xp.moveaxis(array, axis, -1), count)[1]

    def permuted(self, values: Array, order: Array, back: Array) -> Array:
        """By a primitive with a transpose of its own."""
        return permuted(values, order, back)

    def mixed(self, shares: Array, rows: Array) -> Array:
        """By a sum that XLA fuses: of a float64 product no float32 program has the transpose."""
        return xp.sum(xp.expand_dims(shares, -1) * rows, axis=-2, dtype=rows.dtype)

    def bits(self, array: Array) -> Array:
        """By ``bitcast_convert_type``."""
        return jax.lax.bitcast_convert_type(array, xp.int64)

    def from_bits(self, bits: Array) -> Array:
        """By ``bitcast_convert_type``."""
        return jax.lax.bitcast_convert_type(bits, xp.float64)

    def constant(self, array: Array) -> Array:
        """By ``stop_gradient``."""
        return jax.lax.stop_gradient(array)

    def flushing(self, array: Array) -> Array:
        """By an identity whose transpose flushes: losses of single regions are differentiated."""
        return flushing(array)

    def can_return(self, dtype: str) -> bool:
        """A float32 program has no float64 arrays."""
        config: Any = jax.config  # its flags are attributes that no type checker sees
        return dtype != "float64" or bool(config.jax_enable_x64)

    def arange(self, count: int, like: Array) -> Array:
        """A constant of the compiled program: it has no device of its own."""
        return xp.arange(count, dtype=like.dtype)

    def scalar(self, value: Any, dtype: str, like: Array) -> Array:
        """Uncommitted, like every other companion of the predictions."""
        del like
        return xp.asarray(value, dtype=dtype)

    def affine(
        self, rows: Array, matrix: Array, offset: Array | None, into: Array | None = None
    ) -> Array:
        """Of float64 by a sum, as :meth:`mixed`."""
        if matrix.dtype != xp.float64:
            return super().affine(rows, matrix, offset, into)
        product = self.mixed(rows, matrix.T)
        return product if offset is None else product + offset

    def in_chunks(
        self, body: Chunked, carry: Arrays, arrays: Arrays, rows: int
    ) -> tuple[Arrays, tuple[Array, ...]]:
        """By ``lax.scan``. A chunk takes rows from everywhere, of which each device has some."""
        count = arrays["predictions"].shape[0]
        chunks = _number_of_chunks(count, rows)
        if chunks < 2:
            return body(carry, arrays)
        length = count // chunks
        whole = chunks * length
        same = {name: a for name, a in arrays.items() if not has_rows(a)}
        own = {name: a for name, a in arrays.items() if has_rows(a)}
        dealt = {name: _dealt(a[:whole], chunks) for name, a in own.items()}
        carry, found = jax.lax.scan(lambda sums, part: body(sums, same | part), carry, dealt)
        joined = [_gathered(each) for each in found]
        if whole < count:
            carry, rest = body(carry, same | {name: a[whole:] for name, a in own.items()})
            joined = [xp.concatenate(pair) for pair in zip(joined, rest, strict=True)]
        return carry, tuple(joined)

    def run(self, spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
        """The cached program."""
        outputs: tuple[Array, ...] = _program(spec, arrays)
        return outputs

    def summed(self, spec: LossSpec, sums: Sums, arrays: Arrays) -> tuple[Array, ...]:
        """The cached program."""
        outputs: tuple[Array, ...] = _sums(spec, sums, arrays)
        return outputs

    def all_summed(
        self, sums: tuple[Array, ...], over: Any, averaged_over: float
    ) -> tuple[Array, ...]:
        """By ``lax.psum``, which JAX differentiates."""
        del averaged_over
        psum: Any = jax.lax.psum  # unannotated
        found: tuple[Array, ...] = psum(sums, over)
        return found

    def value_and_grad(
        self, function: Callable[..., Any], has_aux: bool
    ) -> Callable[..., tuple[Any, Array]]:
        """``jax.value_and_grad``."""
        both: Callable[..., tuple[Any, Array]] = jax.value_and_grad(function, has_aux=has_aux)
        return both

    def compile(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``jax.jit``."""
        compiled: Callable[..., Any] = jax.jit(function)
        return compiled

    def describe(self) -> Description:
        """The devices that JAX sees."""
        devices = tuple(str(device) for device in jax.devices())
        return Description(jax.__version__, devices, not _default_lacks_float64())


class _Closed(Fused, JaxBackend):
    """For closed forms, which JAX never differentiates."""

    many_classes = 2**13

    def affine(
        self, rows: Array, matrix: Array, offset: Array | None, into: Array | None = None
    ) -> Array:
        """By a product, whatever the dtype."""
        return ArrayOps.affine(self, rows, matrix, offset, into)

    def take_along_axis(self, array: Array, index: Array, axis: int) -> Array:
        """By a gather on the CPU, where a selection is one more visit to every element."""
        gather = functools.partial(xp.take_along_axis, axis=axis)
        select = functools.partial(super().take_along_axis, axis=axis)
        return jax.lax.platform_dependent(array, index, cpu=gather, default=select)

    def take(self, row: Array, index: Array, axis: int) -> Array:
        """By a gather."""
        del axis
        return xp.take(row.reshape(-1), index, axis=0, mode="clip")


BACKEND = JaxBackend()
CLOSED = _Closed()


def _default_lacks_float64() -> bool:
    return jax.default_backend() in NO_FLOAT64


@functools.partial(jax.jit, static_argnums=0)
def _program(spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
    if spec.chunk_bytes is not None and spec.reduction == "none":
        value = functools.partial(_items_of_layer, spec)
    else:
        value = functools.partial(_plain if spec.of_regions else _value, spec)
    with BACKEND.scope():
        return _automatic(value, spec, arrays)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _sums(spec: LossSpec, sums: Sums, arrays: Arrays) -> tuple[Array, ...]:
    """What has no derivative, as a program."""

    def added_up(own: Arrays) -> tuple[Array, ...]:
        return sums(BACKEND, jax.lax.stop_gradient(own))

    with BACKEND.scope():
        return _automatic(added_up, spec, arrays)


def _automatic(
    function: Callable[[Arrays], tuple[Array, ...]], spec: LossSpec, arrays: Arrays
) -> tuple[Array, ...]:
    """The function with the explicit axes of a mesh made automatic: XLA places what is within.

    Sharding in types wants every gather, reshape and selection placed by hand. Only the result is:
    losses of items as the predictions, everything else on every device.
    """
    mesh = _explicit_mesh(arrays)
    if mesh is None:
        return function(arrays)
    places: Any = ()
    if spec.reduction == "none" and not spec.of_regions:
        own = jax.typeof(arrays["predictions"]).sharding.spec
        places = (place for i, place in enumerate(own) if i != spec.axis)
    partition: Any = PartitionSpec  # untyped
    automatic: Any = jax.sharding.auto_axes(
        function,
        axes=mesh.explicit_axes,
        out_sharding=NamedSharding(mesh, partition(*places)),
    )
    outputs: tuple[Array, ...] = automatic(arrays)
    return outputs


def _explicit_mesh(arrays: Arrays) -> Any:
    meshes = (jax.typeof(array).sharding.mesh for array in arrays.values())
    return next((mesh for mesh in meshes if mesh.explicit_axes), None)


def _plain(spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
    return evaluate.plain(BACKEND, spec, arrays)


def _items_of_layer(spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
    """Losses of hidden states one by one: logits are made again where they are differentiated."""
    return linear.items(BACKEND, spec, arrays, jax.checkpoint)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _value(spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
    """The outputs alone; asked for a derivative, the outputs and the closed form together."""
    if spec.chunk_bytes is not None:
        return linear.evaluated(CLOSED, spec, arrays)[0]
    return evaluate.fused(CLOSED, spec, arrays, gradient=False)[0]


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _fused(
    spec: LossSpec, wanted: tuple[str, ...], arrays: Arrays
) -> tuple[tuple[Array, ...], Arrays]:
    """The outputs and their gradients, which JAX differentiates as those of the plain formula."""
    if spec.chunk_bytes is not None:
        return linear.evaluated(CLOSED, spec, arrays, wanted)
    outputs, gradient = evaluate.fused(CLOSED, spec, arrays, gradient=bool(wanted))
    return outputs, dict.fromkeys(wanted, gradient)


@functools.partial(_value.defjvp, symbolic_zeros=True)
def _value_jvp(spec: LossSpec, primals: Any, tangents: Any) -> Any:
    (arrays,), (dots,) = primals, tangents
    moving = _moving(dots)
    with BACKEND.scope():
        outputs, gradients = _fused(spec, _in_closed_form(spec, moving), arrays)
        return outputs, _output_tangents(spec, arrays, moving, outputs, gradients)


@functools.partial(_fused.defjvp, symbolic_zeros=True)
def _fused_jvp(spec: LossSpec, wanted: tuple[str, ...], primals: Any, tangents: Any) -> Any:
    (arrays,), (dots,) = primals, tangents
    moving = _moving(dots)
    with BACKEND.scope():
        more = _in_closed_form(spec, moving)
        outputs, found = _fused(spec, tuple(dict.fromkeys((*wanted, *more))), arrays)
        first = _output_tangents(spec, arrays, moving, outputs, found)
        _, second = _jvp(functools.partial(_plain_gradients, spec, wanted), arrays, moving)
        return (outputs, {name: found[name] for name in wanted}), (first, second)


def _in_closed_form(spec: LossSpec, moving: Arrays) -> tuple[str, ...]:
    """Those to which there is a gradient in closed form."""
    names = linear.CLOSED if spec.chunk_bytes is not None else ("predictions",)
    return tuple(name for name in names if name in moving)


def _moving(dots: Arrays) -> Arrays:
    """The tangents that are not known to be zero."""
    return {
        name: dot
        for name, dot in dots.items()
        if not isinstance(dot, SymbolicZero) and dot.dtype != jax.dtypes.float0
    }


def _jvp(function: Callable[[Arrays], Any], arrays: Arrays, moving: Arrays) -> Any:
    """Value and tangent of a function of all arrays along the moving ones."""
    start = {name: arrays[name] for name in moving}
    return jax.jvp(lambda own: function({**arrays, **own}), (start,), (moving,))


def _output_tangents(
    spec: LossSpec, arrays: Arrays, moving: Arrays, outputs: tuple[Array, ...], gradients: Arrays
) -> tuple[Array, ...]:
    """Closed form for the predictions, JAX's own for weights and soft targets."""
    tangents: list[Any] = [SymbolicZero(jax.typeof(y).to_tangent_aval()) for y in outputs]
    closed = _in_closed_form(spec, moving)
    for name in closed:
        own = _contracted(spec, gradients[name], moving[name], outputs[0].dtype)
        tangents[0] = _sum(tangents[0], own)
    rest = {name: dot for name, dot in moving.items() if name not in closed}
    if rest:
        # Recomputed in the backward pass: what it would keep is float64, (N, C) several times.
        plain = jax.checkpoint(functools.partial(evaluate.plain, BACKEND, spec))
        _, more = _jvp(plain, arrays, rest)
        tangents = [_sum(a, b) for a, b in zip(tangents, more, strict=True)]
    return tuple(tangents)


def _sum(tangent: Any, more: Any) -> Any:
    if isinstance(tangent, SymbolicZero):
        return tangent if more.dtype == jax.dtypes.float0 else more
    return tangent + more


def _contracted(spec: LossSpec, gradient: Array, dot: Array, dtype: Any) -> Array:
    """Σ gradient·dot, of each item for ``reduction="none"``.

    Transposed, this applies the cotangent in the gradient's dtype and rounds only the product.
    """
    products = gradient * dot.astype(gradient.dtype)
    if spec.reduction == "none":
        return (products if spec.axis is None else products.sum(axis=spec.axis)).astype(dtype)
    return xp.sum(products, dtype=spec.accumulate).astype(dtype)


def _plain_gradients(spec: LossSpec, wanted: tuple[str, ...], arrays: Arrays) -> Arrays:
    """The same gradients, by JAX from the plain formula, in the same dtypes."""

    def total(own: Arrays) -> Array:
        losses = evaluate.plain(BACKEND, spec, {**arrays, **own})[0]
        return xp.sum(losses.astype(spec.accumulate))

    own = {name: arrays[name] for name in wanted}
    found: Arrays = jax.grad(total)(
        {name: array.astype(_kept(spec, array)) for name, array in own.items()}
    )
    return found


def _kept(spec: LossSpec, array: Array) -> str:
    """The dtype of a gradient in closed form: that to a layer is rounded when it is whole."""
    own = at_least_float32(array.dtype.name)
    return own if spec.chunk_bytes is not None else spec.kept(own)


def _number_of_chunks(count: int, rows: int) -> int:
    """So many that each has about ``rows`` of them, and all of them as many if that can be."""
    least = -(-count // rows)
    return next((n for n in range(max(1, least), 2 * least) if count % n == 0), least)


def _gathered(dealt: Array) -> Array:
    """What there is of each chunk's rows, in the order of the rows."""
    chunks, rows, *rest = dealt.shape
    return xp.swapaxes(dealt, 0, 1).reshape(rows * chunks, *rest)


def _dealt(array: Array, chunks: int) -> Array:
    """Rows dealt out to chunks, one after the other."""
    return xp.swapaxes(array.reshape(-1, chunks, *array.shape[1:]), 0, 1)


def _piece(values: Array, axis: int) -> Array:
    """A sum that XLA can't join with the sum of it, which would add one after another again."""
    found = xp.sum(values, axis=axis)
    return xp.where(found == found, found, found + 1.0)  # NaN by both, and a slope of 1


@jax.custom_jvp
def _quotient(dividend: Array, divisor: Array) -> Array:
    return xp.divide(dividend, divisor)


@functools.partial(_quotient.defjvp, symbolic_zeros=True)
def _quotient_jvp(primals: Any, tangents: Any) -> Any:
    (dividend, divisor), (dividend_dot, divisor_dot) = primals, tangents
    with BACKEND.scope():
        quotient = _quotient(dividend, divisor)
        inverse = _quotient(xp.ones_like(divisor), divisor)
        tangent = xp.zeros_like(quotient)
        if not isinstance(dividend_dot, SymbolicZero):
            tangent += inverse * dividend_dot
        if not isinstance(divisor_dot, SymbolicZero):
            tangent -= quotient * inverse * divisor_dot
        return quotient, tangent


@jax.custom_jvp
def _power(base: Array, exponent: Array) -> Array:
    return xp.power(base, exponent)


@functools.partial(_power.defjvp, symbolic_zeros=True)
def _power_jvp(primals: Any, tangents: Any) -> Any:
    (base, exponent), (base_dot, exponent_dot) = primals, tangents
    with BACKEND.scope():
        power = _power(base, exponent)
        tangent = xp.zeros_like(power)
        if not isinstance(base_dot, SymbolicZero):
            tangent += exponent * _power(base, exponent - 1.0) * base_dot
        if not isinstance(exponent_dot, SymbolicZero):
            tangent += power * xp.log(xp.where(base == 0, 1.0, base)) * exponent_dot
        return power, tangent
