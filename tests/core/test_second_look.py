"""Exact results whose true values lie next to where rounding changes: right, not by luck."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import wce_core
from wce_backends.numpy import BACKEND as NUMPY
from wce_backends.numpy import NumpyBackend
from wce_conformance.adapters import adapter
from wce_conformance.calls import outcome_of
from wce_conformance.cases.extreme_ties import cases
from wce_conformance.hunted import Hunted, hunted_rows
from wce_conformance.oracle import Grid, exact_result
from wce_core import losses
from wce_core.arrays.boundaries import MOST
from wce_core.arrays.ops import ArrayOps
from wce_core.evaluation import blocks, evaluate, second_look

mp: Any = mpmath.mp
EAGER = ("numpy", "array_api_strict", "torch", "tensorflow")
"""Where results are proved: what is compiled, as all of JAX, has no second look."""
ROWS = hunted_rows(seed=0, count=60)


def gradient_of(backend: str, rows: Hunted, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    own = adapter(backend)
    call: dict[str, Any] = {
        "sample_weight": own.array(rows.weights),
        "reduction": "sum",
        "precision": "exact",
        **options,
    }
    x, y = own.array(rows.logits), own.array(rows.labels)
    value, gradient = wce_core.value_and_grad(losses.cross_entropy)(x, y, **call)
    return own.numpy(value), own.numpy(gradient)


def wrong(found: np.ndarray, want: np.ndarray) -> int:
    """How many have other bits."""
    return int(np.sum(found.view(np.int32) != want.view(np.int32)))


def test_hunted_gradients(backend: str) -> None:
    if backend in EAGER:
        assert wrong(gradient_of(backend, ROWS)[1], ROWS.gradients) == 0


def test_hunted_losses(backend: str) -> None:
    if backend not in EAGER:
        return
    own, rows = adapter(backend), hunted_rows(seed=1, count=60, of="loss")
    found = losses.cross_entropy(
        own.array(rows.logits),
        own.array(rows.labels),
        sample_weight=own.array(rows.weights),
        reduction="none",
        precision="exact",
    )
    assert wrong(own.numpy(found), rows.losses) == 0


@pytest.mark.parametrize("reduction", ["sum", "parts"])
def test_hunted_sums(backend: str, reduction: Any) -> None:
    """One row, whose loss is the sum: the sum is next to a middle, and so is its gradient's."""
    if backend not in EAGER:
        return
    own, rows = adapter(backend), hunted_rows(seed=2, count=12, of="loss")
    for i in range(len(rows.labels)):
        found = losses.cross_entropy(
            own.array(rows.logits[i : i + 1]),
            own.array(rows.labels[i : i + 1]),
            sample_weight=own.array(rows.weights[i : i + 1]),
            reduction=reduction,
            precision="exact",
        )
        total = found.total if reduction == "parts" else found
        assert wrong(np.atleast_1d(own.numpy(total)), rows.losses[i : i + 1]) == 0


def test_known_ties(backend: str) -> None:
    if backend not in EAGER:
        return
    for case in cases():
        _, gradient = outcome_of(case, adapter(backend), "eager", "exact")
        assert gradient is not None
        true = Grid.of(case.expected().gradient).flat
        want = np.array([exact_result(each, "float32") for each in true], np.float32)
        assert wrong(gradient.reshape(-1), want) == 0


def never(*args: Any) -> bool:
    return False


def test_without_a_second_look_they_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """So these rows do need it."""
    monkeypatch.setattr(evaluate, "is_proved", never)
    monkeypatch.setattr(blocks, "is_proved", never)
    assert wrong(gradient_of("numpy", ROWS)[1], ROWS.gradients) > 10


def test_the_boundary_of_another_dtype_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NumpyBackend, "flushed_and_undecided", ArrayOps.flushed_and_undecided)
    assert wrong(gradient_of("numpy", ROWS)[1], ROWS.gradients) == 0
    monkeypatch.setattr("wce_core.arrays.ops.HALF", 1 << 27)  # as of a dtype of 25 bits
    assert wrong(gradient_of("numpy", ROWS)[1], ROWS.gradients) > 10


