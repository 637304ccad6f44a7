"""The laws of the specification, on random data of fixed shape, on every framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import wce_core
from wce_conformance.adapters import Adapter, adapter
from wce_core import LossParts, losses
from wce_core.formulas.reductions import REDUCTIONS
from wce_core.formulas.weightings import SOFT_WEIGHTINGS, WEIGHTINGS

N, C = 6, 4
few = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
seeds = st.integers(0, 2**32 - 1)
SCALARS = [name for name in REDUCTIONS if name not in ("none", "parts")]


def batch(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "predictions": rng.normal(size=(N, C)) * rng.choice([0.1, 3.0, 30.0]),
        "targets": rng.integers(0, C, N),
        "mask": rng.random(N) < 0.8,
        "class_weight": rng.random(C) * 3 * (rng.random(C) < 0.8),
        "pos_weight": rng.random(C) * 3,
        "sample_weight": rng.random(N) * 2 * (rng.random(N) < 0.8),
        "cost_matrix": rng.random((C, C)),
    }


def run(
    own: Adapter, loss: str, data: Mapping[str, Any], names: list[str], **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Value and gradient with some of the weightings of a batch."""
    arrays = {name: own.array(data[name]) for name in ("targets", *names)}
    function = getattr(losses, loss)
    value, gradient = wce_core.value_and_grad(lambda x: function(x, **arrays, **options))(
        own.array(data["predictions"])
    )
    return own.numpy(value), own.numpy(gradient)


def same(a: tuple[np.ndarray, ...], b: tuple[np.ndarray, ...]) -> None:
    for left, right in zip(a, b, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-13)


CATEGORICAL = [w.name for w in WEIGHTINGS.values() if w.categorical and w.name != "ignore_index"]


@pytest.mark.parametrize("rule", SOFT_WEIGHTINGS)
@pytest.mark.parametrize("reduction", SCALARS)
@few
@given(seed=seeds)
def test_an_index_is_its_one_hot_row(backend: str, reduction: str, rule: str, seed: int) -> None:
    """On JAX, which compiles each pair, every reduction with one rule, and each rule with two."""
    number = SCALARS.index(reduction) + list(SOFT_WEIGHTINGS).index(rule)
    if backend == "jax" and number % len(SOFT_WEIGHTINGS):
        return
    data, own = batch(seed), adapter(backend)
    dense = {**data, "targets": np.eye(C)[data["targets"]]}
    options = {"reduction": reduction, "soft_weighting": rule, "label_smoothing": 0.1}
    one = run(own, "cross_entropy", data, CATEGORICAL, **options)
    same(one, run(own, "cross_entropy", dense, CATEGORICAL, **options))


@pytest.mark.parametrize("reduction", SCALARS)
@few
@given(seed=seeds)
def test_parts_of_a_split_merge_to_the_whole(backend: str, reduction: str, seed: int) -> None:
    data, own = batch(seed), adapter(backend)
    names = ["class_weight", "sample_weight", "mask", "cost_matrix"]
    arrays = {name: own.array(data[name]) for name in ("targets", *names)}
    cuts = [slice(0, 1), slice(1, 4), slice(4, N)]

    def merged(x: Any) -> Any:
        parts = None
        for cut in cuts:
            own_part = {
                name: array[cut, ...] if name in ("targets", "sample_weight", "mask") else array
                for name, array in arrays.items()
            }
            piece: LossParts = losses.cross_entropy(x[cut, ...], **own_part, reduction="parts")
            parts = piece if parts is None else parts + piece
        return getattr(parts, reduction)()

    whole = run(own, "cross_entropy", data, names, reduction=reduction)
    if backend in ("numpy", "array_api_strict"):  # handles cannot be cut: the value alone
        same((own.numpy(merged(own.array(data["predictions"]))),), whole[:1])
        return
    value, gradient = wce_core.value_and_grad(merged)(own.array(data["predictions"]))
    same((own.numpy(value), own.numpy(gradient)), whole)


@pytest.mark.parametrize("rule", SOFT_WEIGHTINGS)
@pytest.mark.parametrize("smoothing", ["uniform", "others"])
@few
@given(seed=seeds)
def test_a_weighted_mean_of_a_constant_is_it(
    backend: str, rule: str, smoothing: str, seed: int
) -> None:
    data, own = batch(seed), adapter(backend)
    rng = np.random.default_rng(seed)
    data["predictions"] = np.full((N, C), 1.5)
    data["class_weight"] = rng.random(C) + 0.1
    data["mask"][0], data["sample_weight"][0] = True, 1.0
    data["targets"] = rng.random((N, C)) * 2
    value, _ = run(
        own,
        "cross_entropy",
        data,
        CATEGORICAL,
        soft_weighting=rule,
        smoothing=smoothing,
        label_smoothing=0.2,
        reduction="weighted_mean",
    )
    np.testing.assert_allclose(value, np.log(C), rtol=1e-13)


@few
@given(seed=seeds)
def test_order_of_items_and_a_shift_of_logits_change_nothing(backend: str, seed: int) -> None:
    data, own = batch(seed), adapter(backend)
    order = np.random.default_rng(seed).permutation(N)
    moved = {
        name: array[order]
        if len(array) == N and array.ndim < 3 and name != "cost_matrix"
        else array
        for name, array in data.items()
    }
    one = run(own, "cross_entropy", data, CATEGORICAL)
    two = run(own, "cross_entropy", moved, CATEGORICAL)
    same((one[0], one[1][order]), two)
    shifted = {**data, "predictions": data["predictions"] + 4096.0}
    value, gradient = run(own, "cross_entropy", shifted, CATEGORICAL)
    np.testing.assert_allclose(value, one[0], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(gradient, one[1], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
@few
@given(seed=seeds)
def test_under_sum_weight_two_is_the_item_twice(backend: str, loss: str, seed: int) -> None:
    data, own = batch(seed), adapter(backend)
    if loss == "binary_cross_entropy":
        data["targets"] = np.random.default_rng(seed).random((N, C))
    weights = np.random.default_rng(seed).integers(0, 3, N)
    twice = {**data, **{k: np.repeat(data[k], weights, axis=0) for k in ("predictions", "targets")}}
    data["sample_weight"] = weights.astype(np.float64)
    value, _ = run(own, loss, data, ["sample_weight"], reduction="sum")
    repeated, _ = np.zeros(()), None
    if len(twice["targets"]):
        repeated = own.numpy(
            getattr(losses, loss)(
                own.array(twice["predictions"]), own.array(twice["targets"]), reduction="sum"
            )
        )
    np.testing.assert_allclose(value, repeated, rtol=1e-12)


@few
@given(seed=seeds)
def test_pos_weight_is_the_weight_of_class_one(backend: str, seed: int) -> None:
    data, own = batch(seed), adapter(backend)
    data["targets"] = np.random.default_rng(seed).random((N, C))
    by_class = {**data, "class_weight": np.stack([np.ones(C), data["pos_weight"]], axis=1)}
    one = run(own, "binary_cross_entropy", data, ["pos_weight"], reduction="weighted_mean")
    same(
        one, run(own, "binary_cross_entropy", by_class, ["class_weight"], reduction="weighted_mean")
    )
