"""The oracle, held against numbers worked out elsewhere, finite differences and the laws."""

import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, product
from math import inf, isnan, nan
from random import Random
from typing import Any, ClassVar

import ml_dtypes
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seen import is_seen

from wce_conformance.cases import Case, Tensor, small_cases
from wce_conformance.cases.covering import pairs
from wce_conformance.cases.systematic import FREE, MODES, REDUCTIONS, rows
from wce_conformance.oracle import (
    LOSSES,
    Grid,
    Nested,
    Result,
    binary_cross_entropy,
    cross_entropy,
    exact_result,
    map_nested,
    round_to,
)
from wce_conformance.oracle import result as result_module

mp: Any = mpmath.mp
pytestmark = pytest.mark.no_cover  # nothing of wce_core runs

RULES = ("per_class", "mixture", "geometric", "hard")
FORMS = ("logits", "probabilities", "log_probabilities")
MEANS = ("mean", "mean_over_all", "weighted_mean", "nonzero_mean", "batch_mean")
LOG2 = 0.6931471805599453
ONE_THIRD = 1 / 3


def floats(nested: Nested) -> Nested:
    return map_nested(float, nested)


def times(nested: Nested, factor: float) -> Nested:
    return map_nested(lambda number: number * factor, nested)


def flat(nested: Nested) -> list[Any]:
    return list(Grid.of(nested).flat)


def close(nested: Nested, expected: Nested, tolerance: float = 1e-14) -> bool:
    """Whether all numbers agree, relative to the largest, NaN with NaN."""
    pairs = list(zip(flat(nested), flat(expected), strict=True))
    scale = max((abs(right) for _, right in pairs if mp.isfinite(right)), default=0)
    return all(
        left == right
        or (mp.isnan(left) and mp.isnan(right))
        or abs(left - right) <= tolerance * scale
        for left, right in pairs
    )


@pytest.fixture(autouse=True)
def many_digits() -> Iterator[None]:
    """What tests compute themselves must not be what limits them."""
    with mp.workdps(60):
        yield


# --- Numbers worked out elsewhere -----------------------------------------------------------


class TestKnownNumbers:
    LOGITS: ClassVar = [
        [2, 2, 6, 1, 3],
        [9, 6, 1, 0, 1],
        [9, 0, 0, 9, 3],
        [4, 0, 0, 4, 1],
        [7, 3, 2, 4, 7],
        [2, 4, 8, 0, 7],
    ]
    LABELS: ClassVar = [1, 3, 4, 4, 4, 1]
    WEIGHTS: ClassVar = [0.3, 0.1, 0.2, 0.3, 0.1]

    @pytest.mark.parametrize(
        ("class_weight", "expected"), [({0: 1, 1: 2}, 0.6067196479), (None, 0.5215820440)]
    )
    def test_binary_probabilities(self, class_weight: Any, expected: float) -> None:
        p, y = [0.6, 0.1, 0.1, 0.9, 0.1, 0.0], [1, 0, 0, 0, 0, 0]
        loss = binary_cross_entropy(p, y, class_weight=class_weight, form="probabilities")
        assert float(loss.value) == pytest.approx(expected, abs=5e-11)

    @pytest.mark.parametrize(
        ("class_weight", "expected"), [({0: 1, 1: 2}, 1.0439971378), (None, 0.8149244548)]
    )
    def test_multi_label_probabilities(self, class_weight: Any, expected: float) -> None:
        p, y = [[0.6, 0.4], [0.4, 0.6]], [[0, 1], [0, 0]]
        loss = binary_cross_entropy(p, y, class_weight=class_weight, form="probabilities")
        assert float(loss.value) == pytest.approx(expected, abs=5e-11)

    def test_items_before_weighting(self) -> None:
        items = cross_entropy(self.LOGITS, self.LABELS, reduction="none").value
        expected = [
            4.0890691936,
            9.0493437285,
            6.6945090387,
            3.7354488859,
            0.7298843576,
            4.3285907555,
        ]
        assert floats(items) == pytest.approx(expected, abs=5e-11)

    @pytest.mark.parametrize(
        ("reduction", "expected"),
        [("sum", 4.6725533417), ("nonzero_mean", 0.7787588903), ("weighted_mean", 5.8406916771)],
    )
    def test_reductions(self, reduction: Any, expected: float) -> None:
        loss = cross_entropy(
            self.LOGITS, self.LABELS, class_weight=self.WEIGHTS, reduction=reduction
        )
        assert float(loss.value) == pytest.approx(expected, abs=5e-11)

    def test_gradient_of_mass(self) -> None:
        gradient = cross_entropy([1, 2, 3], [5.0, 0.0, 0.0], reduction="sum").gradient
        assert floats(gradient) == pytest.approx([-4.550, 1.224, 3.326], abs=5e-4)

    @pytest.mark.parametrize(
        ("rule", "expected"),
        [
            ("per_class", 1.25439),
            ("mixture", 1.50984),
            ("geometric", 1.20447),
            ("hard", 0.79465),
        ],
    )
    def test_soft_rules(self, rule: Any, expected: float) -> None:
        loss = binary_cross_entropy(
            0.6, 0.3, class_weight=[1, 4], form="probabilities", soft_weighting=rule
        )
        assert float(loss.value) == pytest.approx(expected, abs=5e-6)

    @pytest.mark.parametrize(
        ("reduction", "expected"), [("nonzero_mean", 4.0), ("weighted_mean", 3.0), ("mean", 3.0)]
    )
    def test_means_differ(self, reduction: Any, expected: float) -> None:
        losses, weights = [1.0, 2.0, 3.0, 4.0], [0, 1, 2, 1]
        rows = [[-loss, -50.0] for loss in losses]
        loss = cross_entropy(
            rows, [0] * 4, form="log_probabilities", sample_weight=weights, reduction=reduction
        )
        assert float(loss.value) == expected


# --- Gradients against finite differences ---------------------------------------------------


STEP = mpmath.mpf(10) ** -18


