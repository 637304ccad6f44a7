"""``Probabilities``: conventions of other libraries; ``pos_weight`` per element; item losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import adapter
from wce_core import losses
from wce_core.frameworks.registry import backend_of
from wce_core.losses import Probabilities

P = np.array([[0.0, 0.3, 0.9], [0.5, 0.25, 0.25], [1.0, 0.0, 0.0]])
T = np.array([[1.0, 0.0, 0.5], [0.2, 1.0, 0.0], [0.0, 0.7, 1.0]])
Y = np.array([0, 2, 1])

CONVENTIONS = [
    Probabilities(),
    Probabilities(clip=0.1),
    Probabilities(offset=0.01),
    Probabilities(clip=0.1, offset=0.1),
    Probabilities(floor=-1.0),
    Probabilities(floor=-1.0, offset=0.01),
    Probabilities(clip=1e-3, normalize="before"),
    Probabilities(clip=1e-3, normalize="after"),
]


def logarithm(p: np.ndarray, convention: Probabilities) -> np.ndarray:
    """log p, step by step."""
    if convention.normalize == "before":
        p = p / p.sum(axis=1, keepdims=True)
    if convention.clip is not None:
        p = np.clip(p, convention.clip, 1 - convention.clip)
    if convention.normalize == "after":
        p = p / p.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        found = np.log(p + convention.offset)
    return found if convention.floor is None else np.maximum(found, convention.floor)


def binary_logarithms(p: np.ndarray, convention: Probabilities) -> tuple[np.ndarray, np.ndarray]:
    if convention.clip is not None:
        p = np.clip(p, convention.clip, 1 - convention.clip)
    rest = Probabilities(offset=convention.offset, floor=convention.floor)
    return logarithm(p, rest), logarithm(1 - p, rest)


def slope(function: Any, p: np.ndarray) -> np.ndarray:
    """Central differences."""
    found, step = np.zeros_like(p), 1e-6
    for place in np.ndindex(p.shape):
        up, down = p.copy(), p.copy()
        up[place] += step
        down[place] -= step
        found[place] = (function(up) - function(down)) / (2 * step)
    return found


def differentiated(backend: str, function: Any, p: np.ndarray, **arrays: Any) -> tuple[Any, Any]:
    own = adapter(backend)
    if backend == "jax":
        import jax

        with jax.enable_x64(True):
            return _differentiated(own, function, p, arrays)
    return _differentiated(own, function, p, arrays)


def _differentiated(own: Any, function: Any, p: np.ndarray, arrays: Any) -> tuple[Any, Any]:
    inside = {"x": own.array(p), **{k: own.array(v) for k, v in arrays.items()}}
    value, gradient = own.differentiate("eager", function, inside, "x")
    return own.numpy(value), own.numpy(gradient)


@pytest.mark.parametrize("convention", CONVENTIONS, ids=str)
@pytest.mark.parametrize("dense", [False, True])
def test_rows_of_probabilities(backend: str, convention: Probabilities, dense: bool) -> None:
    p = np.clip(P, 0.02, 0.97) if convention.clip != 0.1 else np.where(P == 0, 0.02, P * 0.97)
    q = T if dense else np.eye(3)[Y]

    def expected(p: np.ndarray) -> float:
        return float(-(q * logarithm(p, convention)).sum())

    value, gradient = differentiated(
        backend,
        lambda x, y: losses.cross_entropy(x, y, form=convention, reduction="sum"),
        p,
        y=T if dense else Y,
    )
    np.testing.assert_allclose(value, expected(p), rtol=1e-12)
    np.testing.assert_allclose(gradient, slope(expected, p), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("convention", CONVENTIONS[:6], ids=str)
def test_binary_probabilities(backend: str, convention: Probabilities) -> None:
    p = np.clip(0.97 * P, 0.02, 1.0)  # no entry where a bound begins

    def expected(p: np.ndarray) -> float:
        one, zero = binary_logarithms(p, convention)
        return float(-(T * one + (1 - T) * zero).sum())

    value, gradient = differentiated(
        backend,
        lambda x, y: losses.binary_cross_entropy(x, y, form=convention, reduction="sum"),
        p,
        y=T,
    )
    np.testing.assert_allclose(value, expected(p), rtol=1e-12)
    np.testing.assert_allclose(gradient, slope(expected, p), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("p", "y", "convention", "expected"),
    [
        (np.array([0.0]), [1], Probabilities(clip=1e-7, floor=-100.0), -np.log(1e-7)),
        (np.array([[0.2, 0.6]]), [0], Probabilities(normalize="after", offset=0.1), -np.log(0.35)),
        (np.float32([1.0]), [0], Probabilities(offset=1e-8), -np.log(1e-8)),
        (np.float32([1.0]), [0], Probabilities(offset=1e-7), -np.log(1e-7)),
        (np.array([1.0]), [0], Probabilities(offset=1e-17), -np.log(1e-17)),
        (np.float32([1.0]), [1], Probabilities(offset=1e-7), -1e-7),
        (np.float32([0.0]), [1], Probabilities(offset=1e-50), -np.log(1e-50)),
        (np.float32([0.0]), [1], Probabilities(clip=1e-50), -np.log(1e-50)),
        (np.float32([[1.0, 0.0, 0.0]]), [0], Probabilities(clip=1e-7, normalize="after"), 2e-7),
    ],
    ids=str,
)
def test_order_and_ends(
    backend: str, p: np.ndarray, y: Any, convention: Probabilities, expected: float
) -> None:
    loss = losses.binary_cross_entropy if p.ndim == 1 else losses.cross_entropy
    value, _ = differentiated(backend, lambda x, y: loss(x, y, form=convention), p, y=np.array(y))
    np.testing.assert_allclose(value, expected, rtol=3e-7 if p.dtype == np.float32 else 1e-15)


def test_a_row_without_mass_has_no_quotient(backend: str) -> None:
    rows = np.array([[0.0, 0.0], [0.25, 0.75]])
    for when in ("before", "after"):
        value, gradient = differentiated(
            backend,
            lambda x, y, when=when: losses.cross_entropy(
                x, y, form=Probabilities(normalize=when), reduction="sum"
            ),
            rows,
            y=np.array([0, 1]),
        )
        assert np.isnan(value)
        assert np.isnan(gradient[0]).all()
        assert np.isfinite(gradient[1]).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_first_nan_is_the_largest(backend: str, dtype: str) -> None:
    rows = np.array([[0.5, np.nan, np.nan, 1.0], [np.nan, 0.0, 1.0, 2.0], [0.0, 2.0, 1.0, 2.0]])
    array = adapter(backend).array(rows.astype(dtype))
    be = backend_of(array)
    assert be is not None
    with be.scope():
        assert be.to_numpy(be.argmax(array, 1)).tolist() == [[1], [0], [1]]


@pytest.mark.parametrize("convention", CONVENTIONS[3:6], ids=str)
def test_certain_mistakes_are_bounded(backend: str, convention: Probabilities) -> None:
    p, y = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    value, gradient = differentiated(
        backend,
        lambda x, y: losses.binary_cross_entropy(x, y, form=convention, reduction="sum"),
        p,
        y=y,
    )
    one, _ = binary_logarithms(np.array([0.0]), convention)
    np.testing.assert_allclose(value, -2 * one[0], rtol=1e-12)
    assert np.isfinite(gradient).all()
    assert (gradient == 0).all()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"clip": 0.5}, "clip"),
        ({"clip": -0.1}, "clip"),
        ({"offset": -1.0}, "offset"),
        ({"floor": 0.0}, "floor"),
        ({"normalize": "first"}, "normalize"),
    ],
)
def test_conventions_that_make_no_sense(options: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        Probabilities(**options)


def test_conventions_where_they_make_no_sense() -> None:
    with pytest.raises(ValueError, match="normalize is for rows"):
        losses.binary_cross_entropy(P, T, form=Probabilities(normalize="before"))
    with pytest.raises(ValueError, match="clip beside"):
        losses.cross_entropy(P, Y, form=Probabilities(), clip=0.1)
    with pytest.raises(ValueError, match="before normalization"):
        losses.cross_entropy(-P, Y, form=Probabilities(normalize="before"))
    assert losses.cross_entropy(2 * P + 1, Y, form=Probabilities(normalize="before")) > 0


def test_pos_weight_per_element(backend: str) -> None:
    weights = np.array([[1.0], [2.0], [3.0]])
    value, gradient = differentiated(
        backend,
        lambda x, y, w: losses.binary_cross_entropy(x, y, pos_weight=w, reduction="sum"),
        P,
        y=T,
        w=weights,
    )
    s = 1 / (1 + np.exp(-P))
    expected = -(weights * T * np.log(s) + (1 - T) * np.log(1 - s))
    np.testing.assert_allclose(value, expected.sum(), rtol=1e-12)
    np.testing.assert_allclose(gradient, (weights * T + 1 - T) * s - weights * T, rtol=1e-12)
    with pytest.raises(ValueError, match="pos_weight has shape"):
        losses.binary_cross_entropy(P, T, pos_weight=np.ones((2, 3)))


def items(x: Any) -> Any:
    return losses.cross_entropy(x, Y, reduction="none")


WEIGHTS = np.array([0.0, 1.0, 3.0])


def test_item_losses_under_value_and_grad() -> None:
    """They can be summed, averaged and weighed; no item's loss depends on another's predictions."""
    both = wce_core.value_and_grad
    _, whole = both(lambda x: losses.cross_entropy(x, Y, reduction="sum"))(P)
    _, weighed = both(lambda x: losses.cross_entropy(x, Y, sample_weight=WEIGHTS))(P)
    for function, expected in (
        (lambda x: items(x).sum(), whole),
        (lambda x: items(x).mean(), whole / 3),
        (lambda x: items(x).mean(axis=0), whole / 3),
        (lambda x: (items(x) * 2.0).sum() / 4.0, whole / 2),
        (lambda x: (items(x) / 2.0).sum(), whole / 2),
        (lambda x: (WEIGHTS * items(x)).mean(), weighed),
    ):
        _, gradient = both(function)(P)
        np.testing.assert_allclose(gradient, expected, rtol=1e-12)


def test_means_along_one_axis_under_value_and_grad() -> None:
    def function(x: Any) -> Any:
        rows = losses.binary_cross_entropy(x, T, reduction="none").mean(axis=-1)
        assert (rows.shape, rows.ndim, rows.dtype) == ((3,), 1, np.float64)
        return (rows * WEIGHTS).sum()

    value, gradient = wce_core.value_and_grad(function)(P)
    expected, slopes = wce_core.value_and_grad(
        lambda x: losses.binary_cross_entropy(
            x, T, sample_weight=WEIGHTS, reduction="sum", normalizer=3.0
        )
    )(P)
    np.testing.assert_allclose(value, expected)
    np.testing.assert_allclose(gradient, slopes)


def test_item_losses_are_no_single_value() -> None:
    with pytest.raises(ValueError, match="has no single gradient"):
        wce_core.value_and_grad(items)(P)
    with pytest.raises(ValueError, match="weights make"):
        wce_core.value_and_grad(lambda x: (items(x) * np.ones((2, 3))).sum())(P)
    with pytest.raises(TypeError, match="JAX"):
        wce_core.value_and_grad(lambda x: items(x) + 1.0)(P)
