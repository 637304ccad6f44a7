"""``RegionParts`` on every backend: sums of a split, added up, give the loss of the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import Adapter, adapter
from wce_core import losses
from wce_core.losses.registry import REGIONS

RNG = np.random.default_rng(5)
X = RNG.normal(size=(3, 4, 5, 2)).astype(np.float32)
MASKS = RNG.integers(0, 2, X.shape)
INDEX = RNG.integers(0, 2, X.shape[:-1])
WEIGHTS = RNG.random(X.shape[:-1]).astype(np.float32)
CUTS = (slice(0, 1), slice(1, 1), slice(1, 3))
WITHOUT_AUTODIFF = ("numpy", "array_api_strict")
RATIOS = [name for name in REGIONS if "smooth" in REGIONS[name].__dataclass_fields__]
OF_CLASSES: list[dict[str, Any]] = [
    {"class_weight": [1.0, 3.0], "reduction": "weighted_mean"},
    {"absent": "skip", "precision": "exact"},
]
OF_CLASSES_APART: list[dict[str, Any]] = [
    {"classes": "together", "class_weight": {0: 1.0, 1: 3.0}},
    {"reduction": "none"},
]
OF_LABELS: list[dict[str, Any]] = [
    {"axis": -1, "absent": "skip"},
    {"reduction": "sum", "smooth": 0.5},
]


@pytest.fixture
def own(backend: str) -> Adapter:
    return adapter(backend)


def settings(name: str) -> list[dict[str, Any]]:
    kind = REGIONS[name]
    if not kind._categorical:
        return OF_LABELS
    return OF_CLASSES + (OF_CLASSES_APART if kind().classes == "apart" else [])


def number(found: Any) -> Any:
    """Of losses of several regions a sum in which each counts for itself."""
    return found if found.ndim == 0 else found[0] + 2 * found[1]


def outcome(own: Adapter, route: str, function: Callable[..., Any]) -> list[np.ndarray]:
    """The value, and the gradient where the framework has autodiff."""
    x = own.array(X)
    if own.name in WITHOUT_AUTODIFF:
        return [own.numpy(function(x))]
    both = own.differentiate(route, function, {"x": x}, "x")
    return [own.numpy(array) for array in both]


@pytest.mark.parametrize("name", RATIOS)
def test_parts_of_a_split_merge_to_the_whole(own: Adapter, name: str) -> None:
    # One program is made sooner than JAX runs its operations one by one.
    route = "compiled" if own.name == "jax" else "eager"
    y, w = own.array(INDEX if REGIONS[name]._categorical else MASKS), own.array(WEIGHTS)
    chosen = settings(name)
    if route == "compiled":  # each takes two programs
        chosen = [chosen[RATIOS.index(name) % len(chosen)]]
    for options in chosen:
        loss = REGIONS[name](per="batch", **options)

        def merged(x: Any, loss: Any = loss) -> Any:
            each = (loss.parts(x[cut, ...], y[cut, ...], sample_weight=w[cut, ...]) for cut in CUTS)
            return number(loss.from_parts(sum(each)))

        def whole(x: Any, loss: Any = loss) -> Any:
            return number(loss(x, y, sample_weight=w))

        for got, want in zip(outcome(own, route, merged), outcome(own, route, whole), strict=True):
            np.testing.assert_allclose(got, want, rtol=2e-6, atol=1e-8)


@pytest.mark.parametrize("name", RATIOS)
def test_what_is_added_up(own: Adapter, name: str) -> None:
    """By the definitions of N, S and T, written out."""
    kind, wide = REGIONS[name], X.astype(np.float64)
    p = np.exp(wide) if kind._categorical else 1 / (1 + np.exp(-wide))
    p = p / p.sum(-1, keepdims=True) if kind._categorical else p
    t = np.eye(2)[INDEX] if kind._categorical else MASKS
    loss = kind(per="batch", axis=-1)
    alpha, beta = (getattr(loss, side, 1.0) for side in ("alpha", "beta"))
    tp, fp, fn, size = (
        (WEIGHTS[..., None] * each).sum((0, 1, 2)) for each in (p * t, p * (1 - t), (1 - p) * t, t)
    )
    arrays = [own.array(a) for a in (X, INDEX if kind._categorical else MASKS, WEIGHTS)]
    found = loss.parts(*arrays[:2], sample_weight=arrays[2])
    wants = alpha * fp + beta * fn, (2 if "dice" in name else 1) * tp, size
    for got, want in zip(found, wants, strict=True):
        np.testing.assert_allclose(own.numpy(got), want, rtol=1e-6)


def test_compiled(own: Adapter) -> None:
    """Parts pass out of a compiled function and into another."""
    loss, y = losses.DiceLoss(per="batch"), own.array(INDEX)
    parts = own.compiled(lambda x: loss.parts(x, y))(own.array(X))
    found = own.compiled(lambda parts: loss.from_parts(parts))(parts)
    want = own.numpy(loss(own.array(X), y))
    np.testing.assert_allclose(own.numpy(found), want, rtol=2e-6)


def test_begin_with_nothing(own: Adapter) -> None:
    loss = losses.BinaryJaccardLoss(per="batch", axis=-1)
    parts = loss.parts(own.array(X), own.array(MASKS))
    zero = wce_core.RegionParts.zero(parts)
    for got, want in zip(zero + parts, parts, strict=True):
        np.testing.assert_array_equal(own.numpy(got), own.numpy(want))
    assert not own.numpy(loss.from_parts(zero)).any()


def test_halves_have_sums_of_float32(own: Adapter) -> None:
    if "float16" not in own.dtypes:
        return
    loss = losses.DiceLoss(per="batch", dtype="float16")
    parts = loss.parts(own.array(X.astype(np.float16)), own.array(INDEX))
    assert {own.numpy(each).dtype.name for each in parts} == {"float32"}
    assert own.numpy(loss.from_parts(parts)).dtype == np.float16


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: losses.DiceLoss().parts(X, INDEX), "samples of other batches are other regions"),
        (
            lambda: losses.lovasz_softmax_loss(X, INDEX, per="batch", reduction="parts"),
            "a Lovász loss, which sorts",
        ),
        (
            lambda: losses.DiceLoss(per="batch").from_parts((1.0, 2.0, 3.0)),
            "parts is tuple; expected RegionParts",
        ),
        (
            lambda: losses.DiceLoss(per="batch", reduction="parts").from_parts(
                losses.DiceLoss(per="batch").parts(X, INDEX)
            ),
            "from_parts with reduction='parts'",
        ),
        (
            lambda: losses.DiceLoss(per="batch").from_parts(
                losses.BinaryDiceLoss(per="batch").parts(X, MASKS)
            ),
            r"parts\.mistakes",
        ),
        (
            lambda: losses.DiceLoss(per="batch", class_weight=[1.0, 2.0, 3.0]).from_parts(
                losses.DiceLoss(per="batch").parts(X, INDEX)
            ),
            "class_weight",
        ),
        (
            lambda: wce_core.value_and_grad(
                lambda x: losses.DiceLoss(per="batch").parts(x, INDEX).right
            )(X),
            "which have no autodiff",
        ),
        (lambda: 2 * losses.DiceLoss(per="batch").parts(X, INDEX), "RegionParts times int"),
    ],
)
def test_what_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()
