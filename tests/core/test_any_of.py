"""Sets of candidates, any of which is right."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import adapter
from wce_core import losses
from wce_core.losses import AnyOfCrossEntropy, any_of_cross_entropy, cross_entropy

RULES = ("marginal", "max", "pinned")
LOGITS = np.array([[0.1, 0.2, 0.95, 0.1, 0.01]])
CANDIDATES = np.array([[False, True, True, False, True]])
KNOWN = {
    "marginal": (0.37764657, [0.157264, -0.079749, -0.168829, 0.157264, -0.065949]),
    "max": (0.99983165, [0.157264, 0.173803, -0.632059, 0.157264, 0.143728]),
    "pinned": (4.0479806, [0.3326333, 0.0, -0.6652666, 0.3326333, 0.0]),
}


def rows(count: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits and candidates, of each item a class at least."""
    rng = np.random.default_rng(seed)
    sets = rng.random((count, classes)) < 0.3
    sets[np.arange(count), rng.integers(0, classes, count)] = True
    return rng.normal(size=(count, classes)) * 3.0, sets


@pytest.mark.parametrize("rule", RULES)
def test_known_numbers(backend: str, rule: str) -> None:
    own = adapter(backend)
    arrays = {"predictions": own.array(LOGITS), "targets": own.array(CANDIDATES)}
    loss = partial(any_of_cross_entropy, rule=rule)
    value, gradient = own.differentiate(
        "eager", lambda predictions, targets: loss(predictions, targets), arrays, "predictions"
    )
    expected, slopes = KNOWN[rule]
    np.testing.assert_allclose(own.to_numpy(value), expected, atol=5e-8)
    np.testing.assert_allclose(own.numpy(gradient)[0], slopes, atol=5e-7)


@pytest.mark.parametrize("form", ["logits", "probabilities", "log_probabilities"])
@pytest.mark.parametrize("rule", RULES)
def test_a_set_of_one_is_an_index(rule: str, form: str) -> None:
    x, _ = rows(40, 6)
    if form != "logits":
        p = np.exp(x) / np.exp(x).sum(-1, keepdims=True) * 0.9  # rows that sum to less than 1
        x = p if form == "probabilities" else np.log(p)
    labels = np.random.default_rng(1).integers(0, 6, 40)
    weights = np.linspace(0.5, 3.0, 6)
    options: dict[str, Any] = {
        "form": form, "class_weight": weights, "reduction": "weighted_mean",
    }  # fmt: skip
    one, slope = wce_core.value_and_grad(any_of_cross_entropy)(
        x, labels[:, None] == np.arange(6), rule=rule, **options
    )
    index, expected = wce_core.value_and_grad(cross_entropy)(x, labels, **options)
    np.testing.assert_allclose(float(one), float(index), rtol=4e-16)
    np.testing.assert_allclose(slope, expected, rtol=1e-14, atol=1e-18)


def test_a_set_of_all() -> None:
    x, _ = rows(5, 7)
    every = np.ones_like(x, bool)
    for rule, expected in (("marginal", 0.0), ("pinned", 7 * np.log(7))):
        loss = partial(any_of_cross_entropy, rule=rule, reduction="none")
        value, gradient = wce_core.value_and_grad(lambda z, loss=loss: loss(z, every).sum())(x)
        np.testing.assert_allclose(float(value), 5 * expected, rtol=1e-15)
        np.testing.assert_array_equal(gradient, 0.0)


def test_pinned_is_the_cross_entropy_of_pinned_logits() -> None:
    """Mass 1 on every candidate, after the candidates were given the largest of their logits."""
    x, sets = rows(30, 6)
    best = np.where(sets, x, -np.inf).max(-1, keepdims=True)
    pinned = np.where(sets, best, x)
    loss = any_of_cross_entropy(x, sets, rule="pinned", reduction="none")
    expected = cross_entropy(pinned, sets.astype(float), reduction="none")
    np.testing.assert_allclose(loss, expected, rtol=1e-14)


