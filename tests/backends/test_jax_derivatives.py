"""Derivatives on JAX, of every order and by every mode, are those of the plain formula."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from wce_core import losses
from wce_core.losses import binary_cross_entropy, cross_entropy

Arguments = tuple[Any, ...]
Scalar = Callable[..., Any]

ROWS, CLASSES = 3, 4
RNG = np.random.default_rng(20)
LOGITS = RNG.normal(size=(ROWS, CLASSES))
LABELS = np.array([0, 3, 2])
MASS = RNG.dirichlet(np.ones(CLASSES), ROWS) * RNG.uniform(0.5, 2.0, (ROWS, 1))
SHARES = RNG.uniform(0.1, 0.9, (ROWS, CLASSES))
CLASS_WEIGHT = RNG.uniform(0.5, 2.0, CLASSES)
PAIRS = RNG.uniform(0.5, 2.0, (CLASSES, 2))
SAMPLE_WEIGHT = RNG.uniform(0.5, 2.0, ROWS)
COSTS = RNG.uniform(0.5, 2.0, (CLASSES, CLASSES))
PROBABILITIES = RNG.dirichlet(np.ones(CLASSES), ROWS)


# The formulas, written plainly -------------------------------------------------------------------


def plain_factor(soft: str, r: Any, w: Any) -> Any:
    if soft == "mixture":
        return (r * w).sum(-1)
    if soft == "geometric":
        return (w**r).prod(-1)
    return w[r.argmax(-1)]


def plain_categorical(
    log_p: Any, q: Any, w: Any, s: Any, costs: Any, predicted: Any, soft: str, epsilon: float
) -> Any:
    """The weighted mean."""
    mass = q.sum(-1, keepdims=True)
    r = q / mass
    s = s * (r * costs[:, predicted].T).sum(-1)
    smooth = (1 - epsilon) * q + epsilon * mass / q.shape[-1]
    if soft == "per_class":
        losses, omega = -s * (w * smooth * log_p).sum(-1), s * (w * smooth).sum(-1)
    else:
        factor = s * plain_factor(soft, r, w)
        losses, omega = -factor * (smooth * log_p).sum(-1), factor * mass[:, 0]
    return losses.sum() / omega.sum()


def plain_binary(one: Any, zero: Any, y: Any, pairs: Any, s: Any, soft: str, epsilon: float) -> Any:
    """The weighted mean, of the log-probabilities of class 1 and class 0."""
    smooth = (1 - epsilon) * y + epsilon / 2
    w0, w1 = pairs[:, 0], pairs[:, 1]
    s = s[:, None]
    if soft == "per_class":
        a, b = w1 * smooth, w0 * (1 - smooth)
    else:
        shares = jnp.stack([1 - y, y], -1)
        if soft == "hard":
            factor = jnp.where(y > 0.5, w1, w0)
        else:
            factor = (shares * pairs).sum(-1) if soft == "mixture" else (pairs**shares).prod(-1)
        a, b = factor * smooth, factor * (1 - smooth)
    return -(s * (a * one + b * zero)).sum() / (s * (a + b)).sum()


def pair(log_p: Any) -> tuple[Any, Any]:
    return log_p, jnp.log1p(-jnp.exp(log_p))


# The cases: a loss, the same written plainly, and all that they may be differentiated to ----------


def categorical(soft: str, epsilon: float, form: str, precision: str) -> tuple[Scalar, Scalar]:
    def loss(x: Any, q: Any, w: Any, s: Any, costs: Any) -> Any:
        return cross_entropy(
            x,
            q,
            class_weight=w,
            sample_weight=s,
            cost_matrix=costs,
            soft_weighting=soft,
            label_smoothing=epsilon,
            form=form,
            reduction="weighted_mean",
            precision=precision,
        )

    logarithm = {"logits": jax.nn.log_softmax, "probabilities": jnp.log}.get(form, lambda x: x)

    def plain(x: Any, q: Any, w: Any, s: Any, costs: Any) -> Any:
        return plain_categorical(logarithm(x), q, w, s, costs, x.argmax(-1), soft, epsilon)

    return loss, plain


def binary(soft: str, epsilon: float, form: str, precision: str) -> tuple[Scalar, Scalar]:
    def loss(x: Any, y: Any, pairs: Any, positive: Any, s: Any) -> Any:
        return binary_cross_entropy(
            x,
            y,
            class_weight=pairs,
            pos_weight=positive,
            sample_weight=s,
            soft_weighting=soft,
            label_smoothing=epsilon,
            form=form,
            reduction="weighted_mean",
            precision=precision,
        )

    def plain(x: Any, y: Any, pairs: Any, positive: Any, s: Any) -> Any:
        if form == "logits":
            one, zero = jax.nn.log_sigmoid(x), jax.nn.log_sigmoid(-x)
        else:
            one, zero = pair(jnp.log(x) if form == "probabilities" else x)
        pairs = pairs * jnp.stack([jnp.ones_like(positive), positive], -1)
        return plain_binary(one, zero, y, pairs, s, soft, epsilon)

    return loss, plain


def indexed(epsilon: float, precision: str) -> tuple[Scalar, Scalar]:
    def loss(x: Any, w: Any, s: Any, costs: Any) -> Any:
        return cross_entropy(
            x,
            LABELS,
            class_weight=w,
            sample_weight=s,
            cost_matrix=costs,
            label_smoothing=epsilon,
            reduction="weighted_mean",
            precision=precision,
        )

    def plain(x: Any, w: Any, s: Any, costs: Any) -> Any:
        q = jax.nn.one_hot(LABELS, CLASSES, dtype=x.dtype)
        log_p = x - jax.nn.logsumexp(x, -1, keepdims=True)
        return plain_categorical(log_p, q, w, s, costs, x.argmax(-1), "per_class", epsilon)

    return loss, plain


def arguments(kind: str, form: str = "logits") -> Arguments:
    x = {"logits": LOGITS, "probabilities": PROBABILITIES}.get(form, np.log(PROBABILITIES))
    if kind == "binary":
        return x, SHARES, PAIRS, CLASS_WEIGHT, SAMPLE_WEIGHT
    if kind == "indexed":
        return x, CLASS_WEIGHT, SAMPLE_WEIGHT, COSTS
    return x, MASS, CLASS_WEIGHT, SAMPLE_WEIGHT, COSTS


SOFT = ("per_class", "mixture", "geometric", "hard")
CASES: dict[str, tuple[tuple[Scalar, Scalar], Arguments]] = {
    **{
        f"{kind} {soft}": (make(soft, 0.1, "logits", "native"), arguments(kind))
        for kind, make in (("categorical", categorical), ("binary", binary))
        for soft in SOFT
    },
    **{
        f"{kind} {form}": (make("per_class", 0.0, form, "native"), arguments(kind, form))
        for kind, make in (("categorical", categorical), ("binary", binary))
        for form in ("probabilities", "log_probabilities")
    },
    "indexed": (indexed(0.2, "native"), arguments("indexed")),
    "categorical exact": (categorical("geometric", 0.1, "logits", "exact"), arguments("")),
    "binary exact": (binary("geometric", 0.1, "logits", "exact"), arguments("binary")),
    "indexed exact": (indexed(0.0, "exact"), arguments("indexed")),
}
IN_EVERY_ORDER = ("categorical per_class", "binary per_class", "binary exact", "indexed exact")


# Derivatives --------------------------------------------------------------------------------------


def along(function: Scalar, at: Arguments, direction: Arguments) -> Any:
    return jax.jvp(function, at, direction)[1]


def slopes(function: Scalar, at: Arguments) -> Arguments:
    return jax.grad(function, tuple(range(len(at))))(*at)


def dot(a: Arguments, b: Arguments) -> Any:
    return sum(jnp.vdot(x, y) for x, y in zip(a, b, strict=True))


SECOND: dict[str, Callable[[Scalar, Arguments, Arguments], Any]] = {
    "forward over forward": lambda f, at, u: along(lambda *a: along(f, a, u), at, u),
    "forward over reverse": lambda f, at, u: along(lambda *a: slopes(f, a), at, u),
    "reverse over forward": lambda f, at, u: slopes(lambda *a: along(f, a, u), at),
    "reverse over reverse": lambda f, at, u: slopes(lambda *a: dot(slopes(f, a), u), at),
}


SECOND_CASES = [
    (name, order)
    for name in CASES
    for order in SECOND
    if name in IN_EVERY_ORDER or order == "reverse over reverse"
]


@functools.cache
def direction(name: str) -> Arguments:
    rng = np.random.default_rng(7)
    return tuple(rng.normal(size=np.shape(a)) for a in CASES[name][1])


@functools.cache
def truth(name: str) -> tuple[Any, Any, Any]:
    """Value, all gradients, and the Hessian along a direction: of the plain formula, in float64."""
    (_, plain), at = CASES[name]
    u = direction(name)

    def everything(at: Arguments) -> Any:
        return plain(*at), slopes(plain, at), along(lambda *a: slopes(plain, a), at, u)

    with jax.enable_x64(True):
        found = jax.jit(everything)(tuple(map(jnp.asarray, at)))
        return jax.tree.map(np.asarray, found)


def single(arrays: Arguments) -> Arguments:
    return tuple(jnp.asarray(array, jnp.float32) for array in arrays)


def assert_close(actual: Any, expected: Any, tolerance: float = 2e-5) -> None:
    for a, e in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, e, rtol=tolerance, atol=tolerance)


@pytest.mark.xdist_group("jax derivatives")  # the truth of a case is compiled once
@pytest.mark.parametrize("name", CASES)
def test_value_and_every_gradient(name: str) -> None:
    (loss, _), at = CASES[name]
    value, gradients, _ = truth(name)
    own = single(at)
    found, found_gradients = jax.jit(jax.value_and_grad(loss, tuple(range(len(at)))))(*own)
    assert {a.dtype.name for a in (found, *found_gradients)} == {"float32"}
    assert_close(found, value)
    assert_close(found_gradients, gradients)
    assert_close(along(loss, own, single(direction(name))), dot(gradients, direction(name)))


@pytest.mark.xdist_group("jax derivatives")
@pytest.mark.parametrize(("name", "order"), SECOND_CASES)
def test_second_derivatives_in_a_float32_program(name: str, order: str) -> None:
    (loss, _), at = CASES[name]
    expected = truth(name)[2]
    if order == "forward over forward":
        expected = dot(expected, direction(name))
    found = jax.jit(functools.partial(SECOND[order], loss))(single(at), single(direction(name)))
    assert {a.dtype.name for a in jax.tree.leaves(found)} == {"float32"}
    assert_close(found, expected, 1e-4)


HESSIANS: dict[str, Callable[[Scalar], Scalar]] = {
    "hessian": jax.hessian,
    "jacfwd of jacfwd": lambda f: jax.jacfwd(jax.jacfwd(f)),
    "jacrev of jacrev": lambda f: jax.jacrev(jax.jacrev(f)),
    "jacrev of jacfwd": lambda f: jax.jacrev(jax.jacfwd(f)),
    "jacfwd of jacrev": lambda f: jax.jacfwd(jax.jacrev(f)),
}


def ours(x: Any, *, reduction: str = "mean", precision: str = "native") -> Any:
    return cross_entropy(
        x,
        LABELS,
        class_weight=CLASS_WEIGHT,
        reduction=reduction,
        precision=precision,
    )


def theirs(x: Any) -> Any:
    each = optax.softmax_cross_entropy_with_integer_labels(x, LABELS)
    return (each * CLASS_WEIGHT[LABELS]).mean()


@pytest.fixture(params=["float32", "float32 in x64", "float64 in x64"])
def program(request: pytest.FixtureRequest) -> Iterator[str]:
    """A program's precision, and that of its predictions."""
    with jax.enable_x64("x64" in request.param):
        yield request.param.partition(" ")[0]


