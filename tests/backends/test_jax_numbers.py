"""Bits, dtypes, what is kept for the backward pass, and how often Python runs, on JAX."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

import wce_core
from wce_backends import jax as backend
from wce_core.evaluation import evaluate
from wce_core.losses import binary_cross_entropy, binary_focal_cross_entropy, cross_entropy

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


def bits(array: Any) -> np.ndarray:
    own = np.atleast_1d(np.asarray(array))
    return own.view(f"u{own.dtype.itemsize}")


def numpy_dtype(name: str) -> np.dtype:
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


# Exact mode ---------------------------------------------------------------------------------------


@functools.cache
def on_numpy(name: str, dtype: str, reduction: str) -> tuple[Any, Any]:
    """Value, or item losses, and the gradient of the value or of their sum."""
    x = LOGITS.astype(numpy_dtype(dtype))
    loss = functools.partial(LOSSES[name], precision="exact")
    scalar = "sum" if reduction == "none" else reduction
    _, gradient = wce_core.value_and_grad(lambda x: loss(x, reduction=scalar))(x)
    return loss(x, reduction=reduction), gradient


def by_route(route: str, loss: Loss, x: Any, reduction: str) -> tuple[Any, Any]:
    function = functools.partial(loss, precision="exact", reduction=reduction)
    if route == "vjp":
        value, pull = jax.vjp(function, x)
        return value, pull(jnp.ones_like(value))[0]
    both = jax.value_and_grad(lambda x: function(x).sum())
    if route == "jit":
        both = jax.jit(both)
    return function(x), both(x)[1]


@pytest.mark.parametrize("route", ["eager", "jit", "vjp"])
@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("name", LOSSES)
def test_exact_is_exact_in_a_float32_program(name: str, dtype: str, route: str) -> None:
    assert not jax.config.jax_enable_x64
    x = jnp.asarray(LOGITS.astype(numpy_dtype(dtype)))
    for reduction in ("none", "weighted_mean"):
        value, gradient = by_route(route, LOSSES[name], x, reduction)
        expected = on_numpy(name, dtype, reduction)
        assert value.dtype == gradient.dtype == x.dtype
        np.testing.assert_array_equal(bits(value), bits(expected[0]))
        np.testing.assert_array_equal(bits(gradient), bits(expected[1]))


def test_exact_bits_of_gradients_of_rows_under_vmap() -> None:
    def row(x: Any, y: Any) -> Any:
        return cross_entropy(x, y, class_weight=CLASS_WEIGHT, precision="exact")

    x = LOGITS.astype(np.float32)
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(row)))(jnp.asarray(x), LABELS)
    for k in range(N):
        value, slope = wce_core.value_and_grad(row)(x[k], LABELS[k])
        np.testing.assert_array_equal(bits(values[k]), bits(value))
        np.testing.assert_array_equal(bits(slopes[k]), bits(slope))


def test_exact_equals_native_in_float64() -> None:
    with jax.enable_x64(True):
        x = jnp.asarray(LOGITS)
        for loss in LOSSES.values():
            native, exact = (
                jax.value_and_grad(functools.partial(loss, precision=p))(x)
                for p in ("native", "exact")
            )
            np.testing.assert_array_equal(bits(native[0]), bits(exact[0]))
            np.testing.assert_array_equal(bits(native[1]), bits(exact[1]))
            on_cpu = wce_core.value_and_grad(loss)(LOGITS)
            np.testing.assert_allclose(exact[0], on_cpu[0], rtol=1e-14)
            np.testing.assert_allclose(exact[1], on_cpu[1], rtol=1e-12, atol=1e-300)


# What is kept -------------------------------------------------------------------------------------


def kept(function: Loss, *arguments: Any) -> list[tuple[str, tuple[int, ...]]]:
    """The arrays that reverse mode keeps between its two passes."""
    pull = jax.vjp(function, *arguments)[1]
    return [(leaf.dtype.name, leaf.shape) for leaf in jax.tree.leaves(pull)]


@pytest.mark.parametrize("precision", ["native", "exact"])
@pytest.mark.parametrize("dtype", NARROW)
def test_only_the_gradient_is_kept_and_in_float32(dtype: str, precision: str) -> None:
    x = jnp.asarray(LOGITS, dtype)
    for reduction in ("mean", "none"):
        function = functools.partial(LOSSES["indices"], precision=precision, reduction=reduction)
        for each in (function, jax.jit(function)):
            large = [entry for entry in kept(each, x) if np.prod(entry[1]) > C]
            assert large == [("float32", (N, C))]


def test_weights_and_targets_keep_no_float64_either() -> None:
    def loss(x: Any, q: Any, w: Any, s: Any, costs: Any) -> Any:
        return cross_entropy(
            x, q, class_weight=w, sample_weight=s, cost_matrix=costs, precision="exact"
        )

    def positive(x: Any, q: Any, w: Any) -> Any:
        return binary_cross_entropy(x, q, pos_weight=w, precision="exact")

    x, q, w, s, costs = (
        jnp.asarray(a, jnp.float32) for a in (LOGITS, MASS, CLASS_WEIGHT, SAMPLE_WEIGHT, COSTS)
    )
    everything = kept(loss, x, q, w, s, costs) + kept(positive, x, q, w)
    everything += kept(lambda x, w: loss(x, LABELS, w, s, costs), x, w)
    assert ("float32", (N, C)) in everything
    assert {shape for dtype, shape in everything if dtype == "float64"} <= {()}


def element_types(jaxpr: Any) -> set[str]:
    """Of everything that a program computes, its calls included."""
    found = {str(v.aval.dtype) for eqn in jaxpr.eqns for v in eqn.outvars}
    for eqn in jaxpr.eqns:
        for inner in jax.tree.leaves(
            list(eqn.params.values()), is_leaf=lambda p: hasattr(p, "jaxpr") or hasattr(p, "eqns")
        ):
            own = getattr(inner, "jaxpr", inner)
            found |= element_types(own) if hasattr(own, "eqns") else set()
    return found


def test_a_tpu_program_has_no_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    def slopes(x: Any) -> Any:
        return jax.value_and_grad(
            lambda x: cross_entropy(x, LABELS, class_weight=CLASS_WEIGHT, label_smoothing=0.1)
        )(x)

    x = jnp.asarray(LOGITS, jnp.float32)
    expected = slopes(x)
    assert "float64" in element_types(jax.make_jaxpr(lambda x: slopes(x))(x).jaxpr)
    monkeypatch.setattr(jax, "default_backend", lambda: "tpu")
    assert "float64" not in element_types(jax.make_jaxpr(lambda x: slopes(x))(x).jaxpr)
    value, gradient = slopes(x)
    np.testing.assert_allclose(value, expected[0], rtol=1e-6)
    np.testing.assert_allclose(gradient, expected[1], rtol=1e-5, atol=1e-9)
    assert not backend.BACKEND.describe().float64
    with pytest.raises(ValueError, match="precision='exact' needs float64"):
        LOSSES["indices"](x, precision="exact")


# Half types ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_scaled_loss_keeps_small_gradients(dtype: str) -> None:
    """The gradient is kept in float32; only its product with the cotangent is rounded."""
    rows = 4096
    x = jnp.asarray(RNG.normal(size=(rows, 4)) * 4, dtype)
    y = jnp.asarray(RNG.integers(0, 4, rows))

    def scaled(x: Any) -> Any:
        return 65536 * cross_entropy(x, y, dtype="float32")

    truth = jax.grad(lambda x: cross_entropy(x, y))(x.astype("float32")) * 65536
    for gradient in (jax.grad(scaled)(x), jax.jit(jax.grad(scaled))(x)):
        assert gradient.dtype == dtype
        np.testing.assert_array_equal(bits(gradient), bits(truth.astype(dtype)))
    lost = jax.grad(lambda x: cross_entropy(x, y))(x)
    if dtype == "float16":
        assert int((lost == 0).sum()) > 100


def test_a_cotangent_of_a_half_result_is_applied_in_float32() -> None:
    x = jnp.asarray(LOGITS, jnp.float16)
    loss = functools.partial(LOSSES["indices"], reduction="none")
    gradient = jax.vjp(lambda x: loss(x, dtype="float32"), x)[1](jnp.ones(N))[0]
    cotangent = jnp.full(N, 3.0, jnp.float16)
    found = jax.vjp(loss, x)[1](cotangent)[0]
    exact = jax.grad(lambda x: LOSSES["indices"](x, reduction="sum"))(x.astype(jnp.float32)) * 3
    np.testing.assert_array_equal(bits(found), bits(exact.astype(jnp.float16)))
    assert not np.array_equal(bits(found), bits(gradient * 3))


def test_counts_and_sums_of_many_half_items() -> None:
    x = jnp.zeros((70_000, 2), jnp.float16)
    parts = cross_entropy(x, jnp.zeros(70_000, int), reduction="parts")
    assert int(parts.items) == int(parts.nonzero) == 70_000
    np.testing.assert_allclose(parts.total, 70_000 * np.log(2), rtol=1e-6)


# Programs -----------------------------------------------------------------------------------------


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How often Python has evaluated a loss: once per trace."""
    counts: Counter[str] = Counter()

    def counted(name: str) -> Callable[..., Any]:
        original = getattr(evaluate, name)

        def function(*arguments: Any, **options: Any) -> Any:
            counts["value" if options.get("gradient") is False else name] += 1
            return original(*arguments, **options)

        return function

    for name in ("plain", "fused"):
        monkeypatch.setattr(evaluate, name, counted(name))
    yield counts