def test_probabilities_are_pinned_as_logits_are() -> None:
    x, sets = rows(30, 6)
    p = np.exp(x - x.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    loss = any_of_cross_entropy(x, sets, rule="pinned", reduction="none")
    for form, given in (("probabilities", p), ("log_probabilities", np.log(p))):
        own = any_of_cross_entropy(given, sets, rule="pinned", form=form, reduction="none")
        np.testing.assert_allclose(own, loss, rtol=1e-13, atol=1e-13)  # p is rounded itself


@pytest.mark.parametrize("rule", RULES)
def test_many_classes_in_blocks(rule: str) -> None:
    """32 × 8 × 5000 float32, against float64 formulas and, item by item, against itself."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(32, 8, 5000)).astype(np.float32) * 4
    sets = rng.random((32, 8, 5000)) < 0.01
    sets[..., 17] = True
    loss = partial(any_of_cross_entropy, rule=rule)
    value, gradient = wce_core.value_and_grad(loss)(x, sets)
    e = np.exp(x.astype(np.float64))
    best = np.where(sets, x, -np.inf).argmax(-1)[..., None]
    chosen = np.take_along_axis(e, best, -1)
    inside, n = np.where(sets, e, 0).sum(-1, keepdims=True), sets.sum(-1, keepdims=True)
    hot = np.arange(5000) == best
    if rule == "marginal":
        losses_of = np.log(e.sum(-1, keepdims=True) / inside)
        slopes = e / e.sum(-1, keepdims=True) - np.where(sets, e / inside, 0)
    elif rule == "max":
        losses_of = np.log(e.sum(-1, keepdims=True) / chosen)
        slopes = e / e.sum(-1, keepdims=True) - hot
    else:
        whole = np.where(sets, chosen, e).sum(-1, keepdims=True)
        losses_of = n * np.log(whole / chosen)
        pinned = n * np.where(sets, 0, e) / whole
        slopes = pinned - hot * pinned.sum(-1, keepdims=True)
    np.testing.assert_allclose(float(value), losses_of.mean(), rtol=1e-6)
    scale = np.abs(slopes).max(-1, keepdims=True)
    assert np.abs((gradient * 256 - slopes) / scale).max() < 1e-6
    items = loss(x, sets, reduction="none")
    np.testing.assert_allclose(items, losses_of[..., 0], rtol=1e-6)
    assert items[3, 5] == loss(x[3, 5], sets[3, 5], reduction="none")


def test_weights_are_the_mean_of_the_candidates() -> None:
    x, sets = rows(6, 4)
    weights = np.array([0.5, 4.0, 1.0, 2.0])
    mean = (sets * weights).sum(-1) / sets.sum(-1)
    parts = any_of_cross_entropy(x, sets, class_weight=weights, reduction="parts")
    np.testing.assert_allclose(parts.weight, mean.sum())
    loss = any_of_cross_entropy(x, sets, class_weight=weights, reduction="none")
    np.testing.assert_allclose(loss, mean * any_of_cross_entropy(x, sets, reduction="none"))


def test_balanced_counts_a_share_of_an_item_for_each_candidate() -> None:
    x, sets = rows(9, 3)
    counts = (sets / sets.sum(-1, keepdims=True)).sum(0)
    weights = np.where(counts > 0, counts.sum() / ((counts > 0).sum() * counts), 0)
    given = any_of_cross_entropy(x, sets, class_weight=weights, reduction="none")
    own = any_of_cross_entropy(x, sets, class_weight="balanced", reduction="none")
    np.testing.assert_allclose(own, given)


def test_a_set_of_no_class(backend: str) -> None:
    own = adapter(backend)
    x, sets = rows(4, 3)
    sets[2] = False
    given = own.array(x), own.array(sets)
    with pytest.raises(ValueError, match=r"candidates is an empty set at position \(2,\).*mask="):
        any_of_cross_entropy(*given)
    kept = np.array([True, True, False, True])
    masked = any_of_cross_entropy(*given, mask=own.array(kept), reduction="sum")
    expected = any_of_cross_entropy(x[kept], sets[kept], reduction="sum")
    np.testing.assert_allclose(own.numpy(masked), expected)
    for rule in RULES:
        unseen = any_of_cross_entropy(*given, rule=rule, reduction="none", validate=False)
        np.testing.assert_array_equal(np.isnan(own.numpy(unseen)), ~kept)


@pytest.mark.parametrize(
    ("candidates", "error", "message"),
    [
        (np.array([[0, 1, 1, 0, 1]]), TypeError, "candidates has dtype int64; expected bool"),
        (CANDIDATES[0], ValueError, r"candidates has shape \(5,\); expected .* shape \(1, 5\)"),
        (np.array([2]), TypeError, "candidates has dtype int64"),
        (np.zeros((1, 5), bool), ValueError, r"an empty set at position \(0,\)"),
    ],
)
def test_candidates_that_are_none(candidates: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        any_of_cross_entropy(LOGITS, candidates)
    with pytest.raises(error, match=message):
        AnyOfCrossEntropy()(LOGITS, candidates)


@pytest.mark.parametrize("form", [losses.Probabilities(), losses.Probabilities(clip=0.1)])
def test_conventions_of_other_libraries_are_refused(form: Any) -> None:
    for rule in RULES:
        with pytest.raises(ValueError, match="conventions, as clip, .* belong to cross-entropies"):
            any_of_cross_entropy(np.full((1, 5), 0.2), CANDIDATES, rule=rule, form=form)
        with pytest.raises(ValueError, match="conventions, as clip, .* belong to cross-entropies"):
            AnyOfCrossEntropy(rule=rule, form=form)


def test_one_row_is_one_item() -> None:
    loss = any_of_cross_entropy(LOGITS[0], CANDIDATES[0])
    np.testing.assert_allclose(float(loss), KNOWN["marginal"][0], atol=5e-9)


def test_an_explanation_counts_the_likeliest_candidate() -> None:
    found = wce_core.explain(any_of_cross_entropy, LOGITS, CANDIDATES)
    assert [own.items for own in found.classes] == [0, 0, 1, 0, 0]