class Differences:
    """Random data for one call, and derivatives of the call in random directions."""

    def __init__(self, loss: Any, arrays: dict[str, Nested], options: dict[str, Any]) -> None:
        self.loss, self.arrays, self.options = loss, arrays, options

    def value(self, name: str, direction: list[int], step: Any) -> Any:
        grid = Grid.of(self.arrays[name])
        moved = [v + step * d for v, d in zip(grid.flat, direction, strict=True)]
        arrays = {**self.arrays, name: Grid(grid.shape, tuple(moved))}
        return self.loss(arrays.pop("predictions"), arrays.pop("targets"), **arrays, **self.options)

    def agree(self, random: Random) -> None:
        wrt = [name for name in self.arrays if name != "predictions"]
        arrays = dict(self.arrays)
        result = self.loss(
            arrays.pop("predictions"), arrays.pop("targets"), **arrays, **self.options, wrt=wrt
        )
        for name, gradient in {"predictions": result.gradient, **result.gradients}.items():
            self._agrees_along(name, flat(gradient), random)

    def _agrees_along(self, name: str, gradient: list[Any], random: Random) -> None:
        direction = [random.randint(-9, 9) for _ in gradient]
        above = self.value(name, direction, STEP).value
        below = self.value(name, direction, -STEP).value
        slope = sum(g * d for g, d in zip(gradient, direction, strict=True))
        scale = sum(abs(g * d) for g, d in zip(gradient, direction, strict=True))
        assert abs((above - below) / (2 * STEP) - slope) <= scale * mp.mpf("1e-28") + mp.mpf(
            "1e-30"
        ), name


def row_of(form: str, random: Random, length: int) -> list[float]:
    shares = [random.uniform(0.1, 0.9) for _ in range(length)]
    if form == "probabilities":
        return shares
    return [random.uniform(-3, 0) for _ in range(length)]


def positive(random: Random, *shape: int) -> Nested:
    if not shape:
        return random.uniform(0.2, 3.0)
    return [positive(random, *shape[1:]) for _ in range(shape[0])]


@pytest.mark.parametrize("reduction", ["mean", "weighted_mean"])
@pytest.mark.parametrize("smoothing", [{}, {"label_smoothing": 0.1}, {"smoothing": "others"}])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("form", FORMS)
def test_multiclass_gradients(
    form: str, rule: str, smoothing: dict[str, Any], reduction: str
) -> None:
    random = Random(f"{form} {rule} {smoothing} {reduction}")
    arrays = {
        "predictions": [row_of(form, random, 3) for _ in range(2)],
        "targets": positive(random, 2, 3),
        "class_weight": positive(random, 3),
        "sample_weight": positive(random, 2),
        "cost_matrix": positive(random, 3, 3),
    }
    if "smoothing" in smoothing:
        smoothing = {**smoothing, "label_smoothing": 0.3}
    options = {"form": form, "soft_weighting": rule, "reduction": reduction, **smoothing}
    Differences(cross_entropy, arrays, options).agree(random)


@pytest.mark.parametrize("reduction", ["sum", "weighted_mean"])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("form", FORMS)
def test_binary_gradients(form: str, rule: str, label_smoothing: float, reduction: str) -> None:
    random = Random(f"{form} {rule} {label_smoothing} {reduction}")
    arrays = {
        "predictions": [row_of(form, random, 3) for _ in range(2)],
        "targets": [[random.uniform(0.05, 0.95) for _ in range(3)] for _ in range(2)],
        "class_weight": positive(random, 3, 2),
        "pos_weight": positive(random, 3),
        "sample_weight": positive(random, 1, 3),
    }
    options = {
        "form": form,
        "soft_weighting": rule,
        "label_smoothing": label_smoothing,
        "reduction": reduction,
    }
    Differences(binary_cross_entropy, arrays, options).agree(random)


@pytest.mark.parametrize("rule", RULES)
def test_gradient_towards_mass_from_none(rule: Any) -> None:
    weights: dict[str, Any] = {
        "class_weight": [0.5, 2.0, 3.0],
        "cost_matrix": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]],
        "label_smoothing": 0.125,
        "soft_weighting": rule,
        "reduction": "sum",
    }
    row = [0.5, -1.0, 2.0]
    gradient = cross_entropy(row, [0.0, 0.0, 0.0], wrt=["targets"], **weights).gradients["targets"]
    losses = [cross_entropy(row, k, **weights).value for k in range(3)]
    assert close(gradient, losses, 1e-25)


def test_constant_denominators_scale_the_gradient() -> None:
    x, y, s = [[0.5, -1.0], [2.0, 1.0], [0.0, 3.0]], [0, 1, 0], [1.0, 0.0, 3.0]
    denominators = {"mean": 2, "mean_over_all": 3, "nonzero_mean": 1, "batch_mean": 3}
    mask = [True, True, False]
    whole = cross_entropy(x, y, sample_weight=s, mask=mask, reduction="sum")
    for reduction, denominator in denominators.items():
        part: Result = cross_entropy(x, y, sample_weight=s, mask=mask, reduction=reduction)
        assert close(times(part.gradient, denominator), whole.gradient)
    divided = cross_entropy(x, y, sample_weight=s, mask=mask, reduction="sum", normalizer=2.5)
    assert close(times(divided.gradient, 2.5), whole.gradient)
    assert close(divided.value * 2.5, whole.value)


# --- Laws -----------------------------------------------------------------------------------


def calls(loss: str) -> list[Case]:
    every = [case for case in small_cases() if case.loss == loss and "systematic" in case.flags]
    return [case for case in every if is_seen(case, one_in=3)]


def run(case: Case, **changes: Any) -> Result:
    """The case with some of its arrays or arguments replaced; None removes an argument."""
    arguments: dict[str, Any] = {"predictions": case.predictions, "targets": case.targets}
    arguments |= {**case.arguments, **changes}
    arguments = {name: plain(value) for name, value in arguments.items() if value is not None}
    losses = {"cross_entropy": cross_entropy, "binary_cross_entropy": binary_cross_entropy}
    return losses[case.loss](**arguments)


