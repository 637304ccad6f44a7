"""Configured losses: the functions with their arguments fixed."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import numpy as np
import pytest

from wce_conformance.adapters import adapter
from wce_core import losses

PAIRS = [
    (losses.CrossEntropy, losses.cross_entropy),
    (losses.BinaryCrossEntropy, losses.binary_cross_entropy),
]


@pytest.mark.parametrize(("configured", "function"), PAIRS)
def test_the_same_arguments_and_defaults(configured: Any, function: Any) -> None:
    own = {field.name: field.default for field in dataclasses.fields(configured)}
    at_call = {"predictions", "targets", "sample_weight", "mask", "normalizer"}
    signature = inspect.signature(function).parameters
    assert own == {n: p.default for n, p in signature.items() if n not in at_call}
    assert set(inspect.signature(configured.__call__).parameters) - {"self"} == at_call


def test_the_same_number(backend: str) -> None:
    own = adapter(backend)
    rng = np.random.default_rng(1)
    x, y = own.array(rng.normal(size=(5, 3))), own.array(rng.integers(0, 3, 5))
    weight = own.array(rng.random(5))
    options: dict[str, Any] = {"class_weight": [1.0, 2.0, 3.0], "reduction": "weighted_mean"}
    a = losses.CrossEntropy(**options)(x, y, sample_weight=weight)
    b = losses.cross_entropy(x, y, sample_weight=weight, **options)
    np.testing.assert_array_equal(own.numpy(a), own.numpy(b))
    t = own.array(rng.random((5, 3)))
    a = losses.BinaryCrossEntropy(pos_weight=4.0)(
        x, t, mask=own.array(np.array([True] * 4 + [False]))
    )
    b = losses.binary_cross_entropy(
        x, t, pos_weight=4.0, mask=own.array(np.array([True] * 4 + [False]))
    )
    np.testing.assert_array_equal(own.numpy(a), own.numpy(b))


@pytest.mark.parametrize("weight", [[1.0, 2.0], np.array([1.0, 2.0]), {0: 1.0, 1: 2.0}, (1.0, 2.0)])
def test_equal_by_value(weight: Any) -> None:
    a, b = losses.CrossEntropy(class_weight=weight), losses.CrossEntropy(class_weight=weight)
    other = losses.CrossEntropy(class_weight=[1.0, 3.0])
    assert a == b
    assert hash(a) == hash(b)
    assert a != other
    assert a != losses.CrossEntropy()
    assert repr(a) in {
        "CrossEntropy(class_weight=[1.0, 2.0])",
        "CrossEntropy(class_weight={0: 1.0, 1: 2.0})",
    }


def test_another_frameworks_array_is_held_by_identity(backend: str) -> None:
    own = adapter(backend)
    w = own.array(np.array([1.0, 2.0]))
    v = own.array(np.array([1.0, 2.0]))
    a = losses.CrossEntropy(class_weight=w)
    assert a == losses.CrossEntropy(class_weight=w)
    assert hash(a) == hash(losses.CrossEntropy(class_weight=w))
    assert (a == losses.CrossEntropy(class_weight=v)) is (backend == "numpy")
    assert repr(a).startswith("CrossEntropy(class_weight=")


def test_immutable() -> None:
    weights = np.array([1.0, 2.0])
    loss = losses.CrossEntropy(class_weight=weights)
    before = loss(np.zeros((1, 2)), [1])
    weights[1] = 100.0
    assert loss(np.zeros((1, 2)), [1]) == before
    with pytest.raises(dataclasses.FrozenInstanceError):
        loss.reduction = "sum"
    assert repr(losses.BinaryCrossEntropy(reduction="sum")) == "BinaryCrossEntropy(reduction='sum')"
