"""A linear layer before the loss, whose logits are made, used and given up a chunk at a time.

The arrays of such a call have hidden states in the place of predictions, and the layer: its
``projection`` and perhaps a ``bias``. Logits are hidden·projectionᵀ + bias. A chunk is some of the
items with all of their classes, so a row is read by the same link as any other. What is divided by
is known before the first chunk, and the gradients to the layer are added up in the computing dtype.

* :func:`with_logits`: all logits at once, for autodiff of any order.
* :func:`evaluated`: outputs and gradients in chunks, by functions.
* :func:`wce_core.evaluation.linear_blocks.in_place`: the same where arrays may be written to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any, NamedTuple

from wce_core.arrays.ops import ArrayOps, has_rows
from wce_core.arrays.rounding import widened
from wce_core.dtypes import at_least_float32
from wce_core.formulas.weightings import WEIGHTINGS
from wce_core.types import Array, Arrays

from .balancing import occurrences, with_balance
from .counting import Divisor, counted, divisor, needs_weights, shared, sums_over_items
from .items import item_losses, kept_gradient, loss_of_mass, rows_of, scale_of
from .masses import neutralised
from .reducing import itemised, reduced, total_of
from .spec import LossSpec
from .weighing import _included, silenced, weigh

LAYER = ("projection", "bias")
CLOSED = ("predictions", *LAYER)
"""The arrays to which there is a gradient in closed form."""
EXACT_ROWS = 64
"""Items of a chunk whose sums are to have the same bits whatever the memory: always as many."""
ITEMSIZE = {"float32": 4, "float64": 8}


class Layer(NamedTuple):
    """The layer, in the computing dtype."""

    ops: ArrayOps
    projection: Array
    bias: Array | None

    @classmethod
    def of(cls, ops: ArrayOps, spec: LossSpec, arrays: Arrays) -> Layer:
        """That of a call."""
        bias = arrays.get("bias")
        own = None if bias is None else widened(ops, bias, spec.compute)
        return cls(ops, widened(ops, arrays["projection"], spec.compute), own)

    def logits(self, hidden: Array, into: Array | None = None) -> Array:
        """Those of a chunk."""
        return self.ops.affine(hidden, self.projection, self.bias, into)


class Ahead(NamedTuple):
    """What is known before the first chunk. ``arrays`` are flat: items along one axis, and rows."""

    spec: LossSpec
    arrays: Arrays
    counts: dict[str, Array]
    under: Divisor | None


def hidden_states(ops: ArrayOps, spec: LossSpec, arrays: Arrays) -> Array:
    """In the computing dtype, excluded ones 0: what stands there is never multiplied."""
    wide = widened(ops, arrays["predictions"], spec.compute)
    return neutralised(ops, wide, _included(ops, arrays), 0.0)


def with_logits(ops: ArrayOps, spec: LossSpec, arrays: Arrays) -> Arrays:
    """The arrays of a loss of all logits, by functions that any autodiff differentiates."""
    rest = {name: array for name, array in arrays.items() if name not in LAYER}
    exact = spec.exact and at_least_float32(ops.dtype_name(arrays["predictions"])) == "float32"
    own = {name: arrays[name] for name in CLOSED if name in arrays}
    if exact:
        own = {name: ops.flushing(widened(ops, each, spec.compute)) for name, each in own.items()}
    layer = Layer.of(ops, spec, own)
    hidden = hidden_states(ops, spec, {**rest, "predictions": own["predictions"]})
    return {**rest, "predictions": layer.logits(hidden)}


def rows_at_once(spec: LossSpec, items: int | None) -> int:
    """Items of a chunk: as many as the budget has room for, about as many in each chunk."""
    if spec.exact:
        return EXACT_ROWS
    assert spec.chunk_bytes is not None
    rows = max(1, spec.chunk_bytes // (ITEMSIZE[spec.compute] * spec.classes))
    if not items:
        return rows
    chunks = -(-items // rows)
    return -(-items // chunks)


def ahead(ops: ArrayOps, spec: LossSpec, arrays: Arrays) -> Ahead:
    """Class weights of the batch and all denominators: targets and weights are enough for them."""
    given = {name: array for name, array in arrays.items() if name not in LAYER}
    flat, own = spec._replace(axis=1, batch_axis=0), _flattened(ops, spec, given)
    met = partial(_summed, ops, flat, own, partial(_occurrences, ops, flat))
    own = with_balance(ops, flat, own, lambda: met()["all"])

    def count(unit: float = 1.0) -> dict[str, Array]:
        each = partial(_counts, ops, flat, unit=unit)
        return _summed(ops, flat, own, each) if counted(spec) else {}

    counts = count()
    return Ahead(flat, own, counts, divisor(ops, spec, given, counts, count))


def _summed(
    ops: ArrayOps,
    spec: LossSpec,
    arrays: Arrays,
    of: Callable[[Arrays], dict[str, Array]],
) -> dict[str, Array]:
    """Sums over all items; a chunk at a time, unless each is one number."""
    if spec.one_class:
        return of(arrays)
    one = of({name: _first(ops, each) if has_rows(each) else each for name, each in arrays.items()})
    nothing = {name: ops.xp.zeros_like(each) for name, each in one.items()}

    def chunk(sums: Arrays, part: Arrays) -> tuple[Arrays, tuple[Array, ...]]:
        return {name: sums[name] + each for name, each in of(part).items()}, ()

    rows = rows_at_once(spec, ops.shape(arrays["predictions"])[0])
    return ops.in_chunks(chunk, nothing, arrays, rows)[0]


def _first(ops: ArrayOps, array: Array) -> Array:
    """The first row, if there is one: the standard knows no slice beyond the end."""
    return array[: 0 if ops.shape(array)[0] == 0 else 1, ...]


def _occurrences(ops: ArrayOps, spec: LossSpec, part: Arrays) -> dict[str, Array]:
    return {"all": occurrences(ops, spec, part)}


def _counts(ops: ArrayOps, spec: LossSpec, part: Arrays, unit: float) -> dict[str, Array]:
    weighed = weigh(ops, spec, part) if needs_weights(spec) else None
    return sums_over_items(ops, spec, part, weighed, unit)


def _flattened(ops: ArrayOps, spec: LossSpec, arrays: Arrays) -> Arrays:
    """Items along the first of two axes; what is the same for all of them has length 1 there."""
    hidden = arrays["predictions"]
    if hidden.ndim == 2:
        return arrays
    items = tuple(ops.length(hidden, axis) for axis in range(hidden.ndim - 1))
    flat = {}
    for name, array in arrays.items():
        apart = name in WEIGHTINGS and not WEIGHTINGS[name].sliced
        flat[name] = array if apart or not array.ndim else _flat(ops, array, items)
    return flat


def _flat(ops: ArrayOps, array: Array, items: tuple[Any, ...]) -> Array:
    *over, last = ops.shape(array)
    if any(length != 1 for length in over):
        array = ops.xp.broadcast_to(array, (*items, last))
    return ops.xp.reshape(array, (-1, last))


def evaluated(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, wanted: Collection[str] = ()
) -> tuple[tuple[Array, ...], Arrays]:
    """The outputs, and the gradients to those of :data:`CLOSED` that are wanted.

    They are of what :func:`wce_core.evaluation.evaluate.fused` says, and float32 or float64; those
    of items (``reduction="none"``) are weighed by the ``cotangent`` among the arrays.
    """
    known, layer = ahead(ops, spec, arrays), Layer.of(ops, spec, arrays)
    items = ops.shape(known.arrays["predictions"])[0]
    chunk = partial(_chunk, layer, known, wanted)
    start = _start(layer, known, wanted)
    sums, stacked = ops.in_chunks(chunk, start, known.arrays, rows_at_once(spec, items))
    gradients = {name: sums[name] for name in LAYER if name in wanted}
    if "predictions" in wanted:
        gradients["predictions"] = stacked[-1]
    made = stacked[0] if spec.reduction == "none" else sums["total"]
    return outputs_of(ops, spec, arrays, known, made), finished(ops, spec, arrays, gradients)


def items(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, wrapped: Callable[[Any], Any]
) -> tuple[Array, ...]:
    """The losses of items in chunks that autodiff follows, each by a function that is wrapped."""
    known = ahead(ops, spec, arrays)
    layer = {name: arrays[name] for name in LAYER if name in arrays}

    def chunk(sums: Arrays, part: Arrays) -> tuple[Arrays, tuple[Array, ...]]:
        return sums, wrapped(partial(losses_of, ops, known.spec))({**part, **layer})

    rows = rows_at_once(spec, ops.shape(known.arrays["predictions"])[0])
    _, stacked = ops.in_chunks(chunk, {}, known.arrays, rows)
    return outputs_of(ops, spec, arrays, known, stacked[0])


def losses_of(ops: ArrayOps, spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
    """Those of some items, by functions that any autodiff differentiates."""
    own = with_logits(ops, spec, arrays)
    weighed = silenced(spec, weigh(ops, spec, own, closed=False))
    rows = rows_of(ops, spec, own, weighed, closed=False)
    losses = item_losses(ops, spec, weighed, loss_of_mass(ops, spec, weighed, rows))
    return (itemised(ops, spec, losses),)


def _start(layer: Layer, known: Ahead, wanted: Collection[str]) -> Arrays:
    """Sums of nothing, each of which varies over devices as whatever will be added to it."""
    ops, xp, spec = layer.ops, layer.ops.xp, known.spec
    given = [*known.arrays.values(), layer.projection, layer.bias]
    few = [_first(ops, each) if each.ndim else each for each in given if each is not None]
    zeros = [xp.zeros_like(each, dtype=ops.dtype(spec.accumulate)) for each in few]
    nothing = sum(xp.sum(each) for each in zeros)
    start = {} if spec.reduction == "none" else {"total": nothing}
    own = ops.cast(nothing, spec.compute)
    if "projection" in wanted:
        start["projection"] = xp.zeros_like(layer.projection) + own
    if "bias" in wanted:
        start["bias"] = xp.zeros_like(layer.bias) + own
    return start


def _chunk(
    layer: Layer, known: Ahead, wanted: Collection[str], sums: Arrays, part: Arrays
) -> tuple[Arrays, tuple[Array, ...]]:
    ops, spec, under = layer.ops, known.spec, known.under
    hidden = hidden_states(ops, spec, part)
    own = {**part, "predictions": layer.logits(hidden)}
    weighed = shared(ops, spec, weigh(ops, spec, own), under)
    rows = rows_of(ops, spec, own, weighed)
    losses = item_losses(ops, spec, weighed, loss_of_mass(ops, spec, weighed, rows))
    sums, found = dict(sums), []
    if spec.reduction == "none":
        found.append(itemised(ops, spec, losses))
    else:
        sums["total"] = sums["total"] + total_of(ops, spec, weighed, losses, under)
    if wanted:
        scale = scale_of(ops, spec, weighed, under, own)
        slopes = kept_gradient(ops, spec, weighed, rows, scale, own, under)
        if "projection" in wanted:
            sums["projection"] = ops.plus_product(sums["projection"], slopes, hidden)
        if "bias" in wanted:
            sums["bias"] = sums["bias"] + ops.xp.sum(slopes, axis=0, dtype=slopes.dtype)
        if "predictions" in wanted:
            found.append(to_hidden(layer, spec, part, slopes))
    return sums, tuple(found)


def to_hidden(layer: Layer, spec: LossSpec, part: Arrays, slopes: Array) -> Array:
    """The gradient to the hidden states of a chunk; excluded ones have none, whatever the layer."""
    ops = layer.ops
    found = ops.xp.matmul(slopes, layer.projection)
    return neutralised(ops, found, _included(ops, part), 0.0)


def outputs_of(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, known: Ahead, made: Array
) -> tuple[Array, ...]:
    """The outputs, of all losses of items or of their sum."""
    if spec.reduction == "none":
        return (ops.xp.reshape(made, ops.sizes(arrays["predictions"])[:-1]),)
    return reduced(ops, spec, arrays, made, known.counts, known.under)


def finished(ops: ArrayOps, spec: LossSpec, arrays: Arrays, gradients: Arrays) -> Arrays:
    """Gradients in their own shape and dtype: that of the array, or float32."""
    if "predictions" in gradients:
        shape = ops.sizes(arrays["predictions"])
        gradients = {**gradients, "predictions": ops.xp.reshape(gradients["predictions"], shape)}
    return {name: _kept(ops, spec, arrays[name], own) for name, own in gradients.items()}


def _kept(ops: ArrayOps, spec: LossSpec, array: Array, gradient: Array) -> Array:
    dtype = at_least_float32(ops.dtype_name(array))
    narrow = spec.exact and dtype != spec.compute
    return ops.cast(ops.flushed(gradient) if narrow else gradient, dtype)
