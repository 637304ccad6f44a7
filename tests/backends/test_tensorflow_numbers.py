"""Bits and dtypes on TensorFlow, labels that are wrong, and arguments that are refused."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import array_api_strict
import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf

import wce_core
from wce_backends.tensorflow import BACKEND
from wce_core.losses import binary_cross_entropy, cross_entropy

N, C = 64, 5
RNG = np.random.default_rng(11)
LOGITS = RNG.normal(size=(N, C)) * RNG.choice([1.0, 6.0, 30.0], (N, 1))
LABELS = RNG.integers(0, C, N)
MASS = RNG.dirichlet(np.ones(C), N)
SHARES = RNG.uniform(0.0, 1.0, (N, C))
CLASS_WEIGHT = RNG.uniform(0.1, 5.0, C)
SAMPLE_WEIGHT = RNG.uniform(0.0, 2.0, N)
COSTS = RNG.uniform(0.0, 3.0, (C, C))
NARROW = ("float32", "bfloat16", "float16")

Loss = Callable[..., Any]
LOSSES: dict[str, Loss] = {
    "indices": lambda x, **o: cross_entropy(
        x, LABELS, class_weight=CLASS_WEIGHT, sample_weight=SAMPLE_WEIGHT, **o
    ),
    "smoothed, costs": lambda x, **o: cross_entropy(
        x, LABELS, label_smoothing=0.1, cost_matrix=COSTS, ignore_index=2, **o
    ),
    "mass": lambda x, **o: cross_entropy(
        x, MASS, class_weight=CLASS_WEIGHT, soft_weighting="geometric", **o
    ),
    "binary": lambda x, **o: binary_cross_entropy(
        x, SHARES, pos_weight=CLASS_WEIGHT, sample_weight=SAMPLE_WEIGHT, **o
    ),
}
MODES: dict[str, Callable[[Any], Any]] = {
    "eager": lambda f: f,
    "function": tf.function,
    "xla": lambda f: tf.function(f, jit_compile=True),
}


def bits(array: Any) -> np.ndarray:
    own = np.atleast_1d(array.numpy() if tf.is_tensor(array) else array)
    return own.view(f"u{own.dtype.itemsize}")


def numpy_dtype(name: str) -> np.dtype:
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def gradient_of(function: Callable[[Any], Any], x: Any, cotangent: Any = None) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return value, tape.gradient(value, x, output_gradients=cotangent)


# Exact mode -------------------------------------------------------------------------------------


@functools.cache
def on_numpy(name: str, dtype: str) -> tuple[Any, ...]:
    """Item losses with their gradient, and the weighted mean with its."""
    x = LOGITS.astype(numpy_dtype(dtype))
    loss = functools.partial(LOSSES[name], precision="exact")
    _, of_sum = wce_core.value_and_grad(functools.partial(loss, reduction="sum"))(x)
    of_mean = wce_core.value_and_grad(functools.partial(loss, reduction="weighted_mean"))(x)
    return loss(x, reduction="none"), of_sum, *of_mean


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("name", LOSSES)
def test_exact_bits_are_numpys(name: str, dtype: str, mode: str) -> None:
    loss = functools.partial(LOSSES[name], precision="exact")

    def everything(x: Any) -> Any:
        items = gradient_of(functools.partial(loss, reduction="none"), x)
        return *items, *gradient_of(functools.partial(loss, reduction="weighted_mean"), x)

    found = MODES[mode](everything)(tf.constant(LOGITS.astype(numpy_dtype(dtype))))
    for own, expected in zip(found, on_numpy(name, dtype), strict=True):
        assert own.dtype.name == dtype
        np.testing.assert_array_equal(bits(own), bits(expected))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", LOSSES)
def test_float64_is_numpys_to_rounding(name: str, mode: str) -> None:
    x = tf.constant(LOGITS)
    expected = wce_core.value_and_grad(LOSSES[name])(LOGITS)
    for precision in ("native", "exact"):
        loss = functools.partial(LOSSES[name], precision=precision)
        value, gradient = MODES[mode](functools.partial(gradient_of, loss))(x)
        assert value.dtype == gradient.dtype == tf.float64
        np.testing.assert_allclose(value, expected[0], rtol=1e-14)
        np.testing.assert_allclose(gradient, expected[1], rtol=1e-12, atol=1e-300)


# Half types and other dtypes --------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_scaled_loss_keeps_small_gradients(dtype: str, mode: str) -> None:
    """The gradient is kept in float32; only its product with the cotangent is rounded."""
    rows = 4096
    x = tf.cast(tf.constant(RNG.normal(size=(rows, 4)) * 4), dtype)
    y = RNG.integers(0, 4, rows)

    def scaled(x: Any) -> Any:
        return 65536 * cross_entropy(x, y, dtype="float32")

    def ordinary(x: Any) -> Any:
        return cross_entropy(x, y)

    _, gradient = MODES[mode](functools.partial(gradient_of, scaled))(x)
    _, exact = MODES[mode](functools.partial(gradient_of, ordinary))(tf.cast(x, tf.float32))
    assert gradient.dtype.name == dtype
    np.testing.assert_array_equal(bits(gradient), bits(tf.cast(exact * 65536, dtype)))
    _, lost = gradient_of(ordinary, x)
    if dtype == "float16":
        assert np.count_nonzero(lost == 0) > 100


@pytest.mark.parametrize("mode", MODES)
def test_a_cotangent_of_a_half_result_is_applied_in_float32(mode: str) -> None:
    x = tf.constant(LOGITS, tf.float16)
    loss = functools.partial(LOSSES["indices"], reduction="none")
    cotangent = tf.fill([N], tf.constant(3.0, tf.float16))
    _, found = MODES[mode](lambda x: gradient_of(loss, x, cotangent))(x)
    _, exact = MODES[mode](lambda x: gradient_of(loss, x))(tf.cast(x, tf.float32))
    np.testing.assert_array_equal(bits(found), bits(tf.cast(exact * 3, tf.float16)))


@pytest.mark.parametrize("mode", ["eager", "function"])
def test_second_derivatives_of_half_types_do_not_vanish(mode: str) -> None:
    """Summed in float32: what a thousand small terms make is more than float16 can add up."""
    rows = 1000
    x = tf.cast(tf.constant(RNG.normal(size=(rows, 4))), tf.float16)
    y, s = RNG.integers(0, 4, rows), tf.constant(1.0)

    def mixed(x: Any, s: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([x, s])
            _, slope = gradient_of(lambda x: cross_entropy(x, y, sample_weight=s), x)
            product = tf.reduce_sum(
                tf.cast(slope, tf.float32) * tf.sign(tf.cast(slope, tf.float32))
            )
        return product, tape.gradient(product, [x, s])

    half = MODES[mode](mixed)(x, s)
    full = mixed(tf.cast(x, tf.float32), s)
    np.testing.assert_allclose(half[0], full[0], rtol=1e-2)
    np.testing.assert_allclose(half[1][1], full[1][1], rtol=1e-2)
    assert half[1][0].dtype == tf.float16
    np.testing.assert_allclose(half[1][0], full[1][0], rtol=2e-2, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float64", *NARROW])
@pytest.mark.parametrize("reduction", ["none", "mean", "parts"])
def test_results_have_the_predictions_dtype(dtype: str, reduction: Any) -> None:
    x = tf.cast(tf.constant(LOGITS), dtype)
    found = LOSSES["indices"](x, reduction=reduction)
    if reduction != "parts":
        assert found.dtype.name == dtype
        return
    assert {found.total.dtype.name, found.weight.dtype.name} == {
        "float64" if dtype == "float64" else "float32"
    }
    counts = (found.items, found.all_items, found.nonzero, found.batch)
    assert {count.dtype for count in counts} == {tf.int64}


@pytest.mark.parametrize("asked", ["float64", tf.float64, np.float64])
def test_a_result_of_another_dtype(asked: Any) -> None:
    x = tf.constant(LOGITS, tf.bfloat16)
    value, gradient = gradient_of(functools.partial(LOSSES["indices"], dtype=asked), x)
    assert (value.dtype, gradient.dtype) == (tf.float64, tf.bfloat16)


def test_no_digit_of_a_number_is_lost() -> None:
    """0.3 in float64 is not 0.3 in float32; and a normalizer may count more than an int32 does."""
    z, y = tf.zeros(3, tf.float64), tf.constant([0.3, 0.7, 1.0], tf.float64)
    parts = binary_cross_entropy(z, y, ignore_index=0.3, reduction="parts")
    assert int(parts.items) == 2
    total = binary_cross_entropy(z, y, reduction="sum", normalizer=2**40)
    np.testing.assert_allclose(total, 3 * np.log(2) / 2**40, rtol=1e-15)


def test_counts_and_sums_of_many_half_items() -> None:
    x = tf.zeros((70_000, 2), tf.float16)
    parts = cross_entropy(x, np.zeros(70_000, int), reduction="parts")
    assert int(parts.items) == int(parts.nonzero) == 70_000
    np.testing.assert_allclose(parts.total, 70_000 * np.log(2), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("mode", MODES)
def test_labels_of_any_integer_dtype(mode: str, dtype: str) -> None:
    x = tf.one_hot([5, 5], 300)
    expected = cross_entropy(x, np.array([5, 7]), ignore_index=-100)
    ours = functools.partial(cross_entropy, ignore_index=-100)
    found = MODES[mode](ours)(x, tf.constant([5, 7], dtype))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_numpy_arrays_lists_and_numbers_beside_tensors() -> None:
    x = tf.constant(LOGITS, tf.float32)
    expected = LOSSES["indices"](x, mask=np.arange(N) > 3)
    as_lists = cross_entropy(
        x,
        LABELS.tolist(),
        class_weight=dict(enumerate(CLASS_WEIGHT.tolist())),
        sample_weight=tf.Variable(SAMPLE_WEIGHT),
        mask=[k > 3 for k in range(N)],
    )
    np.testing.assert_array_equal(as_lists, expected)
    halves = CLASS_WEIGHT.astype(ml_dtypes.bfloat16)
    np.testing.assert_array_equal(
        cross_entropy(x, LABELS, class_weight=halves),
        cross_entropy(x, LABELS, class_weight=halves.astype(np.float64)),
    )


# Values that are wrong --------------------------------------------------------------------------


BAD = [C, -1, C + 1, -C, 2**32, 2**32 + 1, 2**40, np.iinfo(np.int64).min]


def items_and_gradient(x: Any, y: Any, **options: Any) -> Any:
    return gradient_of(lambda x: cross_entropy(x, y, reduction="none", **options), x)


@pytest.mark.parametrize("mode", ["function", "xla"])
@pytest.mark.parametrize("epsilon", [0.0, 0.1])
def test_compiled_labels_out_of_range_poison_their_item_alone(epsilon: float, mode: str) -> None:
    options: dict[str, Any] = {"label_smoothing": epsilon, "class_weight": CLASS_WEIGHT}
    options |= {"sample_weight": SAMPLE_WEIGHT + 1, "cost_matrix": COSTS}

    def everything(x: Any, y: Any) -> Any:
        parts = cross_entropy(x, y, reduction="parts", **options)
        return *items_and_gradient(x, y, **options), parts.total, parts.weight

    compiled = MODES[mode](everything)
    x = tf.constant(LOGITS, tf.float32)
    items, gradient, *_ = compiled(x, tf.constant(LABELS))
    others = np.arange(N) != 2
    for label in BAD:
        labels = np.where(others, LABELS, label)
        poisoned, slopes, *parts = compiled(x, tf.constant(labels))
        assert np.isnan(poisoned[2])
        assert np.isnan(slopes[2]).all()
        assert np.isnan(parts).all()
        np.testing.assert_array_equal(poisoned[others], items[others])
        np.testing.assert_array_equal(slopes[others], gradient[others])


@pytest.mark.parametrize("label", BAD)
def test_eager_labels_out_of_range_are_an_error(label: int) -> None:
    labels = np.where(np.arange(N) == 2, label, LABELS)
    with pytest.raises(ValueError, match=rf"targets is {label} at position \(2,\)"):
        cross_entropy(tf.constant(LOGITS), tf.constant(labels))


@pytest.mark.parametrize("mode", ["function", "xla"])
def test_an_excluded_label_poisons_nothing(mode: str) -> None:
    labels = np.where(np.arange(N) == 2, -100, LABELS)
    labels[3] = 99
    mask = tf.range(N) != 3
    x = tf.constant(LOGITS)

    def loss(x: Any, y: Any) -> Any:
        return cross_entropy(x, y, ignore_index=-100, mask=mask)

    kept = np.setdiff1d(np.arange(N), [2, 3])
    found = MODES[mode](loss)(x, tf.constant(labels))
    np.testing.assert_allclose(found, cross_entropy(LOGITS[kept], LABELS[kept]), rtol=1e-12)


@pytest.mark.parametrize("mode", MODES)
def test_what_is_excluded_reaches_nothing(mode: str) -> None:
    x = LOGITS.copy()
    x[0], x[1, 0] = np.nan, np.inf
    mask = np.arange(N) > 1

    def both(x: Any, s: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([x, s])
            value = cross_entropy(x, LABELS, mask=mask, sample_weight=s, class_weight=CLASS_WEIGHT)
        return value, tape.gradient(value, [x, s])

    value, (to_x, to_s) = MODES[mode](both)(tf.constant(x), tf.ones(N, tf.float64))
    assert np.isfinite(value)
    assert not np.any(to_x[:2])
    assert not np.any(to_s[:2])
    assert np.isfinite(to_x).all()
    assert np.isfinite(to_s).all()


# What is refused --------------------------------------------------------------------------------


class Pair(tf.experimental.ExtensionType):
    first: tf.Tensor
    second: tf.Tensor


REFUSED = {
    "a RaggedTensor": tf.ragged.constant([[0.0, 1.0], [2.0]]),
    "a SparseTensor": tf.sparse.from_dense(LOGITS),
    "IndexedSlices": tf.IndexedSlices(tf.constant(LOGITS), tf.range(N)),
    "of dtype string": tf.constant([["a", "b"]]),
}


@pytest.mark.parametrize("reason", REFUSED)
@pytest.mark.parametrize("name", ["predictions", "targets", "sample_weight", "class_weight"])
def test_tensors_that_are_no_arrays_are_refused(name: str, reason: str) -> None:
    given: dict[str, Any] = {"predictions": tf.constant(LOGITS), "targets": LABELS}
    given[name] = REFUSED[reason]
    with pytest.raises(TypeError, match=rf"^{name} (is|are) {reason}"):
        cross_entropy(**given)
    with pytest.raises(TypeError, match=rf"{name} (is|are) {reason}"):
        tf.function(lambda: cross_entropy(**given))()


@pytest.mark.parametrize(
    "predictions", [Pair(tf.constant(LOGITS), tf.constant(LOGITS)), tf.TensorArray(tf.float32, 2)]
)
def test_other_composites_are_refused(predictions: Any) -> None:
    with pytest.raises(TypeError, match="predictions are"):
        cross_entropy(predictions, LABELS)


@pytest.mark.parametrize("name", ["targets", "sample_weight", "class_weight"])
def test_arrays_of_another_framework_are_refused(name: str) -> None:
    given: dict[str, Any] = {"targets": LABELS, "sample_weight": SAMPLE_WEIGHT}
    given["class_weight"] = CLASS_WEIGHT
    given[name] = array_api_strict.asarray(given[name])
    with pytest.raises(TypeError, match=r"array_api_strict.*tensorflow"):
        cross_entropy(tf.constant(LOGITS), **given)


def test_a_device_without_float64_has_no_exact_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(BACKEND), "has_float64", lambda self, like: False)
    x = tf.constant(LOGITS, tf.float32)
    with pytest.raises(ValueError, match="precision='exact' needs float64"):
        LOSSES["indices"](x, precision="exact")
    graph = tf.function(lambda x: gradient_of(LOSSES["binary"], x)).get_concrete_function(x).graph
    outputs = [output for operation in graph.get_operations() for output in operation.outputs]
    assert "float64" not in {output.dtype.name for output in outputs}