@pytest.mark.parametrize("ulps", [3, 250])
def test_what_is_undecided(backend: str, ulps: int) -> None:
    """Around the middle of two float32 numbers, and around the smallest normal one."""
    if backend not in ("numpy", "torch"):
        return
    own, far = adapter(backend), np.array([0, 1, ulps, ulps + 2, 10 * ulps])
    ops, given = closed_operations(backend), own.array(np.full((1, 1), ulps))
    for place in (1.0 + 2.0**-24, -3.0 - 2.0**-23, 2.0**-126, -(2.0**-126)):
        for steps in (far, -far):
            rows = (np.float64(place).view(np.int64) + steps).view(np.float64).reshape(-1, 1, 1)
            asked = [
                bool(own.numpy(ops.flushed_and_undecided(own.array(row), given, 1)[1])[0, 0])
                for row in rows
            ]
            assert asked == (np.abs(steps) <= ulps).tolist()


def test_a_bound_of_nothing_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(self: Any, factor: Any, ulps: int) -> Any:
        return np.zeros(np.shape(factor), np.int64)

    monkeypatch.setattr(second_look.Bounds, "_at_most", nothing)
    assert wrong(gradient_of("numpy", ROWS)[1], ROWS.gradients) > 0


def test_any_block_and_any_place_of_the_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    """An item's result does not depend on its neighbours."""
    monkeypatch.setattr("wce_backends.numpy.BLOCK", 64)
    rows = ROWS.logits.reshape(5, 12, -1)
    options: dict[str, Any] = {"reduction": "sum", "precision": "exact", "axis": 1}
    _, gradient = wce_core.value_and_grad(losses.cross_entropy)(
        np.ascontiguousarray(np.moveaxis(rows, -1, 1)),
        ROWS.labels.reshape(5, 12),
        sample_weight=ROWS.weights.reshape(5, 12),
        **options,
    )
    found = np.ascontiguousarray(np.moveaxis(gradient, 1, -1)).reshape(ROWS.gradients.shape)
    assert wrong(found, ROWS.gradients) == 0


def everything(self: Any, factor: Any, ulps: int) -> Any:
    """So large a bound that every item is evaluated again."""
    return np.full(np.shape(factor), MOST)


def test_what_is_not_finite_stays_as_it_is() -> None:
    """Beside rows that are evaluated again, in the same call."""
    x = np.concatenate([ROWS.logits, ROWS.logits[:2]])
    x[-2, 0], x[-1, 1] = np.nan, -np.inf
    y, w = np.append(ROWS.labels, [0, 1]), np.append(ROWS.weights, [1.0, 1.0])
    found = losses.cross_entropy(x, y, sample_weight=w, reduction="none", precision="exact")
    assert np.isnan(found[-2])
    assert found[-1] == np.inf
    value, gradient = wce_core.value_and_grad(losses.cross_entropy)(
        x, y, sample_weight=w, reduction="sum", precision="exact"
    )
    assert np.isnan(value)
    assert np.isnan(gradient[-2]).all()
    assert gradient[-1, 1] == -1.0
    assert wrong(gradient[:-2], ROWS.gradients) == 0


def test_a_second_look_at_infinities(monkeypatch: pytest.MonkeyPatch) -> None:
    """A class that cannot be, whether or not it is the item's, in rows that are looked at again."""
    x, y = ROWS.logits[:4].copy(), np.array([0, 1, 2, 3])
    x[:2, 0] = -np.inf
    options: dict[str, Any] = {"sample_weight": ROWS.weights[:4], "precision": "exact"}

    def found() -> tuple[np.ndarray, np.ndarray]:
        items = losses.cross_entropy(x, y, reduction="none", **options)
        both = wce_core.value_and_grad(losses.cross_entropy)
        return items, both(x, y, reduction="sum", **options)[1]

    first = found()
    monkeypatch.setattr(second_look.Bounds, "_at_most", everything)
    again = found()
    assert again[0][0] == np.inf
    for one, other in zip(first, again, strict=True):
        np.testing.assert_allclose(one, other, rtol=3e-7)


