"""``class_weight="balanced"``: weights of each batch, on every framework."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import Adapter, adapter
from wce_core import losses
from wce_core.class_weights import class_weights

RNG = np.random.default_rng(3)
X = RNG.normal(size=(40, 4)).astype(np.float32)
LABELS = RNG.choice(4, 40, p=[0.6, 0.3, 0.1, 0.0])
MASS = np.where(np.arange(4) == 3, 0.0, RNG.random((40, 4))).astype(np.float32)
MASK = RNG.random(40) < 0.7
BITS = (RNG.random((40, 4)) < 0.2).astype(np.float32)


def of_batch(kind: str) -> np.ndarray:
    """The weights that NumPy's counts of these targets come to."""
    if kind == "index":
        return class_weights(LABELS, classes=4, missing="zero", mask=MASK)
    if kind == "mass":
        return class_weights(MASS, kind="one_hot", missing="zero", mask=MASK)
    return class_weights(BITS, kind="index", mask=MASK)


CALLS: dict[str, tuple[Callable[..., Any], np.ndarray]] = {
    "index": (losses.cross_entropy, LABELS),
    "mass": (losses.cross_entropy, MASS),
    "binary": (losses.binary_cross_entropy, BITS),
}


@pytest.mark.parametrize("kind", CALLS)
def test_the_weights_of_the_batch(backend: str, kind: str) -> None:
    own, (loss, targets) = adapter(backend), CALLS[kind]
    arrays = {"predictions": X, "targets": targets, "mask": MASK}
    given = {name: own.array(array) for name, array in arrays.items()}
    expected = loss(X, targets, mask=MASK, class_weight=of_batch(kind))

    def balanced(**own_arrays: Any) -> Any:
        return loss(**own_arrays, class_weight="balanced")

    for function in (balanced, own.compiled(balanced)):
        np.testing.assert_allclose(own.numpy(function(**given)), expected, rtol=1e-6)


def test_no_gradient_flows_through_the_counts(backend: str) -> None:
    """That to soft targets is the one under weights that are known."""
    own = adapter(backend)
    if backend in ("numpy", "array_api_strict"):  # without gradients to targets
        return
    arrays = {"predictions": own.array(X), "targets": own.array(MASS), "mask": own.array(MASK)}

    def gradient(weights: Any) -> np.ndarray:
        def function(**given: Any) -> Any:
            return losses.cross_entropy(**given, class_weight=weights, reduction="sum")

        return own.numpy(own.differentiate("eager", function, arrays, "targets")[1])

    np.testing.assert_allclose(gradient("balanced"), gradient(of_batch("mass")), rtol=1e-5)


@pytest.mark.parametrize("kind", CALLS)
def test_in_blocks_as_at_once(backend: str, kind: str) -> None:
    """So many items that frameworks cut them in pieces."""
    own, (loss, targets) = adapter(backend), CALLS[kind]
    many = {
        name: own.array(np.tile(array, (2000,) + (1,) * (array.ndim - 1)))
        for name, array in (("predictions", X), ("targets", targets), ("mask", MASK))
    }
    few = {"predictions": X, "targets": targets, "mask": MASK}
    expected = loss(**few, class_weight="balanced")
    np.testing.assert_allclose(
        own.numpy(loss(**many, class_weight="balanced")), expected, rtol=1e-6
    )


def poisoned(own: Adapter, targets: np.ndarray, loss: Callable[..., Any]) -> np.ndarray:
    found = loss(
        own.array(X[:4]), own.array(targets), class_weight="balanced", validate=False,
        reduction="none",
    )  # fmt: skip
    return own.numpy(found)


