"""JAX's transformations, control flow, types and errors, around and inside the losses."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import array_api_strict
import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from jax import export, lax

import wce_core
from wce_backends.jax import BACKEND
from wce_core.losses import binary_cross_entropy, cross_entropy

N, C = 6, 4
RNG = np.random.default_rng(3)
X = jnp.asarray(RNG.normal(size=(N, C)), jnp.float32)
Y = jnp.asarray([0, 1, 2, 3, 1, 0])
Q = jnp.asarray(RNG.dirichlet(np.ones(C), N), jnp.float32)
W = jnp.asarray(RNG.uniform(0.5, 2.0, C), jnp.float32)
S = jnp.asarray(RNG.uniform(0.5, 2.0, N), jnp.float32)
COSTS = jnp.asarray(RNG.uniform(0.5, 2.0, (C, C)), jnp.float32)


def loss(x: Any, y: Any = Y, w: Any = W, s: Any = S, **options: Any) -> Any:
    options = {"reduction": "weighted_mean", **options}
    return cross_entropy(x, y, class_weight=w, sample_weight=s, **options)


def close(a: Any, b: Any) -> None:
    jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-6, atol=1e-7), a, b)


def gradients(function: Callable[..., Any], *arguments: Any) -> Any:
    floating = [i for i, a in enumerate(arguments) if jnp.issubdtype(a.dtype, jnp.floating)]
    return jax.grad(function, tuple(floating))(*arguments)


# vmap ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("targets", ["indices", "mass"])
def test_vmap_over_rows_is_a_loop_over_rows(targets: str) -> None:
    y = Y if targets == "indices" else Q
    one = functools.partial(cross_entropy, class_weight=W, reduction="sum")
    found = jax.vmap(one)(X, y)
    close(found, jnp.stack([one(x, t) for x, t in zip(X, y, strict=True)]))
    close(found, one(X, y, reduction="none"))
    close(jax.vmap(jax.grad(one))(X, y), jax.grad(one)(X, y))


@pytest.mark.parametrize("axes", [(0, None, None, None), (None, 1, None, 0), (0, 0, 1, 1)])
def test_vmap_over_any_arguments(axes: tuple[int | None, ...]) -> None:
    many = tuple(
        a if axis is None else jnp.stack([a, a[..., ::-1], a], axis)
        for a, axis in zip((X, Q, W, S), axes, strict=True)
    )

    def slope(*arguments: Any) -> Any:
        return gradients(loss, *arguments)

    def at(k: int) -> list[Any]:
        return [
            a if axis is None else jnp.take(a, k, axis) for a, axis in zip(many, axes, strict=True)
        ]

    close(jax.vmap(loss, axes)(*many), jnp.stack([loss(*at(k)) for k in range(3)]))
    found = jax.vmap(slope, axes)(*many)
    for k in range(3):
        close(jax.tree.map(lambda g, k=k: g[k], found), slope(*at(k)))


def test_vmap_over_a_weight_in_a_mapping() -> None:
    def two(w: Any) -> Any:
        return cross_entropy(X[:, :2], Y % 2, class_weight={0: w, 1: 1.0})

    weights = jnp.asarray([0.5, 3.0])
    close(jax.vmap(two)(weights), jnp.stack([two(w) for w in weights]))


def test_vmap_over_parts() -> None:
    parts = jax.vmap(functools.partial(loss, reduction="parts"))(
        X.reshape(2, 3, C), Y.reshape(2, 3), jnp.stack([W, W]), S.reshape(2, 3)
    )
    close(jax.tree.map(lambda a: a.sum(0), parts).weighted_mean(), loss(X))


# jit and control flow -----------------------------------------------------------------------------


def chunked_scan(x: Any, w: Any) -> Any:
    def step(total: Any, chunk: Any) -> tuple[Any, None]:
        return total + loss(*chunk[:2], w, chunk[2], reduction="parts"), None

    nothing = loss(x[:0], Y[:0], w, S[:0], reduction="parts")
    chunks = (x.reshape(3, 2, C), Y.reshape(3, 2), S.reshape(3, 2))
    return lax.scan(step, nothing, chunks)[0].weighted_mean()


def chunked_fori(x: Any, w: Any) -> Any:
    def step(k: Any, total: Any) -> Any:
        cut = functools.partial(lax.dynamic_slice_in_dim, start_index=2 * k, slice_size=2)
        return total + loss(cut(x), cut(Y), w, cut(S), reduction="parts")

    return lax.fori_loop(
        0, 3, step, loss(x[:0], Y[:0], w, S[:0], reduction="parts")
    ).weighted_mean()


def mapped(x: Any, w: Any) -> Any:
    parts = lax.map(
        lambda chunk: loss(chunk[0][None], chunk[1][None], w, chunk[2][None], reduction="parts"),
        (x, Y, S),
    )
    return jax.tree.map(lambda a: a.sum(0), parts).weighted_mean()


def conditional(x: Any, w: Any) -> Any:
    return lax.cond(x[0, 0] > -1e9, lambda: loss(x, w=w), lambda: binary_cross_entropy(x, Q))


def switched(x: Any, w: Any) -> Any:
    branches = [lambda x: x.sum(), lambda x: loss(x, w=w)]
    return lax.switch(jnp.argmax(jnp.asarray([0, 1])), branches, x)


SAME: dict[str, Callable[[Any, Any], Any]] = {
    "jit": jax.jit(lambda x, w: loss(x, w=w)),
    "nested jit": jax.jit(lambda x, w: jax.jit(jax.jit(loss))(x, Y, w, S)),
    "checkpoint": jax.checkpoint(lambda x, w: loss(x, w=w)),
    "jit of checkpoint": jax.jit(jax.checkpoint(lambda x, w: loss(x, w=w))),
    "scan": chunked_scan,
    "jit of scan": jax.jit(chunked_scan),
    "scan of checkpoint": jax.checkpoint(chunked_scan),
    "fori_loop": chunked_fori,
    "map": mapped,
    "cond": jax.jit(conditional),
    "switch": jax.jit(switched),
    "exact": lambda x, w: loss(x, w=w, precision="exact"),
    "exact scan": jax.jit(lambda x, w: chunked_scan(x, w)),
}


@functools.cache
def reference() -> Any:
    def value(x: Any, w: Any) -> Any:
        log_p = jax.nn.log_softmax(x)
        weights = w[Y] * S
        return -(weights * jnp.take_along_axis(log_p, Y[:, None], 1)[:, 0]).sum() / weights.sum()

    def slope(x: Any, w: Any) -> Any:
        return jax.grad(value, (0, 1))(x, w)

    return jax.value_and_grad(value, (0, 1))(X, W), jax.jvp(slope, (X, W), (X, W))[1]


@pytest.mark.parametrize("name", SAME)
def test_every_way_to_run_it_gives_the_value_and_the_gradients(name: str) -> None:
    close(jax.value_and_grad(SAME[name], (0, 1))(X, W), reference()[0])


@pytest.mark.parametrize("name", ["jit", "jit of checkpoint", "jit of scan", "cond"])
def test_and_the_second_derivatives(name: str) -> None:
    def slope(x: Any, w: Any) -> Any:
        return jax.grad(SAME[name], (0, 1))(x, w)

    close(jax.jit(lambda x, w: jax.jvp(slope, (x, w), (x, w))[1])(X, W), reference()[1])


def test_training_in_a_while_loop() -> None:
    def step(state: Any) -> Any:
        x, steps = state
        return x - 5.0 * jax.grad(loss)(x), steps + 1

    def unfinished(state: Any) -> Any:
        return (loss(state[0]) > 0.01) & (state[1] < 1000)

    x, steps = jax.jit(functools.partial(lax.while_loop, unfinished, step))((X, 0))
    assert 1 < int(steps) < 1000
    assert float(loss(x)) <= 0.01


def test_an_exported_program_gives_the_same_bits() -> None:
    both = jax.jit(lambda x, w: loss(x, w=w, precision="exact"))
    blob = export.export(both)(X, W).serialize(vjp_order=2)
    again = export.deserialize(bytearray(blob)).call
    np.testing.assert_array_equal(again(X, W), both(X, W))
    np.testing.assert_array_equal(jax.grad(again)(X, W), jax.grad(both)(X, W))

    def slope_along(function: Callable[..., Any], x: Any) -> Any:
        return jnp.vdot(X, jax.grad(function)(x, W))

    found, expected = (jax.grad(functools.partial(slope_along, f))(X) for f in (again, both))
    close(found, expected)


def test_an_exported_program_takes_batches_of_any_size() -> None:
    ours = functools.partial(cross_entropy, class_weight=W)
    (rows,) = export.symbolic_shape("n")
    shapes = [
        jax.ShapeDtypeStruct((rows, C), jnp.float32),
        jax.ShapeDtypeStruct((rows,), Y.dtype),
    ]
    again = export.export(jax.jit(ours))(*shapes)
    for n in (1, N):
        close(again.call(X[:n], Y[:n]), ours(X[:n], Y[:n]))


def test_donated_predictions() -> None:
    @functools.partial(jax.jit, donate_argnums=0)
    def step(x: Any) -> Any:
        return x - jax.grad(loss)(x)

    expected = X - jax.grad(loss)(X)
    given = X + 0.0
    found = step(given)
    close(found, expected)
    assert given.is_deleted()
    with pytest.raises(RuntimeError, match="deleted"):
        loss(given)
    close(step(step(found) * 0.0 + X), expected)


def test_value_and_grad_of_this_library() -> None:
    value, gradient = wce_core.value_and_grad(loss)(X)
    close((value, gradient), jax.value_and_grad(loss)(X))
    (value, aux), same = wce_core.value_and_grad(lambda x: (loss(x), x.shape), has_aux=True)(X)
    assert aux == X.shape
    np.testing.assert_array_equal(same, gradient)


def test_compile_of_this_library_is_jit() -> None:
    close(BACKEND.compile(loss)(X), loss(X))


# No tracer stays ----------------------------------------------------------------------------------


def test_no_tracer_outlives_its_trace() -> None:
    def every(x: Any, w: Any) -> Any:
        return loss(x, w=w, mask=jnp.asarray([True] * N), cost_matrix=COSTS)

    def along(x: Any) -> Any:
        return jax.jvp(lambda x: every(x, W), (x,), (x,))

    with jax.checking_leaks():
        jax.eval_shape(jax.grad(every, (0, 1)), X, W)
        jax.eval_shape(jax.vmap(along), jnp.stack([X, X]))
        jax.eval_shape(lambda x, w: jax.jvp(jax.grad(every), (x, w), (x, w)), X, W)
    assert not vars(BACKEND)


def test_finite_results_pass_the_nan_checker() -> None:
    x = X.at[0].set(jnp.nan).at[1, 0].set(-jnp.inf)
    mask = jnp.arange(N) > 0
    with jax.debug_nans(True):
        value, gradient = jax.value_and_grad(functools.partial(loss, mask=mask))(x)
        jax.jit(jax.grad(functools.partial(loss, mask=mask, precision="exact")))(x)
    assert bool(jnp.isfinite(value))
    assert not gradient[0].any()


# Types --------------------------------------------------------------------------------------------


def strong(array: Any, dtype: str = "float32") -> bool:
    return array.dtype == dtype and not array.weak_type


def test_weak_types_become_strong() -> None:
    weak = jnp.full((3,), 0.5)
    weak_mass = jnp.broadcast_to(jnp.asarray(0.5), (2, 2))
    assert jnp.asarray(1.0).weak_type
    assert strong(binary_cross_entropy(jnp.asarray(1.0), 1.0))
    assert strong(binary_cross_entropy(weak, weak, pos_weight=jnp.asarray(2.0)))
    assert strong(cross_entropy(weak_mass, weak_mass, sample_weight=jnp.asarray([1.0, 2.0])))
    assert strong(cross_entropy(weak_mass, weak_mass, reduction="sum", normalizer=3.0))
    assert strong(jax.jit(lambda z: binary_cross_entropy(z, 1.0))(1.0))
    assert jax.grad(lambda z: binary_cross_entropy(z, 1.0))(1.0).dtype == "float32"
    parts = cross_entropy(weak_mass, weak_mass, reduction="parts")
    assert strong(parts.total)
    assert strong(parts.weight)
    assert all(
        strong(n, "int32") for n in (parts.items, parts.all_items, parts.nonzero, parts.batch)
    )


def test_a_loop_carries_a_loss_without_changing_its_type() -> None:
    def step(total: Any, _: None) -> tuple[Any, None]:
        return total + loss(X), None

    total, _ = lax.scan(step, jnp.zeros((), jnp.float32), length=3)
    close(total, 3 * loss(X))


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("reduction", ["none", "mean", "weighted_mean", "parts"])
def test_results_have_the_predictions_dtype(dtype: str, reduction: str) -> None:
    def value(x: Any) -> Any:
        found = loss(x, reduction=reduction)
        return found.total if reduction == "parts" else found.sum()

    x = X.astype(dtype)
    part = "float32" if reduction == "parts" else dtype
    assert strong(value(x), part)
    assert strong(jax.grad(value)(x), dtype)
    assert strong(jax.jit(jax.grad(value))(x), dtype)


@pytest.mark.parametrize("asked", ["float32", jnp.float32, np.dtype("float32"), "float64"])
def test_a_result_of_another_dtype(asked: Any) -> None:
    x = X.astype(jnp.bfloat16)
    with jax.enable_x64(asked == "float64"):
        value, gradient = jax.jit(jax.value_and_grad(lambda x: loss(x, dtype=asked)))(x)
    assert value.dtype == np.dtype(asked)
    assert gradient.dtype == jnp.bfloat16


def test_a_float32_program_has_no_float64_results() -> None:
    with pytest.raises(ValueError, match="dtype='float64'"):
        loss(X, dtype="float64")
    with pytest.raises(ValueError, match="dtype='float64'"):
        jax.eval_shape(functools.partial(loss, dtype="float64"), X)


@pytest.mark.parametrize(
    "given",
    [
        lambda key: cross_entropy(key, Y),
        lambda key: cross_entropy(X, key),
        lambda key: cross_entropy(X, Y, sample_weight=key),
        lambda key: jax.jit(lambda k: cross_entropy(X, Y, sample_weight=k, validate=False))(key),
    ],
)
def test_random_keys_are_no_numbers(given: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="PRNG keys"):
        given(jax.random.split(jax.random.key(0), N))


@pytest.mark.parametrize("dtype", [jnp.int8, jnp.uint8, jnp.int16, jnp.int32, jnp.uint32, jnp.int4])
def test_labels_of_any_integer_dtype(dtype: Any) -> None:
    x = jnp.zeros((2, 300)).at[:, 5].set(1.0)
    labels = jnp.asarray([5, 7], dtype)
    close(cross_entropy(x, labels), cross_entropy(x, jnp.asarray([5, 7])))
    close(cross_entropy(x, labels, ignore_index=-100), cross_entropy(x, jnp.asarray([5, 7])))


def test_numpy_arrays_lists_and_numbers_beside_jax_predictions() -> None:
    expected = loss(X, mask=jnp.ones(N, bool), cost_matrix=COSTS)
    given: dict[str, Any] = {"mask": [True] * N, "cost_matrix": np.asarray(COSTS)}
    assert strong(loss(X, Y.tolist(), W.tolist(), np.asarray(S), **given))
    close(loss(X, Y.tolist(), W.tolist(), np.asarray(S), **given), expected)
    close(loss(X, np.asarray(Y), dict(enumerate(W.tolist())), S.tolist(), **given), expected)
    jitted = jax.jit(lambda x: loss(x, Y.tolist(), W.tolist(), np.asarray(S, np.float64), **given))
    close(jitted(X), expected)
    halves = np.asarray(S).astype(ml_dtypes.bfloat16)
    close(loss(X, s=halves), loss(X, s=halves.astype(np.float32)))


@pytest.mark.parametrize("name", ["y", "s", "w"])
def test_arrays_of_another_framework_are_refused(name: str) -> None:
    other = array_api_strict.asarray(np.asarray({"y": Y, "s": S, "w": W}[name]))
    with pytest.raises(TypeError, match="array_api_strict.*jax"):
        loss(X, **{name: other})


def test_lists_of_tracers_are_refused() -> None:
    with pytest.raises(TypeError, match="stack them"):
        jax.jit(lambda w: loss(X, w=[w, 1.0, 1.0, 1.0]))(2.0)


# Values that are wrong ----------------------------------------------------------------------------


BAD = [C, -1, C + 1, -C, np.iinfo(np.int32).max, np.iinfo(np.int32).min]


@pytest.mark.parametrize("label", BAD)
def test_eager_labels_out_of_range_are_an_error(label: int) -> None:
    with pytest.raises(ValueError, match=rf"targets is {label} at position \(2,\)"):
        cross_entropy(X, Y.at[2].set(label))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("epsilon", [0.0, 0.1])
def test_compiled_labels_out_of_range_poison_their_item_alone(
    epsilon: float, weighted: bool
) -> None:
    options: dict[str, Any] = {"label_smoothing": epsilon, "reduction": "none"}
    if weighted:
        options |= {"class_weight": W, "sample_weight": S, "cost_matrix": COSTS}

    @jax.jit
    def both(x: Any, y: Any) -> Any:
        items, pull = jax.vjp(lambda x: cross_entropy(x, y, **options), x)
        parts = cross_entropy(x, y, **{**options, "reduction": "parts"})
        return items, pull(jnp.ones(N))[0], parts

    items, gradient, _ = both(X, Y)
    for label in BAD:
        poisoned, slopes, parts = both(X, Y.at[2].set(label))
        others = np.arange(N) != 2
        assert np.isnan(poisoned[2])
        assert np.isnan(slopes[2]).all()
        assert np.isnan(parts.total)
        assert np.isnan(parts.weight)
        np.testing.assert_array_equal(poisoned[others], items[others])
        np.testing.assert_array_equal(slopes[others], gradient[others])


def test_an_excluded_label_poisons_nothing() -> None:
    y = Y.at[2].set(-100).at[3].set(99)
    mask = jnp.arange(N) != 3
    found = jax.jit(functools.partial(loss, ignore_index=-100, mask=mask))(X, y)
    kept = jnp.asarray([0, 1, 4, 5])
    close(found, loss(X[kept], Y[kept], s=S[kept]))


def test_validation_that_is_impossible_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        jax.jit(functools.partial(loss, validate=True))(X)
    close(loss(X, validate=True), loss(X))


def test_shapes_are_checked_while_tracing() -> None:
    with pytest.raises(ValueError, match="targets has shape"):
        jax.eval_shape(cross_entropy, X, Y[:-1])
    with pytest.raises(ValueError, match="sample_weight has shape"):
        jax.eval_shape(lambda x: loss(x, s=W), X)