def data(seed: int, rows: int = 7) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    return (
        jnp.asarray(rng.normal(size=(rows, C)), jnp.float32),
        jnp.asarray(rng.integers(0, C, rows)),
        jnp.asarray(rng.uniform(0.5, 2.0, C), jnp.float32),
    )


def hessian_product(x: Any, y: Any, w: Any) -> Any:
    return jax.jvp(jax.grad(lambda x: cross_entropy(x, y, class_weight=w)), (x,), (x,))[1]


USES: dict[str, tuple[Loss, dict[str, int]]] = {
    "value": (lambda x, y, w: cross_entropy(x, y, class_weight=w, empty="nan"), {"value": 1}),
    "lists and numbers": (
        lambda x, y, w: cross_entropy(
            x, y, class_weight=w.tolist(), reduction="sum", normalizer=float(w[0])
        ),
        {"value": 1},
    ),
    "ignore_index": (lambda x, y, w: cross_entropy(x, y, ignore_index=int(y[0])), {"value": 1}),
    "gradient": (
        lambda x, y, w: jax.grad(lambda x: cross_entropy(x, y, class_weight=w))(x),
        {"value": 1, "fused": 1},
    ),
    "gradients": (
        lambda x, y, w: jax.grad(lambda x: cross_entropy(x, y, sample_weight=x[:, 0] ** 2))(x),
        {"value": 1, "plain": 1, "fused": 1},
    ),
    "Hessian": (hessian_product, {"value": 1, "plain": 1, "fused": 2}),
    "vmap": (
        lambda x, y, w: jax.vmap(lambda x, y: cross_entropy(x, y, class_weight=w))(x, y),
        {"value": 1},
    ),
}


