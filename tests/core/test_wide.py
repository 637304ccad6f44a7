"""Targets and weights that float32 does not hold, beside float32 predictions, few and many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wce_conformance.adapters import adapter
from wce_core import losses, value_and_grad
from wce_core.call.mass_dtype import FEW, mass_dtype
from wce_core.frameworks.registry import numpy_backend

SIZES = {"few": 6, "many": FEW // 2}
"""Items of three classes: calls of many predictions look at the weights."""
WEIGHTS = ([1e-50] * 3, [1e-50, 1.0, 1.0], [1e200, 1.0, 1e-200], [1e30, 1e30, 1e-10])
EPS = float(np.finfo(np.float32).eps)


def run(
    backend: str, loss: Any, arrays: dict[str, np.ndarray], route: str = "eager", **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Value and gradient to the predictions; options may be lists, which are float64."""
    own = adapter(backend)
    made = {name: own.array(array) for name, array in arrays.items()}
    value, gradient = own.differentiate(
        route, lambda **given: loss(**given, **options), made, "predictions"
    )
    return own.numpy(value), own.numpy(gradient)


def close(got: tuple[np.ndarray, ...], want: tuple[np.ndarray, ...]) -> None:
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=4 * EPS, atol=4 * EPS * np.abs(b).max())


@pytest.mark.parametrize("epsilon", [0.0, 0.1])
@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
@pytest.mark.parametrize("size", SIZES)
def test_an_index_is_its_one_hot_row(
    backend: str, size: str, weights: list[float], epsilon: float
) -> None:
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(SIZES[size], 3)), rng.integers(0, 3, SIZES[size])
    arrays = {"predictions": x.astype(np.float32), "targets": labels}
    options = {"class_weight": weights, "label_smoothing": epsilon, "reduction": "weighted_mean"}
    index = run(backend, losses.cross_entropy, arrays, **options)
    one_hot = {**arrays, "targets": np.eye(3, dtype=np.float32)[labels]}
    assert index[0] > 0
    assert np.abs(index[1]).max() > 0
    close(run(backend, losses.cross_entropy, one_hot, **options), index)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_products_of_class_weights(backend: str, size: str, soft: bool) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=3 * SIZES[size]), rng.random(3 * SIZES[size])
    y = y if soft else y.round()
    arrays = {"predictions": x.astype(np.float32), "targets": y.astype(np.float32)}
    loss = losses.binary_cross_entropy
    large = run(
        backend, loss, arrays, class_weight=[1e40, 1e20], pos_weight=1e20, reduction="weighted_mean"
    )
    close(large, run(backend, loss, arrays, reduction="weighted_mean"))


@pytest.mark.parametrize("size", SIZES)
def test_one_minus_a_float64_target(backend: str, size: str) -> None:
    count = 3 * SIZES[size]
    x, y = np.full(count, 20.0, np.float32), np.full(count, 1.0 - 1e-9)
    value, gradient = run(
        backend,
        lambda predictions: losses.binary_cross_entropy(predictions, y),
        {"predictions": x},
    )
    np.testing.assert_allclose(value, 2.2061153622501583e-08, rtol=4 * EPS)
    slope = (1e-9 - 2.061153618190204e-09) / count
    np.testing.assert_allclose(gradient, slope, rtol=1e-5)


ARGUMENTS = {
    "predictions": np.array([[np.nan, 0.0, 1.0], [-np.inf] * 3, [0.5, 1.0, 0.0]], np.float32),
    "targets": np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], np.float32),
    "sample_weight": np.zeros(3, np.float32),
    "class_weight": np.array([1.0, 2.0, 0.5], np.float32),
}


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("route", ["eager", "functional", "compiled", "xla"])
def test_no_gradient_over_zero(backend: str, route: str, name: str) -> None:
    """Whatever the rows are, to every argument."""
    own = adapter(backend)
    if route not in own.routes or (name != "predictions" and backend in EXPLICIT):
        return
    value, gradient = own.differentiate(
        route,
        lambda **given: losses.cross_entropy(**given, reduction="weighted_mean"),
        {key: own.array(array) for key, array in ARGUMENTS.items()},
        name,
    )
    assert own.numpy(value) == 0
    assert (own.numpy(gradient) == 0).all()


EXPLICIT = ("numpy", "array_api_strict")
"""Without gradients to anything but the predictions."""


@pytest.mark.parametrize(
    ("count", "weights", "targets", "dtype"),
    [
        (FEW, [0.0, 2.0, 0.5], "float32", "float32"),
        (FEW, None, "float32", "float32"),
        (FEW, None, "float64", "float64"),
        (FEW, [1.0, 2.0, 1e-50], "float32", "float64"),
        (FEW, [1.0, 2.0, 1e50], "float32", "float64"),
        (4, None, "float32", "float32"),
        (4, [1.0, 2.0, 0.5], "float32", "float64"),
    ],
)
def test_masses_are_as_wide_as_they_need(
    count: int, weights: list[float] | None, targets: str, dtype: str
) -> None:
    """A row of ordinary masses, ordinarily weighted, takes no memory of float64."""
    arrays = {
        "predictions": np.zeros((count, 3), np.float32),
        "targets": np.zeros((count, 3), targets),
    }
    if weights is not None:
        arrays["class_weight"] = np.array(weights)
    names = ("class_weight", "pos_weight")
    found = mass_dtype(numpy_backend(), arrays, arrays, names, "float32", "float64")
    assert found == dtype


@pytest.mark.parametrize("mean", ["weighted_mean", "nonzero_mean"])
def test_parts_over_zero(backend: str, mean: str) -> None:
    """The value everywhere; the gradient where the library makes it itself."""
    own = adapter(backend)
    rows, weights = own.array(ARGUMENTS["predictions"]), [0.0, 0.0, 0.0]

    def loss(x: Any) -> Any:
        targets = np.array([0, 0, 2])
        parts = losses.cross_entropy(x, targets, sample_weight=weights, reduction="parts")
        return getattr(parts, mean)()

    value, gradient = value_and_grad(loss)(rows)
    assert own.numpy(value) == 0
    assert backend not in EXPLICIT or (own.numpy(gradient) == 0).all()


@pytest.mark.parametrize(
    ("weights", "dtype"),
    [
        ({"class_weight": "float32"}, "float32"),
        ({"class_weight": "float64"}, "float64"),
        ({"class_weight": "float32", "pos_weight": "float32"}, "float64"),
    ],
)
def test_masses_beside_weights_that_nobody_can_read(
    monkeypatch: pytest.MonkeyPatch, weights: dict[str, str], dtype: str
) -> None:
    """As a compiler takes them: one float32 weight is multiplied as it is, a product is not."""
    be = numpy_backend()
    monkeypatch.setattr(type(be), "readable", lambda *_: False)
    monkeypatch.setattr(type(be), "known", lambda *_: None)
    arrays = {name: np.zeros((FEW, 3), np.float32) for name in ("predictions", "targets")}
    own = {name: np.ones(2, kind) for name, kind in weights.items()}
    names = ("class_weight", "pos_weight")
    assert mass_dtype(be, {**arrays, **own}, own, names, "float32", "float64") == dtype
