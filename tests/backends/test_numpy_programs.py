"""Replayed calls: that they are, that they give the same bits and errors, and when they are not."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import wce_core
from wce_backends import programs
from wce_backends.numpy import PROGRAMS, few
from wce_backends.recent import Recent
from wce_core import losses

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 4)).astype(np.float32)
Y = RNG.integers(0, 4, 6)
WEIGHTS = [1.0, 2.0, 3.0, 0.5]


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PROGRAMS, "_programs", Recent(programs.MANY, programs.PATIENCE))
    monkeypatch.setattr(PROGRAMS, "_seen", {})
    monkeypatch.setattr(PROGRAMS, "_traces", programs.MANY)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """For each call so far: was it replayed?"""
    found: list[bool] = []
    outcome = programs.Programs.outcome

    def recorded(*args: Any, **kwargs: Any) -> Any:
        result = outcome(*args, **kwargs)
        found.append(result is not None)
        return result

    monkeypatch.setattr(programs.Programs, "outcome", recorded)
    yield found


def loss(x: Any, y: Any = Y, **options: Any) -> tuple[Any, np.ndarray]:
    return wce_core.value_and_grad(losses.cross_entropy)(x, y, **options)


def repeated(times: int = programs.OFTEN + 2, **options: Any) -> list[tuple[Any, np.ndarray]]:
    return [loss(X, **options) for _ in range(times)]


def test_calls_are_replayed_after_a_while_with_the_same_bits(ran: list[bool]) -> None:
    first, *others = repeated(class_weight=WEIGHTS, reduction="weighted_mean")
    assert ran == [False] * programs.OFTEN + [True] * 2
    for value, gradient in others:
        assert value == first[0]
        assert type(value) is type(first[0])
        np.testing.assert_array_equal(gradient, first[1])


def test_every_result_is_the_callers_own(ran: list[bool]) -> None:
    _, gradient = repeated()[-1]
    before = gradient.copy()
    gradient[:] = 7.0
    np.testing.assert_array_equal(loss(X)[1], before)
    assert ran[-1]
    np.testing.assert_array_equal(X, np.random.default_rng(0).normal(size=(6, 4)).astype("f4"))


@pytest.mark.parametrize(
    "options",
    [{"class_weight": {0: 1.0, 1: 2.0, 2: 3.0, 3: 0.5}}, {"class_weight": np.array(WEIGHTS)}],
    ids=["a mapping", "an array"],
)
def test_weights_as_they_come(options: dict[str, Any], ran: list[bool]) -> None:
    expected = loss(X, class_weight=WEIGHTS)
    value, gradient = repeated(**options)[-1]
    assert ran[-1]
    assert value == expected[0]
    np.testing.assert_array_equal(gradient, expected[1])


def test_other_numbers_are_not_those_that_were_traced(ran: list[bool]) -> None:
    repeated(class_weight=WEIGHTS)
    x, y, weights = X[::-1].copy() * 3, (Y + 1) % 4, np.array(WEIGHTS)[::-1].tolist()
    value, gradient = loss(x, y, class_weight=weights)
    assert ran[-1]
    exact = loss(x.astype(np.float64), y, class_weight=weights)
    np.testing.assert_allclose(value, exact[0], rtol=1e-6)
    np.testing.assert_allclose(gradient, exact[1], rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.array([0, 1, 2, 3, 4, 0])}, r"targets is 4 at position \(4,\)"),
        ({"y": np.array([0, 1, 2, 3, -1, 0])}, r"targets is -1 at position \(4,\)"),
        ({"class_weight": [1.0, 2.0, -3.0, 1.0]}, r"class_weight is -3"),
        ({"class_weight": [1.0, 2.0, float("nan"), 1.0]}, "class_weight is nan"),
        ({"label_smoothing": True}, "label_smoothing is True"),
        ({"ignore_index": True}, "ignore_index is True"),
    ],
)
def test_errors_are_those_of_a_first_call(
    change: dict[str, Any], message: str, ran: list[bool]
) -> None:
    same: dict[str, Any] = {"class_weight": WEIGHTS, "label_smoothing": 1, "ignore_index": 1}
    if not change.keys() & {"label_smoothing", "ignore_index"}:
        del same["label_smoothing"], same["ignore_index"]
    repeated(**same)
    assert ran[-1]
    with pytest.raises((ValueError, TypeError), match=message):
        loss(X, **{**same, **change})
    assert not ran[-1]


def test_values_that_decide_otherwise_take_the_usual_way(ran: list[bool]) -> None:
    """Weight 0 times an infinite loss is 0: the one product that a selection has to make."""
    options: dict[str, Any] = {"class_weight": [0.0, 2.0, 3.0, 0.5], "reduction": "sum"}
    repeated(**options)
    x, y = X.copy(), Y.copy()
    x[0, 0], y[0] = -np.inf, 0
    value, gradient = loss(x, y, **options)
    assert not ran[-1]
    expected = loss(x[1:], y[1:], **options)
    np.testing.assert_allclose(value, expected[0], rtol=1e-6)
    assert np.isfinite(gradient).all()
    repeated(**options)
    assert not ran[-1]  # not until many more calls


def test_soft_labels_after_hard_ones(ran: list[bool]) -> None:
    both = wce_core.value_and_grad(losses.binary_cross_entropy)
    hard, soft = (X > 0).astype(np.float32), np.full(X.shape, 0.25, np.float32)
    for _ in range(programs.OFTEN + 1):
        both(X, hard)
    assert ran[-1]
    value, _ = both(X, soft)
    assert not ran[-1]
    np.testing.assert_allclose(value, np.mean(np.logaddexp(0, X) - 0.25 * X), rtol=1e-6)


def test_large_calls_are_not_traced(ran: list[bool]) -> None:
    x = np.zeros((few() // 4 + 1, 4), np.float32)
    for _ in range(programs.OFTEN + 2):
        loss(x, np.zeros(len(x), int))
    assert not ran


def rows(count: int) -> tuple[Any, np.ndarray]:
    """A kind of call for each number."""
    return loss(np.zeros((count, 2), np.float32), np.zeros(count, int))


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "COUNTED", 50)
    for count in range(1, 80):
        rows(count)
    assert len(PROGRAMS._seen) == 50


@pytest.fixture
def room_for_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PROGRAMS, "_programs", Recent(4, 40))


@pytest.mark.usefixtures("room_for_four")
def test_more_kinds_in_turn_than_there_is_room_for(ran: list[bool]) -> None:
    """Those that have a program keep it; the others are not traced in vain."""
    for _ in range(40):
        for count in range(1, 9):
            rows(count)
    assert ran[-8:] == [True] * 4 + [False] * 4
    assert len(PROGRAMS._programs) == 4
    assert PROGRAMS._traces > programs.MANY - 6


@pytest.mark.usefixtures("room_for_four")
def test_what_is_not_used_makes_room(ran: list[bool]) -> None:
    for counts in (range(1, 5), range(5, 9)):
        for _ in range(40):
            for count in counts:
                rows(count)
    assert ran[-4:] == [True] * 4
    assert len(PROGRAMS._programs) == 4


def test_traces_are_a_share_of_the_calls(ran: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that end before they are used cost little."""
    monkeypatch.setattr(PROGRAMS, "_traces", 3)
    for count in range(1, 11):
        for _ in range(programs.OFTEN + 1):
            rows(count)
    assert sum(ran) == 3
    monkeypatch.setattr(programs, "SHARE", 1.0)
    rows(10)
    assert ran[-1]


