"""Metrics in the manner of clu: merged, compiled, scanned, added up over devices."""

from __future__ import annotations

import pickle
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.sharding import AxisType, PartitionSpec

from wce_core import losses, metrics
from wce_core.jax import Metric, metric

RANDOM = np.random.default_rng(7)
X = jnp.asarray(RANDOM.normal(size=(12, 3)).astype(np.float32))
Y = jnp.asarray(RANDOM.integers(0, 3, 12))
S = jnp.asarray(RANDOM.random(12).astype(np.float32))
MASK = jnp.asarray(RANDOM.random(12) < 0.7)
W = [1.0, 2.0, 5.0]
WEIGHTED = partial(metrics.outcomes, class_weight=W)


def first(x: Any, y: Any, of: Any, **given: Any) -> Any:
    """A binary metric of the first class."""
    return of(x[:, 0], y == 0, **given)


CASES: dict[str, tuple[Metric, Any]] = {
    "accuracy": (
        metric(WEIGHTED, "accuracy"),
        lambda x, y, **g: metrics.outcomes(x, y, class_weight=W, **g).accuracy(),
    ),
    "f1": (
        metric(metrics.outcomes, "f1", average="macro"),
        lambda x, y, **g: metrics.outcomes(x, y, **g).f1("macro"),
    ),
    "top k": (
        metric(partial(metrics.top_k, k=(1, 2)), "accuracy"),
        lambda x, y, **g: metrics.top_k(x, y, k=(1, 2), **g).accuracy(),
    ),
    "calibration": (
        metric(partial(metrics.calibration, bins=5), "expected_error"),
        lambda x, y, **g: metrics.calibration(x, y, bins=5, **g).expected_error(),
    ),
    "confusion matrix": (metric(metrics.confusion_matrix), metrics.confusion_matrix),
    "binary": (
        metric(partial(first, of=metrics.binary_outcomes), "balanced_accuracy"),
        lambda x, y, **g: metrics.binary_outcomes(x[:, 0], y == 0, **g).balanced_accuracy(),
    ),
    "log loss": (
        metric(metrics.log_loss, "weighted_mean"),
        lambda x, y, **g: metrics.log_loss(x, y, **g).weighted_mean(),
    ),
    "a loss": (
        metric(losses.FocalCrossEntropy(class_weight=W, reduction="weighted_mean")),
        losses.FocalCrossEntropy(class_weight=W, reduction="weighted_mean"),
    ),
    "a loss of regions": (
        metric(losses.DiceLoss(per="batch", class_weight=W)),
        losses.DiceLoss(per="batch", class_weight=W),
    ),
    "a function of sums": (
        metric(metrics.outcomes, lambda sums, beta: sums.tp.sum() * beta, beta=2.0),
        lambda x, y, **g: 2.0 * metrics.outcomes(x, y, **g).tp.sum(),
    ),
}
"""Each with what it is of the whole data, computed by NumPy."""


@pytest.mark.parametrize("name", CASES)
def test_batches_of_any_length(name: str) -> None:
    """Uneven, masked, weighted, empty: compiled, and the number is that of the whole."""
    own, whole = CASES[name]

    @jax.jit
    def of_all(*arrays: Any) -> Metric:
        found = own.empty()
        for part in (slice(0, 5), slice(5, 5), slice(5, 12)):
            x, y, s, m = (each[part] for each in arrays)
            found = found.merge(own.from_model_output(x, y, sample_weight=s, mask=m))
        return found

    arrays = X, Y, S, MASK
    wanted = whole(*map(np.asarray, arrays[:2]), sample_weight=np.asarray(S), mask=np.asarray(MASK))
    np.testing.assert_allclose(of_all(*arrays).compute(), wanted, rtol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_a_scan_in_each_shard(name: str) -> None:
    """The state of a loop keeps its type, on every device of a mesh; then one psum."""
    own, whole = CASES[name]
    devices = len(jax.devices())
    mesh = jax.make_mesh((devices,), ("d",), axis_types=(AxisType.Auto,))
    place = PartitionSpec("d")

    def of_shard(x: Any, y: Any) -> Any:
        batches = x.reshape(2, -1, 3), y.reshape(2, -1)

        def body(state: Metric, batch: Any) -> tuple[Metric, None]:
            return state.merge(own.from_model_output(*batch)), None

        start = own.empty(batches[0][0], batches[1][0])
        return lax.psum(lax.scan(body, start, batches)[0], "d")

    both = jax.shard_map(of_shard, mesh=mesh, in_specs=(place, place), out_specs=PartitionSpec())
    found = jax.jit(both)(X, Y)
    assert isinstance(found, Metric)
    np.testing.assert_allclose(found.compute(), whole(np.asarray(X), np.asarray(Y)), rtol=1e-5)


def test_eager() -> None:
    """As in the manual of clu: one after the other, in any order, from outputs by their names."""
    own, whole = CASES["accuracy"]
    first, last = (
        own.from_model_output(logits=X[part], labels=Y[part]) for part in (slice(6), slice(6, 12))
    )
    for found in (first.merge(last), own.empty().merge(last).merge(first), own.empty(X, Y)):
        assert isinstance(found, Metric)
    np.testing.assert_allclose(last.merge(first).compute(), whole(np.asarray(X), np.asarray(Y)))
    assert float(own.empty(X, Y).compute()) == 0.0


def test_a_value_of_its_own() -> None:
    own = metric(WEIGHTED, "accuracy")
    assert own == metric(partial(metrics.outcomes, class_weight=W), "accuracy")
    assert own != metric(WEIGHTED, "f1")
    assert pickle.loads(pickle.dumps(own)) == own
    assert jax.tree.leaves(own) == []
    one = own.from_model_output(X, Y)
    assert len(jax.tree.leaves(one)) == 4
    assert jax.tree.structure(one) == jax.tree.structure(own.empty(X, Y))
    assert {leaf.dtype for leaf in jax.tree.leaves(own.empty(X, Y))} == {jnp.dtype("float32")}
    again = pickle.loads(pickle.dumps(one)).merge(one.empty(X, Y))
    np.testing.assert_array_equal(again.compute(), one.compute())


def test_what_is_refused() -> None:
    own = metric(metrics.outcomes, "accuracy")
    with pytest.raises(ValueError, match="nothing was merged into this metric"):
        own.compute()
    with pytest.raises(ValueError, match="is merged with"):
        own.from_model_output(X, Y).merge(metric(metrics.outcomes, "f1").empty())
    with pytest.raises(TypeError, match="no parts that can be added up; expected a loss that has"):
        metric(losses.LovaszSoftmaxLoss())
    with pytest.raises(ValueError, match="gives no number; say what parts come to"):
        metric(losses.CrossEntropy(reduction="none"))
    with pytest.raises(TypeError, match="expected a function such as metrics.outcomes"):
        metric("accuracy")
    with pytest.raises(TypeError, match="samle_weight"):
        own.from_model_output(X, Y, samle_weight=S)
    with pytest.raises(TypeError, match="expected keyword arguments alone"):
        metric(partial(metrics.outcomes, X))
    with pytest.raises(ValueError, match="ClassOutcomes has no method 'mean'"):
        metric(metrics.outcomes, "mean").from_model_output(X, Y).compute()
