"""A weighting and a loss that other packages add: one file and one line each, on every backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from toys import halving
from toys.poly import binary_poly_cross_entropy, poly_cross_entropy

from wce_conformance.adapters import adapter
from wce_core import losses
from wce_core.formulas.terms import NEGATIVE_LOG_LIKELIHOOD
from wce_core.formulas.weightings import WEIGHTINGS, register

RNG = np.random.default_rng(8)
X, Y = RNG.normal(size=(6, 4)), RNG.integers(0, 4, 6)
BITS, WEIGHTS = RNG.integers(0, 2, (6, 4)), RNG.random(4) + 0.5
LISTED = WEIGHTS.tolist()
AGE = np.array([0.0, 1.0, 0.5, 3.0, 2.0, 0.0])


@pytest.fixture
def _halving() -> Iterator[None]:
    halving.add()
    yield
    del WEIGHTINGS["age"]


def both(backend: str, loss: Callable[..., Any], **arrays: Any) -> Iterator[tuple[Any, Any]]:
    """Value and gradient by every route, native and exact."""
    own = adapter(backend)
    tensors = {name: own.array(array) for name, array in arrays.items()}
    for route in own.routes:
        value, gradient = own.differentiate(route, loss, tensors, "predictions")
        yield own.numpy(value), own.numpy(gradient)


@pytest.mark.usefixtures("_halving")
@pytest.mark.parametrize("reduction", ["sum", "weighted_mean"])
def test_a_weighting(backend: str, reduction: str) -> None:
    loss = losses.categorical_loss(NEGATIVE_LOG_LIKELIHOOD)

    def aged(**given: Any) -> Any:
        return loss(**given, class_weight=LISTED, reduction=reduction)

    def weighed(**given: Any) -> Any:
        return losses.cross_entropy(**given, class_weight=LISTED, reduction=reduction)

    found = both(backend, aged, predictions=X, targets=Y, age=AGE)
    wanted = both(backend, weighed, predictions=X, targets=Y, sample_weight=2.0**-AGE)
    for (value, gradient), (want, slope) in zip(found, wanted, strict=True):
        np.testing.assert_allclose(value, want, rtol=1e-14)
        np.testing.assert_allclose(gradient, slope, rtol=1e-12)


def poly(p: np.ndarray) -> np.ndarray:
    return -np.log(p) + 2.0 * (1.0 - p)


def categorical(x: np.ndarray) -> float:
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    chosen = p[np.arange(6), Y]
    return float((WEIGHTS[Y] * poly(chosen)).sum() / WEIGHTS[Y].sum())


def binary(x: np.ndarray) -> float:
    p = 1.0 / (1.0 + np.exp(-x))
    return float(np.where(BITS == 1, 3.0 * poly(p), poly(1.0 - p)).mean())


def slopes(function: Callable[[np.ndarray], float]) -> np.ndarray:
    """By central differences."""
    found, step = np.empty_like(X), 1e-5
    for place in np.ndindex(X.shape):
        shift = np.zeros_like(X)
        shift[place] = step
        found[place] = (function(X + shift) - function(X - shift)) / (2 * step)
    return found


def test_a_loss_of_classes(backend: str) -> None:
    def loss(**given: Any) -> Any:
        options = {"class_weight": LISTED, "reduction": "weighted_mean"}
        return poly_cross_entropy(**given, **options)

    for value, gradient in both(backend, loss, predictions=X, targets=Y):
        np.testing.assert_allclose(value, categorical(X), rtol=1e-12)
        np.testing.assert_allclose(gradient, slopes(categorical), atol=1e-9)


def test_a_loss_of_labels(backend: str) -> None:
    def loss(**given: Any) -> Any:
        return binary_poly_cross_entropy(**given, pos_weight=3.0)

    for value, gradient in both(backend, loss, predictions=X, targets=BITS):
        np.testing.assert_allclose(value, binary(X), rtol=1e-12)
        np.testing.assert_allclose(gradient, slopes(binary), atol=1e-9)


def test_a_defined_loss_is_the_cross_entropy_with_its_term() -> None:
    loss = losses.categorical_loss(NEGATIVE_LOG_LIKELIHOOD)
    costs = RNG.random((4, 4))
    options = {"cost_matrix": costs, "label_smoothing": 0.1, "axis": 0, "reduction": "none"}
    found = loss(X[:4].T, Y[:4], **options)
    np.testing.assert_array_equal(found, losses.cross_entropy(X[:4].T, Y[:4], **options))


@pytest.mark.parametrize(
    ("loss", "name"),
    [(poly_cross_entropy, "pos_weight"), (binary_poly_cross_entropy, "cost_matrix")],
)
def test_arguments_that_it_has_not(loss: Callable[..., Any], name: str) -> None:
    for wrong in (name, "class_weights"):
        with pytest.raises(TypeError, match=f"no argument '{wrong}'; expected one of .*reduction"):
            loss(X, Y, **{wrong: 1.0})


def test_a_name_that_is_taken() -> None:
    with pytest.raises(ValueError, match="'mask' already"):
        register(WEIGHTINGS["mask"])