def plain(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.grid()
    return {int(k): w for k, w in value.items()} if isinstance(value, dict) else value


def items_axis(case: Case) -> int:
    """The predictions' axis along which their items' leading axis runs."""
    axis: Any = case.arguments.get("axis", -1)
    return int(case.loss == "cross_entropy" and axis % len(case.predictions.shape) == 0)


def numpy(value: Any) -> Any:
    grid = plain(value)
    return np.array(grid.flat, dtype=object).reshape(grid.shape)


def grid_of(array: Any) -> Grid[Any]:
    return Grid(array.shape, tuple(array.ravel()))


def part(case: Case, which: Any) -> dict[str, Any]:
    """The arrays of a case for some places of the items' leading axis."""
    axis = items_axis(case)
    parts = {"predictions": numpy(case.predictions).take(which, axis)}
    dense = len(case.targets.shape) == len(case.predictions.shape)
    parts["targets"] = numpy(case.targets).take(which, axis if dense else 0)
    count = case.predictions.shape[axis]
    for name in ("sample_weight", "mask"):
        weights = case.arguments.get(name)
        if isinstance(weights, Tensor) and weights.shape[:1] == (count,):
            parts[name] = numpy(weights).take(which, 0)
    return {name: grid_of(array) for name, array in parts.items()}


def has_batch(case: Case) -> bool:
    """Whether the items have a leading axis that isn't that of labels."""
    if case.loss == "cross_entropy":
        return len(case.predictions.shape) > 1
    return len(case.predictions.shape) > 0 and case.arguments.get("axis") != 0


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("reduction", ["none", "sum", "parts", *MEANS])
def test_an_index_is_its_one_hot_row(reduction: Any, rule: Any) -> None:
    options: dict[str, Any] = {
        "class_weight": [0.5, 2.0, 0.0],
        "sample_weight": [1.5, 0.0, 3.0, 1.0],
        "mask": [True, True, True, False],
        "cost_matrix": [[0.0, 1.0, 5.0], [2.0, 0.5, 1.0], [10.0, 3.0, 0.25]],
        "label_smoothing": 0.1,
        "soft_weighting": rule,
        "reduction": reduction,
        "wrt": ["class_weight", "sample_weight", "cost_matrix"],
    }
    x = [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5], [2.0, 1.5, -3.0], [nan, 0.0, 0.0]]
    labels = [0, 2, 1, 1]
    one_hot = [[float(k == label) for k in range(3)] for label in labels]
    index, dense = cross_entropy(x, labels, **options), cross_entropy(x, one_hot, **options)
    assert (index.value, index.gradient) == (dense.value, dense.gradient)
    assert (index.omega, index.gradients) == (dense.omega, dense.gradients)


def test_soft_rules_agree_on_hard_targets() -> None:
    x, weights = [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]], [0.5, 2.0, 4.0]
    for targets in ([2, 0], [[0.0, 0.0, 3.0], [0.5, 0.0, 0.0]]):
        results = [
            cross_entropy(x, targets, class_weight=weights, soft_weighting=rule) for rule in RULES
        ]
        assert all(close(r.gradient, results[0].gradient, 1e-25) for r in results)
        assert all(r.omega == results[0].omega for r in results)


def test_balanced_weights_by_hand() -> None:
    """Three items of class 0, one of class 1, none of class 2: 4/(2·3), 4/(2·1) and 0."""
    rows = [[0.5, -1.0, 2.0]] * 5
    labels, mask = [0, 0, 1, 0, 2], [True] * 4 + [False]
    found = cross_entropy(rows, labels, mask=mask, class_weight="balanced", label_smoothing=0.3)
    weights = [mp.mpf(2) / 3, 2, 0]
    known = cross_entropy(rows, labels, mask=mask, class_weight=weights, label_smoothing=0.3)
    assert abs(found.value - known.value) < mp.mpf(10) ** -40
    found = binary_cross_entropy([[0.5, 2.0]], [[0.25, 1.0]], class_weight="balanced")
    known = binary_cross_entropy([[0.5, 2.0]], [[0.25, 1.0]], class_weight=[2 / 1.5, 2 / 2.5])
    assert abs(found.value - known.value) < mp.mpf(10) ** -14


@pytest.mark.parametrize("loss", MODES)
def test_split_and_merge(loss: str) -> None:
    for case in filter(has_batch, calls(loss)):
        changes: dict[str, Any] = {"reduction": "parts", "normalizer": None}
        count = case.predictions.shape[items_axis(case)]
        whole = run(case, **changes)
        pieces = [run(case, **changes, **part(case, w)) for w in ([0], list(range(1, count)))]
        merged = [sum(field) for field in zip(*(piece.parts for piece in pieces), strict=True)]
        assert close(merged, list(whole.parts), 1e-30), case.id
        gradients = [np.array(piece.gradient) for piece in pieces]
        joined = np.concatenate(gradients, axis=items_axis(case))
        assert close(joined.tolist(), whole.gradient, 1e-30), case.id


@pytest.mark.parametrize("loss", MODES)
def test_weighted_mean_of_a_constant(loss: str) -> None:
    for case in calls(loss):
        even = {
            "predictions": case.predictions.grid().map(lambda _: -LOG2),
            "form": "log_probabilities",
            "clip": None,
            "reduction": "weighted_mean",
            "normalizer": None,
            "empty": "nan",
        }
        value = run(case, **even).value
        assert isnan(float(value)) or abs(float(value) - LOG2) < 1e-15, case.id


def test_logits_count_by_their_differences() -> None:
    for case in calls("cross_entropy"):
        if "form" in case.arguments:
            continue
        shifted = run(case, predictions=case.predictions.grid().map(lambda x: mp.mpf(x) + 1000))
        assert close(shifted.gradient, run(case).gradient, 1e-25), case.id
        assert close(shifted.items, run(case).items, 1e-25), case.id


def test_permutation_of_items() -> None:
    x, y = [[0.5, -1.0], [2.0, 1.0], [0.0, 3.0]], [0, 1, 0]
    s, order = [1.0, 0.5, 3.0], [2, 0, 1]
    first = cross_entropy(x, y, sample_weight=s, reduction="weighted_mean")
    second = cross_entropy(
        [x[i] for i in order],
        [y[i] for i in order],
        sample_weight=[s[i] for i in order],
        reduction="weighted_mean",
    )
    assert close(second.value, first.value, 1e-25)
    assert close(second.gradient, [first.gradient[i] for i in order], 1e-25)