@pytest.mark.parametrize("name", USES)
def test_eager_calls_use_one_program_per_shape(name: str, runs: Counter[str]) -> None:
    jax.clear_caches()
    use, expected = USES[name]
    use(*data(0))
    assert dict(runs) == expected
    for seed in range(1, 4):
        use(*data(seed))
    assert dict(runs) == expected
    use(*data(0, rows=9))
    if name != "vmap":  # one row is what is traced there
        assert dict(runs) == {key: 2 * count for key, count in expected.items()}


def test_another_option_is_another_program(runs: Counter[str]) -> None:
    jax.clear_caches()
    x, y, w = data(0)
    for options in ({}, {"reduction": "sum"}, {"label_smoothing": 0.3}, {"precision": "exact"}):
        cross_entropy(x, y, class_weight=w, **options)
        cross_entropy(x + 1, y, class_weight=w * 2, **options)
    assert runs["value"] == 4


def test_a_jitted_step_traces_once(runs: Counter[str]) -> None:
    @jax.jit
    def step(x: Any, y: Any, w: Any) -> Any:
        runs["python"] += 1
        return x - jax.grad(lambda x: cross_entropy(x, y, class_weight=w))(x)

    for seed in range(5):
        step(*data(seed, rows=11))
    assert runs["python"] == runs["fused"] == 1
    step(*data(0, rows=12))
    assert runs["python"] == runs["fused"] == 2


