"""TensorFlow: eager, ``tf.function`` and XLA, with tapes nested to any depth.

The first derivative is the closed form, through ``tf.custom_gradient``. A gradient that was made in
the forward pass is a constant to a second tape, so handing it over is a function with a gradient
of its own: the tape's, of the plain formula, from the inputs.

Weights and soft targets each have a function of their own, which adds zeros to the outputs: only
where one of them is watched is there a gradient to make. Nobody has to ask what tapes watch.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from wce_core.arrays.compiled import Fused
from wce_core.arrays.ops import Chunked
from wce_core.arrays.rounding import rounded
from wce_core.call.describe import described
from wce_core.compilers import do_not_convert
from wce_core.dtypes import SMALLEST_NORMAL
from wce_core.evaluation import evaluate, linear
from wce_core.evaluation.options import Options
from wce_core.evaluation.spec import COTANGENT, LossSpec
from wce_core.formulas.weightings import WEIGHTINGS
from wce_core.frameworks import float64
from wce_core.frameworks.backend import Backend, Description, Sums
from wce_core.types import Array, Arrays

from .. import numpy
from ..programs import Outcome, as_constants
from . import namespace
from .loops import in_a_loop
from .replicas import all_summed

REFUSED = {
    tf.RaggedTensor: "a RaggedTensor; pass its to_tensor() and mask=",
    tf.SparseTensor: "a SparseTensor; pass tf.sparse.to_dense of it",
    tf.IndexedSlices: "IndexedSlices; pass tf.convert_to_tensor of it",
    tf.experimental.ExtensionType: "an ExtensionType; pass a tensor",
}


EAGER = tf.__internal__.EagerTensor
"""Of tensors that have values."""
REPLAYED = (tf.float32, tf.float64)
LARGE = 2**14
"""Elements from which a copy is worth avoiding."""
ALIGNMENT = 64
"""Bytes to which TensorFlow's kernels want memory aligned."""