@given(st.lists(st.tuples(st.floats(-50, 50), st.integers(0, 1)), min_size=1, max_size=4))
@settings(deadline=None, max_examples=30)
def test_weight_two_is_the_item_twice(items: list[tuple[float, int]]) -> None:
    z, y = [item[0] for item in items], [item[1] for item in items]
    weights = [2] + [1] * (len(items) - 1)
    doubled = binary_cross_entropy([*z, z[0]], [*y, y[0]], reduction="sum")
    weighted = binary_cross_entropy(z, y, sample_weight=weights, reduction="sum")
    assert close(weighted.value, doubled.value, 1e-25)
    assert close(weighted.gradient[0], 2 * doubled.gradient[0], 1e-25)


@given(st.floats(-700, 700), st.floats(0, 1))
@settings(deadline=None, max_examples=50)
def test_binary_is_two_classes(z: float, y: float) -> None:
    options: dict[str, Any] = {"class_weight": [0.5, 3.0], "label_smoothing": 0.1}
    binary = binary_cross_entropy(z, y, **options)
    classes = cross_entropy([0, z], [1 - mp.mpf(y), y], **options)
    assert close(binary.value, classes.value, 1e-25)
    assert abs(binary.gradient - classes.gradient[1]) <= 1e-25 * binary.gradient_scale


# --- Edges ----------------------------------------------------------------------------------


class TestImpossibleClasses:
    def test_loss_and_gradient(self) -> None:
        result = cross_entropy([-inf, 0.0, 0.0], 0)
        assert (float(result.value), floats(result.gradient)) == (inf, [-1.0, 0.5, 0.5])

    @pytest.mark.parametrize("far", [-inf, -1e300])
    def test_the_others_keep_their_proportions(self, far: float) -> None:
        gradient = cross_entropy([far, 0.5, 1.0, far], 0).gradient
        others = cross_entropy([0.5, 1.0], 0).gradient
        assert close(gradient, [-1, 1 + others[0], others[1], 0], 1e-29)

    def test_no_mass(self) -> None:
        result = cross_entropy([[-inf, 0.0, 0.0]], [[0.0, 1.0, 0.0]], wrt=["targets"])
        assert floats(result.gradient) == [[0.0, -0.5, 0.5]]
        assert floats(result.gradients["targets"]) == [[0.0, LOG2, LOG2]]

    def test_smoothing_puts_mass_everywhere(self) -> None:
        assert cross_entropy([-inf, 0.0], 1, label_smoothing=0.1).value == inf

    @pytest.mark.parametrize("weight", [{"class_weight": [0, 1]}, {"sample_weight": 0}])
    def test_weight_zero_silences(self, weight: dict[str, Any]) -> None:
        result = cross_entropy([-inf, 0.0], 0, reduction="sum", **weight)
        assert (result.value, result.gradient) == (0, [0, 0])

    def test_zero_is_exact(self) -> None:
        result = cross_entropy([-inf, 0.0], 1)
        assert (result.value, result.gradient) == (0, [0, 0])
        assert result.gradient_sizes["predictions"] == [0, 0]

    def test_others_keep_their_gradient(self) -> None:
        result = cross_entropy([[-inf, 0.0], [0.0, 0.0]], [0, 0])
        assert result.value == inf
        assert floats(result.gradient) == [[-0.5, 0.5], [-0.25, 0.25]]

    def test_binary(self) -> None:
        result = binary_cross_entropy(
            [inf, inf, -inf, -inf, inf], [1, 0, 1, 0, 0.25], reduction="none", wrt=["targets"]
        )
        assert floats(result.value) == [0, inf, inf, 0, inf]
        assert floats(result.gradient) == [0, 1, -1, 0, 0.75]
        assert floats(result.gradients["targets"]) == [0, -inf, inf, 0, -inf]

    @pytest.mark.parametrize(
        ("p", "target", "loss", "gradient"),
        [
            ([1.0, 0.0], 0, 0.0, [-1.0, 0.0]),
            ([1.0, 0.0], 1, inf, [0.0, -inf]),
            ([0.5, 0.0], [1.0, 0.0], LOG2, [-2.0, 0.0]),
        ],
    )
    def test_probabilities(self, p: Nested, target: Any, loss: float, gradient: Nested) -> None:
        result = cross_entropy(p, target, form="probabilities")
        assert (float(result.value), floats(result.gradient)) == (loss, gradient)

    def test_binary_probabilities(self) -> None:
        result = binary_cross_entropy(
            [0.0, 1.0, 0.0, 1.0], [0, 1, 1, 0], form="probabilities", reduction="none"
        )
        assert floats(result.value) == [0, 0, inf, inf]
        assert floats(result.gradient) == [1, -1, -inf, inf]

    def test_log_probabilities(self) -> None:
        result = cross_entropy(
            [[-inf, 0.0], [-inf, 0.0]], [0, 1], form="log_probabilities", reduction="none"
        )
        assert floats(result.value) == [inf, 0]
        assert floats(result.gradient) == [[-1, 0], [0, -1]]

    def test_binary_log_probabilities(self) -> None:
        result = binary_cross_entropy(
            [-inf, 0.0, 1e-16, -LOG2], [0, 1, 1, 0], form="log_probabilities", reduction="none"
        )
        assert close(result.value, [0.0, 0.0, -1e-16, LOG2])
        assert close(result.gradient, [0.0, -1.0, -1.0, 1.0])

    def test_clip(self) -> None:
        result = cross_entropy(
            [[0.0, 1.0], [0.25, 0.75], [0.5, 0.5]],
            [0, 0, 1],
            form="probabilities",
            clip=0.25,
            reduction="none",
        )
        assert close(result.value, [2 * LOG2, 2 * LOG2, LOG2])
        assert floats(result.gradient) == [[0, 0], [-4, 0], [0, -2]]
        above = binary_cross_entropy([1.0], [0], form="probabilities", clip=0.25)
        assert (close(above.value, 2 * LOG2), floats(above.gradient)) == (True, [0])


