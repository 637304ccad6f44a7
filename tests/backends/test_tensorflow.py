"""TensorFlow: tapes nested and compiled, Variables, unknown batch sizes, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import wce_core
from wce_backends import programs
from wce_core import losses

N, C = 6, 4
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, C)) * 3
Y = RNG.integers(0, C, N)
W = RNG.random(C) + 0.1
S = RNG.random(N)

MODES: dict[str, Callable[[Any], Any]] = {
    "eager": lambda f: f,
    "function": tf.function,
    "xla": lambda f: tf.function(f, jit_compile=True),
}


def by_hand(x: Any, w: Any, s: Any) -> Any:
    """The weighted mean with smoothing, as TensorFlow's own functions write it."""
    q = 0.9 * tf.one_hot(Y, C, dtype=x.dtype) + 0.1 / C
    log_p = tf.nn.log_softmax(x)
    weights = s[:, None] * w * q
    return -tf.reduce_sum(weights * log_p) / tf.reduce_sum(weights)


def ours(x: Any, w: Any, s: Any) -> Any:
    return losses.cross_entropy(
        x,
        tf.constant(Y),
        class_weight=w,
        sample_weight=s,
        label_smoothing=0.1,
        reduction="weighted_mean",
    )


def second(f: Callable[..., Any], inner: int, outer: int) -> Callable[..., Any]:
    """∂/∂outer of the sum of cos(∂f/∂inner): mixes every second derivative."""

    def derivative(*inputs: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(inputs[outer])
            with tf.GradientTape() as first:
                first.watch(inputs[inner])
                value = f(*inputs)
            slope = first.gradient(value, inputs[inner])
            mixed = tf.reduce_sum(tf.cos(slope))
        return tape.gradient(mixed, inputs[outer])

    return derivative


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("inner", "outer"), [(0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 1)])
def test_second_derivatives(mode: str, inner: int, outer: int) -> None:
    inputs = [tf.constant(a) for a in (X, W, S)]
    got = MODES[mode](second(ours, inner, outer))(*inputs)
    want = second(by_hand, inner, outer)(*inputs)
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


def test_third_derivative() -> None:
    x, w, s = (tf.constant(a) for a in (X, W, S))

    def third(f: Callable[..., Any]) -> Any:
        return second(lambda x: second(f, 0, 0)(x, w, s), 0, 0)(x)

    np.testing.assert_allclose(third(ours), third(by_hand), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("precision", ["native", "exact"])
def test_hessian_by_jacobian(precision: Any) -> None:
    x = tf.constant(X, tf.float32)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            value = losses.cross_entropy(x, tf.constant(Y), precision=precision)
        slope = inner.gradient(value, x)
    hessian = outer.jacobian(slope, x).numpy()
    p = np.exp(X) / np.exp(X).sum(-1, keepdims=True)
    for i in range(N):
        block = (np.diag(p[i]) - np.outer(p[i], p[i])) / N
        np.testing.assert_allclose(hessian[i, :, i], block, atol=1e-7)


@pytest.mark.parametrize("mode", ["eager", "function"])
def test_variables_get_dense_gradients(mode: str) -> None:
    variables = [tf.Variable(a) for a in (X, W, S)]

    def gradients() -> Any:
        with tf.GradientTape() as tape:
            value = ours(*variables)
        return tape.gradient(value, variables)

    got = MODES[mode](gradients)()
    with tf.GradientTape() as tape:
        value = by_hand(*[tf.convert_to_tensor(v) for v in variables])
    want = tape.gradient(value, variables)
    for a, b in zip(got, want, strict=True):
        assert isinstance(a, tf.Tensor)
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13)


def test_gathered_weights_have_dense_gradients() -> None:
    weights, costs = tf.Variable(W), tf.Variable(RNG.random((C, C)))
    with tf.GradientTape() as tape:
        value = losses.cross_entropy(
            tf.constant(X), tf.constant(Y), class_weight=weights, cost_matrix=costs
        )
    for gradient in tape.gradient(value, [weights, costs]):
        assert isinstance(gradient, tf.Tensor)
        assert np.abs(gradient).sum() > 0