def test_masks_and_subclasses_are_looked_at(ran: list[bool]) -> None:
    repeated()
    with pytest.raises(TypeError, match="masked array"):
        loss(np.ma.masked_array(X, X > 1))
    assert len(ran) == programs.OFTEN + 2


def test_configured_weights_are_part_of_the_program(ran: list[bool]) -> None:
    """Checked and converted once; each configured loss has its own."""
    calls = {}
    for weights in (WEIGHTS, WEIGHTS[::-1]):
        configured = losses.CrossEntropy(class_weight=weights, reduction="weighted_mean")
        both = wce_core.value_and_grad(configured)
        calls[configured] = [both(X, Y) for _ in range(programs.OFTEN + 2)][-1]
        assert ran[-1]
    for configured, (value, gradient) in calls.items():
        expected = loss(X, class_weight=configured.class_weight.numbers, reduction="weighted_mean")
        assert value == expected[0]
        np.testing.assert_array_equal(gradient, expected[1])


def test_programs_end_with_the_numbers_of_their_loss() -> None:
    configured = losses.CrossEntropy(cost_matrix=np.ones((4, 4)), class_weight=WEIGHTS)
    numbers = weakref.ref(configured.cost_matrix.numbers)
    other = losses.CrossEntropy(class_weight=WEIGHTS)
    for _ in range(programs.OFTEN + 2):
        for each in (configured, other):
            wce_core.value_and_grad(each)(X, Y)
    assert len(PROGRAMS._programs) == 2
    del configured, each
    gc.collect()
    assert numbers() is None
    assert len(PROGRAMS._programs) == 1


def test_what_programs_hold_is_bounded() -> None:
    """Of many large losses that live on, not all programs are kept."""
    matrix = np.random.default_rng(1).random((1000, 1000), np.float32)
    x, y = np.zeros((4, 1000), np.float32), np.arange(4)
    alive = [losses.CrossEntropy(cost_matrix=matrix) for _ in range(24)]
    held = []
    for each in alive:
        for _ in range(programs.OFTEN + 2):
            wce_core.value_and_grad(each)(x, y)
        held.append(PROGRAMS._programs._size())
    assert held[0] > 1  # a copy in float64
    assert max(held) <= programs.MANY
    assert len(PROGRAMS._programs) < len(alive)