class TestNan:
    ROWS: ClassVar = [[nan, 1.0], [inf, 1.0], [-inf, -inf], [0.0, 0.0]]

    def test_stays_in_its_item(self) -> None:
        result = cross_entropy(self.ROWS, [1, 0, 1, 0], reduction="sum")
        assert close(result.items, [nan, nan, nan, LOG2])
        assert isnan(float(result.value))
        assert close(result.gradient, [[nan, nan], [nan, nan], [nan, nan], [-0.5, 0.5]])

    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("loss", [cross_entropy, binary_cross_entropy])
    def test_fills_its_item_in_every_form(self, loss: Any, form: str) -> None:
        result = loss([[nan, 0.0]], [[0.0, 1.0]], form=form, reduction="sum")
        assert isnan(float(flat(result.gradient)[0]))
        assert isnan(float(flat(result.items)[0]))

    @pytest.mark.parametrize("reduction", ["none", "sum", "parts", *MEANS])
    def test_excluded_reaches_nothing(self, reduction: Any) -> None:
        options: dict[str, Any] = {
            "reduction": reduction,
            "class_weight": [2.0, 1.0],
            "cost_matrix": [[1.0, 2.0], [3.0, 4.0]],
            "wrt": ["class_weight", "cost_matrix"],
        }
        labels = [1, 7, 7, 0]
        masked = cross_entropy(
            self.ROWS, labels, mask=[False, True, True, True], ignore_index=7, **options
        )
        assert all(mp.isfinite(value) for value in flat(masked.gradient))
        assert floats(masked.gradient[:3]) == [[0, 0]] * 3
        alone = cross_entropy(self.ROWS[3:], labels[3:], **options)
        assert masked.parts[0] == alone.parts[0]
        if reduction not in ("mean_over_all", "batch_mean"):
            assert masked.gradients == alone.gradients

    def test_weight_zero_does_not_silence(self) -> None:
        result = cross_entropy([[nan, 0.0]], [0], sample_weight=[0], reduction="sum")
        assert isnan(float(result.value))

    @pytest.mark.parametrize("label", [-1, 2])
    @pytest.mark.parametrize("classes", [1, 2])
    def test_invalid_labels_are_poisoned(self, label: int, classes: int) -> None:
        row = [[0.0] * classes]
        result = cross_entropy(row * 2, [label, 0], class_weight=[2] * classes, reduction="none")
        assert close(result.value[:1], [nan])
        assert close(result.omega, [nan, 2])
        assert close(result.gradient[:1], [[nan] * classes])
        assert all(mp.isfinite(g) for g in flat(result.gradient[1:]))


class TestDenominators:
    @pytest.mark.parametrize("empty", ["zero", "nan"])
    @pytest.mark.parametrize("reduction", MEANS)
    def test_nothing_to_average(self, reduction: Any, empty: Any) -> None:
        result = cross_entropy(Grid((0, 3), ()), Grid((0,), ()), reduction=reduction, empty=empty)
        assert (isnan(float(result.value)), result.gradient) == (empty == "nan", [])

    @pytest.mark.parametrize("empty", ["zero", "nan"])
    @pytest.mark.parametrize(
        ("reduction", "options"),
        [
            ("mean", {"mask": False}),
            ("weighted_mean", {"sample_weight": 0}),
            ("nonzero_mean", {"class_weight": [0, 0]}),
            ("sum", {"normalizer": 0}),
        ],
    )
    def test_zero(self, reduction: Any, options: dict[str, Any], empty: Any) -> None:
        result = cross_entropy([[0.0, 1.0]], [0], reduction=reduction, empty=empty, **options)
        assert isnan(float(result.value)) == (empty == "nan")
        assert result.gradient == [[0, 0]]
        assert result.loss_scale == 0

    def test_counts(self) -> None:
        result = cross_entropy(
            [[[0.0, 1.0]] * 3] * 2,
            [[0, 1, 9], [1, 1, 0]],
            class_weight=[2.0, 0.0],
            mask=[[True, True, True], [True, False, True]],
            ignore_index=9,
            reduction="parts",
        )
        total, items, all_items, weight, nonzero, batch, absolute = result.value
        assert (items, all_items, weight, nonzero, batch, absolute) == (4, 6, 4, 2, 2, 4)
        assert close(total, 4 * mp.log(1 + mp.e))

    def test_length_of_the_leading_axis(self) -> None:
        result = cross_entropy([[[0.0, 0.0]] * 3] * 2, [[0] * 3] * 2, reduction="batch_mean")
        assert close(result.value, 3 * mp.log(2))

    def test_length_of_a_single_item(self) -> None:
        assert cross_entropy([0.0, 1.0], 0).parts.batch == 1
        assert binary_cross_entropy(0.5, 1).parts.batch == 1


class TestMass:
    def test_geometric_weight_of_zero(self) -> None:
        options: dict[str, Any] = {"soft_weighting": "geometric", "wrt": ["class_weight"]}
        weights: dict[str, Any] = {"class_weight": [0.0, 2.0]}
        hard = cross_entropy([0.0, 0.0], [1.0, 0.0], **weights, **options)
        assert close(hard.gradients["class_weight"], [mp.log(2), 0])
        soft = cross_entropy([0.0, 0.0], [0.5, 0.5], **weights, **options)
        assert floats(soft.gradients["class_weight"]) == [inf, 0]
        both = cross_entropy([0.0, 0.0], [0.5, 0.5], class_weight=[0.0, 0.0], **options)
        assert both.gradients["class_weight"] == [0, 0]

    @pytest.mark.parametrize("rule", RULES)
    def test_none(self, rule: Any) -> None:
        result = cross_entropy(
            [[0.0, 1.0], [0.0, 0.0]],
            [[0, 0], [0, 2]],
            class_weight=[3, 5],
            label_smoothing=0.5,
            soft_weighting=rule,
            reduction="nonzero_mean",
        )
        assert (result.items[0], result.omega[0], result.gradient[0]) == (0, 0, [0, 0])
        assert (result.parts.items, result.parts.nonzero) == (2, 1)

    def test_smoothing(self) -> None:
        x = [0.0, -1.0, -2.0]
        kinds: dict[str, list[float]] = {"uniform": [0.2, 2.6, 0.2], "others": [0.3, 2.4, 0.3]}
        for smoothing, mass in kinds.items():
            smoothed = cross_entropy(
                x,
                [0.0, 3.0, 0.0],
                label_smoothing=0.2,
                smoothing=smoothing,
                reduction="sum",
            )
            assert close(smoothed.gradient, cross_entropy(x, mass, reduction="sum").gradient)

    def test_shares_are_those_before_smoothing(self) -> None:
        weights = {"class_weight": [2.0, 6.0], "label_smoothing": 0.5}
        omega = [
            cross_entropy([0.0, 0.0], [1.0, 3.0], soft_weighting=rule, **weights).omega
            for rule in RULES
        ]
        assert close(omega, [18.0, 20.0, 4 * 2**0.25 * 6**0.75, 24.0])

    def test_ties_and_zero_to_the_zeroth(self) -> None:
        options: dict[str, Any] = {"class_weight": [0.0, 2.0, 3.0], "reduction": "none"}
        tied, without = [0.0, 0.5, 0.5], [0.5, 0.5, 0.0]
        hard = cross_entropy([0.0] * 3, tied, soft_weighting="hard", **options)
        geometric = [
            cross_entropy([0.0] * 3, mass, soft_weighting="geometric", **options).omega
            for mass in (tied, without)
        ]
        assert hard.omega == 2
        assert close(geometric, [6**0.5, 0.0])


