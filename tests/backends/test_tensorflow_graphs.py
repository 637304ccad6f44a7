"""Graphs on TensorFlow: sizes unknown while tracing, control flow, traces, AutoGraph, training."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import wce_core
from wce_backends.tensorflow import BACKEND
from wce_core.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    binary_cross_entropy,
    binary_focal_cross_entropy,
    cross_entropy,
)

N, C = 6, 4
RNG = np.random.default_rng(3)
X = RNG.normal(size=(N, C)).astype(np.float32)
Y = np.array([0, 1, 2, 3, 1, 0])
Q = RNG.dirichlet(np.ones(C), N).astype(np.float32)
W = RNG.uniform(0.5, 2.0, C).astype(np.float32)
S = RNG.uniform(0.5, 2.0, N).astype(np.float32)
COSTS = RNG.uniform(0.5, 2.0, (C, C)).astype(np.float32)

COMPILED: dict[str, Callable[..., Any]] = {
    "function": tf.function,
    "xla": functools.partial(tf.function, jit_compile=True),
}


@pytest.fixture(params=COMPILED)
def compiled(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return COMPILED[request.param]


def close(found: Any, expected: Any, rtol: float = 2e-6) -> None:
    for a, e in zip(tf.nest.flatten(found), tf.nest.flatten(expected), strict=True):
        np.testing.assert_allclose(a, e, rtol=rtol, atol=rtol / 10)


def slopes(function: Callable[..., Any], *at: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(at)
        value = function(*at)
    return value, tape.gradient(value, at)


# Sizes unknown while tracing --------------------------------------------------------------------


def spec(*shape: int | None, dtype: Any = tf.float32) -> tf.TensorSpec:
    return tf.TensorSpec(shape, dtype)


@pytest.mark.parametrize("reduction", ["none", "mean", "mean_over_all", "batch_mean", "parts"])
def test_one_graph_for_batches_of_any_size(reduction: Any, compiled: Callable[..., Any]) -> None:
    traces = []

    def loss(x: Any, y: Any, s: Any) -> Any:
        traces.append(x.shape)
        return cross_entropy(
            x,
            y,
            class_weight=W,
            sample_weight=s,
            cost_matrix=COSTS,
            ignore_index=1,
            reduction=reduction,
        )

    signature = [spec(None, None, C), spec(None, None, dtype=tf.int64), spec(None)]
    graph = compiled(loss, input_signature=signature)
    for shape in ((2, 3), (5, 1)):
        x = RNG.normal(size=(*shape, C)).astype(np.float32)
        y, s = RNG.integers(0, C, shape), S[: shape[0]]
        close(graph(*map(tf.constant, (x, y, s))), loss(x, y, s))
    assert sum(isinstance(shape, tf.TensorShape) for shape in traces) == 1


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_class_axis_may_stand_anywhere(axis: int, compiled: Callable[..., Any]) -> None:
    x = np.moveaxis(RNG.normal(size=(2, 3, C)).astype(np.float32), -1, axis)
    y = RNG.integers(0, C, (2, 3))

    def loss(x: Any, y: Any) -> Any:
        return cross_entropy(x, y, axis=axis, class_weight=W, label_smoothing=0.1)

    shape = [C if i == axis else None for i in range(3)]
    graph = compiled(loss, input_signature=[spec(*shape), spec(None, None, dtype=tf.int64)])
    close(graph(tf.constant(x), tf.constant(y)), loss(x, y))


@pytest.mark.parametrize("dtype", [tf.float32, tf.bool, tf.int32])
def test_binary_batches_of_any_size(dtype: Any, compiled: Callable[..., Any]) -> None:
    loss = functools.partial(binary_cross_entropy, pos_weight=W, reduction="weighted_mean")
    graph = compiled(loss, input_signature=[spec(None, C), spec(None, C, dtype=dtype)])
    for n in (N, 2):
        y = tf.cast(Q[:n] > 0.2, dtype)
        close(graph(tf.constant(X[:n]), y), loss(tf.constant(X[:n]), y))


def test_gradients_of_batches_of_any_size(compiled: Callable[..., Any]) -> None:
    def loss(x: Any, q: Any, s: Any) -> Any:
        return cross_entropy(
            x, q, class_weight=W, sample_weight=s, cost_matrix=COSTS, reduction="weighted_mean"
        )

    signature = [spec(None, C), spec(None, C), spec(None)]
    graph = compiled(functools.partial(slopes, loss), input_signature=signature)
    for n in (N, 1):
        own = [tf.constant(a[:n]) for a in (X, Q, S)]
        close(graph(*own), slopes(loss, *own))


WRONG_SIZES = {
    "one target": (N, 1, N, N),
    "one prediction": (1, N, 1, 1),
    "five weights": (N, N, 5, N),
    "weights for one item": (1, 1, N, 1),
    "a mask for one item": (1, 1, 1, N),
    "a mask of five": (N, N, N, 5),
}


@pytest.mark.parametrize("sizes", WRONG_SIZES)
@pytest.mark.parametrize("targets", ["indices", "mass", "binary"])
def test_nothing_broadcasts_at_run_time(
    targets: str, sizes: str, compiled: Callable[..., Any]
) -> None:
    """Assertions would not do: XLA leaves them out."""
    y = Y if targets == "indices" else Q
    loss = binary_cross_entropy if targets == "binary" else cross_entropy
    signature = [spec(None, C), spec(None, *y.shape[1:], dtype=y.dtype), spec(None)]
    graph = compiled(
        lambda x, y, s, mask: loss(x, y, sample_weight=s, mask=mask),
        input_signature=[*signature, spec(None, dtype=tf.bool)],
    )
    ones = np.ones(N, bool)
    rows = [tf.constant(a[:n]) for a, n in zip((X, y, S, ones), WRONG_SIZES[sizes], strict=True)]
    with pytest.raises(tf.errors.InvalidArgumentError):
        graph(*rows)


def test_one_weight_for_all_is_as_much_as_in_numpy(compiled: Callable[..., Any]) -> None:
    graph = compiled(
        lambda x, y, s: cross_entropy(x, y, sample_weight=s, reduction="weighted_mean"),
        input_signature=[spec(None, C), spec(None, dtype=tf.int64), spec(None)],
    )
    found = graph(*map(tf.constant, (X, Y, S[:1])))
    close(found, cross_entropy(X, Y, sample_weight=S[:1], reduction="weighted_mean"))


def test_what_must_be_known_while_tracing() -> None:
    y = spec(None, dtype=tf.int64)
    with pytest.raises(TypeError, match="unknown rank"):
        tf.function(cross_entropy, input_signature=[tf.TensorSpec(None), y])(X, Y)
    with pytest.raises(ValueError, match="known length"):
        tf.function(cross_entropy, input_signature=[spec(None, None), y])(X, Y)
    with pytest.raises(ValueError, match="targets has shape"):
        tf.function(cross_entropy)(tf.constant(X), tf.constant(Y[:5]))
    with pytest.raises(ValueError, match="sample_weight has shape"):
        tf.function(lambda x: cross_entropy(x, Y, sample_weight=W))(tf.constant(X))
    with pytest.raises(ValueError, match="cannot be read"):
        tf.function(functools.partial(cross_entropy, validate=True))(tf.constant(X), Y)


# Control flow -----------------------------------------------------------------------------------


def whole(x: Any, w: Any) -> Any:
    return cross_entropy(x, Y, class_weight=w, sample_weight=S, reduction="weighted_mean")


def in_a_loop(x: Any, w: Any) -> Any:
    """Parts of chunks, merged in a while loop."""
    y, s = tf.constant(Y), tf.constant(S)
    merged = cross_entropy(x[:0], y[:0], class_weight=w, sample_weight=s[:0], reduction="parts")
    for start in tf.range(0, N, 2):
        cut = slice(start, start + 2)
        chunk = tf.ensure_shape(x[cut], (2, C)), tf.ensure_shape(y[cut], (2,))
        own = tf.ensure_shape(s[cut], (2,))
        merged += cross_entropy(*chunk, class_weight=w, sample_weight=own, reduction="parts")
    return merged.weighted_mean()


def in_a_branch(x: Any, w: Any) -> Any:
    if tf.reduce_max(x) > -1e9:
        value = whole(x, w)
    else:
        value = tf.reduce_sum(x)
    return value


def mapped(x: Any, w: Any) -> Any:
    def one(own: Any) -> Any:
        x, y, s = own
        return cross_entropy(
            x[None], y[None], class_weight=w, sample_weight=s[None], reduction="parts"
        )

    kinds = (tf.float32, tf.int64, tf.int64, tf.float32, tf.int64, tf.int64, tf.float32)
    parts = tf.map_fn(
        lambda own: tuple(one(own)), (x, Y, tf.constant(S)), fn_output_signature=kinds
    )
    total, *_ = parts
    return tf.reduce_sum(total) / tf.reduce_sum(parts[3])


def vectorized(x: Any, w: Any) -> Any:
    def one(own: Any) -> Any:
        x, y, s = own
        return cross_entropy(x, y, class_weight=w, sample_weight=s)

    items = tf.vectorized_map(one, (x, tf.constant(Y), tf.constant(S)))
    return tf.reduce_sum(items) / tf.reduce_sum(tf.gather(w, Y) * S)


@pytest.mark.parametrize("function", [in_a_loop, in_a_branch, mapped, vectorized])
def test_every_way_to_run_it_gives_the_value_and_the_gradients(function: Any) -> None:
    x, w = tf.constant(X), tf.constant(W)
    found = tf.function(lambda x, w: slopes(function, x, w))(x, w)
    close(tf.nest.map_structure(tf.convert_to_tensor, found), slopes(whole, x, w))


def test_a_branch_under_xla() -> None:
    x, w = tf.constant(X), tf.constant(W)
    graph = tf.function(lambda x, w: slopes(in_a_branch, x, w), jit_compile=True)
    close(graph(x, w), slopes(whole, x, w))


def test_functions_that_are_run_eagerly() -> None:
    graph = tf.function(lambda x, w: slopes(whole, x, w))
    tf.config.run_functions_eagerly(True)
    try:
        found = graph(tf.constant(X), tf.constant(W))
    finally:
        tf.config.run_functions_eagerly(False)
    close(found, slopes(whole, tf.constant(X), tf.constant(W)))


def test_a_saved_model(tmp_path: Path) -> None:
    class Model(tf.Module):
        @tf.function(input_signature=[spec(None, C), spec(None, dtype=tf.int64)])
        def loss(self, x: Any, y: Any) -> Any:
            return cross_entropy(x, y, class_weight=W, precision="exact")

    tf.saved_model.save(Model(), str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    for n in (N, 2):
        found = loaded.loss(tf.constant(X[:n]), tf.constant(Y[:n]))
        np.testing.assert_array_equal(
            found, cross_entropy(X[:n], Y[:n], class_weight=W, precision="exact")
        )


# Traces -----------------------------------------------------------------------------------------


def test_one_trace_when_only_values_change(compiled: Callable[..., Any]) -> None:
    weight = tf.Variable(W)
    traces = []

    @compiled
    def step(x: Any, y: Any, s: Any) -> Any:
        traces.append(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = cross_entropy(x, y, class_weight=weight, sample_weight=s)
        return tape.gradient(value, [x, weight])

    for seed in range(4):
        x = tf.random.stateless_normal((N, C), (seed, 0))
        step(x, tf.constant(np.roll(Y, seed)), tf.constant(S) * seed)
        weight.assign(W * (seed + 1))
    assert len(traces) == step.experimental_get_tracing_count() == 1
    step(tf.constant(X[:3]), tf.constant(Y[:3]), tf.constant(S[:3]))
    assert len(traces) == step.experimental_get_tracing_count() == 2


def test_compile_of_this_library_traces_once() -> None:
    step = BACKEND.compile(wce_core.value_and_grad(cross_entropy))
    for seed in range(3):
        step(tf.constant(X + seed), tf.constant(np.roll(Y, seed)))
    assert step.experimental_get_tracing_count() == 1


def test_an_unused_gradient_is_not_in_the_compiled_program() -> None:
    """What is closed over does not drag the gradient along: the optimised graph has no more exp."""

    def exponentials(function: Any) -> int:
        graph = tf.function(function, jit_compile=True)
        return graph.experimental_get_compiler_ir(tf.constant(X))(stage="optimized_hlo").count(
            " exponential("
        )

    def value(x: Any) -> Any:
        return cross_entropy(x, Y, class_weight=W)

    def plain(x: Any) -> Any:
        return tf.reduce_mean(
            tf.gather(W, Y) * tf.nn.sparse_softmax_cross_entropy_with_logits(Y, x)
        )

    assert exponentials(value) <= exponentials(plain)


@tf.function
def everything_public(x: Any, y: Any, q: Any) -> Any:
    """AutoGraph has the source of this function, and converts what it calls if it may."""
    weights = {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0}
    options: dict[str, Any] = {"sample_weight": S, "mask": [True] * N, "label_smoothing": 0.1}
    parts = cross_entropy(x, y, class_weight=weights, reduction="parts", **options)
    merged = parts + cross_entropy(x, q, class_weight=W, reduction="parts", cost_matrix=COSTS)
    value = merged.weighted_mean() + merged.mean() + merged.sum()
    value += binary_cross_entropy(x, q, pos_weight=W, **options)
    value += CrossEntropy(class_weight=W)(x, y)
    value += BinaryCrossEntropy(pos_weight=3.0)(x, q, sample_weight=S)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = cross_entropy(x, y, class_weight=W)
    return value + total, tape.gradient(total, x)


def test_autograph_leaves_this_library_alone(capfd: pytest.CaptureFixture[str]) -> None:
    """Else each first trace takes seconds: converting is parsing, transforming and compiling."""
    tf.autograph.set_verbosity(1, alsologtostdout=True)
    try:
        start = time.process_time()
        everything_public.get_concrete_function(tf.constant(X), tf.constant(Y), tf.constant(Q))
        seconds = time.process_time() - start
    finally:
        tf.autograph.set_verbosity(0)
    printed = capfd.readouterr()
    calls = [line for line in printed.out.splitlines() if "Converted call" in line]
    assert any("cross_entropy" in line for line in calls)
    inner = ("evaluate", "prepare", "backend_of", "run", "_run", "custom_gradient")
    assert not [line for line in calls if any(f"<function {name} " in line for name in inner)]
    assert "AutoGraph could not be applied" not in printed.out + printed.err
    assert seconds < 10


def test_autograph_warns_of_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    found = everything_public(tf.constant(X), tf.constant(Y), tf.constant(Q))
    assert "WARNING" not in capfd.readouterr().err
    close(found, everything_public.python_function(tf.constant(X), tf.constant(Y), tf.constant(Q)))


# Training ---------------------------------------------------------------------------------------


def test_a_training_loop_converges(compiled: Callable[..., Any]) -> None:
    centres = RNG.normal(size=(C, 8)) * 2
    labels = RNG.integers(0, C, 200)
    features = (centres[labels] + RNG.normal(size=(200, 8))).astype(np.float32)
    batches = tf.data.Dataset.from_tensor_slices((features, labels)).shuffle(200, seed=1).batch(32)
    kernel, bias = tf.Variable(tf.zeros((8, C))), tf.Variable(tf.zeros(C))
    loss = CrossEntropy(class_weight=W, reduction="weighted_mean")
    traces = []

    @functools.partial(compiled, input_signature=[spec(None, 8), tf.TensorSpec((None,), tf.int64)])
    def step(x: Any, y: Any) -> Any:
        traces.append(x)
        with tf.GradientTape() as tape:
            value = loss(x @ kernel + bias, y)
        for variable, gradient in zip(
            (kernel, bias), tape.gradient(value, (kernel, bias)), strict=True
        ):
            variable.assign_sub(0.5 * gradient)
        return value

    history = [float(step(x, y)) for _ in range(8) for x, y in batches]
    assert history[0] == pytest.approx(np.log(C), rel=1e-6)
    assert np.mean(history[-7:]) < 0.2
    assert len(traces) == 1


@pytest.mark.parametrize("precision", ["native", "exact"])
@pytest.mark.parametrize("shape", [(4096, 1), (4096, 10), (64, 1000)])
@pytest.mark.parametrize("loss", [binary_cross_entropy, binary_focal_cross_entropy])
def test_what_xla_makes_of_value_and_gradient(
    loss: Any, shape: tuple[int, ...], precision: Any
) -> None:
    """An exponential, perhaps the losses, and the gradient; no slow logarithm of its own."""
    x = tf.zeros(shape)

    def step(x: Any, y: Any) -> Any:
        return slopes(functools.partial(loss, targets=y, precision=precision), x)

    job = tf.function(step, jit_compile=True, autograph=False)
    program = job.experimental_get_compiler_ir(x, x)(stage="optimized_hlo")
    assert "exponential" in program
    assert "log-plus-one" not in program
    entry = program[program.index("ENTRY") :]
    written = re.findall(rf"= f(?:32|64)\[{','.join(map(str, shape))}\]\S* fusion", entry)
    assert 1 <= len(written) <= 3, entry
