"""Weighted sums of losses on every backend."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import adapter
from wce_core import losses
from wce_core.losses import BinaryCrossEntropy, BinaryDiceLoss, CrossEntropy, DiceLoss, combine

RNG = np.random.default_rng(3)
X = RNG.normal(size=(3, 4, 2)).astype(np.float32)
MASKS, INDEX = RNG.integers(0, 2, X.shape), RNG.integers(0, 2, X.shape[:-1])
PAIRS = {
    "labels": (MASKS, (BinaryCrossEntropy(pos_weight=3.0), BinaryDiceLoss(smooth=1.0))),
    "classes": (INDEX, (CrossEntropy(class_weight=[1.0, 2.0]), DiceLoss(per="batch"))),
}
each_pair = pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)


@each_pair
def test_value_and_gradient_are_sums(backend: str, pair: tuple[Any, Any]) -> None:
    own, (targets, (first, second)) = adapter(backend), pair
    x, y, weight = own.array(X), own.array(targets), own.array(np.float32([1.0, 0.5, 2.0]))
    found = [
        wce_core.value_and_grad(lambda x, loss=loss: loss(x, y, sample_weight=weight))(x)
        for loss in (combine((0.25, first), (-2.0, second)), first, second)
    ]
    (value, gradient), *parts = [[own.numpy(each) for each in pair] for pair in found]
    for got, one, other in zip((value, gradient), *parts, strict=True):
        np.testing.assert_allclose(got, 0.25 * one - 2.0 * other, rtol=1e-5, atol=1e-7)


@each_pair
def test_it_is_a_value(pair: tuple[Any, Any]) -> None:
    loss = combine(*((0.5, each) for each in pair[1]))
    assert loss == combine(*((0.5, each) for each in pair[1]))
    assert loss != combine(*((0.4, each) for each in pair[1]))
    for same in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert same == loss
        assert hash(same) == hash(loss)
        assert same(X, pair[0]) == loss(X, pair[0])


def test_its_text_makes_it_again() -> None:
    loss = combine((0.5, BinaryCrossEntropy()), (1.5, BinaryDiceLoss(smooth=1.0)))
    assert eval(repr(loss), vars(losses)) == loss


@pytest.mark.parametrize(
    ("terms", "error", "message"),
    [
        ((), TypeError, "got no losses"),
        (((0.5, losses.cross_entropy),), TypeError, "expected a configured loss"),
        ((BinaryDiceLoss(),), TypeError, "expected a pair"),
        ((("1", BinaryDiceLoss()),), TypeError, "expected a finite number"),
        (((float("inf"), BinaryDiceLoss()),), ValueError, "expected finite numbers"),
        (((1.0, CrossEntropy()), (1.0, BinaryDiceLoss())), ValueError, "losses of one family"),
        (((1.0, CrossEntropy(reduction="none")),), ValueError, "expected one of a number"),
    ],
)
def test_what_is_refused(terms: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        combine(*terms)


def test_of_combined_losses() -> None:
    inner = combine((0.5, BinaryCrossEntropy()), (0.5, BinaryDiceLoss()))
    outer = combine((2.0, inner), (1.0, BinaryDiceLoss()))
    want = 2.0 * inner(X, MASKS) + BinaryDiceLoss()(X, MASKS)
    np.testing.assert_allclose(outer(X, MASKS), want, rtol=1e-6)