class TestWeights:
    def test_costs_by_true_and_predicted_class(self) -> None:
        matrix = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]
        x = [[0.0, 1.0, 0.0], [2.0, -1.0, 2.0], [0.0, 0.0, 3.0]]
        targets = [2, 1, 0]
        hard = cross_entropy(x, targets, cost_matrix=matrix, wrt=["cost_matrix"], reduction="sum")
        assert floats(hard.omega) == [8.0, 4.0, 3.0]
        met = [[g != 0 for g in row] for row in hard.gradients["cost_matrix"]]
        assert met == [[False, False, True], [True, False, False], [False, True, False]]
        soft = cross_entropy(x[0], [1.0, 0.0, 3.0], cost_matrix=matrix, label_smoothing=0.5)
        assert float(soft.omega) == 4 * (0.25 * 2 + 0.75 * 8)

    @pytest.mark.parametrize(
        ("shape", "expected"),
        [
            ((), [[1, 1, 1], [1, 1, 1]]),
            ((2,), [[1, 1, 1], [2, 2, 2]]),
            ((2, 3), [[1, 2, 3], [4, 5, 6]]),
            ((2, 1), [[1, 1, 1], [2, 2, 2]]),
            ((1, 3), [[1, 2, 3], [1, 2, 3]]),
        ],
    )
    def test_placement(self, shape: tuple[int, ...], expected: Nested) -> None:
        weights = Grid(shape, tuple(range(1, 1 + int(np.prod(shape)))))
        x = [[0.0] * 3] * 2
        omega = binary_cross_entropy(x, [[0, 1, 1]] * 2, sample_weight=weights).omega
        assert omega == expected
        rows = [[[0.0, 1.0]] * 3] * 2
        assert cross_entropy(rows, [[0, 1, 1]] * 2, sample_weight=weights).omega == expected

    def test_labels(self) -> None:
        x, y = [[0.0, 0.0], [0.0, 0.0]], [[1, 0], [0, 1]]
        options: dict[str, Any] = {"class_weight": [[2, 3], [5, 7]], "pos_weight": [11, 13]}
        assert binary_cross_entropy(x, y, **options).omega == [[33, 5], [2, 91]]
        assert binary_cross_entropy(x, y, axis=0, **options).omega == [[33, 2], [5, 91]]
        alone = binary_cross_entropy([0.0, 0.0], [1, 1], pos_weight=[2, 3], axis=0)
        assert alone.omega == [2, 3]

    def test_axis(self) -> None:
        x = np.arange(24.0).reshape(2, 3, 4) % 7
        y = np.array([[0, 2, 1, 1], [1, 0, 0, 2]])
        last = cross_entropy(x.transpose(0, 2, 1).tolist(), y.tolist(), reduction="none")
        middle = cross_entropy(x.tolist(), y.tolist(), axis=1, reduction="none")
        assert middle.value == last.value
        assert np.array(middle.gradient).transpose(0, 2, 1).tolist() == last.gradient


class TestRefusals:
    X: ClassVar = [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]

    @pytest.mark.parametrize(
        ("word", "targets", "options"),
        [
            ("targets", [0, 1, 2], {}),
            ("targets", [[0, 1], [1, 0]], {}),
            ("axis", [0, 1], {"axis": 2}),
            ("class_weight", [0, 1], {"class_weight": [1, 2]}),
            ("class_weight", [0, 1], {"class_weight": {0: 1, 1: 2}}),
            ("sample_weight", [0, 1], {"sample_weight": [1, 2, 3]}),
            ("sample_weight", [0, 1], {"sample_weight": [[1, 2]]}),
            ("mask", [0, 1], {"mask": [True, False, True]}),
            ("cost_matrix", [0, 1], {"cost_matrix": [[1, 2, 3], [1, 2, 3]]}),
            ("ignore_index", [[0, 1, 0]] * 2, {"ignore_index": 1}),
            ("clip", [0, 1], {"clip": 0.1}),
            ("clip", [0, 1], {"clip": 0.5, "form": "probabilities"}),
            ("normalizer", [0, 1], {"normalizer": 2.0}),
            ("label_smoothing", [0, 1], {"label_smoothing": 1.5}),
            ("smoothing", [0, 1], {"smoothing": "some"}),
            ("soft_weighting", [0, 1], {"soft_weighting": "some"}),
            ("form", [0, 1], {"form": "odds"}),
            ("reduction", [0, 1], {"reduction": "median"}),
            ("empty", [0, 1], {"empty": "one"}),
            ("wrt", [0, 1], {"wrt": ["targets"]}),
        ],
    )
    def test_values(self, word: str, targets: Nested, options: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=f"^{word}:"):
            cross_entropy(self.X, targets, **options)

    @pytest.mark.parametrize(
        ("targets", "options"),
        [
            ([[True, False, True]] * 2, {}),
            ([0.0, 1.0], {}),
            ([0, 1], {"mask": [1, 0]}),
        ],
    )
    def test_types(self, targets: Nested, options: dict[str, Any]) -> None:
        with pytest.raises(TypeError):
            cross_entropy(self.X, targets, **options)

    def test_a_lone_row_of_integers_is_no_mass(self) -> None:
        with pytest.raises(TypeError, match=r"^targets:"):
            cross_entropy([0.0, 1.0, 2.0], [0, 1, 0])
        one = cross_entropy([0.0, 1.0, 2.0], [0.0, 1.0, 0.0]).value
        assert one == cross_entropy([0.0, 1.0, 2.0], 1).value

    @pytest.mark.parametrize(
        ("word", "x", "options"),
        [
            ("pos_weight", [0.0, 1.0], {"pos_weight": [1, 2]}),
            ("pos_weight", [[0.0, 1.0]], {"pos_weight": [1]}),
            ("class_weight", [[0.0, 1.0]], {"class_weight": [[1, 2]]}),
            ("class_weight", [[0.0, 1.0]], {"class_weight": {1: 2.0}}),
            ("axis", 0.5, {"axis": 0}),
        ],
    )
    def test_binary(self, word: str, x: Nested, options: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=f"^{word}:"):
            binary_cross_entropy(x, map_nested(lambda _: 1, x), **options)

    def test_one_class_has_no_others(self) -> None:
        with pytest.raises(ValueError, match=r"^smoothing:"):
            cross_entropy([[1.0]], [0], smoothing="others")

    @pytest.mark.parametrize("shape", [(0,), (2, 0)])
    def test_no_classes(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match=r"^predictions:"):
            cross_entropy(Grid(shape, ()), Grid(shape, ()))

    def test_weights_of_no_items(self) -> None:
        with pytest.raises(ValueError, match=r"^sample_weight:"):
            cross_entropy(Grid((0, 3), ()), Grid((0,), ()), sample_weight=[1.0, 2.0, 3.0])

    def test_ragged(self) -> None:
        with pytest.raises(ValueError, match="shapes"):
            cross_entropy([[1.0], [2.0, 3.0]], [0, 0])
        with pytest.raises(ValueError, match="fill"):
            Grid((2, 2), (1, 2, 3))


