"""Second derivatives against the oracle's, their positive surrogate, and what is refused."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from wce_conformance.adapters import Adapter, adapter, as_numpy
from wce_conformance.calls import arrays_of, function_of, supports
from wce_conformance.cases import Case, Tensor, small_cases
from wce_conformance.judging.numbers import EPS
from wce_core import losses, objectives, value_and_grad

EVERY = {"numpy": 1, "array_api_strict": 2, "torch": 2, "jax": 8, "tensorflow": 4}
"""Each how many cases: JAX compiles operations of every shape."""
HUGE = 1e15
"""Weights, or their inverses, whose products may be no numbers of the dtype."""
SIZE = 40
"""Predictions up to which the oracle takes no time to speak of."""
BOUND = 16.0
"""In eps of what is asked for, and as many more as logits are apart, which rounding costs."""


CURVED = (
    "cross_entropy",
    "binary_cross_entropy",
    "focal_cross_entropy",
    "binary_focal_cross_entropy",
    "poly_cross_entropy",
    "generalized_cross_entropy",
    "asymmetric_loss",
)
"""Losses with second derivatives, of logits as they are; any other says that it has none."""


def asked(case: Case) -> bool:
    """Has it second derivatives that its dtype holds?"""
    logits = case.arguments.get("form", "logits") == "logits"
    ordinary = all(1 / HUGE < w < HUGE for w in weights(case))
    return logits and ordinary and len(case.predictions.data) <= SIZE and not tied(case)


def weights(case: Case) -> list[float]:
    """All that are not 0 or 1, with whatever other numbers a case has."""
    numbers: list[Any] = [1.0]
    for each in case.arguments.values():
        given = each.values() if isinstance(each, Mapping) else [each]
        numbers += each.data if isinstance(each, Tensor) else given
    return [abs(w) for w in numbers if isinstance(w, float) and w]


def tied(case: Case) -> bool:
    """Would whatever moves a logit move the class that a cost matrix sees predicted?"""
    axis = case.arguments.get("axis", -1)
    if "cost_matrix" not in case.arguments or not isinstance(axis, int):
        return False
    ordered = np.sort(as_numpy(case.predictions).astype(np.float64), axis)
    first, second = (np.take(ordered, [place], axis) for place in (-1, -2))
    return bool((first == second).any())


ASKED = [case for case in small_cases() if asked(case)]
MANY = ("cross_entropy", "binary_cross_entropy")
"""Losses with so many cases that a third of them is enough."""
CASES = {case.id: case for n, case in enumerate(ASKED) if case.loss not in MANY or n % 3 == 0}


def spread(case: Case) -> float:
    """How far logits are apart: half of it, in eps, is what their difference is rounded by."""
    numbers = as_numpy(case.predictions).astype(np.float64)
    numbers = numbers[np.isfinite(numbers) & (abs(numbers) < 1e300)]
    return float(np.ptp(numbers)) if case.categorical and numbers.size else 0.0


@functools.cache
def made(name: str) -> Adapter:
    return adapter(name)


@functools.cache
def expected(case_id: str) -> np.ndarray:
    return np.array([float(h) for h in CASES[case_id].curvature().flat])


def magnitude(case: Case, want: np.ndarray) -> np.ndarray:
    """What is added up, and what is taken from it: the surrogate leaves out the second."""
    own = made("numpy")
    arrays = arrays_of(case, own)
    wide = np.asarray(arrays.pop("predictions")).astype(np.float64)
    _, upper = objectives.derivatives(function_of(case, "native"), wide, **arrays)
    return abs(want) + 2.0 * abs(np.asarray(upper).ravel() - want)


@pytest.mark.parametrize("number", range(len(CASES)), ids=list(CASES))
def test_diagonal(backend: str, number: int) -> None:
    case = list(CASES.values())[number]
    if number % EVERY[backend] or not supports(case, made(backend)):
        return
    arrays, loss = arrays_of(case, made(backend)), function_of(case, "native")
    if case.loss not in CURVED or not isinstance(case.arguments.get("form", "logits"), str):
        with pytest.raises(ValueError, match="second derivative"):
            objectives.derivatives(loss, hessian="diagonal", **arrays)
        return
    _, curved = objectives.derivatives(loss, hessian="diagonal", **arrays)
    got, dtype = made(backend).numpy(curved), "float64" if case.dtype == "float64" else "float32"
    assert got.shape == case.predictions.shape
    assert str(got.dtype) == dtype
    # Below the normal numbers a probability may be 0 before a weight multiplies it; of float64
    # the oracle's differences leave some 1e-50.
    nothing = 1e-45 if dtype == "float64" else 2.0**-126 * max(1.0, *weights(case))
    want = expected(case.id)
    bound = (BOUND + spread(case)) * EPS[dtype] * magnitude(case, want) + nothing
    assert (np.isnan(got.ravel()) == np.isnan(want)).all()
    assert (abs(got.ravel() - want)[~np.isnan(want)] <= bound[~np.isnan(want)]).all()


SUMMED = [name for name, case in CASES.items() if case.loss in CURVED][::5]


@pytest.mark.parametrize("name", SUMMED)
def test_the_gradient_is_that_of_the_sum(name: str) -> None:
    """Whatever the reduction of the loss is."""
    case = CASES[name]
    rest = {k: a for k, a in case.arguments.items() if k not in ("normalizer", "reduction")}
    arrays = arrays_of(case, made("numpy"))
    summed = function_of(
        Case(**{**vars(case), "arguments": {**rest, "reduction": "sum"}}), "native"
    )
    x = arrays.pop("predictions")
    got, _ = objectives.derivatives(function_of(case, "native"), x, **arrays)
    _, want = value_and_grad(lambda p: summed(p, **arrays))(x)
    rounded = np.asarray(got).astype(want.dtype)  # the gradient proper has the dtype of x
    np.testing.assert_array_equal(rounded.astype(float), want.astype(float))


@dataclass(frozen=True)
class Bending:
    """1 − p² / (1 + p²): concave where p is large, convex where it is small."""

    def penalty(self, xp: Any, surprisal: Any) -> Any:
        p = xp.exp(-surprisal)
        return 1.0 / (1.0 + p * p)

    def slope(self, xp: Any, surprisal: Any) -> Any:
        p = xp.exp(-surprisal)
        return 2.0 * p * p / (1.0 + p * p) ** 2

    def bend(self, xp: Any, surprisal: Any) -> Any:
        square = xp.exp(-2.0 * surprisal)
        return -4.0 * square * (1.0 - square) / (1.0 + square) ** 3


@dataclass(frozen=True)
class Squared:
    """Convex, and its second derivative the same everywhere."""

    def penalty(self, xp: Any, surprisal: Any) -> Any:
        return surprisal * surprisal

    def slope(self, xp: Any, surprisal: Any) -> Any:
        return 2.0 * surprisal

    def bend(self, xp: Any, surprisal: Any) -> float:
        return 2.0


@dataclass(frozen=True)
class Unknown:
    """The same without second derivatives."""

    def penalty(self, xp: Any, surprisal: Any) -> Any:
        return surprisal * surprisal

    def slope(self, xp: Any, surprisal: Any) -> Any:
        return 2.0 * surprisal


RNG = np.random.default_rng(2)
X = RNG.normal(scale=2.0, size=(5, 3))
TARGETS: dict[str, Any] = {
    "indices": RNG.integers(0, 3, 5),
    "rows": RNG.dirichlet(np.ones(3), 5),
    "labels": RNG.integers(0, 2, (5, 3)).astype(float),
    "shares": RNG.uniform(size=(5, 3)),
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "indices": {"class_weight": [1.0, 2.0, 5.0], "sample_weight": [0.0, 1.0, 2.0, 0.3, 1.0]},
    "rows": {"class_weight": [1.0, 2.0, 5.0], "label_smoothing": 0.1},
    "labels": {"class_weight": [1.0, 5.0], "mask": [[True], [True], [False], [True], [True]]},
    "shares": {"pos_weight": [1.0, 2.0, 5.0], "label_smoothing": 0.1},
}


def loss_of(term: Any, kind: str) -> Any:
    categorical = kind in ("indices", "rows")
    return losses.categorical_loss(term) if categorical else losses.binary_loss(term)


def differences(loss: Any, targets: Any, arguments: dict[str, Any]) -> np.ndarray:
    """Central ones of the closed-form gradient."""
    both = value_and_grad(lambda p: loss(p, targets, reduction="sum", **arguments))
    found = np.empty_like(X)
    for place in np.ndindex(X.shape):
        step = np.zeros_like(X)
        step[place] = 2.0**-20
        above, below = (both(X + moved)[1][place] for moved in (step, -step))
        found[place] = (above - below) / 2.0**-19
    return found


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("term", [Bending(), Squared()], ids=["bending", "squared"])
def test_other_terms(backend: str, term: Any, kind: str) -> None:
    own, loss = made(backend), loss_of(term, kind)
    want = differences(loss, TARGETS[kind], ARGUMENTS[kind])
    arrays = own.array(X), own.array(TARGETS[kind])
    _, got = objectives.derivatives(loss, *arrays, hessian="diagonal", **ARGUMENTS[kind])
    np.testing.assert_allclose(own.numpy(got), want, rtol=1e-6, atol=1e-8)
    _, upper = objectives.derivatives(loss, *arrays, **ARGUMENTS[kind])
    upper = own.numpy(upper)
    assert (upper >= np.maximum(want, 0.0) - 1e-8).all()
    if term == Squared():
        np.testing.assert_array_equal(upper, own.numpy(got))
    else:
        assert (want < -1e-3).any()
        assert (upper > want + 1e-3).any()


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True))


def test_the_surrogate_by_its_formula() -> None:
    """Σ_k max(d_k·φ'(u_k), 0)·∂²u_k/∂x_j², and none of φ'' where it is negative."""
    p, index = softmax(X), TARGETS["indices"]
    own = np.take_along_axis(p, index[:, None], 1)
    slope = Bending().slope(np, -np.log(own))
    bend = np.maximum(Bending().bend(np, -np.log(own)), 0.0)
    first = p - np.eye(3)[index]
    loss = loss_of(Bending(), "indices")
    _, got = objectives.derivatives(loss, X, index)
    np.testing.assert_allclose(got, slope * p * (1 - p) + bend * first**2, rtol=1e-12)


def test_a_term_whose_second_derivative_is_not_known_counts_as_straight() -> None:
    loss, index = loss_of(Unknown(), "indices"), TARGETS["indices"]
    p = softmax(X)
    slope = -2.0 * np.log(np.take_along_axis(p, index[:, None], 1))
    _, got = objectives.derivatives(loss, X, index)
    np.testing.assert_allclose(got, slope * p * (1 - p), rtol=1e-12)
    with pytest.raises(ValueError, match="second derivative of Unknown is not known"):
        objectives.derivatives(loss, X, index, hessian="diagonal")


def test_configured_losses_and_functions_are_the_same() -> None:
    index, options = TARGETS["indices"], {"class_weight": [1.0, 2.0, 3.0], "label_smoothing": 0.1}
    want = objectives.derivatives(losses.cross_entropy, X, index, **options)
    loss = losses.CrossEntropy(reduction="weighted_mean", **options)
    for found in (
        objectives.derivatives(loss, X, index),
        objectives.derivatives(lambda x, y: loss(x, y), X, index),
        objectives.derivatives(functools.partial(losses.cross_entropy, **options), X, index),
        objectives.xgboost(loss, hessian="diagonal")(index, X),
        objectives.lightgbm(losses.cross_entropy, hessian="diagonal", **options)(index, X),
    ):
        np.testing.assert_array_equal(found, want)


def test_balanced_weights_are_those_of_all_rows() -> None:
    index = np.array([0, 0, 0, 1, 2])
    want = objectives.derivatives(
        losses.cross_entropy, X, index, class_weight=[5 / 9, 5 / 3, 5 / 3]
    )
    got = objectives.derivatives(losses.cross_entropy, X, index, class_weight="balanced")
    np.testing.assert_allclose(got, want, rtol=1e-14)


def test_items_of_negative_weight_have_no_surrogate_below_0() -> None:
    given = {"sample_weight": [-1.0, 1.0, 2.0, 0.0, -3.0], "negative_weights": True}
    p, index = softmax(X), TARGETS["indices"]
    loss = losses.cross_entropy
    _, curved = objectives.derivatives(loss, X, index, hessian="diagonal", **given)
    want = np.array(given["sample_weight"])[:, None] * p * (1 - p)
    np.testing.assert_allclose(curved, want, rtol=1e-13)
    _, upper = objectives.derivatives(loss, X, index, **given)
    np.testing.assert_allclose(upper, np.maximum(want, 0.0), rtol=1e-13)


def test_float32_logits_give_float32() -> None:
    gradient, curved = objectives.derivatives(
        losses.cross_entropy, X.astype(np.float32), TARGETS["indices"], precision="exact"
    )
    _, want = objectives.derivatives(
        losses.cross_entropy, X.astype(np.float32).astype(float), TARGETS["indices"]
    )
    assert gradient.dtype == curved.dtype == np.float32
    np.testing.assert_array_equal(curved, want.astype(np.float32))


def test_confident_items_keep_their_digits() -> None:
    z = np.array([-700.0, -40.0, 40.0, 700.0])
    _, curved = objectives.derivatives(losses.binary_cross_entropy, z, np.ones(4))
    p = np.exp(-abs(z))
    np.testing.assert_allclose(curved, p / (1.0 + p) ** 2, rtol=1e-13)
    rows = np.stack([z, np.zeros(4)], 1)
    _, pair = objectives.derivatives(losses.cross_entropy, rows, np.zeros(4, int))
    np.testing.assert_allclose(pair, np.stack([curved, curved], 1), rtol=1e-13)


def test_what_is_refused() -> None:
    index = TARGETS["indices"]
    with pytest.raises(ValueError, match="form='probabilities'"):
        objectives.derivatives(losses.cross_entropy, softmax(X), index, form="probabilities")
    with pytest.raises(ValueError, match="hessian is 'exact'; expected one of 'positive'"):
        objectives.xgboost(losses.cross_entropy, hessian="exact")
    with pytest.raises(TypeError, match="of which nothing else is made"):
        objectives.derivatives(lambda x, y: 2.0 * losses.cross_entropy(x, y), X, index)
    with pytest.raises(TypeError, match="of which nothing else is made"):
        objectives.derivatives(lambda x, y: 0.0, X, index)
    with pytest.raises(TypeError, match="of which nothing else is made"):
        objectives.derivatives(lambda x, y: losses.cross_entropy(x, y) + 0.0, X, index)
    with pytest.raises(ValueError, match="targets is 7"):
        objectives.derivatives(losses.cross_entropy, X, np.full(5, 7))