@pytest.mark.parametrize("precision", ["native", "exact"])
@pytest.mark.parametrize("name", HESSIANS)
def test_hessians_are_those_of_optax(name: str, precision: str, program: str) -> None:
    x = jnp.asarray(LOGITS, program)
    found = HESSIANS[name](functools.partial(ours, precision=precision))(x)
    assert found.dtype == program
    with jax.enable_x64(True):
        expected = np.asarray(jax.jit(jax.hessian(theirs))(jnp.asarray(LOGITS)))
    assert_close(found, expected, 1e-6 if program == "float32" else 1e-13)


@pytest.mark.parametrize("precision", ["native", "exact"])
def test_vjp_and_jvp_of_item_losses(precision: str, program: str) -> None:
    x = jnp.asarray(LOGITS, program)
    items = functools.partial(ours, reduction="none", precision=precision)
    value, pull = jax.vjp(items, x)
    jacobian = jax.jacfwd(items)(x)
    cotangent = jnp.asarray([0.5, -2.0, 3.0], program)
    assert value.dtype == jacobian.dtype == pull(cotangent)[0].dtype == program
    assert_close(pull(cotangent)[0], jnp.tensordot(cotangent, jacobian, 1), 1e-6)
    assert_close(jax.jacrev(items)(x), jacobian, 1e-6)
    assert_close(jax.linearize(items, x)[1](x), jnp.tensordot(jacobian, x, 2), 1e-6)