def test_what_is_poisoned_is_not_counted(backend: str) -> None:
    own = adapter(backend)
    found = poisoned(own, np.array([0, 0, 7, 1]), losses.cross_entropy)
    kept = [0, 1, 3]
    right = losses.cross_entropy(
        X[kept], np.array([0, 0, 1]), class_weight="balanced", reduction="none"
    )
    assert np.isnan(found[2])
    np.testing.assert_allclose(found[kept], right, rtol=1e-6)
    mass = MASS[:4].copy()
    mass[2, 1] = -1.0
    found = poisoned(own, mass, losses.cross_entropy)
    right = losses.cross_entropy(X[kept], mass[kept], class_weight="balanced", reduction="none")
    assert np.isnan(found[2])
    np.testing.assert_allclose(found[kept], right, rtol=1e-6)


def test_integers_that_hold_no_number_of_classes(backend: str) -> None:
    """Of 300 classes, which int8 labels could not be compared with."""
    own = adapter(backend)
    x = RNG.normal(size=(4, 300)).astype(np.float32)
    found = losses.cross_entropy(
        own.array(x), own.array(np.array([1, 1, 100, 5], np.int8)), class_weight="balanced"
    )
    weights = np.where(np.isin(np.arange(300), (5, 100)), 4 / 3, 2 / 3)
    right = losses.cross_entropy(x, np.array([1, 1, 100, 5]), class_weight=weights)
    np.testing.assert_allclose(own.numpy(found), right, rtol=1e-6)


def test_an_empty_batch(backend: str) -> None:
    own = adapter(backend)
    x, y = own.array(X[:0]), own.array(LABELS[:0])
    assert float(own.numpy(losses.cross_entropy(x, y, class_weight="balanced"))) == 0.0


@pytest.mark.usefixtures("only_replayed")
@pytest.mark.parametrize("kind", CALLS)
def test_it_is_replayed(kind: str) -> None:
    loss, targets = CALLS[kind]
    for shift in (0, 1, 2):
        x, y = np.roll(X, shift, 0), np.roll(targets, 3 * shift, 0)
        found = loss(x, y, mask=MASK, class_weight="balanced")
        kept = np.flatnonzero(MASK)
        np.testing.assert_allclose(found, loss(x[kept], y[kept], class_weight="balanced"))


@pytest.mark.parametrize("word", ["balance", "", "Balanced", "sqrt_inverse"])
@pytest.mark.parametrize(
    "call",
    [
        lambda word: losses.cross_entropy(X, LABELS, class_weight=word),
        lambda word: losses.binary_cross_entropy(X, BITS, class_weight=word),
        lambda word: losses.CrossEntropy(class_weight=word),
        lambda word: losses.BinaryCrossEntropy(class_weight=word),
    ],
)
def test_another_word_is_refused(call: Callable[[str], Any], word: str) -> None:
    with pytest.raises(ValueError, match=f"class_weight is '{word}'; expected .* 'balanced'"):
        call(word)


def test_other_weights_have_no_such_word() -> None:
    with pytest.raises(TypeError, match="pos_weight"):
        losses.binary_cross_entropy(X, BITS, pos_weight="balanced")
    with pytest.raises(TypeError, match="sample_weight"):
        losses.cross_entropy(X, LABELS, sample_weight="balanced")


def test_configured() -> None:
    loss = losses.CrossEntropy(class_weight="balanced", reduction="weighted_mean")
    assert repr(loss) == "CrossEntropy(class_weight='balanced', reduction='weighted_mean')"
    found = loss(X, LABELS)
    direct = losses.cross_entropy(X, LABELS, class_weight="balanced", reduction="weighted_mean")
    assert found == direct
    for again in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert again == loss
        assert hash(again) == hash(loss)
        assert again(X, LABELS) == found
    assert loss != losses.CrossEntropy(reduction="weighted_mean")


def test_an_explanation_has_its_weights() -> None:
    found = wce_core.explain(losses.CrossEntropy(class_weight="balanced"), X, LABELS)
    shares = [each.weight for each in found.classes]
    np.testing.assert_allclose(shares, [40 / 3, 40 / 3, 40 / 3, 0.0])