class TensorFlowBackend(Backend):
    """Tensors and Variables; a batch size that is unknown while tracing works."""

    name = "tensorflow"
    collective = "all_reduce"
    xp = namespace
    contracts = True

    def owns(self, array: object) -> bool:
        """Tensors, Variables, and the composite ones that are refused."""
        return bool(tf.is_tensor(array)) or isinstance(array, tf.Variable)

    def refusal(self, array: Array) -> str | None:
        """Composite tensors have no rows to slice; an unknown rank has no class axis."""
        for kind, reason in REFUSED.items():
            if isinstance(array, kind):
                return reason
        dtype = array.dtype
        if not (dtype.is_floating or dtype.is_integer or dtype.is_bool or dtype.is_complex):
            return f"of dtype {dtype.name}"
        if not tf.compat.v1.executing_eagerly_outside_functions():  # == would compare identities
            return "of a tf.Graph as TensorFlow 1 has them; use tf.function"
        if array.shape.rank is None:
            return "of unknown rank; give the function an input_signature with a rank"
        return None

    def total(self, values: Array, dtype: str, result: str, axis: int | None = None) -> Array:
        """In pieces where float64 has no digits to spare, and of many numbers.

        XLA writes down all that it is to add at once, in float64; pieces it adds as they are made.
        """
        few = (values.shape.num_elements() or 0) < LARGE
        if few and dtype == "float64" != result:
            return tf.reduce_sum(tf.cast(values, tf.float64), axis)
        return super().total(values, dtype, result, axis)

    def running_sum(self, values: Array) -> Array:
        """By TensorFlow's own."""
        return tf.cumsum(values, axis=-1)

    def dtype_name(self, array: Array) -> str:
        """TensorFlow's own name is the standard's."""
        return str(array.dtype.name)

    def asarray(self, value: np.ndarray, like: Array) -> Array:
        """A constant, which TensorFlow copies to the device where it is used."""
        if value.dtype == np.float64 and not self.has_float64(like):
            value = value.astype(np.float32)
        return tf.constant(value)

    def readable(self, array: Array) -> bool:
        """Eager, and on the host."""
        if not tf.executing_eagerly() or not hasattr(array, "numpy"):
            return False
        return "CPU" in str(array.device)

    def to_numpy(self, array: Array) -> np.ndarray:
        """Without a copy, but for bfloat16."""
        own = _shared(tf.convert_to_tensor(array))
        return own.astype(np.float32) if own.dtype.name == "bfloat16" else own

    def has_float64(self, like: Array) -> bool:
        """Not on a TPU, nor in what is traced for a runtime without it."""
        if not float64.is_used() and getattr(like, "dtype", None) != tf.float64:
            return False
        return "TPU" not in str(getattr(like, "device", "") or "")

    def shape(self, array: Array) -> tuple[int | None, ...]:
        """None for what tracing does not know."""
        return tuple(array.shape.as_list())

    def sizes(self, array: Array) -> Any:
        """A tensor where tracing does not know."""
        return tuple(array.shape) if array.shape.is_fully_defined() else tf.shape(array)

    def length(self, array: Array, axis: int) -> Any:
        """A scalar tensor where tracing does not know."""
        known = array.shape[axis]
        return tf.shape(array, out_type=tf.int64)[axis] if known is None else known

    def require_shape(self, array: Array, like: Array, class_axis: int | None) -> Array:
        """Checked when the graph runs, where tracing does not know: nothing may broadcast."""
        if array.shape.is_fully_defined() and like.shape.is_fully_defined():
            return array
        own = tf.cast(array, tf.uint8) if array.dtype.is_bool else tf.convert_to_tensor(array)
        zeros = tf.zeros(_item_sizes(like, class_axis), own.dtype)
        # An operation that refuses to broadcast, and that XLA does not skip as it skips assertions.
        same = tf.add_n([own, zeros], name="targets_have_the_shape_of_the_items")
        return tf.cast(same, array.dtype)

    def arange(self, count: int, like: Array) -> Array:
        """A constant of the graph."""
        return tf.range(count, dtype=like.dtype)

    def occurrences(self, index: Array, classes: int) -> Array:
        """By a sum of segments: a graph without XLA would keep a number for each class and item."""
        flat = tf.reshape(index, (-1,))
        return tf.math.unsorted_segment_sum(tf.ones_like(flat), flat, classes + 1)[:classes]

    def summed_by(self, index: Array, values: Array, count: int) -> Array:
        """By a sum of segments."""
        return tf.math.unsorted_segment_sum(values, index, count)

    def leading(self, array: Array, count: int, axis: int) -> Array:
        """By ``top_k``, whose ties go to the lower index."""
        of = tf.cast(count, tf.int32)  # no other number is one of TensorFlow Lite's
        found = tf.math.top_k(namespace.moveaxis(array, axis, -1), of)
        return tf.cast(found.indices, self.index_dtype)

    def scalar(self, value: Any, dtype: str, like: Array) -> Array:
        """A constant of that dtype at once, so that no digit is lost; or a cast."""
        del like
        if isinstance(value, (int, float)):
            return tf.constant(value, dtype)
        return tf.cast(value, dtype)

    def bits(self, array: Array) -> Array:
        """By ``bitcast``."""
        return tf.bitcast(array, tf.int64)

    def from_bits(self, bits: Array) -> Array:
        """By ``bitcast``."""
        return tf.bitcast(bits, tf.float64)

    def constant(self, array: Array) -> Array:
        """By ``stop_gradient``."""
        return tf.stop_gradient(array)

    def flushing(self, array: Array) -> Array:
        """By an identity whose backward pass flushes: tapes follow the losses of single regions."""
        found: Array = tf.custom_gradient(_flushed)(array)
        return found

    def fast_path(
        self, options: Options, given: dict[str, Any], *, gradient: bool = False
    ) -> Outcome | None:
        """Of few numbers in the host's memory, by NumPy's program for them."""
        del gradient  # which is a tape's
        if not tf.executing_eagerly() or options.dtype is not None or options.chunk_bytes:
            return None
        predictions = given["predictions"]
        if not isinstance(predictions, EAGER) or predictions.dtype not in REPLAYED:
            return None
        tensors = {name: each for name, each in given.items() if isinstance(each, EAGER)}
        constants = as_constants(
            {name: each for name, each in given.items() if name not in tensors}
        )
        if constants is None:
            return None
        return _Replay(options, given.get("ignore_index"), constants, tensors).outcome()

    def in_chunks(
        self, body: Chunked, carry: Arrays, arrays: Arrays, rows: int
    ) -> tuple[Arrays, tuple[Array, ...]]:
        """In a graph by ``tf.while_loop``, after the first chunk, which may be shorter."""
        if tf.executing_eagerly():
            return super().in_chunks(body, carry, arrays, rows)
        return in_a_loop(body, carry, arrays, rows)

    def run(self, spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
        """Tensors only: Variables are read here, where a tape sees it."""
        tensors = {name: tf.convert_to_tensor(array) for name, array in arrays.items()}
        run = _run_layer if spec.chunk_bytes is not None else _run
        outputs: tuple[Array, ...] = run(self, spec, _spread(spec, tensors))
        return outputs

    def fused_layer(
        self, spec: LossSpec, arrays: Arrays, wanted: Collection[str]
    ) -> tuple[tuple[Array, ...], Arrays]:
        """Eager on the CPU by NumPy on the same memory; a large graph by XLA."""
        if not tf.executing_eagerly():
            return _in_a_graph(spec, arrays, tuple(wanted))
        if not all(map(self.readable, arrays.values())):
            return linear.evaluated(self, spec, arrays, wanted)
        shared = {name: _shared(array) for name, array in arrays.items()}
        outputs, gradients = numpy.of_layer(spec, shared, wanted)
        own = {name: _handed_over(np.asarray(each)) for name, each in gradients.items()}
        return tuple(tf.constant(output) for output in outputs), own

    def summed(self, spec: LossSpec, sums: Sums, arrays: Arrays) -> tuple[Array, ...]:
        """Tensors only, weights laid out for all items."""
        tensors = {name: tf.convert_to_tensor(array) for name, array in arrays.items()}
        return super().summed(spec, sums, _spread(spec, tensors))

    def all_summed(
        self, sums: tuple[Array, ...], over: Any, averaged_over: float
    ) -> tuple[Array, ...]:
        """Over the replicas of the strategy at work, which is the only group there is."""
        if over is not None:
            raise TypeError(f"group is {over!r}; TensorFlow's is that of the strategy: pass none")
        return all_summed(sums, averaged_over)

    def value_and_grad(
        self, function: Callable[..., Any], has_aux: bool
    ) -> Callable[..., tuple[Any, Array]]:
        """By a tape."""

        @functools.wraps(function)
        def with_gradient(predictions: Array, *args: Any, **kwargs: Any) -> tuple[Any, Array]:
            with tf.GradientTape() as tape:
                tape.watch(predictions)
                result = function(predictions, *args, **kwargs)
                value = result[0] if has_aux else result
            gradient = tape.gradient(
                value, predictions, unconnected_gradients=tf.UnconnectedGradients.ZERO
            )
            return result, tf.convert_to_tensor(gradient)

        return with_gradient

    def compile(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``tf.function``."""
        compiled: Callable[..., Any] = tf.function(function)
        return compiled

    def describe(self) -> Description:
        """The devices that TensorFlow sees."""
        devices = [
            d.name.removeprefix("/physical_device:") for d in tf.config.list_physical_devices()
        ]
        return Description(
            tf.__version__, tuple(devices), not tf.config.list_physical_devices("TPU")
        )


class _Closed(Fused, TensorFlowBackend):
    """For closed forms, which no tape records."""

    many_classes = 2**9


BACKEND = TensorFlowBackend()
CLOSED = _Closed()


def _item_sizes(like: Array, class_axis: int | None) -> Array:
    """The sizes of ``like``, 1 along the class axis."""
    sizes = tf.unstack(tf.shape(like), num=like.shape.rank)
    return tf.stack([tf.constant(1) if i == class_axis else n for i, n in enumerate(sizes)])


def _spread(spec: LossSpec, tensors: Arrays) -> Arrays:
    """Weights of items in the items' shape where tracing does not know that they fit it.

    They may have length 1 where there are many items, never many where there is one.
    """
    like = tensors["predictions"]
    open_ones = {
        name: tensor
        for name, tensor in tensors.items()
        if name in WEIGHTINGS
        and WEIGHTINGS[name].per_item
        and not (tensor.shape.is_fully_defined() and like.shape.is_fully_defined())
    }
    sizes = _item_sizes(like, spec.axis) if open_ones else None
    spread = {
        name: tf.broadcast_to(tensor, sizes, name=f"{name}_fits_the_items")
        for name, tensor in open_ones.items()
    }
    return {**tensors, **spread}


@do_not_convert
def _run(be: TensorFlowBackend, spec: LossSpec, tensors: Arrays) -> tuple[Array, ...]:
    """The outputs, differentiable to the predictions and to every other floating input."""
    if spec.of_regions:
        return evaluate.plain(be, spec, tensors)
    loss = _Loss(be, spec, tensors)
    outputs = tf.custom_gradient(loss.value)(tensors["predictions"])
    for name in loss.names[1:]:
        outputs = loss.with_gradient_to(name, outputs)
    return tuple(outputs)


def _flushed(array: Array) -> Any:
    def backward(gradient: Array) -> Array:
        """The derivative stays that of the identity, at a gradient of 0 too."""
        small = tf.where(tf.abs(gradient) < SMALLEST_NORMAL, gradient, tf.zeros_like(gradient))
        return gradient - tf.stop_gradient(small)

    return tf.identity(array), backward


class _Loss:
    """One call: ``names`` are the inputs that may be differentiated to, predictions first."""

    def __init__(self, be: TensorFlowBackend, spec: LossSpec, arrays: Arrays) -> None:
        self.be, self.spec, self.arrays = be, spec, arrays
        labels = spec.region is not None and spec.region.targets == "labels"
        constant = ("predictions", "ignore_index", *(("targets",) if labels else ()))
        rest = (name for name in arrays if name not in constant and arrays[name].dtype.is_floating)
        self.names = ("predictions", *rest)

    def value(self, predictions: Array) -> Any:
        """The outputs and, for ``tf.custom_gradient``, their gradient to the predictions."""
        own = _Loss(self.be, self.spec, {**self.arrays, "predictions": predictions})
        outputs, gradient = self._prepared(own.arrays)

        def backward(*cotangents: Any) -> Array:
            if tf.executing_eagerly() and not _tapes_may_record():
                return _product(self.spec, gradient(), cotangents[0], predictions.dtype)
            return own.differentiable(gradient(), cotangents[0])

        return outputs, backward

    def differentiable(self, gradient: Array, cotangent: Array) -> Array:
        """The product of both, which a tape can differentiate again."""
        slopes = self._slopes(gradient, self.arrays)
        # In the gradient's float32 or float64; only the product is rounded.
        factor = _laid(self.spec, tf.cast(cotangent, slopes.dtype))
        dtype = self.arrays["predictions"].dtype
        return rounded(self.be, slopes * factor, dtype.name, exact=self.spec.exact)

    def _prepared(self, arrays: Arrays) -> tuple[Any, Later]:
        if not tf.executing_eagerly():
            return _at_once(self.be, self.spec, arrays)
        if all(map(self.be.readable, arrays.values())):
            return _on_host(self.be, self.spec, arrays)
        return _deferred(self.be, self.spec, arrays)

    def with_gradient_to(self, name: str, outputs: Any) -> list[Array]:
        """The outputs plus zeros, which have the outputs' gradient to one more input."""
        real = [i for i, output in enumerate(outputs) if output.dtype.is_floating]

        def zeros(tensor: Array) -> Any:
            def backward(*cotangents: Any) -> Any:
                return self._plain_gradient(name, tensor, dict(zip(real, cotangents, strict=True)))

            # Not constants: tf.vectorized_map replaces the gradient of what depends on its item
            # by TensorFlow's own, and would add the two where a part of this does not.
            return [tf.raw_ops.ZerosLike(x=outputs[i]) for i in real], backward

        added = dict(zip(real, tf.custom_gradient(zeros)(self.arrays[name]), strict=True))
        return [y + added[i] if i in added else y for i, y in enumerate(outputs)]

    def _plain_gradient(self, name: str, tensor: Array, cotangents: dict[int, Array]) -> Array:
        """The gradient to one input, by a tape over the plain formula."""
        own = tf.identity(tensor)  # in the body of a loop, a tape does not see a tensor of another
        with tf.GradientTape() as tape:
            tape.watch(own)
            outputs = evaluate.plain(self.be, self.spec, {**self.arrays, name: own})
        real = [outputs[i] for i in cotangents]
        found = tape.gradient(real, own, output_gradients=list(cotangents.values()))
        return tf.convert_to_tensor(_recorded(found))

    def _slopes(self, gradient: Array, arrays: Arrays) -> Array:
        """The gradient that is there already, as a function of all inputs."""

        def slopes(*inputs: Any) -> Any:
            own = dict(zip(arrays, inputs, strict=True))
            return tf.identity(gradient), lambda upstream: self._second(upstream, own)

        # With a tape around a tf.function, the second backward pass is a third graph, which can
        # take tensors of the second, this one, but none of the first: each must be here by itself.
        return tf.custom_gradient(slopes)(*map(tf.identity, arrays.values()))

    def _second(self, upstream: Array, arrays: Arrays) -> list[Array | None]:
        """The gradient of ⟨∂loss, upstream⟩, by tapes over the plain formula."""
        inputs = {name: arrays[name] for name in self.names}
        with tf.GradientTape() as outer:
            outer.watch(inputs)
            predictions = tf.cast(arrays["predictions"], upstream.dtype)
            with tf.GradientTape() as inner:
                inner.watch(predictions)
                wide = {**arrays, "predictions": predictions}
                first = evaluate.plain(self.be, self.spec, wide)[0]
            slope = _recorded(inner.gradient(first, predictions))
            product = tf.reduce_sum(slope * upstream)
        zero = tf.UnconnectedGradients.ZERO
        found = outer.gradient(product, inputs, unconnected_gradients=zero)
        return [tf.convert_to_tensor(found[name]) if name in found else None for name in arrays]


@do_not_convert
def _run_layer(be: TensorFlowBackend, spec: LossSpec, tensors: Arrays) -> tuple[Array, ...]:
    """The same of hidden states and a layer."""
    loss = _LayerLoss(be, spec, tensors)
    outputs = tf.custom_gradient(loss.of_layer)(*(tensors[name] for name in loss.closed))
    for name in loss.names:
        outputs = loss.with_gradient_to(name, outputs)
    return tuple(outputs)


class _LayerLoss(_Loss):
    """One call of hidden states: ``closed`` are the inputs with a gradient in closed form."""

    def __init__(self, be: TensorFlowBackend, spec: LossSpec, arrays: Arrays) -> None:
        super().__init__(be, spec, arrays)
        self.closed = tuple(name for name in linear.CLOSED if name in arrays)
        self.names = tuple(name for name in self.names if name not in self.closed)

    def of_layer(self, *inputs: Array) -> Any:
        """The outputs and, for ``tf.custom_gradient``, their gradients; of items, made later."""
        arrays = {**self.arrays, **dict(zip(self.closed, inputs, strict=True))}
        items = self.spec.reduction == "none"
        wanted = () if items or not _tapes_may_record() else self.closed
        outputs, gradients = self.be.fused_layer(self.spec, arrays, wanted)

        def backward(*cotangents: Any) -> list[Array]:
            own, factor = gradients, cotangents[0]
            if not own:
                laid = {COTANGENT: tf.expand_dims(factor, -1)} if items else {}
                own = self.be.fused_layer(self.spec, {**arrays, **laid}, self.closed)[1]
            each = (
                own[name] if items else own[name] * tf.cast(factor, own[name].dtype)
                for name in self.closed
            )
            dtypes = (tensor.dtype for tensor in inputs)
            found = [tf.cast(g, dtype) for g, dtype in zip(each, dtypes, strict=True)]
            return _once(len(found), [*found, *inputs, *cotangents])

        return list(outputs), backward


def _once(count: int, tensors: list[Array]) -> list[Array]:
    """The first tensors. Their derivative by any of all is refused.

    No tape saw how they were made, so TensorFlow would give 0: a wrong number that nobody sees.
    """

    def gradients(*own: Array) -> Any:
        def backward(*_: Any) -> Any:
            raise NotImplementedError(  # refused: TensorFlow would give a silent 0
                "second derivatives of linear_cross_entropy are not there in TensorFlow, nor is "
                "forward mode; use cross_entropy of all logits"
            )

        return [tf.identity(each) for each in own[:count]], backward

    found: list[Array] = tf.custom_gradient(gradients)(*tensors)
    return found


class _Replay(NamedTuple):
    """An eager call as it was made."""

    options: Options
    ignore_index: Any
    constants: dict[str, np.ndarray]
    tensors: Arrays

    def outcome(self) -> Outcome | None:
        """By NumPy's program; None if there is none for such a call."""
        predictions, *companions = self.tensors.values()
        if _watched(companions) or not all(map(BACKEND.readable, self.tensors.values())):
            return None
        arrays = {name: _shared(tensor) for name, tensor in self.tensors.items()} | self.constants
        if arrays["predictions"].size >= LARGE:
            return None
        ignored, watched = self.ignore_index, _watched([predictions])
        found = numpy.PROGRAMS.outcome(self.options, arrays, ignored, gradient=watched)
        if found is None:
            return None
        spec, outputs, slopes = found
        outputs = tuple(map(tf.constant, outputs))
        return spec, self._tracked(spec, outputs, slopes) if watched else outputs, None

    def _tracked(self, spec: LossSpec, outputs: tuple[Array, ...], slopes: np.ndarray) -> Any:
        """The outputs, with their gradient to the predictions."""

        def value(predictions: Array) -> Any:
            def backward(*cotangents: Any) -> Array:
                if not _tapes_may_record():
                    return _product(spec, tf.constant(slopes), cotangents[0], predictions.dtype)
                return self._loss(predictions).differentiable(tf.constant(slopes), cotangents[0])

            return outputs, backward

        return tuple(tf.custom_gradient(value)(self.tensors["predictions"]))

    def _loss(self, predictions: Array) -> _Loss:
        """The call described as usual."""
        given = {**self.tensors, **self.constants, "predictions": predictions}
        spec, arrays = described(
            BACKEND, self.options, {**given, "ignore_index": self.ignore_index}
        )
        return _Loss(BACKEND, spec, {name: tf.convert_to_tensor(a) for name, a in arrays.items()})


def _product(spec: LossSpec, slopes: Array, cotangent: Array, dtype: tf.DType) -> Array:
    """Of what nobody differentiates again; by a cotangent of 1 the gradient itself."""
    if spec.reduction == "none" or float(cotangent) != 1.0:
        slopes = slopes * _laid(spec, tf.cast(cotangent, slopes.dtype))
    return rounded(BACKEND, slopes, dtype.name, exact=spec.exact)


def _laid(spec: LossSpec, cotangent: Array) -> Array:
    if spec.reduction == "none" and spec.axis is not None:
        return tf.expand_dims(cotangent, spec.axis)
    return cotangent


def _watched(tensors: list[Array]) -> bool:
    """Does a tape or an accumulator follow one of them? Yes where TensorFlow does not tell."""
    try:
        from tensorflow.python import pywrap_tfe

        return bool(pywrap_tfe.TFE_Py_TapeSetPossibleGradientTypes(tensors))
    except (ImportError, AttributeError):
        return True


def _recorded(gradient: Array | None) -> Array:
    """A gradient that is there unless TensorFlow keeps tapes from recording.

    Then nothing here can record in their place, and 0 would be a wrong number that nobody sees.
    """
    if gradient is None:
        raise NotImplementedError(  # refused: TensorFlow would give a silent 0
            "tf.autodiff.ForwardAccumulator does not let the tapes record by which gradients to "
            "weights and targets and second derivatives are made; nest tf.GradientTape instead"
        )
    return gradient


Later = Callable[[], Array]


def _on_host(be: TensorFlowBackend, spec: LossSpec, arrays: Arrays) -> tuple[Any, Later]:
    """For eager calls on the CPU: by NumPy on the same memory, in blocks that stay in cache."""
    shared = {name: _shared(array) for name, array in arrays.items()}
    outputs, slopes = numpy.evaluated(spec, shared, gradient=_tapes_may_record())
    kept = [] if slopes is None else [slopes]

    def later() -> Array:
        # Its memory is given away: TensorFlow may write to what it thinks it alone has.
        own = kept.pop() if kept else numpy.evaluated(spec, shared, gradient=True)[1]
        return _handed_over(np.asarray(own))

    return tuple(tf.constant(output) for output in outputs), later


def _shared(array: Array) -> np.ndarray:
    if array.dtype == tf.bfloat16:  # which has no buffer
        own: np.ndarray = array.numpy()
        return own
    return np.asarray(memoryview(array))


def _handed_over(array: np.ndarray) -> Array:
    """A tensor, on the same memory if TensorFlow's kernels can take that."""
    if array.size < LARGE or array.ctypes.data % ALIGNMENT:
        return tf.constant(array)
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def _tapes_may_record() -> bool:
    """Is there a tape? Yes where TensorFlow does not tell."""
    try:
        from tensorflow.python.eager import record
    except ImportError:
        return True
    return bool(record.could_possibly_record())


def _at_once(be: TensorFlowBackend, spec: LossSpec, arrays: Arrays) -> tuple[Any, Later]:
    """For graphs: what nobody wants is pruned, and the backward pass takes the gradient alone."""
    if _worth_compiling(arrays):
        outputs, gradient = _program(spec, tuple(arrays))(*map(tf.stop_gradient, arrays.values()))
    else:
        outputs, gradient = evaluate.fused(CLOSED, spec, arrays)
    return outputs, lambda: gradient


def _worth_compiling(arrays: Arrays) -> bool:
    """Large, of known shape, and on the CPU, where a graph without XLA visits memory 20 times."""
    shapes = [array.shape for array in arrays.values()]
    if not all(shape.is_fully_defined() for shape in shapes):
        return False
    return arrays["predictions"].shape.num_elements() >= LARGE and _only_cpus()


@functools.cache
def _only_cpus() -> bool:
    return all(device.device_type == "CPU" for device in tf.config.list_physical_devices())


def _program(spec: LossSpec, names: tuple[str, ...]) -> Callable[..., Any]:
    """Value and gradient compiled by XLA, whatever the graph around it is; traced once."""

    def fused(*tensors: Array) -> Any:
        return evaluate.fused(CLOSED, spec, dict(zip(names, tensors, strict=True)))

    program: Callable[..., Any] = tf.function(fused, jit_compile=True, autograph=False)
    return program


def _in_a_graph(
    spec: LossSpec, arrays: Arrays, wanted: tuple[str, ...]
) -> tuple[tuple[Array, ...], Arrays]:
    tensors = {name: tf.stop_gradient(array) for name, array in arrays.items()}

    def evaluated(*own: Array) -> Any:
        return linear.evaluated(CLOSED, spec, dict(zip(arrays, own, strict=True)), wanted)

    if _worth_compiling(tensors):
        evaluated = tf.function(evaluated, jit_compile=True, autograph=False)
    outputs, gradients = evaluated(*tensors.values())
    return outputs, gradients


def _deferred(be: TensorFlowBackend, spec: LossSpec, arrays: Arrays) -> tuple[Any, Later]:
    """For eager calls: the gradient is made when it is asked for."""
    # A tape would record what happens here, keep all of it, and never use it.
    arrays = {name: tf.stop_gradient(array) for name, array in arrays.items()}
    return evaluate.deferred(be, spec, arrays)
