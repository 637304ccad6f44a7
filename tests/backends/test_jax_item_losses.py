"""Losses in the manner of optax: every loss of items, ``axis``, ``where``, and optax' own."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import wce_core.jax
from wce_core import LossParts
from wce_core.losses.registry import LOSSES

RANDOM = np.random.default_rng(5)
X = jnp.asarray(RANDOM.normal(size=(4, 6, 3)).astype(np.float32))
Y = jnp.asarray(RANDOM.integers(0, 3, (4, 6)))
B = jnp.asarray(RANDOM.integers(0, 2, (4, 6, 3)))
WHERE = jnp.asarray(RANDOM.random((4, 6)) < 0.6)
MORE: dict[str, dict[str, Any]] = {
    "expected_cost": {"costs": 1.0 - np.eye(3)},
    "pairwise_cost": {"costs": 1.0 - np.eye(3)},
}


def labels_of(name: str) -> Any:
    if "any_of" in name:
        return jax.nn.one_hot(Y, 3, dtype=bool) | (B == 1)
    return Y if LOSSES[name]._categorical else B


def with_slope(loss: Any, *arrays: Any) -> tuple[Any, Any]:
    return loss(*arrays), jax.grad(lambda *a: loss(*a).sum())(*arrays)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_of_items(name: str) -> None:
    """Item by item, and differentiated, what the loss has with ``reduction="none"``."""
    own, kind = getattr(wce_core.jax, name), LOSSES[name]
    labels, weights = labels_of(name), [1.0, 2.0, 0.5] if kind._categorical else [1.0, 3.0]
    where = WHERE if kind._categorical else WHERE[..., None]
    options = {**MORE.get(name, {}), "class_weight": weights}

    def ours(x: Any, labels: Any, where: Any) -> Any:
        return own(x, labels, where=where, **options)

    def theirs(x: Any, labels: Any, where: Any) -> Any:
        return kind._function(x, labels, mask=where, reduction="none", **options)

    @jax.jit
    def both(*arrays: Any) -> Any:
        return [with_slope(each, *arrays) for each in (ours, theirs)]

    found, expected = both(X, labels, where)
    for mine, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-5, atol=1e-7)
        assert not np.any(mine[~WHERE])
        assert np.any(mine)
    eager = own(logits=np.asarray(X), labels=np.asarray(labels), where=np.asarray(where), **options)
    assert isinstance(eager, jax.Array)
    np.testing.assert_allclose(eager, expected[0], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", LOSSES)
def test_what_help_shows(name: str) -> None:
    own, loss = getattr(wce_core.jax, name), LOSSES[name]._function
    assert name in wce_core.jax.__all__
    assert (own.__module__, own.__name__, own.__qualname__) == ("wce_core.jax", name, name)
    assert pickle.loads(pickle.dumps(own)) is own
    parameters = inspect.signature(own).parameters
    assert list(parameters)[:5] == ["logits", "labels", "axis", "where", "reduction"]
    assert parameters["reduction"].default == "none"
    theirs = inspect.signature(loss).parameters
    assert parameters["axis"].default == theirs["axis"].default
    renamed = {*list(theirs)[:2], "mask"}
    assert set(parameters) - {"logits", "labels", "where"} == set(theirs) - renamed
    formula = inspect.cleandoc(loss.__doc__ or "").partition("\nParameters")[0]
    assert (own.__doc__ or "").startswith(formula)
    assert "{" not in (own.__doc__ or "").removeprefix(formula)


@jax.jit
def beside_optax(x: Any, y: Any, b: Any, kept: Any) -> list[tuple[Any, Any]]:
    """What a user gets who changes the import and nothing else, and what optax has."""
    own, integer = wce_core.jax, optax.softmax_cross_entropy_with_integer_labels
    shares, moved = jax.nn.softmax(2 * x[::-1]), jnp.moveaxis(x, -1, 1)
    where = jnp.broadcast_to(kept[..., None], x.shape)
    return [
        (own.cross_entropy(x, y), integer(x, y)),
        (own.cross_entropy(moved, y, 1), integer(moved, y, 1)),
        (own.cross_entropy(x, shares), optax.softmax_cross_entropy(x, shares)),
        (
            own.cross_entropy(x, shares, where=kept),
            optax.softmax_cross_entropy(x, shares, where=where),
        ),
        (
            own.cross_entropy(x, shares, where=kept[..., None]),
            optax.softmax_cross_entropy(x, shares, where=where),
        ),
        (own.binary_cross_entropy(x, b), optax.sigmoid_binary_cross_entropy(x, b)),
        (
            own.binary_focal_cross_entropy(x, b, gamma=2.0, class_weight=[0.75, 0.25]),
            optax.sigmoid_focal_loss(x, b, alpha=0.25, gamma=2.0),
        ),
    ]


def test_the_same_as_optax() -> None:
    for own, theirs in beside_optax(X, Y, B, WHERE):
        np.testing.assert_allclose(own, theirs, rtol=4e-6)


def test_a_mean_of_what_takes_part() -> None:
    found = wce_core.jax.cross_entropy(X, Y, where=WHERE, reduction="mean")
    wanted = wce_core.jax.cross_entropy(X, Y)
    np.testing.assert_allclose(found, jnp.mean(wanted, where=WHERE), rtol=1e-6)
    parts = wce_core.jax.cross_entropy(X, Y, where=WHERE, reduction="parts")
    assert isinstance(parts, LossParts)
    assert int(parts.items) == int(WHERE.sum())
    spoilt = jnp.where(WHERE[..., None], X, jnp.nan)
    again = wce_core.jax.cross_entropy(spoilt, Y, where=WHERE)
    np.testing.assert_array_equal(again, jnp.where(WHERE, wanted, 0.0))


def test_what_is_refused() -> None:
    single_classes = jnp.ones(X.shape, bool)
    with pytest.raises(ValueError, match=r"where has shape \(4, 6, 3\).*set their logits to -inf"):
        wce_core.jax.cross_entropy(X, Y, where=single_classes)
    with pytest.raises(TypeError, match="cross_entropy got mask; here, as in optax, it is called"):
        wce_core.jax.cross_entropy(X, Y, mask=WHERE)
    with pytest.raises(ValueError, match="mask has shape"):
        wce_core.jax.cross_entropy(X, Y, where=WHERE[:, :2])
