"""What TensorFlow takes elsewhere: SavedModel with the gradient, and TensorFlow Lite."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.lite.python.convert import ConverterError

from wce_core import losses
from wce_core.tensorflow import without_float64

RNG = np.random.default_rng(7)
X = RNG.standard_normal((6, 4)).astype(np.float32)
KERNEL = RNG.standard_normal((4, 3)).astype(np.float32)
INDEX = np.array([0, 1, 2, -1, 1, 0], np.int32)
LABELS = (INDEX[:, None] == np.arange(3)).astype(np.float32)
S = RNG.uniform(0.5, 2.0, 6).astype(np.float32)


class Head(tf.Module):
    """A linear layer, and the loss of what it says."""

    def __init__(self, loss: Any, targets: np.ndarray, activation: Any = None) -> None:
        super().__init__()
        self.kernel = tf.Variable(KERNEL)
        self.loss = loss
        self.activation = activation or tf.identity
        dtype = tf.as_dtype(targets.dtype)
        signature = [
            tf.TensorSpec((None, 4), tf.float32, "x"),
            tf.TensorSpec((None, *targets.shape[1:]), dtype, "y"),
            tf.TensorSpec((None,), tf.float32, "s"),
        ]
        self.value = tf.function(self._value, input_signature=signature)
        self.value_and_gradient = tf.function(self._both, input_signature=signature)

    def _value(self, x: Any, y: Any, s: Any) -> Any:
        return {"loss": self.loss(self.activation(x @ self.kernel), y, sample_weight=s)}

    def _both(self, x: Any, y: Any, s: Any) -> Any:
        with tf.GradientTape() as tape:
            found = self._value(x, y, s)
        return {**found, "gradient": tape.gradient(found["loss"], self.kernel)}


def weighted_mean(**options: Any) -> Any:
    return losses.CrossEntropy(
        class_weight=[1.0, 3.0, 0.5], ignore_index=-1, reduction="weighted_mean", **options
    )


HEADS: dict[str, Callable[[], Head]] = {
    "cross_entropy": lambda: Head(weighted_mean(label_smoothing=0.1), INDEX),
    "probabilities": lambda: Head(weighted_mean(form="probabilities"), INDEX, tf.nn.softmax),
    "focal": lambda: Head(losses.FocalCrossEntropy(gamma=1.5, ignore_index=-1), INDEX),
    "binary": lambda: Head(losses.BinaryCrossEntropy(pos_weight=[1.0, 2.0, 3.0]), LABELS),
    "dice": lambda: Head(losses.DiceLoss(per="batch", ignore_index=-1), INDEX),
    "asymmetric": lambda: Head(losses.AsymmetricLoss(), LABELS),
    "lovasz": lambda: Head(losses.LovaszSoftmaxLoss(per="batch", ignore_index=-1), INDEX),
}


def targets_of(name: str) -> np.ndarray:
    return LABELS if name in ("binary", "asymmetric") else INDEX


FRESH = """
    import sys
    import numpy as np
    import tensorflow as tf

    folder = sys.argv[1]
    given = dict(np.load(f"{folder}/given.npz"))
    inputs = {name: tf.constant(given[name]) for name in "xys"}
    model = tf.saved_model.load(folder)
    found = model.signatures["serving_default"](**inputs)
    for name in ("loss", "gradient"):
        np.testing.assert_array_equal(found[name], given[name])
    with tf.GradientTape() as tape:  # through the saved value, by its saved gradient
        value = model.value(*inputs.values())["loss"]
    np.testing.assert_allclose(tape.gradient(value, model.kernel), given["gradient"], rtol=1e-6)
    assert not any(name.startswith("wce_") for name in sys.modules)
"""


def test_a_saved_model_has_value_and_gradient_without_this_library(tmp_path: Path) -> None:
    head = HEADS["cross_entropy"]()
    found = head.value_and_gradient(X, INDEX, S)
    tf.saved_model.save(head, str(tmp_path), signatures=head.value_and_gradient)
    np.savez(tmp_path / "given.npz", x=X, y=INDEX, s=S, **found)
    command = [sys.executable, "-c", textwrap.dedent(FRESH), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def converted(function: Any) -> bytes:
    made: bytes = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()]
    ).convert()
    return made


def by_lite(model: bytes, **inputs: np.ndarray) -> list[np.ndarray]:
    """What TensorFlow Lite's interpreter makes of it."""
    interpreter = tf.lite.Interpreter(model_content=model)
    details = {each["name"]: each["index"] for each in interpreter.get_input_details()}
    assert details.keys() == inputs.keys()
    for name, array in inputs.items():
        interpreter.resize_tensor_input(details[name], array.shape)
    interpreter.allocate_tensors()
    for name, array in inputs.items():
        interpreter.set_tensor(details[name], array)
    interpreter.invoke()
    outputs = sorted(interpreter.get_output_details(), key=lambda each: len(each["shape"]))
    return [interpreter.get_tensor(each["index"]) for each in outputs]


@pytest.mark.filterwarnings(
    r"ignore:\s+Warning:UserWarning"
)  # that Lite moves to a package of its own
@pytest.mark.parametrize("name", HEADS)
def test_lite_has_value_and_gradient(name: str) -> None:
    """By built-in operations alone: those of TensorFlow need a runtime that most have not."""
    y, head = targets_of(name), HEADS[name]()
    with without_float64():
        model = converted(head.value_and_gradient)
    value, gradient = by_lite(model, x=X, y=y, s=S)
    wanted = HEADS[name]().value_and_gradient(X, y, S)
    np.testing.assert_allclose(value, wanted["loss"], rtol=1e-6)
    np.testing.assert_allclose(gradient, wanted["gradient"], rtol=2e-6, atol=1e-7)


def test_what_lite_has_no_operations_for() -> None:
    """Float64, and counting the classes of a batch."""
    with pytest.raises(ConverterError):
        converted(HEADS["cross_entropy"]().value)
    balanced = Head(losses.CrossEntropy(class_weight="balanced", ignore_index=-1), INDEX)
    with without_float64(), pytest.raises(ConverterError, match="Select ops: UnsortedSegmentSum"):
        converted(balanced.value)


def test_programs_without_float64_stay_apart() -> None:
    """The same call is what it was, before and after."""
    x = tf.constant(RNG.standard_normal((50_000, 3)).astype(np.float32) * 3)
    y = tf.constant(RNG.integers(0, 3, 50_000))
    for call in (losses.cross_entropy, tf.function(losses.cross_entropy)):
        first = call(x, y)
        with without_float64():
            narrow = tf.function(losses.cross_entropy)(x, y)
            np.testing.assert_allclose(call(x, y), first, rtol=1e-5)
        np.testing.assert_array_equal(call(x, y), first)
    assert narrow.dtype == tf.float32


def test_float64_predictions_are_as_ever() -> None:
    x, y = tf.constant(X[:, :3], tf.float64), tf.constant(abs(INDEX))
    with without_float64():
        np.testing.assert_array_equal(losses.cross_entropy(x, y), losses.cross_entropy(x, y))
        with pytest.raises(ValueError, match="exact"):
            losses.cross_entropy(tf.cast(x, tf.float32), y, precision="exact")
