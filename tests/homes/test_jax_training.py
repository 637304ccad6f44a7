"""Loops of Flax NNX and Equinox that hold a configured loss, beside the same with optax' own."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from wce_core import losses, metrics
from wce_core.jax import Metric, metric

RANDOM = np.random.default_rng(2)
Y = jnp.asarray(RANDOM.integers(0, 3, 60))
X = jnp.asarray(RANDOM.normal(size=(60, 4)).astype(np.float32)) + 1.5 * jax.nn.one_hot(Y, 4)
W = np.array([1.0, 3.0, 0.5], np.float32)
WEIGHTED = losses.CrossEntropy(class_weight=W, reduction="weighted_mean")
STEPS = 25
OPTIMIZER = optax.adamw(0.03, weight_decay=0.1)


def by_optax(x: Any, y: Any) -> Any:
    each = optax.softmax_cross_entropy_with_integer_labels(x, y)
    return (each * W[y]).sum() / jnp.asarray(W)[y].sum()


class NnxModel(nnx.Module):
    """An optimizer of ``nnx.Param`` finds none in the loss."""

    def __init__(self, loss: Any) -> None:
        rngs = nnx.Rngs(0)
        self.hidden, self.out = nnx.Linear(4, 8, rngs=rngs), nnx.Linear(8, 3, rngs=rngs)
        self.loss = nnx.data(loss)

    def __call__(self, x: Any) -> Any:
        return self.out(nnx.tanh(self.hidden(x)))


def nnx_trained(loss: Any, held: Any = None) -> tuple[float, NnxModel]:
    model = NnxModel(held)
    optimizer = nnx.Optimizer(model, OPTIMIZER, wrt=nnx.Param)

    @nnx.jit
    def step(model: NnxModel, optimizer: Any) -> Any:
        value, slope = nnx.value_and_grad(lambda m: (m.loss or loss)(m(X), Y))(model)
        optimizer.update(model, slope)
        return value

    for _ in range(STEPS):
        value = step(model, optimizer)
    return float(value), model


def test_nnx() -> None:
    """The loss is a part of the model: its weights are state, and no parameters."""
    expected, plain = nnx_trained(by_optax)
    found, model = nnx_trained(None, WEIGHTED)
    assert abs(found - expected) <= 1e-6 * expected
    assert found < 0.7
    np.testing.assert_array_equal(model.loss.class_weight.array, W)
    params = jax.tree.structure(nnx.state(model, nnx.Param))
    assert params == jax.tree.structure(nnx.state(plain, nnx.Param))
    assert len(jax.tree.leaves(nnx.state(model))) == 5
    everything = nnx.DiffState(0, ...)
    with pytest.raises(TypeError, match="a step would train them"):
        nnx.grad(lambda m: m.loss(m(X), Y), argnums=everything)(model)


def test_nnx_weights_that_are_parameters() -> None:
    """Whoever wants them trained says so."""
    weight = nnx.Param(jnp.asarray(W))
    gradient = nnx.grad(lambda w: replace(WEIGHTED, class_weight=w[...])(X[:, :3], Y))(weight)
    wanted = jax.grad(
        lambda w: losses.cross_entropy(X[:, :3], Y, class_weight=w, reduction="weighted_mean")
    )(jnp.asarray(W))
    np.testing.assert_allclose(gradient[...], wanted, rtol=1e-6)
    assert np.any(wanted)


class Merged(nnx.Metric):
    """A metric of NNX: the state is a metric of this library."""

    def __init__(self, metric: Metric, *batch: Any) -> None:
        self.merged = nnx.metrics.MetricState(metric.empty(*batch))

    def reset(self) -> None:
        self.merged.set_value(jax.tree.map(jnp.zeros_like, self.merged.get_value()))

    def update(self, **output: Any) -> None:
        merged = self.merged.get_value()
        self.merged.set_value(merged.merge(merged.from_model_output(**output)))

    def compute(self) -> Any:
        return self.merged.get_value().compute()


def test_a_metric_of_nnx() -> None:
    x = X[:, :3]
    of_both = nnx.MultiMetric(
        f1=Merged(metric(metrics.outcomes, "f1", average="macro"), x, Y),
        loss=Merged(metric(WEIGHTED), x, Y),
    )
    update = nnx.jit(lambda found, x, y: found.update(logits=x, labels=y))
    for part in (slice(0, 40), slice(40, 60)):
        update(of_both, x[part], Y[part])
    found = of_both.compute()
    np.testing.assert_allclose(found["f1"], metrics.outcomes(x, Y).f1("macro"), rtol=1e-6)
    np.testing.assert_allclose(found["loss"], WEIGHTED(x, Y), rtol=1e-6)
    of_both.reset()
    assert float(of_both.compute()["loss"]) == 0.0


class EqxModel(eqx.Module):
    """The weights of the loss are leaves of the model."""

    hidden: eqx.nn.Linear
    out: eqx.nn.Linear
    loss: Any

    def __init__(self, loss: Any) -> None:
        one, two = jax.random.split(jax.random.key(0))
        self.hidden, self.out = eqx.nn.Linear(4, 8, key=one), eqx.nn.Linear(8, 3, key=two)
        self.loss = loss

    def logits(self, x: Any) -> Any:
        return jax.vmap(lambda row: self.out(jnp.tanh(self.hidden(row))))(x)

    def __call__(self, x: Any, y: Any, loss: Any = None) -> Any:
        return (self.loss or loss)(self.logits(x), y)


def trained(model: Any) -> Any:
    """Which leaves are: every array but those of the loss."""
    is_loss = lambda part: isinstance(part, losses.CrossEntropy)
    return jax.tree.map(eqx.is_inexact_array, model, is_leaf=is_loss)


def eqx_trained(model: Any, beside: Any = None) -> tuple[float, Any]:
    params, rest = eqx.partition(model, trained(model))
    state = OPTIMIZER.init(params)

    @eqx.filter_jit
    def step(params: Any, rest: Any, state: Any, beside: Any) -> Any:
        objective = eqx.filter_value_and_grad(lambda p: eqx.combine(p, rest)(X, Y, beside))
        value, slope = objective(params)
        updates, state = OPTIMIZER.update(slope, state, params)
        return value, eqx.apply_updates(params, updates), state

    for _ in range(STEPS):
        value, params, state = step(params, rest, state, beside)
    return float(value), eqx.combine(params, rest)


def test_equinox() -> None:
    """A loss whose weights are leaves of the model, set apart, and one beside the model."""
    expected, _ = eqx_trained(EqxModel(None), by_optax)
    for model, beside in ((EqxModel(WEIGHTED), None), (EqxModel(None), WEIGHTED)):
        found, after = eqx_trained(model, beside)
        assert abs(found - expected) <= 1e-6 * expected
        assert found < 0.7
        assert after.loss == model.loss


def test_equinox_refuses_to_train_what_nobody_asked_for() -> None:
    gradient = eqx.filter_grad(lambda model: model(X, Y))
    for each in (gradient, eqx.filter_jit(gradient)):
        with pytest.raises(TypeError, match=r"in Equinox by eqx.partition"):
            each(EqxModel(WEIGHTED))


def test_a_model_is_saved_with_its_loss(tmp_path: Any) -> None:
    """By Equinox leaf by leaf, into a model with other weights; and pickled whole."""
    model = EqxModel(WEIGHTED)
    eqx.tree_serialise_leaves(tmp_path / "model.eqx", model)
    other = EqxModel(replace(WEIGHTED, class_weight=np.ones(3, np.float32)))
    again = eqx.tree_deserialise_leaves(tmp_path / "model.eqx", other)
    assert again.loss == WEIGHTED
    for copy in (again, pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(copy(X, Y), model(X, Y))