def test_third_derivatives() -> None:
    x = jnp.asarray(LOGITS[:1], jnp.float32)
    third = jax.jacfwd(jax.jacfwd(jax.jacrev(lambda x: cross_entropy(x, LABELS[:1]))))
    plain = jax.jacfwd(jax.jacfwd(jax.jacrev(lambda x: jax.nn.logsumexp(x) - x[0, LABELS[0]])))
    assert_close(third(x), jax.jit(plain)(x), 1e-6)


@pytest.mark.parametrize("z", [-3.0, 0.0, 0.7])
@pytest.mark.parametrize("precision", ["native", "exact"])
def test_reverse_mode_three_times(z: float, precision: str) -> None:
    def loss(z: Any) -> Any:
        return binary_cross_entropy(z, 1.0, pos_weight=3.0, precision=precision)

    p = 1 / (1 + np.exp(-z))
    assert_close(jax.grad(loss)(z), 3 * (p - 1), 1e-6)
    assert_close(jax.grad(jax.grad(loss))(z), 3 * p * (1 - p), 1e-6)
    assert_close(jax.grad(jax.grad(jax.grad(loss)))(z), 3 * p * (1 - p) * (1 - 2 * p), 1e-6)


def test_a_weight_of_zero_has_a_right_second_derivative_to_shares() -> None:
    """The product of powers at a zero factor: ∂²/∂w∂r of w₀^r₀·w₁^r₁ at w₀ = 0, r = (1, 0)."""
    x = jnp.zeros((1, 2))

    def factor(w0: Any, r1: Any) -> Any:
        mass = jnp.stack([1 - r1, r1])[None]
        weights = jnp.stack([w0, jnp.asarray(3.0)])
        return cross_entropy(x, mass, class_weight=weights, soft_weighting="geometric") / np.log(2)

    slope = jax.grad(factor)(jnp.asarray(0.0), jnp.asarray(0.0))
    assert_close(slope, 1.0, 1e-6)


