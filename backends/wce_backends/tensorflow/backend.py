"""TensorFlow: eager, ``tf.function`` and XLA, with tapes nested to any depth.

The first derivative is the closed form, through ``tf.custom_gradient``. A gradient that was made in
the forward pass is a constant to a second tape, so handing it over is a function with a gradient
of its own: the tape's, of the plain formula, from the inputs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import record  # the only way to ask whether a tape watches

from wce_core import evaluate
from wce_core.backend import Backend, Description
from wce_core.evaluate import Spec
from wce_core.types import Array, Arrays

from . import namespace

REFUSED = {
    tf.RaggedTensor: "a RaggedTensor; pass its to_tensor() and mask=",
    tf.SparseTensor: "a SparseTensor; pass tf.sparse.to_dense of it",
    tf.IndexedSlices: "IndexedSlices; pass tf.convert_to_tensor of it",
}


class TensorFlowBackend(Backend):
    """Tensors and Variables; a batch size that is unknown while tracing works."""

    name = "tensorflow"
    xp = namespace

    def owns(self, array: object) -> bool:
        """Tensors, Variables, and the composite ones that are refused."""
        return bool(tf.is_tensor(array)) or isinstance(array, tf.Variable)

    def refusal(self, array: Array) -> str | None:
        """Composite tensors have no rows to slice; an unknown rank has no class axis."""
        for kind, reason in REFUSED.items():
            if isinstance(array, kind):
                return reason
        if array.shape.rank is None:
            return "of unknown rank; give the function an input_signature with a rank"
        return None

    def dtype_name(self, array: Array) -> str:
        """TensorFlow's own name is the standard's."""
        return str(array.dtype.name)

    def asarray(self, value: np.ndarray, like: Array) -> Array:
        """A constant, which TensorFlow copies to the device where it is used."""
        del like
        return tf.constant(value)

    def readable(self, array: Array) -> bool:
        """Eager, and on the host."""
        if not tf.executing_eagerly() or not hasattr(array, "numpy"):
            return False
        return "CPU" in str(array.device)

    def to_numpy(self, array: Array) -> np.ndarray:
        """Without a copy, but for bfloat16."""
        own: np.ndarray = array.numpy()
        own = np.asarray(own)
        return own.astype(np.float32) if own.dtype.name == "bfloat16" else own

    def has_float64(self, like: Array) -> bool:
        """Not on a TPU."""
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
        expected = tf.shape(like)
        if class_axis is not None:
            place = tf.one_hot(class_axis, like.shape.rank, dtype=tf.int32)
            expected = expected * (1 - place) + place
        check = tf.debugging.assert_equal(
            tf.shape(array), expected, "targets do not have the shape of the predictions' items"
        )
        with tf.control_dependencies([check] if check is not None else []):
            return tf.identity(array)

    def constant(self, array: Array) -> Array:
        """By ``stop_gradient``."""
        return tf.stop_gradient(array)

    def arange(self, count: int, like: Array) -> Array:
        """A constant of the graph."""
        return tf.range(count, dtype=like.dtype)

    def scalar(self, value: Any, dtype: str, like: Array) -> Array:
        """A constant, or a cast."""
        del like
        return tf.cast(tf.convert_to_tensor(value), dtype)

    def run(self, spec: Spec, arrays: Arrays) -> tuple[Array, ...]:
        """Tensors only: Variables are read here, where a tape sees it."""
        tensors = {name: tf.convert_to_tensor(array) for name, array in arrays.items()}
        outputs: tuple[Array, ...] = _run(self, spec, tensors)
        return outputs

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
            return result, tape.gradient(
                value, predictions, unconnected_gradients=tf.UnconnectedGradients.ZERO
            )

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


BACKEND = TensorFlowBackend()


@tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]  # TensorFlow's
def _run(be: TensorFlowBackend, spec: Spec, tensors: Arrays) -> tuple[Array, ...]:
    """The closed form where a tape may ask for it, with every input it may ask about explicit."""
    if tf.executing_eagerly() and not record.could_possibly_record():
        return evaluate.plain(be, spec, tensors)
    names = [name for name, tensor in tensors.items() if tensor.dtype.is_floating]
    if tf.executing_eagerly():
        names = [n for n in names if n == "predictions" or _watched(tensors[n])]
    constants = {name: tensor for name, tensor in tensors.items() if name not in names}
    loss = _Loss(be, spec, tuple(names), constants)
    return tuple(loss.value(*(tensors[name] for name in names)))


def _watched(tensor: Array) -> bool:
    return bool(record.should_record_backprop([tensor]))


class _Loss:
    """One call: ``names`` are the inputs that may be differentiated to, the rest is constant."""

    def __init__(
        self, be: TensorFlowBackend, spec: Spec, names: tuple[str, ...], constants: Arrays
    ) -> None:
        self.be, self.spec, self.names, self.constants = be, spec, names, constants
        self.value = tf.custom_gradient(self._value)

    def _arrays(self, inputs: Any) -> Arrays:
        return {**self.constants, **dict(zip(self.names, inputs, strict=True))}

    def _value(self, *inputs: Any) -> Any:
        outputs, gradient = evaluate.fused(self.be, self.spec, self._arrays(inputs))

        def backward(*cotangents: Any) -> Any:
            first = self._handed_over(gradient)(cotangents[0], *inputs)
            rest = self._rest(inputs, cotangents)
            return [first if name == "predictions" else rest.get(name) for name in self.names]

        return outputs, backward

    def _handed_over(self, gradient: Array) -> Callable[..., Any]:
        """cotangent · gradient in the gradient's float32, only then rounded to a half type."""

        @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow's
        def hand_over(cotangent: Array, *inputs: Any) -> Any:
            dtype = inputs[self.names.index("predictions")].dtype
            factor = self._laid(tf.cast(cotangent, gradient.dtype))

            def backward(upstream: Array) -> Any:
                return self._second(upstream, cotangent, inputs)

            return tf.cast(gradient * factor, dtype), backward

        function: Callable[..., Any] = hand_over
        return function

    def _laid(self, cotangent: Array) -> Array:
        if self.spec.reduction == "none" and self.spec.axis is not None:
            return tf.expand_dims(cotangent, self.spec.axis)
        return cotangent

    def _second(self, upstream: Array, cotangent: Array, inputs: Any) -> Any:
        """The gradient of ⟨cotangent · ∂loss, upstream⟩, by tapes over the plain formula."""
        place = self.names.index("predictions")
        with tf.GradientTape() as outer:
            outer.watch([cotangent, *inputs])
            with tf.GradientTape() as inner:
                inner.watch(inputs[place])
                first = evaluate.plain(self.be, self.spec, self._arrays(inputs))[0]
            slope = inner.gradient(first, inputs[place], output_gradients=cotangent)
            product = tf.reduce_sum(slope * upstream)
        return _dense(outer.gradient(product, [cotangent, *inputs]))

    def _rest(self, inputs: Any, cotangents: Any) -> Arrays:
        """Gradients to weights and soft targets, by a tape over the plain formula."""
        names = [name for name in self.names if name != "predictions"]
        if not names:
            return {}
        arrays = self._arrays(inputs)
        wanted = [arrays[name] for name in names]
        with tf.GradientTape() as tape:
            tape.watch(wanted)
            outputs = evaluate.plain(self.be, self.spec, arrays)
        real = [i for i, output in enumerate(outputs) if output.dtype.is_floating]
        found = tape.gradient(
            [outputs[i] for i in real], wanted, output_gradients=[cotangents[i] for i in real]
        )
        return dict(zip(names, _dense(found), strict=True))


def _dense(gradients: Any) -> list[Any]:
    """No IndexedSlices, which the gradient of a gather is."""
    return [None if g is None else tf.convert_to_tensor(g) for g in gradients]
