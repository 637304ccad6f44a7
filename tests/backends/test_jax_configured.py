"""Configured losses as pytrees: their weights are leaves, everything else is static."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from wce_core import losses

RANDOM = np.random.default_rng(3)
X = jnp.asarray(RANDOM.normal(size=(5, 3)).astype(np.float32))
Y = jnp.asarray(RANDOM.integers(0, 3, 5))
T = jnp.asarray(RANDOM.random((5, 3)).astype(np.float32))
W = np.array([1.0, 2.0, 0.5], np.float32)
COSTS = np.ones((3, 3), np.float32) + np.eye(3, dtype=np.float32)
LOSSES: list[tuple[Any, Any]] = [
    (losses.CrossEntropy(), Y),
    (losses.CrossEntropy(class_weight=W, reduction="weighted_mean", label_smoothing=0.1), Y),
    (losses.CrossEntropy(class_weight={0: 1.0, 1: 2.0, 2: 0.5}), Y),
    (losses.CrossEntropy(class_weight=jnp.asarray(W), cost_matrix=COSTS, dtype=jnp.float32), Y),
    (losses.CrossEntropy(ignore_index=1, form=losses.Probabilities(floor=-100.0)), Y),
    (losses.CrossEntropy(form=losses.Logits(temperature=2.0, margin=(0.5, 0.0, 1.0))), Y),
    (losses.BinaryCrossEntropy(pos_weight=4.0), T),
    (losses.BinaryCrossEntropy(class_weight=[[1.0, 2.0]] * 3, pos_weight=W), T),
    (losses.FocalCrossEntropy(gamma=1.5, class_weight=W), Y),
    (losses.AsymmetricLoss(margin=0.25, pos_weight=W), T),
]
IDS = [repr(loss) for loss, _ in LOSSES]


@pytest.mark.parametrize(("loss", "y"), LOSSES, ids=IDS)
def test_argument_of_a_jitted_function(loss: Any, y: Any) -> None:
    x = jax.nn.softmax(X) if isinstance(loss.form, losses.Probabilities) else X
    found = jax.jit(lambda own, x, y: own(x, y))(loss, x, y)
    np.testing.assert_allclose(found, loss(x, y), rtol=1e-6)


@pytest.mark.parametrize(("loss", "y"), LOSSES, ids=IDS)
def test_there_and_back(loss: Any, y: Any) -> None:
    leaves, structure = jax.tree.flatten(loss)
    again = jax.tree.unflatten(structure, leaves)
    assert again == loss
    assert hash(again) == hash(loss)
    assert repr(again) == repr(loss)


def test_other_weights_need_no_other_program() -> None:
    traces = []

    @jax.jit
    def value(loss: Any) -> Any:
        traces.append(loss)
        return loss(X, Y)

    a, b = (losses.CrossEntropy(class_weight=w, reduction="sum") for w in (W, 2 * W))
    np.testing.assert_allclose(value(b), 2 * value(a), rtol=1e-6)
    assert len(traces) == 1
    value(losses.CrossEntropy(class_weight=W))
    assert len(traces) == 2


def of_argument(model: dict[str, Any]) -> Any:
    return model["loss"](X @ model["w"], Y)


DERIVATIVES: dict[str, Any] = {
    "grad": jax.grad(of_argument),
    "jit of grad": jax.jit(jax.grad(of_argument)),
    "grad of jit": jax.grad(jax.jit(of_argument)),
    "vjp": lambda model: jax.vjp(of_argument, model)[1](1.0),
    "jvp": lambda model: jax.jvp(of_argument, (model,), (model,)),
    "of the loss itself": lambda model: jax.grad(lambda loss: loss(X, Y))(model["loss"]),
    "combined": lambda model: jax.grad(lambda loss: loss(X, Y))(
        losses.combine((0.5, model["loss"]), (0.5, losses.CrossEntropy()))
    ),
}


@pytest.mark.parametrize("derivative", DERIVATIVES.values(), ids=DERIVATIVES)
def test_a_step_trains_no_weights_unasked(derivative: Any) -> None:
    """An optimizer would make them small, and weight decay even with a gradient of 0."""
    for weight in (W, jnp.asarray(W), {0: 1.0, 1: 2.0, 2: 0.5}):
        model = {"w": jnp.eye(3), "loss": losses.CrossEntropy(class_weight=weight)}
        with pytest.raises(
            TypeError, match=r"a step would train them.*replace\(loss, class_weight"
        ):
            derivative(model)


def test_what_is_differentiated_beside_a_loss() -> None:
    """Its weights may be traced, carried through a loop and recomputed."""
    loss = losses.CrossEntropy(class_weight=W, cost_matrix=COSTS, reduction="weighted_mean")

    def repeated(w: Any, loss: Any) -> Any:
        one = jax.checkpoint(lambda w, loss: loss(X @ w, Y))
        return lax.scan(lambda sum_, _: (sum_ + one(w, loss), None), 0.0, None, length=3)[0]

    expected = jax.grad(lambda w: 3 * loss(X @ w, Y))(jnp.eye(3))
    for gradient in (jax.grad(repeated), jax.jit(jax.grad(repeated))):
        np.testing.assert_allclose(gradient(jnp.eye(3), loss), expected, rtol=1e-5, atol=1e-7)
    curved = jax.jit(jax.hessian(lambda w, loss: loss(X @ w, Y)))(jnp.eye(3), loss)
    assert curved.shape == (3, 3, 3, 3)


@pytest.mark.parametrize("compiled", [False, True])
def test_weights_that_are_asked_for_have_a_gradient(compiled: bool) -> None:
    """They are passed as arrays, to the loss or in the place of those that it holds."""
    loss = losses.CrossEntropy(class_weight=W, cost_matrix=COSTS, reduction="weighted_mean")

    def value(w: Any, a: Any) -> Any:
        return losses.cross_entropy(X, Y, class_weight=w, cost_matrix=a, reduction="weighted_mean")

    def configured(w: Any, a: Any) -> Any:
        return replace(loss, class_weight=w, cost_matrix=a)(X, Y)

    gradient = jax.grad(configured, (0, 1))
    found = (jax.jit(gradient) if compiled else gradient)(jnp.asarray(W), jnp.asarray(COSTS))
    expected = jax.grad(value, (0, 1))(jnp.asarray(W), jnp.asarray(COSTS))
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)
        assert np.any(mine)


def test_vmap_over_stacked_weights() -> None:
    both = [losses.CrossEntropy(class_weight=w) for w in (W, 3 * W)]
    stacked = jax.tree.map(lambda *w: jnp.stack(w), *both)
    found = jax.vmap(lambda loss: loss(X, Y))(stacked)
    np.testing.assert_allclose(found, [float(loss(X, Y)) for loss in both], rtol=1e-6)


def test_what_stands_for_weights_is_not_looked_at() -> None:
    loss = losses.CrossEntropy(class_weight={0: 1.0, 1: 2.0}, cost_matrix=np.eye(2))
    for stand_in in (object(), None, "name", [1], -1.0):
        assert jax.tree.map(lambda _, own=stand_in: own, loss)
    shapes = jax.eval_shape(lambda own: own, loss)
    assert [leaf.shape for leaf in jax.tree.leaves(shapes)] == [(), (), (2, 2)]


def test_leaves_have_names() -> None:
    loss = losses.CrossEntropy(class_weight={0: 1.0, 1: 2.0}, cost_matrix=np.eye(2))
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(loss)]
    assert paths == [".class_weight[0]", ".class_weight[1]", ".cost_matrix"]


def test_static_arguments_still_do() -> None:
    loss = losses.CrossEntropy(class_weight=[1.0, 2.0, 0.5])
    found = jax.jit(lambda own, x, y: own(x, y), static_argnums=0)(loss, X, Y)
    np.testing.assert_allclose(found, loss(X, Y), rtol=1e-6)


def test_weights_of_the_batch_are_no_leaf() -> None:
    loss = losses.CrossEntropy(class_weight="balanced", cost_matrix=COSTS)
    assert len(jax.tree.leaves(loss)) == 1
    found = jax.jit(lambda own, x, y: own(x, y))(loss, X, Y)
    np.testing.assert_allclose(found, loss(X, Y), rtol=1e-6)
    assert jax.tree.map(lambda w: w, loss).class_weight == "balanced"


def test_a_batch_is_what_one_call_sees() -> None:
    loss = losses.CrossEntropy(class_weight="balanced", reduction="none")
    batches = jnp.stack([jnp.asarray(X), 2.0 * jnp.asarray(X)])
    labels = jnp.stack([jnp.asarray(Y), jnp.zeros_like(jnp.asarray(Y))])
    found = jax.vmap(loss)(batches, labels)
    for x, y, own in zip(batches, labels, found, strict=True):
        np.testing.assert_allclose(own, loss(x, y), rtol=1e-6)


ORDERS = {
    "jax first": "import jax; from wce_core import losses; loss = losses.CrossEntropy()",
    "jax second": "from wce_core import losses; import jax; loss = losses.CrossEntropy()",
    "jax last": "from wce_core import losses; loss = losses.CrossEntropy(); import jax",
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_before_this_library_has_seen_an_array(order: str) -> None:
    code = """
        assert jax.tree.leaves(loss) == []
        x, y = jax.numpy.zeros((1, 2)), jax.numpy.ones(1, int)
        value = jax.jit(lambda loss, x, y: loss(x, y))(loss, x, y)
        assert abs(value - 0.6931472) < 1e-6
    """
    subprocess.run([sys.executable, "-c", f"{order}\n{textwrap.dedent(code)}"], check=True)
