"""Losses of other terms: what must hold of each of them, on every backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import Adapter, adapter
from wce_core import losses
from wce_core.losses.configured import ConfiguredItems
from wce_core.losses.registry import LOSSES

RNG = np.random.default_rng(12)
X = RNG.normal(size=(6, 4)) * 3
LABELS, BITS, SHARES = RNG.integers(0, 4, 6), RNG.random((6, 4)) < 0.4, RNG.random((6, 4))
OPTIONS: dict[str, list[dict[str, float]]] = {
    "cross_entropy": [{}],
    "binary_cross_entropy": [{}],
    "focal_cross_entropy": [{"gamma": gamma} for gamma in (0.0, 1e-3, 0.5, 1.0, 2.0, 5.0)],
    "binary_focal_cross_entropy": [{"gamma": gamma} for gamma in (0.0, 1e-3, 0.5, 1.0, 2.0, 5.0)],
    "poly_cross_entropy": [{"epsilon": epsilon} for epsilon in (-1.0, -0.5, 1.0)],
    "generalized_cross_entropy": [{"q": q} for q in (0.1, 0.7, 1.0)],
    "asymmetric_loss": [
        {"gamma_positive": positive, "gamma_negative": negative, "margin": margin}
        for positive, negative, margin in ((1.0, 4.0, 0.05), (0.0, 0.5, 0.0), (0.5, 0.0, 0.2))
    ],
}
CALLS = [
    pytest.param(name, options, id=f"{name} {options}")
    for name, several in OPTIONS.items()
    for options in several
]


def both(own: Adapter, name: str, x: np.ndarray, y: np.ndarray, **options: Any) -> Any:
    """Value and gradient."""
    loss = getattr(losses, name)
    found = wce_core.value_and_grad(lambda x, y: loss(x, y, **options))(own.array(x), own.array(y))
    return tuple(own.numpy(each).astype(np.float64) for each in found)


def targets_of(name: str, *, soft: bool = False) -> np.ndarray:
    if soft:
        return SHARES
    return LABELS if LOSSES[name]._categorical else BITS.astype(np.float64)


@pytest.mark.parametrize(("name", "options"), CALLS)
def test_finite_however_far_the_logits_are(backend: str, name: str, options: Any) -> None:
    own = adapter(backend)
    far = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 3.0], [90.0, 0.0, -90.0], [0.0, 0.0, 0.0]])
    for dtype in ("float32", "float64"):
        for label in range(3):
            y = np.full(4, label)
            if not LOSSES[name]._categorical:
                y = np.eye(3)[y].astype(dtype)
            for reduction in ("sum", "weighted_mean"):
                found = both(own, name, far.astype(dtype), y, reduction=reduction, **options)
                assert all(np.isfinite(each).all() for each in found)


@pytest.mark.parametrize(("name", "options"), CALLS)
def test_the_gradient_is_that_of_the_value(name: str, options: Any) -> None:
    """By central differences, of hard and of soft targets."""
    own, step = adapter("numpy"), 1e-5
    for soft in (False, True):
        y = targets_of(name, soft=soft)
        _, gradient = both(own, name, X, y, reduction="sum", **options)
        for place in ((0, 0), (2, 3), (5, 1)):
            shift = np.zeros_like(X)
            shift[place] = step
            up, down = (
                both(own, name, X + s, y, reduction="sum", **options)[0] for s in (shift, -shift)
            )
            assert gradient[place] == pytest.approx((up - down) / (2 * step), abs=1e-7, rel=1e-6)


def test_every_loss_has_options_here() -> None:
    """Every one that is made of −log p; other readings of a row have tests of their own."""
    assert set(OPTIONS) == {n for n, k in LOSSES.items() if k._reading is ConfiguredItems._reading}


SAME: list[tuple[tuple[str, dict[str, float]], tuple[str, dict[str, float]]]] = [
    (("focal_cross_entropy", {"gamma": 0.0}), ("cross_entropy", {})),
    (("binary_focal_cross_entropy", {"gamma": 0.0}), ("binary_cross_entropy", {})),
    (("poly_cross_entropy", {"epsilon": 0.0}), ("cross_entropy", {})),
    (
        ("asymmetric_loss", {"gamma_positive": 0.5, "gamma_negative": 0.5, "margin": 0.0}),
        ("binary_focal_cross_entropy", {"gamma": 0.5}),
    ),
    (
        ("asymmetric_loss", {"gamma_positive": 0.0, "gamma_negative": 0.0, "margin": 0.0}),
        ("binary_cross_entropy", {}),
    ),
]


@pytest.mark.parametrize(("one", "other"), SAME, ids=lambda each: str(each))
def test_the_same_loss_by_another_name(backend: str, one: Any, other: Any) -> None:
    own = adapter(backend)
    for soft in (False, True):
        y = targets_of(one[0], soft=soft)
        found, wanted = (both(own, name, X, y, **options) for name, options in (one, other))
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)


def test_generalized_is_between_cross_entropy_and_the_mean_error(backend: str) -> None:
    own = adapter(backend)
    p = np.exp(X)[np.arange(6), LABELS] / np.exp(X).sum(-1)
    error, _ = both(own, "generalized_cross_entropy", X, LABELS, q=1.0)
    assert error == pytest.approx((1 - p).mean(), rel=1e-12)
    least, _ = both(own, "generalized_cross_entropy", X, LABELS, q=1e-9)
    whole, _ = both(own, "cross_entropy", X, LABELS)
    assert least == pytest.approx(whole, rel=1e-7)


def test_known_values(backend: str) -> None:
    """By hand: p = ¼ of the true class, or of class 1."""
    own, p = adapter(backend), 0.25
    rows, bits = np.log([[p, 0.75]]), np.array([np.log(p / (1 - p))])
    known = [
        ("focal_cross_entropy", {"gamma": 2.0}, rows, np.array([0]), 0.75**2 * -np.log(p)),
        ("poly_cross_entropy", {"epsilon": 2.0}, rows, np.array([0]), -np.log(p) + 2 * 0.75),
        ("generalized_cross_entropy", {"q": 0.5}, rows, np.array([0]), (1 - p**0.5) / 0.5),
        ("binary_focal_cross_entropy", {"gamma": 3.0}, bits, np.array([1.0]), 0.75**3 * -np.log(p)),
        ("binary_focal_cross_entropy", {"gamma": 3.0}, bits, np.array([0.0]), p**3 * -np.log(0.75)),
        ("asymmetric_loss", {"margin": 0.05}, bits, np.array([0.0]), 0.2**4 * -np.log(0.8)),
        ("asymmetric_loss", {"margin": 0.25}, bits, np.array([0.0]), 0.0),
        ("asymmetric_loss", {"margin": 0.05}, bits, np.array([1.0]), 0.75 * -np.log(p)),
    ]
    for name, options, x, y, wanted in known:
        assert both(own, name, x, y, **options)[0] == pytest.approx(wanted, rel=1e-12, abs=1e-60)


def test_what_is_left_beyond_a_large_margin(backend: str) -> None:
    """1 − p − m of p next to 0, of which the rounding of 1 − p would leave few digits."""
    own = adapter(backend)
    z, y = np.array([5.0, 9.0, 30.0], np.float32), np.zeros(3, np.int32)
    options = {"gamma_negative": 2.0, "margin": 0.9, "reduction": "none"}
    found = losses.asymmetric_loss(own.array(z), own.array(y), **options)
    want = losses.asymmetric_loss(z.astype(np.float64), y, **options)
    np.testing.assert_allclose(own.numpy(found), want, rtol=2e-7)
