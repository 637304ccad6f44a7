"""What ``explain`` says of a batch, on every framework's arrays."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import adapter
from wce_core import dialects, losses
from wce_core.dialects.registry import Dialect, registry

X = np.array([[2.0, 1.0, 0.5], [0.0, 3.0, 1.0], [1.0, 1.0, 1.0], [5.0, 0.0, 2.0]])
Y = np.array([0, 1, 1, 0])
W = [1.0, 4.0, 1.0]
MEANS = ("mean", "mean_over_all", "weighted_mean", "nonzero_mean", "batch_mean", "sum")


@pytest.mark.parametrize("reduction", MEANS)
def test_the_numbers_are_those_of_the_loss(backend: str, reduction: Any) -> None:
    own = adapter(backend)
    x, y, mask = own.array(X), own.array(Y), own.array(np.array([True, True, True, False]))
    options: dict[str, Any] = {"class_weight": W, "mask": mask, "reduction": reduction}
    found = wce_core.explain(losses.cross_entropy, x, y, **options)
    value = float(own.numpy(losses.cross_entropy(x, y, **options)))
    items = own.numpy(losses.cross_entropy(x, y, **{**options, "reduction": "none"}))
    np.testing.assert_allclose(found.losses, items, rtol=1e-12)
    np.testing.assert_allclose(found.value, value, rtol=1e-12)
    np.testing.assert_allclose(found.losses.sum() / (found.denominator or 1), value, rtol=1e-12)
    assert found.weights.tolist() == [1, 4, 4, 0]
    assert found.excluded == 1
    denominators = dict(zip(MEANS, (3, 4, 9, 3, 4, None), strict=True))
    assert found.denominator == denominators[reduction]


def test_shares_of_classes() -> None:
    found = wce_core.explain(losses.cross_entropy, X, Y, class_weight=W)
    value, gradient = wce_core.value_and_grad(losses.cross_entropy)(
        X, Y, class_weight=W, reduction="sum"
    )
    norms = np.linalg.norm(gradient, axis=1)
    items = losses.cross_entropy(X, Y, class_weight=W, reduction="none")
    for share in found.classes:
        own = share.label == Y
        assert share.items == own.sum()
        assert share.weight == np.asarray(W)[Y][own].sum()
        np.testing.assert_allclose(share.loss, items[own].sum() / value)
        np.testing.assert_allclose(share.gradient, norms[own].sum() / norms.sum())
    assert sum(share.loss for share in found.classes) == pytest.approx(1)


def test_binary_and_soft_targets() -> None:
    z, y = np.zeros((3, 2)), np.array([[1.0, 0.0], [0.5, 0.4], [0.0, 0.0]])
    found = wce_core.explain(losses.binary_cross_entropy, z, y, pos_weight=3.0)
    assert found.weights.shape == (3, 2)
    np.testing.assert_allclose(found.weights, [[3, 1], [2, 1.8], [1, 1]])
    assert [share.items for share in found.classes] == [4, 2]
    mass = np.array([[0.2, 0.5, 0.3], [0.6, 0.2, 0.2]])
    soft = wce_core.explain(losses.cross_entropy, X[:2], mass, class_weight=W)
    np.testing.assert_allclose(soft.weights, [0.2 + 2 + 0.3, 0.6 + 0.8 + 0.2])
    assert [share.items for share in soft.classes] == [1, 1, 0]


def test_configured_losses_and_functions_of_one() -> None:
    loss = losses.CrossEntropy(class_weight=W, reduction="weighted_mean")
    found = wce_core.explain(loss, X, Y)
    scaled = wce_core.explain(lambda x, y: 2 * loss(x, y), X, Y)
    assert found.value == scaled.value == pytest.approx(float(loss(X, Y)))


WARNINGS: dict[str, tuple[dict[str, Any], Any]] = {
    "the one item's weight cancels in a weighted mean": (
        {"class_weight": W, "reduction": "weighted_mean"},
        slice(0, 1),
    ),
    "all items have the same weight, which cancels in a weighted mean": (
        {"class_weight": W, "reduction": "weighted_mean"},
        slice(1, 3),
    ),
    "class 2 never occurs": ({}, slice(None)),
    "classes 0 and 2 never occur": ({}, slice(1, 3)),
    "weights average to 0.15: the loss shrinks 6.67-fold under mean": (
        {"class_weight": [0.2, 0.1, 0.7]},
        slice(None),
    ),
    "weights average to 3: the loss grows 3-fold under mean": ({"class_weight": [3] * 3}, slice(4)),
    "no item is left: all are excluded": ({"mask": [False] * 4}, slice(None)),
    "every item has weight 0: nothing is learnt from this batch": (
        {"class_weight": [0, 0, 1]},
        slice(None),
    ),
}


@pytest.mark.parametrize("warning", WARNINGS)
def test_warnings(warning: str) -> None:
    options, cut = WARNINGS[warning]
    assert warning in wce_core.explain(losses.cross_entropy, X[cut], Y[cut], **options).warnings


def test_warnings_of_values() -> None:
    x = np.array([[0.0, -np.inf], [0.0, 0.0], [0.0, np.nan]])
    found = wce_core.explain(losses.cross_entropy, x, np.array([1, 0, 1]), reduction="sum")
    assert "1 item loss is NaN, the first that of item 2" in found.warnings
    assert "1 item loss is infinite, the first that of item 0" in found.warnings
    many = np.zeros((100, 2))
    heavy = np.where(np.arange(100) == 7, 500.0, 1.0)
    labels = np.arange(100) % 2
    found = wce_core.explain(
        losses.cross_entropy, many, labels, sample_weight=heavy, reduction="weighted_mean"
    )
    assert found.warnings == ("item 7 alone makes 83% of the gradient",)


def test_nothing_odd_is_said_of_a_plain_batch() -> None:
    found = wce_core.explain(losses.cross_entropy, X[:, :2], Y)
    assert found.warnings == ()


@pytest.mark.parametrize("reduction", ["none", "parts"])
def test_reductions_without_one_value(reduction: Any) -> None:
    found = wce_core.explain(losses.cross_entropy, X, Y, reduction=reduction)
    assert found.denominator is None
    assert np.isnan(found.value)
    assert "divides by nothing" in str(found)


def test_what_is_no_loss_is_refused() -> None:
    with pytest.raises(TypeError, match="needs a loss of wce_core"):
        wce_core.explain(lambda x: 1.0, X)
    with pytest.raises(TypeError, match="can only be passed to losses"):
        wce_core.explain(lambda x, y: losses.cross_entropy(x * 2, y), X, Y)
    with pytest.raises(ValueError, match="targets is 9 at position"):
        wce_core.explain(losses.cross_entropy, X, np.array([0, 1, 9, 0]))


def test_the_table() -> None:
    printed = str(wce_core.explain(losses.cross_entropy, X, Y, class_weight=W))
    for part in ("4 items, 0 of them excluded", '"mean"', "weight Σω", "! class 2 never occurs"):
        assert part in printed
    rows = [line.split() for line in printed.splitlines() if line.strip()[:1].isdigit()]
    assert [row[:2] for row in rows[1:]] == [["0", "2"], ["1", "2"]]
    x = np.zeros((50, 40))
    assert "20 of 40 classes" in str(wce_core.explain(losses.cross_entropy, x, np.arange(50) % 40))


def test_the_table_of_nothing() -> None:
    printed = str(wce_core.explain(losses.cross_entropy, X, Y, mask=[False] * 4))
    assert printed.splitlines() == [
        '4 items, 4 of them excluded; reduction "mean": 0 / 0 = 0',
        "! no item is left: all are excluded",
    ]


WITHOUT_RICH = """
import sys
sys.modules["rich"] = None
import numpy, wce_core
print(wce_core.explain(wce_core.losses.cross_entropy, numpy.zeros((2, 2)), numpy.array([0, 1])))
assert not [name for name in sys.modules if name.startswith("rich.")]
"""


def test_a_table_needs_no_other_package() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_RICH], capture_output=True, text=True, check=True, timeout=60
    )
    assert "weight Σω" in done.stdout


@pytest.mark.parametrize("axis", [None, 0])
def test_labels_of_a_multi_label_loss(backend: str, axis: int | None) -> None:
    own = adapter(backend)
    z, y = X[:, :2], np.array([[1, 0], [0, 0], [1, 1], [1, 0]])
    keep = np.array([[True, True], [True, False], [True, True], [True, True]])
    arrays = [each.T if axis == 0 else each for each in (z, y, keep)]
    x, t, mask = (own.array(np.ascontiguousarray(each)) for each in arrays)
    found = wce_core.explain(
        losses.binary_cross_entropy, x, t, mask=mask, pos_weight=[1.0, 5.0], axis=axis
    )
    items = np.asarray(found.losses if axis is None else found.losses.T)
    assert [(s.label, s.items, s.positives, s.weight) for s in found.labels] == [
        (0, 4, 3, 4.0),
        (1, 3, 1, 7.0),
    ]
    for share, loss in zip(found.labels, items.sum(axis=0) / items.sum(), strict=True):
        assert share.loss == pytest.approx(loss)
    assert sum(share.gradient for share in found.labels) == pytest.approx(1)
    assert [share.items for share in found.classes] == [3, 4]
    assert "label  items  positive  weight Σω" in str(found)


def test_one_label_is_no_multi_label_loss() -> None:
    for z in (X[:, 0], X[:, :1]):
        found = wce_core.explain(losses.binary_cross_entropy, z, z > 1)
        assert found.labels == ()
        assert "class  items" in str(found)
    wide = np.zeros((2, 30))
    printed = str(wce_core.explain(losses.binary_cross_entropy, wide, wide))
    assert "20 of 30 labels" in printed


def test_far_logits_warn_of_nothing_but_what_they_mean() -> None:
    """NumPy's own warnings are errors in these tests."""
    x = np.array([800.0, -800.0, 0.0])
    found = wce_core.explain(losses.binary_cross_entropy, x, np.array([0, 1, 1]))
    np.testing.assert_allclose(found.losses, [800.0, 800.0, np.log(2.0)])