# --- Accuracy -------------------------------------------------------------------------------


def test_subnormal_differences_survive() -> None:
    tiny = 5e-324
    assert binary_cross_entropy(tiny, 0.5).gradient == pytest.approx(mp.mpf(tiny) / 4, rel=1e-25)
    two = cross_entropy([tiny, 0.0], [0.5, 0.5]).gradient
    assert all(abs(abs(g) / (mp.mpf(tiny) / 4) - 1) < mp.mpf("1e-29") for g in two)


def test_even_mass_has_no_gradient() -> None:
    assert cross_entropy([0.1] * 3, [1.0, 1.0, 1.0]).gradient == [0, 0, 0]
    assert cross_entropy([0.1] * 3, [ONE_THIRD] * 3).gradient == [0, 0, 0]


def test_logits_of_any_size() -> None:
    huge = cross_entropy([[1e308, -1e308], [1e30, 1.0]], [1, 0], reduction="none")
    assert floats(huge.gradient) == [[1.0, -1.0], [0.0, 0.0]]
    assert huge.value[0] == mp.mpf(1e308) * 2
    assert 0 < huge.value[1] < mp.mpf("1e-100000000")
    term = LOSSES["poly_cross_entropy"].function
    for epsilon, factor in ((1.0, 2), (-1.0, 0)):
        own = term([[1e30, 1.0]], [0], epsilon=epsilon, reduction="none")
        assert abs(own.value[0] / huge.value[1] - factor) < mp.mpf("1e-100000000")


def test_sizes_of_gradients() -> None:
    x, mass, weights = [0.5, -1.0, 2.0], [0.25, 3.0, 1.0], [2.0, 0.5, 1.0]
    result = cross_entropy([x, x], [mass] * 2, class_weight=weights, sample_weight=[2.0, 0.0])
    p = np.exp(x) / np.exp(x).sum()
    d = np.array(mass) * weights
    sizes = d * (1 - p) + p * (d.sum() - d)
    assert close(result.gradient_scale, [sizes.max(), 0.0])
    assert close(result.gradient_sizes["predictions"], [sizes.tolist(), [0.0] * 3])
    assert close(result.gradient[0], (p * d.sum() - d).tolist())
    assert close(result.loss_scale, result.value)
    above = cross_entropy([[0.5, 0.0], [-1.0, 0.0]], [0, 0], form="log_probabilities")
    assert (above.value, above.loss_scale) == (0.25, 0.75)


def test_more_digits_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [case for case in small_cases() if is_seen(case, one_in=26)]
    usual = [case.expected(case.differentiable()) for case in cases]
    monkeypatch.setattr(result_module, "PRECISIONS", (500,))
    for case, result in zip(cases, usual, strict=True):
        precise = case.expected(case.differentiable())
        for few, many in zip(digits_of(result), digits_of(precise), strict=True):
            same = few == many or (mp.isnan(few) and mp.isnan(many))
            assert same or abs(few - many) <= abs(many) * mp.mpf("1e-29"), case.id


def digits_of(result: Result) -> Iterator[Any]:
    for nested in (result.items, result.omega, result.gradient, *result.gradients.values()):
        yield from flat(nested)


# --- Rounding -------------------------------------------------------------------------------


def all_finite(kind: Any) -> list[float]:
    """Every finite number of a type of two bytes, in order."""
    every = np.arange(1 << 16, dtype=np.uint16).view(kind)
    with np.errstate(invalid="ignore"):  # NaN of either kind
        wide = every.astype(np.float64)
    return [float(number) for number in np.sort(wide[np.isfinite(wide)])]


ALL_HALVES = {"float16": all_finite(np.float16), "bfloat16": all_finite(ml_dtypes.bfloat16)}
SIZES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-70000, 70000),
    st.floats(-1e-4, 1e-4),
    st.floats(-1e-37, 1e-37),
    st.floats(-1e-39, 1e-39),
    st.floats(-1e-44, 1e-44),
)


@given(SIZES)
def test_rounding_to_float32(x: float) -> None:
    with np.errstate(all="ignore"):
        assert repr(round_to(x, "float32")) == repr(float(np.float32(x)))


@given(SIZES)
def test_rounding_to_float16(x: float) -> None:
    with np.errstate(all="ignore"):
        assert repr(round_to(x, "float16")) == repr(float(np.float16(x)))