def test_a_compiled_step_moves_nothing_between_host_and_device() -> None:
    @jax.jit
    def step(x: Any, y: Any, w: Any) -> Any:
        options: dict[str, Any] = {"sample_weight": np.linspace(0, 1, 7), "mask": [True] * 7}
        return jax.value_and_grad(lambda x: cross_entropy(x, y, class_weight=w, **options))(x)

    step(*data(0))
    fresh = data(1)
    with jax.transfer_guard("disallow"):
        step(*fresh)


def test_a_program_whose_default_is_64_bits() -> None:
    """Set for the whole process, as a user would."""
    program = """
import jax
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp, numpy as np
from wce_core import value_and_grad
from wce_core.losses import cross_entropy
rng = np.random.default_rng(0)
x, w = rng.normal(size=(6, 4)), rng.uniform(0.5, 2.0, 4)
y = np.array([0, 1, 2, 3, 1, 0])
for dtype in ("float64", "float32", "bfloat16"):
    for precision in ("native", "exact"):
        def loss(x, w):
            return cross_entropy(x, y, class_weight=w, precision=precision)
        own = jnp.asarray(x, dtype)
        value, gradients = jax.jit(jax.value_and_grad(loss, (0, 1)))(own, jnp.asarray(w))
        assert (value.dtype, gradients[0].dtype, gradients[1].dtype) == (dtype, dtype, "float64")
        hessian = jax.hessian(loss)(own, jnp.asarray(w))
        assert hessian.dtype == dtype and bool(jnp.isfinite(hessian).all())
        if dtype == "float64":
            truth = value_and_grad(loss)(x, w)
            np.testing.assert_allclose(value, truth[0], rtol=1e-14)
            np.testing.assert_allclose(gradients[0], truth[1], rtol=1e-12)
items = jax.jit(lambda y: cross_entropy(jnp.asarray(x), y, reduction="none"))
for label in (2**40, 2**32, 2**32 + 1, -(2**40), 4, -1):
    found = np.asarray(items(jnp.asarray(y).at[2].set(label)))
    assert np.isnan(found).tolist() == [False, False, True, False, False, False], (label, found)
    try:
        cross_entropy(jnp.asarray(x), jnp.asarray(y).at[2].set(label))
    except ValueError as error:
        assert f"targets is {label} at position (2,)" in str(error)
    else:
        raise AssertionError(label)
parts = cross_entropy(jnp.asarray(x), y, reduction="parts")
assert parts.total.dtype == parts.weight.dtype == "float64"
print("done")
"""
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert finished.stdout == "done\n", finished.stderr


@pytest.mark.parametrize("precision", ["native", "exact"])
@pytest.mark.parametrize("loss", [cross_entropy, binary_cross_entropy, binary_focal_cross_entropy])
def test_the_logarithm_is_one_that_xla_vectorizes(loss: Any, precision: Any) -> None:
    """Over short rows its own of 1 + x is not."""
    program = compiled(loss, (64, 10), precision)
    assert "exponential" in program
    assert "log-plus-one" not in program


@pytest.mark.parametrize("loss", [binary_cross_entropy, binary_focal_cross_entropy])
@pytest.mark.parametrize("shape", [(700,), (700, 1), (700, 10), (2**15, 10**2)])
def test_what_is_written_to_memory(loss: Any, shape: tuple[int, ...]) -> None:
    """An exponential, the losses of items before they are added, and the gradient."""
    program = compiled(loss, shape)
    entry = program[program.index("ENTRY") :]
    written = re.findall(rf"= f32\[{','.join(map(str, shape))}\]\S* \w*fusion", entry)
    assert 1 <= len(written) <= 3


def compiled(loss: Any, shape: tuple[int, ...], precision: Any = "native") -> str:
    """Value and gradient, as XLA runs them."""
    x = jax.ShapeDtypeStruct(shape, jnp.float32)
    y = jax.ShapeDtypeStruct(shape[:1], jnp.int32) if loss is cross_entropy else x
    job = jax.jit(jax.value_and_grad(functools.partial(loss, precision=precision)))
    program: str = job.lower(x, y).compile().as_text()
    return program