# --- Dialects, and functions that reduce item losses by themselves -------------------------------

RNG = np.random.default_rng(5)
NAMES: dict[str, Any] = {
    "x": RNG.normal(size=(3, 3)),
    "p": RNG.dirichlet(np.ones(3), 3),
    "q": RNG.dirichlet(np.ones(3), 3),
    "y": np.array([1, 0, 2]),
    "t": np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0]]),
    "w": np.array([0.5, 2.0, 3.0]),
    "s": np.array([2.0, 0.0, 0.5]),
}
KNOWN = {"dialects": dialects, "losses": losses, "P": losses.Probabilities, "log": np.log}


def explained(expression: str, names: dict[str, Any]) -> wce_core.Explanation:
    """``f(a, b=c)`` as ``explain(f, a, b=c)``."""
    call: Any = ast.parse(expression, mode="eval").body

    def value(node: ast.expr) -> Any:
        return eval(ast.unparse(node), {**KNOWN, **names})  # an expression of our own registry

    options = {option.arg: value(option.value) for option in call.keywords}
    return wce_core.explain(value(call.func), *map(value, call.args), **options)


@pytest.mark.parametrize(
    "row", [r for r in registry().dialects if r.core], ids=lambda row: row.path
)
def test_dialects_are_explained_as_what_they_are(row: Dialect) -> None:
    found = explained(row.ours, NAMES)
    value = eval(row.ours, {**KNOWN, **NAMES})  # an expression of our own registry
    if np.ndim(value):
        assert found.reduction == "none"
        np.testing.assert_allclose(found.losses.mean(), value.mean(), rtol=1e-12)
    else:
        np.testing.assert_allclose(found.value, value, rtol=1e-12)
        np.testing.assert_allclose(found.losses.sum() / found.denominator, value, rtol=1e-12)
    if row.core.endswith(".mean(-1)"):
        return
    core = explained(row.core, NAMES)
    if row.path != "keras2.weighted":  # whose weights are divided twice
        np.testing.assert_allclose(found.weights, core.weights, rtol=1e-12)
        assert found.denominator == core.denominator
        assert found.reduction == core.reduction
    np.testing.assert_allclose(
        [share.gradient for share in (*found.classes, *found.labels)],
        [share.gradient for share in (*core.classes, *core.labels)],
        rtol=1e-12,
    )