@given(SIZES)
def test_rounding_to_bfloat16(x: float) -> None:
    with np.errstate(all="ignore"):
        single = np.float32(x)
        expected = float(ml_dtypes.bfloat16(single))
    assert repr(round_to(float(single), "bfloat16")) == repr(expected)


@given(st.integers(-(1 << 200), 1 << 200), st.integers(-1300, 900))
def test_rounding_to_float64(mantissa: int, exponent: int) -> None:
    try:
        nearest = float(Fraction(mantissa) * Fraction(2) ** exponent)
    except OverflowError:
        nearest = inf if mantissa > 0 else -inf
    with mp.workprec(220):
        assert round_to(mp.mpf(mantissa) * mp.mpf(2) ** exponent, "float64") == nearest


@pytest.mark.parametrize("dtype", ALL_HALVES)
@given(data=st.data())
def test_rounding_to_halves_at_ties(dtype: str, data: st.DataObject) -> None:
    numbers = ALL_HALVES[dtype]
    i = data.draw(st.integers(0, len(numbers) - 2))
    with mp.workprec(400):
        low, high = mp.mpf(numbers[i]), mp.mpf(numbers[i + 1])
        middle, shift = (low + high) / 2, (high - low) * mp.mpf(2) ** -60
        assert round_to(middle - shift, dtype) == low
        assert round_to(middle + shift, dtype) == high
        with np.errstate(all="ignore"):
            assert round_to(middle, dtype) == even_of(numbers[i], numbers[i + 1], dtype)


def even_of(low: float, high: float, dtype: str) -> float:
    kind = np.float16 if dtype == "float16" else ml_dtypes.bfloat16
    bits = int(np.array(low, dtype=kind).view(np.uint16))
    return low if bits % 2 == 0 else high


def test_rounding_of_special_numbers() -> None:
    assert isnan(round_to(nan, "float16"))
    assert [round_to(x, "float32") for x in (inf, -inf, 0, 1e39, -1e39)] == [
        inf,
        -inf,
        0.0,
        inf,
        -inf,
    ]
    assert round_to(65519.99, "float16") == 65504.0
    assert round_to(65520.0, "float16") == inf
    assert repr(round_to(mp.mpf(-10) ** -1001, "float64")) == "-0.0"
    assert round_to(mp.exp(mp.mpf(10) ** 100), "float64") == inf


class TestExactResult:
    def test_halves_are_rounded_twice(self) -> None:
        between = 1 + mp.mpf(2) ** -8 + mp.mpf(2) ** -40
        assert round_to(between, "bfloat16") == 1.0078125
        assert exact_result(between, "bfloat16") == 1.0
        assert exact_result(between, "float64") == float(between)

    def test_float32_is_rounded_once(self) -> None:
        with mp.workprec(200):
            between = 1 + mp.mpf(2) ** -24 + mp.mpf(2) ** -80
            assert round_to(round_to(between, "float64"), "float32") == 1.0
            assert exact_result(between, "float32") == 1 + 2**-23

    @pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
    def test_flushes_below_the_normal_range(self, dtype: str) -> None:
        smallest = mp.mpf(2) ** -126
        below = smallest * (1 - mp.mpf(2) ** -40)
        assert round_to(below, dtype) == float(smallest)
        assert repr(exact_result(-below, dtype)) == "0.0"
        assert exact_result(smallest, dtype) == float(smallest)

    def test_float16_keeps_subnormals(self) -> None:
        assert exact_result(mp.mpf(2) ** -24, "float16") == 2**-24


# --- Cases ----------------------------------------------------------------------------------


class TestCases:
    def test_same_in_every_run(self) -> None:
        assert small_cases() == small_cases()

    def test_ids(self) -> None:
        ids = [case.id for case in small_cases()]
        assert len(set(ids)) == len(ids)
        assert 400 <= len(ids) <= 1400

    @pytest.mark.parametrize("loss", MODES)
    def test_every_two_settings_meet(self, loss: str) -> None:
        met = set().union(*map(pairs, rows(loss)))
        values = {**FREE[loss], "reduction": REDUCTIONS, "mode": MODES[loss]}
        possible = {
            tuple(sorted([(left, a), (right, b)], key=repr))
            for left, right in combinations(values, 2)
            for a, b in product(values[left], values[right])
        }
        apart = {frozenset(value for _, value in pair) for pair in possible - met}
        flat_layouts = [((), None), ((5,), None)]
        per_label = ["class_weight per label", "pos_weight per label"]
        expected = {
            "cross_entropy": {
                frozenset(["ignore_index", kind]) for kind in ("one-hot", "shares", "mass")
            },
            "binary_cross_entropy": {frozenset(["ignore_index", "booleans"])}
            | {frozenset(pair) for pair in product(flat_layouts, per_label)},
        }
        assert apart == expected[loss]

    @pytest.mark.parametrize("loss", MODES)
    def test_every_pair_of_modes_meets(self, loss: str) -> None:
        met = {modes for row in rows(loss) for modes in combinations(row["modes"], 2)}
        apart = set(combinations(MODES[loss], 2)) - met
        assert all(left.split()[0] == right.split()[0] for left, right in apart)

    def test_no_subnormal_input_but_in_float64(self) -> None:
        smallest = {"float32": 2.0**-126, "bfloat16": 2.0**-126, "float16": 2.0**-14}
        for case in small_cases():
            arrays = (case.predictions, case.targets, *case.arguments.values())
            for tensor in arrays:
                if isinstance(tensor, Tensor) and tensor.dtype in smallest:
                    limit = smallest[tensor.dtype]
                    assert all(v == 0 or not abs(v) < limit for v in tensor.data), case.id

    def test_tensors_hold_what_their_dtype_holds(self) -> None:
        for dtype, value in [("float16", 0.1), ("int64", 1.0), ("bool", 1), ("bfloat16", 257.0)]:
            with pytest.raises(ValueError, match="hold"):
                Tensor(dtype, (), (value,))
        with pytest.raises(ValueError, match="fill"):
            Tensor("float32", (2,), (1.0,))


def test_oracle_stands_alone() -> None:
    script = (
        "import sys, wce_conformance.cases as cases; cases.small_cases()[0].expected();"
        "print([name for name in ('numpy', 'wce_core', 'torch') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]")