def test_a_persistent_tape_gives_the_same_twice() -> None:
    x = tf.Variable(X)
    with tf.GradientTape(persistent=True) as tape:
        value = ours(x, tf.constant(W), tf.constant(S))
        double = 2.0 * value
    first, again = tape.gradient(value, x), tape.gradient(value, x)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(tape.gradient(double, x), 2.0 * first.numpy(), rtol=1e-15)


def test_a_tape_around_a_compiled_function() -> None:
    x = tf.constant(X)
    compiled = tf.function(ours)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = compiled(x, tf.constant(W), tf.constant(S))
    want = wce_core.value_and_grad(ours)(x, tf.constant(W), tf.constant(S))
    np.testing.assert_allclose(value, want[0], rtol=1e-14)
    np.testing.assert_allclose(tape.gradient(value, x), want[1], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("reduction", ["none", "mean", "weighted_mean", "batch_mean", "parts"])
def test_a_batch_size_unknown_while_tracing(reduction: Any) -> None:
    traces = []

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None, C), tf.float32),
            tf.TensorSpec((None, None), tf.int64),
        ]
    )
    def compiled(x: Any, y: Any) -> Any:
        traces.append(x)
        return losses.cross_entropy(
            x, y, class_weight=W, cost_matrix=np.eye(C), reduction=reduction
        )

    for shape in ((2, 3), (5, 1)):
        x = RNG.normal(size=(*shape, C)).astype(np.float32)
        y = RNG.integers(0, C, shape)
        got = compiled(tf.constant(x), tf.constant(y))
        want = losses.cross_entropy(
            x, y, class_weight=W, cost_matrix=np.eye(C), reduction=reduction
        )
        for a, b in zip(np.atleast_1d(got), np.atleast_1d(want), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6)
    assert len(traces) == 1


def test_nothing_broadcasts_at_run_time() -> None:
    compiled = tf.function(
        losses.cross_entropy,
        input_signature=[tf.TensorSpec((None, C), tf.float32), tf.TensorSpec((None,), tf.int64)],
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match="shape_of_the_items|shape of the"):
        compiled(tf.constant(X, tf.float32), tf.constant(Y[:1]))


@pytest.mark.parametrize("mode", ["function", "xla"])
def test_one_trace_when_only_values_change(mode: str) -> None:
    traces = []

    def step(x: Any, w: Any, s: Any) -> Any:
        traces.append(x)
        return wce_core.value_and_grad(ours)(x, w, s)

    compiled = MODES[mode](step)
    for scale in (1.0, 2.0, 3.0):
        compiled(*(tf.constant(a * scale) for a in (X, W, S)))
    assert len(traces) == 1


@pytest.mark.parametrize("mode", ["function", "xla"])
@pytest.mark.parametrize("label", [-1, C, 2**40])
def test_an_invalid_label_is_nan_in_its_item_alone(mode: str, label: int) -> None:
    labels = Y.copy()
    labels[2] = label

    def item_losses(x: Any, y: Any) -> Any:
        return losses.cross_entropy(x, y, reduction="none")

    def total(x: Any, y: Any) -> Any:
        return wce_core.value_and_grad(losses.cross_entropy)(x, y, reduction="sum")[1]

    inputs = tf.constant(X), tf.constant(labels)
    items = MODES[mode](item_losses)(*inputs).numpy()
    gradient = MODES[mode](total)(*inputs).numpy()
    wrong = np.arange(N) == 2
    np.testing.assert_array_equal(np.isnan(items), wrong)
    np.testing.assert_array_equal(np.isnan(gradient), np.broadcast_to(wrong[:, None], (N, C)))
    with pytest.raises(ValueError, match=r"position \(2,\)"):
        item_losses(*inputs)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_exact_bits_are_numpys(mode: str, dtype: str) -> None:
    x = tf.cast(RNG.normal(size=(40, C)) * 8, dtype)
    y = RNG.integers(0, C, 40)

    def both(x: Any) -> Any:
        return wce_core.value_and_grad(losses.cross_entropy)(
            x, tf.constant(y), class_weight=W, reduction="weighted_mean", precision="exact"
        )

    value, gradient = MODES[mode](both)(x)
    want = wce_core.value_and_grad(losses.cross_entropy)(
        x.numpy(), y, class_weight=W, reduction="weighted_mean", precision="exact"
    )
    assert value.numpy() == want[0]
    np.testing.assert_array_equal(gradient.numpy(), want[1])