def closed_operations(backend: str) -> Any:
    """Those by which a first look is made."""
    if backend == "torch":
        from wce_backends.torch.backend import BLOCKS

        return BLOCKS
    return NUMPY


def test_what_exp_and_log1p_may_be_off_by(backend: str) -> None:
    """The assumption of the bounds, where it is used: 4 ulp, and e⁰ = 1."""
    if backend not in ("numpy", "torch"):
        return
    own, rng, ops = adapter(backend), np.random.default_rng(4), closed_operations(backend)
    x = -np.concatenate([rng.random(300) * 90, 2.0 ** -rng.integers(0, 50, 100), [0.0]])
    finite = own.array(np.zeros(1))

    def exp(at: np.ndarray) -> np.ndarray:
        return own.numpy(ops.exp_of_negatives(own.array(at.copy()), finite))

    def log1p(at: np.ndarray) -> np.ndarray:
        return own.numpy(ops.xp.log1p(own.array(at)))

    with mp.workprec(150):
        for function, true, at, limit in (
            (exp, mp.exp, x, second_look.EXP),
            (log1p, mp.log1p, np.exp(x), second_look.LOG1P),
        ):
            for found, each in zip(function(at), at, strict=True):
                want = true(mp.mpf(float(each)))
                assert abs(mp.mpf(float(found)) - want) <= want * limit * mp.mpf(2) ** -53
    assert exp(np.zeros(9)).tolist() == [1.0] * 9


@pytest.mark.parametrize("count", [7, 31, 128, 1000, 33_333, 131_072])
def test_how_much_sums_may_be_off_by(backend: str, count: int) -> None:
    """Equal numbers, of which every rounding goes to the same side."""
    if backend not in ("numpy", "torch"):
        return
    own, ops = adapter(backend), closed_operations(backend)
    for each in (0.1, 1 / 3, 1.0 + 2.0**-52):
        with mp.workprec(150):
            true = mp.mpf(each) * count
        row = own.array(np.full((2, count), each))
        limit = ops.sum_roundings(count) * mp.mpf(2) ** -53
        for found in own.numpy(ops.xp.sum(row, axis=1)):
            assert abs(mp.mpf(float(found)) - true) <= true * limit


@pytest.mark.parametrize("classes", [3, 100, 3000])
def test_how_much_a_row_may_be_off_by(backend: str, classes: int) -> None:
    """Exponentials and their two sums, however a backend makes them: what bounds are made of."""
    if backend not in ("numpy", "torch"):
        return
    own, ops = adapter(backend), closed_operations(backend)
    x = np.random.default_rng(classes).normal(size=(6, classes)) * 4
    x[:2, 0] += [20.0, 40.0]
    x = x.astype(np.float32).astype(np.float64)
    largest = own.array(x.max(1, keepdims=True))
    found = [own.numpy(each) for each in ops.exponentials(own.array(x), largest, 1)]
    of_sum = second_look.EXP + classes.bit_length() + ops.sum_roundings(classes) + 2
    with mp.workprec(200):
        for row, exp, whole, rest in zip(x.tolist(), *found, strict=True):
            top = row.index(max(row))
            true = [mp.exp(mp.mpf(each) - row[top]) for each in row]
            others = mp.fsum(true[:top] + true[top + 1 :])
            distance = second_look.FARTHEST
            for got, want, ulps in (
                *zip(exp, true, [second_look.EXP + distance] * classes, strict=True),
                (whole[0], others + 1, of_sum),
                (rest[0], others, 2 * of_sum + distance),
            ):
                assert abs(mp.mpf(float(got)) - want) <= want * ulps * mp.mpf(2) ** -53