def test_dialects_take_arrays_of_every_framework(backend: str) -> None:
    own = {name: adapter(backend).array(array) for name, array in NAMES.items()}
    for path in (
        "dialects.torch.cross_entropy(x, y, weight=w)",
        "dialects.keras.CategoricalCrossentropy()(q, y_pred=p, sample_weight=s)",
        "dialects.tf.compat.v1.losses.sparse_softmax_cross_entropy(labels=y, logits=x, weights=s)",
    ):
        here, there = explained(path, own), explained(path, NAMES)
        np.testing.assert_allclose(here.weights, there.weights)
        np.testing.assert_allclose(here.value, there.value)


def items(x: Any, y: Any = Y, **options: Any) -> Any:
    return losses.cross_entropy(x, y, reduction="none", **options)


def mean_and_sum(of: Any) -> tuple[Any, Any]:
    return (of * FACTORS).mean(), of.sum()


FACTORS = np.array([2.0, 0.0, 1.0, 3.0])
BY_HAND: dict[str, tuple[Callable[[Any], Any], Any, str, float | None]] = {
    "a mean": (lambda x: (items(x) * FACTORS).mean(), FACTORS, "mean", 4.0),
    "a sum": (lambda x: (items(x) * FACTORS).sum(), FACTORS, "sum", None),
    "a weighted mean": (
        lambda x: (items(x) * FACTORS).sum() / FACTORS.sum(),
        FACTORS,
        "weighted_mean",
        6.0,
    ),
    "a scaled mean": (lambda x: 3 * items(x).mean(), np.ones(4), "custom", 4 / 3),
    "weights twice": (
        lambda x: (items(x, sample_weight=FACTORS) * FACTORS).mean(),
        FACTORS**2,
        "mean",
        4.0,
    ),
    "no reduction": (lambda x: items(x) * FACTORS, FACTORS, "none", None),
    "the first of two": (
        lambda x: items(x).mean() + 0 * (5 * items(x, 1 - Y)).sum(),
        np.ones(4),
        "mean",
        4.0,
    ),
    "a sum after it": (lambda x: mean_and_sum(items(x))[0], FACTORS, "mean", 4.0),
    "two sums": (
        lambda x: items(x).mean() + items(x, 1 - Y).sum(),
        np.ones(4),
        "custom",
        None,
    ),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_what_a_function_makes_of_item_losses(case: str) -> None:
    function, weights, reduction, denominator = BY_HAND[case]
    found = wce_core.explain(function, X)
    np.testing.assert_allclose(found.weights, weights, rtol=1e-14)
    np.testing.assert_allclose(found.losses, weights * items(X), rtol=1e-14)
    assert found.reduction == reduction
    assert found.denominator == (None if denominator is None else pytest.approx(denominator))
    if reduction != "none":
        value, _ = wce_core.value_and_grad(function)(X)
        np.testing.assert_allclose(found.value, value, rtol=1e-12)


def test_item_losses_that_are_not_finite_are_followed() -> None:
    x = np.where(np.arange(12).reshape(4, 3) == 3, np.nan, X)
    found = wce_core.explain(lambda x: (items(x) * FACTORS[::-1]).mean(), x)
    np.testing.assert_array_equal(found.weights, FACTORS[::-1])
    assert found.denominator == 4
    assert "1 item loss is NaN, the first that of item 1" in found.warnings


def test_weights_that_are_all_0_are_followed() -> None:
    loss = dialects.tf.compat.v1.losses.sparse_softmax_cross_entropy
    found = wce_core.explain(loss, Y, X, weights=np.zeros(4))
    assert found.value == found.denominator == 0
    assert not found.weights.any()
    assert "every item has weight 0: nothing is learnt from this batch" in found.warnings


def test_which_argument_the_predictions_are() -> None:
    partial = functools.partial(dialects.tf.nn.sparse_softmax_cross_entropy_with_logits, Y)
    named = wce_core.explain(losses.cross_entropy, targets=Y, predictions=X)
    for found in (named, wce_core.explain(partial, X), wce_core.explain(lambda x: items(x), X)):
        np.testing.assert_allclose(found.losses, items(X))
    with pytest.raises(TypeError, match="first argument"):
        wce_core.explain(lambda x: items(x), x=X)
    with pytest.raises(TypeError, match="missing a required argument"):
        wce_core.explain(losses.cross_entropy, X)


def test_a_loss_that_holds_arrays_of_a_framework(backend: str) -> None:
    own = adapter(backend)
    loss = losses.CrossEntropy(class_weight=own.array(np.array(W)))
    found = wce_core.explain(loss, own.array(X), own.array(Y))
    assert found.weights.tolist() == [1, 4, 4, 1]


# --- Probabilities that are passed as logits ------------------------------------------------------

PROBABLE = "the predictions count as logits but look like probabilities"
ROWS = RNG.dirichlet(np.ones(4), 16)
COLUMN = 1 / (1 + np.exp(-2 * RNG.normal(size=64)))


def suspected(loss: Any, predictions: Any, targets: Any, **options: Any) -> bool:
    found = wce_core.explain(loss, predictions, targets, **options)
    return any(warning.startswith(PROBABLE) for warning in found.warnings)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_probabilities_as_logits(dtype: str) -> None:
    y, t = np.arange(16) % 4, np.arange(64) % 2
    rows, column = ROWS.astype(dtype), COLUMN.astype(dtype)
    assert suspected(losses.cross_entropy, rows, y)
    assert suspected(losses.cross_entropy, rows.T, y, axis=0)
    assert suspected(losses.binary_cross_entropy, column, t)
    assert suspected(losses.binary_cross_entropy, column.reshape(16, 4), t.reshape(16, 4))
    assert suspected(dialects.torch.cross_entropy, rows, y)
    garbled = np.where(np.arange(16)[:, None] == 3, 99.0, rows)
    assert suspected(losses.cross_entropy, garbled, y, mask=np.arange(16) != 3)
    assert not suspected(losses.cross_entropy, garbled, y)
    assert not suspected(losses.cross_entropy, rows, y, form="probabilities", validate=False)
    assert not suspected(losses.cross_entropy, np.log(rows), y, form="log_probabilities")
    assert not suspected(losses.binary_cross_entropy, column, t, form="probabilities")


@pytest.mark.parametrize(
    "logits",
    [
        np.zeros((8, 2)),
        np.full((8, 2), 0.5),
        np.eye(8),
        ROWS * 1.1,
        np.log(ROWS),
        ROWS - 0.25,
        RNG.normal(size=(8, 5)) * 0.1,
        RNG.random((8, 5)),
        np.ones((8, 1)),
    ],
    ids=["zeros", "halves", "one hot", "scaled", "logs", "centred", "small", "uniform", "one"],
)
def test_logits_are_not_suspected(logits: np.ndarray) -> None:
    assert not suspected(losses.cross_entropy, logits, np.zeros(len(logits), int))


@pytest.mark.parametrize(
    "logits",
    [
        np.zeros(64),
        RNG.normal(size=64),
        RNG.random(64) * 0.2 + 0.1,
        np.arange(64) % 2 * 1.0,
        np.linspace(0.0, 1.0, 9),
        np.linspace(0.0, 1.1, 64),
    ],
    ids=["zeros", "normal", "untrained", "hard", "few", "beyond 1"],
)
def test_binary_logits_are_not_suspected(logits: np.ndarray) -> None:
    assert not suspected(losses.binary_cross_entropy, logits, np.arange(len(logits)) % 2)