@pytest.mark.parametrize(
    "predictions",
    [
        tf.ragged.constant([[0.0, 1.0], [2.0]]),
        tf.sparse.from_dense(X),
        tf.IndexedSlices(tf.constant(X), tf.constant([0, 1])),
    ],
    ids=["ragged", "sparse", "slices"],
)
def test_composite_tensors_are_refused(predictions: Any) -> None:
    with pytest.raises(TypeError, match="predictions are"):
        losses.cross_entropy(predictions, tf.constant(Y))


def test_an_unknown_rank_is_refused() -> None:
    compiled = tf.function(
        lambda x: losses.cross_entropy(x, tf.constant(Y)),
        input_signature=[tf.TensorSpec(None, tf.float32)],
    )
    with pytest.raises(TypeError, match="unknown rank"):
        compiled(tf.constant(X, tf.float32))


def test_unwatched_weights_cost_no_second_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    from wce_core.evaluation import evaluate

    calls = []
    plain = evaluate.plain
    monkeypatch.setattr(evaluate, "plain", lambda *a: calls.append(a) or plain(*a))
    x, w = tf.constant(X), tf.constant(W)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = losses.cross_entropy(x, tf.constant(Y), class_weight=w)
    tape.gradient(value, x)
    assert not calls


def test_without_a_tape_no_gradient_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    from wce_core.evaluation import evaluate

    calls = []
    kept = evaluate.kept_gradient
    monkeypatch.setattr(evaluate, "kept_gradient", lambda *a: calls.append(a) or kept(*a))
    x = tf.constant(X)
    losses.cross_entropy(x, tf.constant(Y), class_weight=W)
    assert not calls
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = losses.cross_entropy(x, tf.constant(Y), class_weight=W)
    tape.gradient(value, x)
    assert len(calls) == 1


class TestReplayed:
    """Calls that come again and again, by NumPy's program: everything is as after the first."""

    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(programs, "OFTEN", 0)

    @pytest.mark.usefixtures("only_replayed")
    def test_gradient_twice_and_second_derivatives(self) -> None:
        found = self.derivatives(lambda x: ours(x, W.tolist(), S.tolist()))
        expected = self.derivatives(lambda x: by_hand(x, tf.constant(W), tf.constant(S)))
        for own, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(own, theirs, rtol=1e-9, atol=1e-13)

    def derivatives(self, loss: Callable[[Any], Any]) -> tuple[Any, ...]:
        """The gradient, the same again, and a product of the Hessian."""
        x = tf.constant(X)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape(persistent=True) as inner:
                inner.watch(x)
                value = loss(x)
            slope, again = inner.gradient(value, x), inner.gradient(value, x)
            product = tf.reduce_sum(tf.cos(10 * slope))
        return slope, again, outer.gradient(product, x)

    def test_watched_weights_have_their_gradient(self) -> None:
        x, w, s = map(tf.constant, (X, W, S))
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            value = ours(x, w, s)
        assert all(np.any(g) for g in tape.gradient(value, [x, w]))

    def test_an_accumulator_along_weights_is_refused_as_ever(self) -> None:
        x, w, s = map(tf.constant, (X, W, S))
        with (
            pytest.raises(NotImplementedError, match="ForwardAccumulator"),  # not a silent 0
            tf.autodiff.ForwardAccumulator(w, tf.ones_like(w)),
        ):
            ours(x, w, s)
