"""Region losses on every backend: their laws, what reaches nothing, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import Adapter, adapter
from wce_conformance.oracle import LOSSES as OF_THE_ORACLE
from wce_core import losses
from wce_core.losses.registry import REGIONS

RNG = np.random.default_rng(5)
X = RNG.normal(size=(3, 4, 5, 2)).astype(np.float32)
MASKS = RNG.integers(0, 2, X.shape)
INDEX = RNG.integers(0, 2, X.shape[:-1])
WEIGHTS = RNG.random(X.shape[:-1]).astype(np.float32)

each_loss = pytest.mark.parametrize("name", list(REGIONS))


@pytest.fixture
def own(backend: str) -> Adapter:
    return adapter(backend)


def targets(name: str) -> np.ndarray:
    return INDEX if REGIONS[name]._categorical else MASKS


def function(name: str) -> Callable[..., Any]:
    return REGIONS[name]._function


def smooth(name: str, number: float) -> dict[str, float]:
    """Of a loss that has it."""
    return {"smooth": number} if "smooth" in REGIONS[name].__dataclass_fields__ else {}


def value_and_gradient(own: Adapter, name: str, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    arrays = {k: own.array(a) for k, a in options.items() if isinstance(a, np.ndarray)}
    y = own.array(targets(name))
    loss = lambda x: function(name)(x, y, **{**options, **arrays})
    value, gradient = wce_core.value_and_grad(loss)(own.array(X))
    return own.numpy(value), own.numpy(gradient)


def slope(name: str, x: np.ndarray, **options: Any) -> np.ndarray:
    """The gradient in float64, by differences of the loss of NumPy arrays."""
    wide, found, step = x.astype(np.float64), np.zeros(x.shape), 1e-6
    for place in np.ndindex(*x.shape):
        sides = []
        for sign in (1, -1):
            moved = wide.copy()
            moved[place] += sign * step
            sides.append(function(name)(moved, targets(name), **options))
        found[place] = (sides[0] - sides[1]) / (2 * step)
    return found


@each_loss
@pytest.mark.parametrize("per", ["sample", "batch"])
def test_the_gradient_is_that_of_the_value(own: Adapter, name: str, per: str) -> None:
    options = {"per": per, "sample_weight": WEIGHTS, **smooth(name, 0.5)}
    value, gradient = value_and_gradient(own, name, **options)
    want = function(name)(X.astype(np.float64), targets(name), **options)
    np.testing.assert_allclose(value, want, rtol=1e-6)
    np.testing.assert_allclose(gradient, slope(name, X, **options), atol=2e-7)


@each_loss
def test_regions_add_up_to_their_mean(own: Adapter, name: str) -> None:
    x, y = own.array(X), own.array(targets(name))
    regions = own.numpy(function(name)(x, y, reduction="none"))
    together = name.startswith("generalized") or not REGIONS[name]._categorical
    assert regions.shape == ((3,) if together else (3, 2))
    np.testing.assert_allclose(own.numpy(function(name)(x, y)), regions.mean(), rtol=1e-6)
    np.testing.assert_allclose(
        own.numpy(function(name)(x, y, reduction="sum")), regions.sum(), rtol=1e-6
    )


@each_loss
def test_a_sample_is_a_batch_of_one(own: Adapter, name: str) -> None:
    x, y = own.array(X[:1]), own.array(targets(name)[:1])
    each, whole = (own.numpy(function(name)(x, y, per=per)) for per in ("sample", "batch"))
    np.testing.assert_array_equal(each, whole)


@each_loss
def test_what_is_excluded_reaches_nothing(own: Adapter, name: str) -> None:
    mask = WEIGHTS > 0.3
    items = mask if REGIONS[name]._categorical else mask[..., None] & np.ones(2, bool)
    clean, spoilt = own.array(X), own.array(np.where(items.reshape(*mask.shape, -1), X, np.nan))
    y, kept = own.array(targets(name)), own.array(items)
    loss = wce_core.value_and_grad(lambda x: function(name)(x, y, mask=kept))
    (value, gradient), (same, also) = loss(clean), loss(spoilt)
    np.testing.assert_array_equal(own.numpy(value), own.numpy(same))
    np.testing.assert_array_equal(own.numpy(gradient), own.numpy(also))
    np.testing.assert_array_equal(own.numpy(gradient)[~items], 0.0)


@each_loss
def test_a_weight_of_two_is_an_item_twice(own: Adapter, name: str) -> None:
    twice = np.concatenate([X, X[:, :1]], 1)
    y = np.concatenate([targets(name), targets(name)[:, :1]], 1)
    weight = np.ones(X.shape[:2], np.float32)
    weight[:, 0] = 2.0
    got = function(name)(own.array(X), own.array(targets(name)), sample_weight=own.array(weight))
    want = function(name)(own.array(twice), own.array(y))
    np.testing.assert_allclose(own.numpy(got), own.numpy(want), rtol=1e-6)


@each_loss
def test_an_absent_region(own: Adapter, name: str) -> None:
    """The second sample has no class 1, and its predictions say so by −½."""
    x, y = np.array([[2.0, -0.5], [-0.5, -0.5]], np.float32), np.array([[1, 0], [0, 0]])
    if REGIONS[name]._categorical:
        x = np.stack([np.zeros_like(x), x], -1)
    found = {
        absent: own.numpy(
            function(name)(own.array(x), own.array(y), absent=absent, reduction="none")
        ).reshape(2, -1)[1, -1]
        for absent in ("count", "zero", "skip")
    }
    if name.startswith("generalized"):  # where all classes are together, none is absent
        assert found["count"] == found["zero"] == found["skip"]
    else:
        assert found["count"] > (0.04 if name.startswith("lovasz") else 0.9)
        assert found["zero"] == found["skip"] == 0.0


def test_skipped_regions_do_not_count(own: Adapter) -> None:
    logits, masks = np.zeros((2, 4), np.float32), np.array([[1, 0, 0, 0], [0] * 4])
    x, y = own.array(logits), own.array(masks)
    one = losses.binary_dice_loss(own.array(logits[:1]), own.array(masks[:1]))
    skipped = losses.binary_dice_loss(x, y, absent="skip")
    counted = losses.binary_dice_loss(x, y, absent="zero")
    np.testing.assert_allclose(own.numpy(skipped), own.numpy(one))
    np.testing.assert_allclose(own.numpy(counted), own.numpy(one) / 2, rtol=1e-6)


def test_a_region_that_is_nearly_right_keeps_its_digits(own: Adapter) -> None:
    """1 − Dice is 1e-17 there, and 1 minus the index would be 0 or 1e-16."""
    x = own.array(np.array([[40.0, -40.0]], np.float32))
    y = own.array(np.array([[1, 0]]))
    value, gradient = wce_core.value_and_grad(lambda x: losses.binary_dice_loss(x, y, smooth=0.0))(
        x
    )
    missed = np.exp(-40.0)
    np.testing.assert_allclose(own.numpy(value), missed, rtol=1e-6)
    np.testing.assert_allclose(own.numpy(gradient), [[-missed / 2, missed / 2]], rtol=1e-6)


@each_loss
def test_configured(own: Adapter, name: str) -> None:
    options = {"per": "batch", **smooth(name, 2.0)}
    loss = REGIONS[name](**options)
    assert loss == REGIONS[name](**options)
    assert hash(loss) == hash(REGIONS[name](**options))
    x, y = own.array(X), own.array(targets(name))
    want = function(name)(x, y, **options)
    np.testing.assert_array_equal(own.numpy(loss(x, y)), own.numpy(want))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"per": "image"}, "per is 'image'; expected one of 'sample', 'batch'"),
        ({"classes": "both"}, "classes is 'both'; expected one of 'apart', 'together'"),
        ({"absent": "nan"}, "absent is 'nan'; expected one of 'count', 'zero', 'skip'"),
        ({"smooth": 1e-310}, "smooth is 1e-310; expected 0 or a number from 2.23e-308 on"),
        ({"smooth": -1.0}, "smooth is -1.0; expected a finite number from 0 on"),
        ({"reduction": "batch_mean"}, "reduction is 'batch_mean'; expected one of 'none', 'sum'"),
        ({"squared": 2}, "squared is 2; expected one of False, True"),
        ({"axis": 5}, "a class axis at axis=5"),
        ({"class_weight": [1.0]}, "class_weight has shape"),
        ({"form": losses.Probabilities()}, "belong to cross-entropies"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        losses.dice_loss(X, INDEX, **options)


WRONG: dict[str, tuple[Any, str]] = {
    "squared": (2, "squared is 2; expected one of False, True"),
    "alpha": (-1.0, "alpha is -1.0; expected a finite number from 0 on"),
    "beta": (float("inf"), "beta is inf; expected a finite number from 0 on"),
    "gamma": (0.0, "gamma is 0; expected a finite number above 0"),
    "absent": ("nan", "absent is 'nan'; expected one of 'count', 'zero', 'skip'"),
}
"""Of every option that only some losses of regions have: a wrong value, and what is said of it."""


@each_loss
def test_own_options(name: str) -> None:
    for option in OF_THE_ORACLE[name].own:
        value, message = WRONG[option]
        for call in (partial(function(name), X, targets(name)), REGIONS[name]):
            with pytest.raises(ValueError, match=message):
                call(**{option: value})


@pytest.mark.parametrize("unknown", ["form", "smooth", "classes", "squared"])
def test_a_hinge_is_of_logits_and_of_no_ratio(unknown: str) -> None:
    with pytest.raises(TypeError, match=f"no argument '{unknown}'"):
        losses.lovasz_hinge_loss(X, MASKS, **{unknown: "probabilities"})


def test_weights_of_mistakes() -> None:
    with pytest.raises(ValueError, match="alpha and beta are 0"):
        losses.tversky_loss(X, INDEX, alpha=0.0, beta=0.0)
    with pytest.raises(ValueError, match="gamma is 0"):
        losses.focal_tversky_loss(X, INDEX, gamma=0)
    with pytest.raises(ValueError, match="targets"):
        losses.dice_loss(X, np.full(X.shape, 1.5))