def test_denominators_are_differentiated() -> None:
    def mean(w: Any) -> Any:
        return cross_entropy(x, LABELS, class_weight=w, reduction="weighted_mean")

    x = jnp.asarray(LOGITS, jnp.float32)
    w = jnp.asarray(CLASS_WEIGHT, jnp.float32)
    # Scaling all weights changes nothing: the slope along them is 0.
    assert abs(float(jax.grad(lambda t: mean(w * t))(1.0))) < 1e-6
    assert float(jnp.abs(jax.grad(mean)(w)).max()) > 0.05


def test_the_normalizer_is_differentiated() -> None:
    x = jnp.asarray(LOGITS, jnp.float32)

    def loss(z: Any) -> Any:
        return cross_entropy(x, LABELS, reduction="sum", normalizer=z)

    total = float(loss(1.0))
    assert_close(jax.grad(loss)(2.0), -total / 4)
    assert_close(jax.grad(jax.grad(loss))(2.0), total / 4)


@pytest.mark.parametrize("soft", SOFT)
def test_an_index_and_its_one_hot_row_agree_to_second_order(soft: str) -> None:
    x, w = jnp.asarray(LOGITS, jnp.float32), jnp.asarray(CLASS_WEIGHT, jnp.float32)
    rows = jax.nn.one_hot(LABELS, CLASSES)

    def both(targets: Any) -> Any:
        def loss(x: Any, w: Any) -> Any:
            return cross_entropy(x, targets, class_weight=w, soft_weighting=soft)

        return slopes(loss, (x, w)), along(lambda *a: slopes(loss, a), (x, w), (x, w))

    assert_close(both(LABELS), both(rows), 1e-6)


@pytest.mark.parametrize("loss", [losses.lovasz_hinge_loss, losses.lovasz_softmax_loss])
def test_gradients_to_weights_of_sorted_errors(loss: Any) -> None:
    """In a program whose default is float32: nothing of float64 is scattered there."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(12, 3)).astype("f4"), rng.random(12).astype("f4") + 0.5
    hinge = loss is losses.lovasz_hinge_loss
    targets = rng.random((12, 3)) < 0.4 if hinge else rng.integers(0, 3, 12)
    items = (12, 1) if hinge else (12,)

    def of_weights(w: Any, x: Any = x) -> Any:
        own = jnp.reshape(w, items)
        return loss(jnp.asarray(x), targets, sample_weight=own, per="batch")

    found = jax.grad(of_weights)(jnp.asarray(w))
    with jax.enable_x64(True):
        wide = jax.grad(lambda w: of_weights(w, x.astype("f8")))(jnp.asarray(w, "f8"))
    assert abs(np.asarray(wide)).max() > 1e-3
    np.testing.assert_allclose(found, wide, rtol=0, atol=1e-6)
    np.testing.assert_allclose(jax.jit(jax.grad(of_weights))(w), found, rtol=0, atol=1e-7)
    several = jax.vmap(jax.grad(of_weights))(jnp.stack([w, 2 * w]))
    np.testing.assert_allclose(several[0], found, rtol=0, atol=1e-7)
    both = jax.jit(lambda w: (of_weights(w), w.sum()))
    assert (jax.grad(lambda w: both(w)[1])(w) == 1.0).all()  # nobody asks for the first
    forward = jax.jacfwd(of_weights)(jnp.asarray(w))
    np.testing.assert_allclose(forward, found, rtol=0, atol=1e-7)
