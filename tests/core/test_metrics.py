"""Metrics: beside loops over items, merged, weighted, masked, at ties, compiled, refused."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from math import inf, nan
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import adapter
from wce_core import LossParts, losses, metrics

RNG = np.random.default_rng(5)
N, C, L = 40, 4, 3
X = RNG.normal(size=(N, C)).round(1)  # rounded, so that there are ties
Y = RNG.integers(0, C, N)
S = RNG.uniform(0.0, 3.0, N)
S[::7] = 0.0
M = RNG.uniform(size=N) < 0.8
W = np.array([1.0, 0.25, 4.0, 2.0])
Q = RNG.dirichlet(np.ones(C), size=N) * RNG.uniform(0.5, 2.0, (N, 1))
SETS = RNG.uniform(size=(N, C)) < 0.4
SETS[np.arange(N), Y] = True
Z = RNG.normal(size=(N, L)).round(1)
B = RNG.integers(0, 2, (N, L))
PAIRS = np.array([[1.0, 3.0], [0.5, 2.0], [2.0, 1.0]])
ROW = np.arange(N)


@pytest.fixture(autouse=True)
def float64_program(request: pytest.FixtureRequest) -> Iterator[None]:
    """JAX has float64 sums where its program has float64."""
    scope: Any = nullcontext()
    if "backend" in request.fixturenames and request.getfixturevalue("backend") == "jax":
        import jax

        scope = jax.enable_x64(True)
    with scope:
        yield


def given(backend: str, options: dict[str, Any]) -> dict[str, Any]:
    """Arrays as the framework's own."""
    own = adapter(backend)
    return {
        name: own.array(value) if isinstance(value, np.ndarray) else value
        for name, value in options.items()
    }


def measured(
    backend: str, metric: Callable[..., Any], x: np.ndarray, y: Any, **options: Any
) -> tuple[np.ndarray, ...]:
    """The sums as NumPy's."""
    own = adapter(backend)
    found = metric(own.array(x), own.array(y), **given(backend, options))
    fields = found if isinstance(found, tuple) else (found,)
    return tuple(own.numpy(each) for each in fields)


def close(found: Any, wanted: Any) -> None:
    assert len(found) == len(wanted)
    for own, want in zip(found, wanted, strict=True):
        assert np.shape(own) == np.shape(want)
        np.testing.assert_allclose(own, want, rtol=1e-12, atol=1e-12)


# What follows in this part shares nothing with the library: loops over items.


def order(row: np.ndarray) -> list[int]:
    """Classes by prediction, of equal ones the lowest index first."""
    return sorted(range(len(row)), key=lambda k: (-row[k], k))


def mass(y: np.ndarray) -> np.ndarray:
    return np.eye(C)[y] if y.ndim == 1 else np.asarray(y, float)


def weights(y: np.ndarray, options: dict[str, Any]) -> np.ndarray:
    """ω of each item and class."""
    own = mass(np.where(y == options.get("ignore_index"), 0, y) if y.ndim == 1 else y)
    own = own * np.asarray(options.get("class_weight", np.ones(C)))
    own = own * np.asarray(options.get("sample_weight", np.ones(len(y))))[:, None]
    kept = np.asarray(options.get("mask", np.ones(len(y), bool)))
    if y.ndim == 1:
        kept = kept & (y != options.get("ignore_index"))
    return np.where(kept[:, None], own, 0.0)


def matrix_by_hand(x: np.ndarray, y: np.ndarray, options: dict[str, Any]) -> np.ndarray:
    found, omega = np.zeros((C, C)), weights(y, options)
    for i, row in enumerate(x):
        found[:, order(row)[0]] += omega[i]
    return found


def outcomes_by_hand(matrix: np.ndarray) -> tuple[np.ndarray, ...]:
    tp = np.diag(matrix)
    fp, fn = matrix.sum(0) - tp, matrix.sum(1) - tp
    return tp, fp, fn, matrix.sum() - tp - fp - fn


def hits_by_hand(
    x: np.ndarray, y: np.ndarray, options: dict[str, Any], ks: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    omega = weights(y, options)
    hits = [sum(omega[i, order(row)[:k]].sum() for i, row in enumerate(x)) for k in ks]
    return np.array(hits), np.full(len(ks), omega.sum())


MULTI: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
    "indices": (Y, {}),
    "rows": (Q, {}),
    "several ones": (SETS.astype(np.int64), {}),
    "class weights": (Y, {"class_weight": W}),
    "class weights of rows": (Q, {"class_weight": W, "mask": M}),
    "sample weights": (Y, {"sample_weight": S}),
    "mask": (Y, {"mask": M}),
    "ignored": (np.where(M, Y, -7), {"ignore_index": -7}),
    "all": (
        np.where(M, Y, 2),
        {"class_weight": W, "sample_weight": S, "mask": ~M | (Y > 0), "ignore_index": 2},
    ),
    "rows, all": (Q, {"class_weight": W, "sample_weight": S, "mask": M}),
}


@pytest.mark.parametrize("case", MULTI)
def test_classes(backend: str, case: str) -> None:
    y, options = MULTI[case]
    matrix = matrix_by_hand(X, y, options)
    close(measured(backend, metrics.confusion_matrix, X, y, **options), [matrix])
    close(measured(backend, metrics.outcomes, X, y, **options), outcomes_by_hand(matrix))
    wanted = hits_by_hand(X, y, options, (1, 3, C))
    close(measured(backend, metrics.top_k, X, y, k=(1, 3, C), **options), wanted)
    one = tuple(each[1] for each in wanted)
    close(measured(backend, metrics.top_k, X, y, k=3, **options), one)


def test_an_index_is_its_row(backend: str) -> None:
    for metric in (metrics.confusion_matrix, metrics.outcomes, metrics.top_k, metrics.calibration):
        more = {"k": 2} if metric is metrics.top_k else {}
        found = measured(backend, metric, X, Y, class_weight=W, sample_weight=S, **more)
        rows = measured(backend, metric, X, mass(Y), class_weight=W, sample_weight=S, **more)
        close(found, rows)


def test_pixels_and_another_axis(backend: str) -> None:
    """The class axis second, as images have it; one weight for each image."""
    x, y = X[:36].reshape(3, 3, 4, C), Y[:36].reshape(3, 3, 4)
    image = np.array([1.0, 0.0, 2.5])
    options = {"sample_weight": np.repeat(image, 12)}
    matrix = matrix_by_hand(X[:36], Y[:36], options)
    turned = np.moveaxis(x, -1, 1).copy()
    own = {"axis": 1, "sample_weight": image}
    close(measured(backend, metrics.confusion_matrix, turned, y, **own), [matrix])
    close(measured(backend, metrics.outcomes, turned, y, **own), outcomes_by_hand(matrix))
    wanted = hits_by_hand(X[:36], Y[:36], options, (2,))
    close(measured(backend, metrics.top_k, turned, y, k=[2], **own), wanted)
    rows = np.moveaxis(mass(Y[:36]).reshape(3, 3, 4, C), -1, 1).copy()
    close(measured(backend, metrics.top_k, turned, rows, k=[2], **own), wanted)


@pytest.mark.parametrize("options", [{}, {"sample_weight": S, "mask": M}, {"class_weight": W}])
def test_any_of(backend: str, options: dict[str, Any]) -> None:
    item = weights(np.full(N, 0), {**options, "class_weight": np.ones(C)}).sum(1)
    if "class_weight" in options:
        item = item * (SETS * W).sum(1) / SETS.sum(1)
    ks = (1, 2, 4)
    found = [[bool(SETS[i, order(row)[:k]].any()) for i, row in enumerate(X)] for k in ks]
    wanted = np.array(found) @ item, np.full(3, item.sum())
    close(measured(backend, metrics.any_of_top_k, X, SETS, k=ks, **options), wanted)
    single = np.eye(C, dtype=bool)[Y]
    close(
        measured(backend, metrics.any_of_top_k, X, single, k=2, **options),
        measured(backend, metrics.top_k, X, Y, k=2, **options),
    )


def pairs_by_hand(
    x: np.ndarray, y: np.ndarray, one: Any, zero: Any, threshold: Any
) -> tuple[np.ndarray, ...]:
    """TP, FP, FN, TN of each label."""
    called = x >= threshold
    one, zero = y * np.broadcast_to(one, x.shape), (1 - y) * np.broadcast_to(zero, x.shape)
    cells = (one * called, zero * called, one * ~called, zero * ~called)
    return tuple(each.sum(0) for each in cells)


def test_labels(backend: str) -> None:
    soft = RNG.uniform(size=(N, L))
    for y in (B, B.astype(bool), soft):
        for threshold in (0.3, None, [0.3, -0.2, 0.0]):
            cut = 0.0 if threshold is None else threshold
            apart = pairs_by_hand(Z, np.asarray(y, float), 1.0, 1.0, cut)
            own = partial(measured, backend, metrics.binary_outcomes, Z, y, threshold=threshold)
            close(own(axis=1), apart)
            if not isinstance(threshold, list):
                close(own(), [each.sum() for each in apart])


def test_weights_of_labels(backend: str) -> None:
    pos, item = np.array([2.0, 1.0, 5.0]), S[:, None] * M[:, None]
    wanted = pairs_by_hand(Z, B, PAIRS[:, 1] * pos * item, PAIRS[:, 0] * item, 0.1)
    options: dict[str, Any] = {"class_weight": PAIRS, "pos_weight": pos}
    options |= {"sample_weight": S, "mask": M, "threshold": 0.1}
    own = partial(measured, backend, metrics.binary_outcomes, Z, B, **options)
    close(own(axis=-1), wanted)
    close(own(), [each.sum() for each in wanted])
    ignored = np.where(M[:, None], B, 9)
    options = {"ignore_index": 9, "axis": 1, "threshold": 0.1}
    item = np.broadcast_to(M[:, None], B.shape)
    close(
        measured(backend, metrics.binary_outcomes, Z, ignored, **options),
        pairs_by_hand(Z, B, item, item, 0.1),
    )


def test_masks_of_images(backend: str) -> None:
    """Of shape N × H × W × 1, all pixels together, one weight for each image."""
    x, y = Z[:36].reshape(4, 9, 3, 1), B[:36].reshape(4, 9, 3, 1)
    image = np.array([1.0, 2.0, 0.0, 0.5])
    each = image[:, None, None, None]
    want = [np.sum(cell) for cell in pairs_by_hand(x, y, each, each, 0.0)]
    close(measured(backend, metrics.binary_outcomes, x, y, sample_weight=image), want)
    rank0 = measured(backend, metrics.binary_outcomes, np.array(0.5), np.array(1))
    close(rank0, [1.0, 0.0, 0.0, 0.0])


def scales(values: np.ndarray) -> dict[str, np.ndarray]:
    p = np.exp(values) / np.exp(values).sum(-1, keepdims=True)
    return {"logits": values, "probabilities": p, "log_probabilities": np.log(p)}


@pytest.mark.parametrize("form", ["logits", "probabilities", "log_probabilities"])
def test_calibration(backend: str, form: str) -> None:
    x = RNG.normal(size=(N, C)) * 2
    p = scales(x)["probabilities"]
    top = p.argmax(1)
    omega = weights(Y, {"class_weight": W, "sample_weight": S, "mask": M})
    place = np.floor(p.max(1) * 7).astype(int)
    by_bin = [place == b for b in range(7)]
    item, right = omega.sum(1), omega[ROW, top]
    wanted = (
        [item[b].sum() for b in by_bin],
        [(item * p.max(1))[b].sum() for b in by_bin],
        [right[b].sum() for b in by_bin],
    )
    own = {"class_weight": W, "sample_weight": S, "mask": M, "bins": 7, "form": form}
    close(measured(backend, metrics.calibration, scales(x)[form], Y, **own), wanted)
    found = metrics.Calibration(*map(np.asarray, wanted))
    gap = abs(found.hits - found.confidence)
    np.testing.assert_allclose(found.expected_error(), gap.sum() / item.sum())
    some = found.weight > 0
    np.testing.assert_allclose(found.maximum_error(), (gap[some] / found.weight[some]).max())
    assert np.isnan(found.share_right()[~some]).all()
    np.testing.assert_allclose(found.mean_confidence(empty=0.0)[~some], 0.0)


@pytest.mark.parametrize("form", ["logits", "probabilities", "log_probabilities"])
def test_calibration_of_labels(backend: str, form: str) -> None:
    z, y = RNG.normal(size=(N, L)), RNG.uniform(size=(N, L))
    p = 1 / (1 + np.exp(-z))
    x = {"logits": z, "probabilities": p, "log_probabilities": np.log(p)}[form]
    place = np.floor(p * 4).astype(int)
    item = S[:, None]
    wanted = tuple(
        np.array([(cell * (place == b)).sum(0) for b in range(4)]).T
        for cell in (item + 0 * p, item * p, item * y)
    )
    own = partial(measured, backend, metrics.binary_calibration, x, y, sample_weight=S, bins=4)
    close(own(form=form, axis=1), wanted)
    close(own(form=form), [each.sum(0) for each in wanted])


def test_edges_of_bins(backend: str) -> None:
    """An edge belongs to the bin above it, whatever p times the number of bins is rounded to."""
    for bins in (10, 15, 49, 100):
        edges = np.arange(bins + 1) / bins
        below = np.nextafter(edges[1:-1], 0)
        p = np.concatenate([edges, below])
        found = measured(
            backend, metrics.binary_calibration, p, p, form="probabilities", bins=bins
        )[0]
        wanted = np.full(bins, 2.0)
        wanted[-1] = 2.0  # its lower edge, and 1
        wanted[0] = 2.0
        np.testing.assert_array_equal(found, wanted)


def test_log_loss_is_the_loss(backend: str) -> None:
    own = adapter(backend)
    x, y, z, b = map(own.array, (X, Y, Z, B))
    for found, wanted in (
        (
            metrics.log_loss(x, y, class_weight=W, label_smoothing=0.1),
            losses.cross_entropy(x, y, class_weight=W, label_smoothing=0.1, reduction="parts"),
        ),
        (
            metrics.binary_log_loss(z, b, pos_weight=3.0),
            losses.binary_cross_entropy(z, b, pos_weight=3.0, reduction="parts"),
        ),
    ):
        assert isinstance(found, LossParts)
        assert [own.numpy(each) for each in found] == [own.numpy(each) for each in wanted]


METRICS: dict[str, tuple[Callable[..., Any], np.ndarray, np.ndarray, dict[str, Any]]] = {
    "outcomes": (metrics.outcomes, X, Y, {"class_weight": W}),
    "confusion_matrix": (metrics.confusion_matrix, X, Q, {}),
    "top_k": (metrics.top_k, X, Y, {"k": (1, 2)}),
    "top_k of rows": (metrics.top_k, X, Q, {"k": 2}),
    "any_of_top_k": (metrics.any_of_top_k, X, SETS, {"k": 2}),
    "calibration": (metrics.calibration, X, Y, {"bins": 5}),
    "binary_outcomes": (metrics.binary_outcomes, Z, B, {"axis": 1, "threshold": 0.25}),
    "binary_outcomes together": (metrics.binary_outcomes, Z, B, {"pos_weight": 3.0}),
    "binary_calibration": (metrics.binary_calibration, Z, B, {"axis": 1, "bins": 5}),
}


def per_item(name: str) -> dict[str, Any]:
    return {"sample_weight": S, "mask": M} if name != "confusion_matrix" else {"sample_weight": S}


@pytest.mark.parametrize("name", METRICS)
def test_merged_is_the_whole(backend: str, name: str) -> None:
    metric, x, y, options = METRICS[name]
    own = adapter(backend)

    def part(cut: slice) -> Any:
        more = {key: value[cut] for key, value in per_item(name).items()}
        return metric(own.array(x[cut]), own.array(y[cut]), **options, **given(backend, more))

    whole = measured(backend, metric, x, y, **options, **per_item(name))
    pieces = [part(slice(i, i + 9)) for i in range(0, N, 9)]
    if name == "confusion_matrix":
        close([own.numpy(sum(pieces))], whole)
        return
    kind = type(pieces[0])
    for merged in (
        sum(pieces),
        sum(pieces, kind.zero()),
        sum(pieces, kind.zero(pieces[0])),
        pieces[0] + sum(pieces[1:]),
    ):
        assert type(merged) is kind
        close([own.numpy(each) for each in merged], whole)


@pytest.mark.parametrize("name", METRICS)
def test_weight_0_is_an_absent_item(backend: str, name: str) -> None:
    metric, x, y, options = METRICS[name]
    some = S > 0
    zeros = measured(backend, metric, x, y, **options, sample_weight=some.astype(float))
    close(zeros, measured(backend, metric, x[some], y[some], **options))
    close(zeros, measured(backend, metric, x, y, **options, mask=some))
    none = measured(backend, metric, x, y, **options, mask=np.zeros(N, bool))
    assert not any(np.any(each) for each in none)
    nothing = measured(backend, metric, x[:0], y[:0], **options)
    close(none, nothing)


@pytest.mark.parametrize("name", METRICS)
def test_nan_of_an_excluded_item_reaches_nothing(backend: str, name: str) -> None:
    metric, x, y, options = METRICS[name]
    spoiled, weight = x.copy(), S.copy()
    spoiled[~M], weight[~M] = nan, nan
    target = y.copy()
    if y.dtype.kind == "f":
        target[~M] = nan
    elif y.dtype != bool:
        target[~M] = 99
    else:
        target[~M] = False
    options = {**options, "mask": M}
    wanted = measured(backend, metric, x, y, sample_weight=S, **options)
    close(measured(backend, metric, spoiled, target, sample_weight=weight, **options), wanted)


@pytest.mark.parametrize("name", METRICS)
def test_a_prediction_of_nan_is_no_answer(backend: str, name: str) -> None:
    metric, x, y, options = METRICS[name]
    spoiled = x.copy()
    spoiled[3, 1] = nan
    found = measured(backend, metric, spoiled, y, **options)
    if options.get("axis") == 1:  # labels have nothing to do with each other
        wanted = measured(backend, metric, x, y, **options)
        close([np.delete(each, 1, 0) for each in found], [np.delete(e, 1, 0) for e in wanted])
        found = tuple(each[1] for each in found)
    assert np.isnan([np.sum(each) for each in found]).all()
    if name != "top_k":
        assert all(np.isnan(each).all() for each in found)


def test_where_nobody_looked_an_invalid_label_is_no_answer(backend: str) -> None:
    own = adapter(backend)
    wrong = np.where(ROW == 5, C, Y)
    options = {"validate": False}
    for metric in (metrics.outcomes, metrics.confusion_matrix, metrics.calibration):
        assert all(np.isnan(f).all() for f in measured(backend, metric, X, wrong, **options))
    hits = metrics.top_k(own.array(X), own.array(wrong), k=2, validate=False)
    assert np.isnan(own.numpy(hits.accuracy()))
    pair = np.where(ROW[:, None] == 5, 2, B)
    found = measured(backend, metrics.binary_outcomes, Z, pair, **options)
    assert all(np.isnan(each).all() for each in found)
    sets = SETS & (ROW != 5)[:, None]
    found = measured(backend, metrics.any_of_top_k, X, sets, k=2, **options)
    assert all(np.isnan(each).all() for each in found)


def test_ties_go_to_the_lowest_index(backend: str) -> None:
    for dtype in ("float64", "float32"):
        x = np.array([[1, 1, 1], [0, 2, 2], [-inf, -inf, 0], [-0.0, 0.0, 0.0]], dtype)
        called = [0, 1, 2, 0]
        places = [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]]
        (matrix,) = measured(backend, metrics.confusion_matrix, x, np.array([0, 1, 2, 0]))
        np.testing.assert_array_equal(matrix, np.diag([2.0, 1.0, 1.0]))
        for i, row in enumerate(places):
            for place, k in enumerate(row):
                found = measured(backend, metrics.top_k, x[i], np.array(k), k=(1, 2, 3))[0]
                np.testing.assert_array_equal(found, [place < 1, place < 2, 1])
            sets = np.arange(3) != called[i]
            found = measured(backend, metrics.any_of_top_k, x[i], sets, k=(1, 2))[0]
            np.testing.assert_array_equal(found, [0, 1])
        at = measured(backend, metrics.binary_outcomes, x[3], np.array([1, 1, 0]))
        close(at, [2.0, 1.0, 0.0, 0.0])


def test_a_threshold_is_rounded_as_predictions_are(backend: str) -> None:
    for dtype in ("float64", "float32", "float16"):
        if dtype not in adapter(backend).dtypes:
            continue
        p = np.array([0.1, 0.7, 0.3], dtype)
        options: dict[str, Any] = {"form": "probabilities", "axis": 0}
        options["threshold"] = [0.1, 0.7, 0.3]
        tp = measured(backend, metrics.binary_outcomes, p, np.ones(3), **options)[0]
        np.testing.assert_array_equal(tp, np.ones(3))
        half = np.log(np.array([0.5], dtype))
        found = measured(
            backend, metrics.binary_outcomes, half, np.ones(1), form="log_probabilities"
        )
        assert found[0] == 1.0


RATIOS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "precision": lambda s: s[0] / (s[0] + s[1]),
    "recall": lambda s: s[0] / (s[0] + s[2]),
    "specificity": lambda s: s[3] / (s[3] + s[1]),
    "f1": lambda s: 2 * s[0] / (2 * s[0] + s[1] + s[2]),
    "iou": lambda s: s[0] / (s[0] + s[1] + s[2]),
}


@pytest.mark.parametrize("name", RATIOS)
def test_ratios(backend: str, name: str) -> None:
    own, of = adapter(backend), RATIOS[name]
    for kind in (metrics.ClassOutcomes, metrics.BinaryOutcomes):
        sums = RNG.uniform(1.0, 9.0, (4, 5))
        found = getattr(kind(*map(own.array, sums)), name)
        each, true = of(sums), sums[0] + sums[2]
        np.testing.assert_allclose(own.numpy(found()), each)
        np.testing.assert_allclose(own.numpy(found("macro")), each.mean())
        np.testing.assert_allclose(own.numpy(found("micro")), of(sums.sum(1)))
        np.testing.assert_allclose(own.numpy(found("weighted")), (each * true).sum() / true.sum())


def test_accuracies(backend: str) -> None:
    own, sums = adapter(backend), RNG.uniform(1.0, 9.0, (4, 5))
    tp, fp, fn, tn = sums
    of_classes = metrics.ClassOutcomes(*map(own.array, sums))
    np.testing.assert_allclose(own.numpy(of_classes.accuracy()), tp.sum() / (tp + fn).sum())
    np.testing.assert_allclose(own.numpy(of_classes.balanced_accuracy()), (tp / (tp + fn)).mean())
    of_labels = metrics.BinaryOutcomes(*map(own.array, sums))
    np.testing.assert_allclose(own.numpy(of_labels.accuracy()), (tp + tn) / sums.sum(0))
    np.testing.assert_allclose(own.numpy(of_labels.accuracy("micro")), (tp + tn).sum() / sums.sum())
    balanced = (tp / (tp + fn) + tn / (tn + fp)) / 2
    np.testing.assert_allclose(own.numpy(of_labels.balanced_accuracy()), balanced)
    matrices = own.numpy(of_labels.confusion_matrix())
    np.testing.assert_array_equal(matrices, np.array([[tn, fp], [fn, tp]]).transpose(2, 0, 1))
    scalar = metrics.BinaryOutcomes(*(own.array(each[0]) for each in sums))
    np.testing.assert_allclose(own.numpy(scalar.balanced_accuracy()), balanced[0])
    np.testing.assert_allclose(own.numpy(scalar.f1("macro")), own.numpy(scalar.f1()))
    assert own.numpy(scalar.confusion_matrix()).tolist() == [[tn[0], fp[0]], [fn[0], tp[0]]]


def test_nothing_over_nothing(backend: str) -> None:
    """0/0 is what it is said to be, and NaN leaves a class out of a mean."""
    own = adapter(backend)
    sums = np.array([[3.0, 0.0, 0.0], [1.0, 0.0, 2.0], [1.0, 0.0, 0.0], [2.0, 7.0, 5.0]])
    found = metrics.ClassOutcomes(*map(own.array, sums))

    def values(metric: str, *args: Any, **options: Any) -> Any:
        return own.numpy(getattr(found, metric)(*args, **options)).tolist()

    assert values("recall") == [0.75, 0.0, 0.0]
    assert values("recall", empty=1.0) == [0.75, 1.0, 1.0]
    np.testing.assert_array_equal(values("recall", empty=nan), [0.75, nan, nan])
    assert values("recall", "macro") == 0.25
    assert values("recall", "macro", empty=1.0) == pytest.approx(2.75 / 3)
    assert values("recall", "macro", empty=nan) == 0.75
    assert values("precision", "macro", empty=nan) == 0.375
    assert values("balanced_accuracy") == 0.75
    assert values("balanced_accuracy", empty=0.0) == 0.25
    one_class = metrics.BinaryOutcomes(*map(own.array, np.array([[3.0], [0.0], [1.0], [0.0]])))
    assert own.numpy(one_class.balanced_accuracy()).tolist() == [0.75]
    assert own.numpy(one_class.balanced_accuracy(empty=0.0)).tolist() == [0.375]
    empty = metrics.ClassOutcomes(*map(own.array, np.zeros((4, 3))))
    assert own.numpy(empty.accuracy()) == 0.0
    assert own.numpy(empty.accuracy(empty=1.0)) == 1.0
    assert np.isnan(own.numpy(empty.balanced_accuracy()))


def test_a_sum_of_nan_is_left_out_of_nothing() -> None:
    sums = np.ones((4, 3))
    sums[0, 1] = nan
    assert np.isnan(metrics.ClassOutcomes(*sums).f1("macro", empty=nan))


def test_sums_of_nothing() -> None:
    assert metrics.ClassOutcomes.zero() == (0.0, 0.0, 0.0, 0.0)
    assert metrics.BinaryOutcomes.zero().f1() == 0.0
    assert metrics.BinaryOutcomes.zero().f1(empty=1.0) == 1.0
    assert metrics.Hits.zero().accuracy() == 0.0
    assert metrics.Calibration.zero().expected_error() == 0.0
    assert metrics.Calibration.zero().maximum_error() == 0.0


@pytest.mark.parametrize("name", METRICS)
def test_dtypes(backend: str, name: str) -> None:
    metric, x, y, options = METRICS[name]
    wanted = None
    for dtype in ("float64", "float32", "float16", "bfloat16"):
        if dtype not in adapter(backend).dtypes:
            continue
        named = ml_dtypes.bfloat16 if dtype == "bfloat16" else np.dtype(dtype)
        found = measured(backend, metric, x.astype(np.float16).astype(named), y, **options)
        assert {str(each.dtype) for each in found} == {"float64"}
        if dtype == "float64":
            wanted = found
        elif dtype != "bfloat16":
            assert wanted is not None
            close(found, wanted)


@pytest.mark.parametrize("name", METRICS)
def test_compiled(backend: str, name: str) -> None:
    metric, x, y, options = METRICS[name]
    own = adapter(backend)
    wanted = measured(backend, metric, x, y, sample_weight=S, mask=M, **options)
    whole = own.compiled(lambda x, y, s, m: metric(x, y, sample_weight=s, mask=m, **options))
    found = whole(*map(own.array, (x, y, S, M)))
    close([own.numpy(e) for e in (found if isinstance(found, tuple) else (found,))], wanted)


def test_sums_are_added_and_divided_while_compiled(backend: str) -> None:
    own, weight = adapter(backend), S.tolist()

    def both(x: Any, y: Any, z: Any, b: Any) -> Any:
        found = metrics.outcomes(x, y) + metrics.outcomes(x, y, sample_weight=weight)
        labels = metrics.binary_outcomes(z, b, axis=1)
        return found.f1("macro"), found.balanced_accuracy(), labels.balanced_accuracy()

    x, y, z, b = map(own.array, (X, Y, Z, B))
    found = own.compiled(both)(x, y, z, b)
    close([own.numpy(each) for each in found], [own.numpy(each) for each in both(x, y, z, b)])


def test_balanced_class_weights_are_the_batch_s(backend: str) -> None:
    w = N / (C * np.bincount(Y, minlength=C))
    for metric in (metrics.outcomes, metrics.calibration):
        found = measured(backend, metric, X, Y, class_weight="balanced")
        close(found, measured(backend, metric, X, Y, class_weight=w))
    own = adapter(backend)
    balanced = metrics.outcomes(own.array(X), own.array(Y), class_weight="balanced")
    plain = metrics.outcomes(own.array(X), own.array(Y))
    np.testing.assert_allclose(
        own.numpy(balanced.accuracy()), own.numpy(plain.balanced_accuracy()), rtol=1e-12
    )


def test_as_what_a_loss_gives_beside_its_value() -> None:
    """On NumPy ``value_and_grad`` passes a handle, of which metrics take the numbers."""

    def function(x: Any) -> Any:
        return losses.cross_entropy(x, Y), metrics.outcomes(x, Y)

    (value, found), gradient = wce_core.value_and_grad(function, has_aux=True)(X)
    assert value == losses.cross_entropy(X, Y)
    assert gradient.shape == X.shape
    close(found, metrics.outcomes(X, Y))


def brute(scores: np.ndarray, y: np.ndarray, w: np.ndarray, value: Any) -> tuple[float, float]:
    """Every distinct score and ∞, each by itself, the largest first."""
    best, place = -inf, inf
    for cut in [inf, *sorted(set(scores.tolist()), reverse=True)]:
        called = scores >= cut
        sums = [np.sum(w * c) for c in (y & called, ~y & called, y & ~called, ~y & ~called)]
        own = value(*sums)
        if own > best + 1e-12:
            best, place = own, cut
    return place, best


VALUES: dict[str, Callable[..., float]] = {
    "f1": lambda tp, fp, fn, tn: 2 * tp / max(2 * tp + fp + fn, 1e-300),
    "iou": lambda tp, fp, fn, tn: tp / max(tp + fp + fn, 1e-300),
    "accuracy": lambda tp, fp, fn, tn: (tp + tn) / (tp + fp + fn + tn),
    "balanced_accuracy": lambda tp, fp, fn, tn: (tp / (tp + fn) + tn / (tn + fp)) / 2,
}


@pytest.mark.parametrize("best", VALUES)
def test_best_threshold(backend: str, best: str) -> None:
    own = adapter(backend)
    for trial in range(5):
        rng = np.random.default_rng(trial)
        z, b = rng.normal(size=N).round(1), rng.integers(0, 2, N)
        z += b
        s = rng.uniform(size=N) * (rng.uniform(size=N) < 0.8)
        found = metrics.best_threshold(
            own.array(z), own.array(b), best=best, sample_weight=own.array(s)
        )
        place, value = brute(z, b == 1, s, VALUES[best])
        assert found.threshold == place
        assert found.value == pytest.approx(value)
        again = metrics.binary_outcomes(
            own.array(z), own.array(b), threshold=found.threshold, sample_weight=own.array(s)
        )
        assert own.numpy(getattr(again, best)()) == pytest.approx(value)


def test_best_threshold_of_costs() -> None:
    costs, w, y = np.array([[0.0, 1.0], [7.0, 0.5]]), S + 0.1, B[:, 0]

    def saved(tp: float, fp: float, fn: float, tn: float) -> float:
        return float(-(fp + 7 * fn + 0.5 * tp) / w.sum())

    for scores in (Z[:, 0], Z[:, 0].astype(np.float32)):
        found = metrics.best_threshold(scores, y, costs=costs, sample_weight=w)
        want = brute(scores, y == 1, w, saved)
        assert found.threshold == want[0]
        assert found.value == pytest.approx(-want[1])
    free = metrics.best_threshold(Z[:, 0], y, costs=[[0, 5], [0, 5]])
    assert free == (inf, 0.0)


def test_best_threshold_of_labels_and_masks() -> None:
    spoiled, y = Z.copy(), B.copy()
    spoiled[~M], y[~M] = nan, 5
    found = metrics.best_threshold(spoiled, y, axis=1, mask=M)
    wanted = [brute(Z[M, k], B[M, k] == 1, np.ones(M.sum()), VALUES["f1"]) for k in range(L)]
    np.testing.assert_allclose(np.array(found).T, wanted)
    together = metrics.best_threshold(spoiled, y, mask=M)
    want = brute(Z[M].reshape(-1), B[M].reshape(-1) == 1, np.ones(M.sum() * L), VALUES["f1"])
    np.testing.assert_allclose(together, want)
    assert metrics.best_threshold(Z, B, mask=np.zeros(N, bool)) == (inf, 0.0)
    assert metrics.best_threshold(Z[:0], B[:0]) == (inf, 0.0)


def test_traced_scores_have_no_threshold(backend: str) -> None:
    own = adapter(backend)
    if backend not in ("jax", "tensorflow"):
        return
    search = own.compiled(lambda z, b: metrics.best_threshold(z, b)[0])
    with pytest.raises(ValueError, match="cannot be read here"):
        search(own.array(Z), own.array(B))


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "shape": (lambda: metrics.outcomes(X, Y[:-1]), ValueError, r"targets has shape \(39,\)"),
    "label": (lambda: metrics.outcomes(X, Y + 1), ValueError, "targets is 4 at position"),
    "weights": (
        lambda: metrics.outcomes(X, Y, sample_weight=W), ValueError, "sample_weight has shape",
    ),
    "negative": (
        lambda: metrics.top_k(X, Y, k=1, sample_weight=-S), ValueError, "sample_weight is -",
    ),
    "classes": (
        lambda: metrics.confusion_matrix(X, Y, class_weight=W[:3]), ValueError, r"class_weight .*3",
    ),
    "axis": (lambda: metrics.outcomes(X, Y, axis=2), ValueError, "a class axis at axis=2"),
    "no axis": (
        lambda: metrics.binary_outcomes(Z, B, axis="last"),
        TypeError, "axis is 'last'",
    ),
    "label axis": (
        lambda: metrics.binary_outcomes(Z, B, axis=2), ValueError, "a label axis at axis=2",
    ),
    "form": (lambda: metrics.outcomes(X, Y, form="odds"), ValueError, "form is 'odds'"),
    "convention": (
        lambda: metrics.calibration(X, Y, form=losses.Logits(temperature=2.0)),
        ValueError, "form is Logits",
    ),
    "chance": (
        lambda: metrics.calibration(X, Y, form="probabilities"), ValueError, "predictions is -",
    ),
    "unknown": (
        lambda: metrics.outcomes(X, Y, weight=S),
        TypeError, "no argument 'weight'; expected one of class_weight",
    ),
    "smoothing": (
        lambda: metrics.outcomes(X, Y, label_smoothing=0.1),
        TypeError, "no argument 'label_smoothing'",
    ),
    "k": (lambda: metrics.top_k(X, Y, k=5), ValueError, "k is 5; expected .*from 1 to 4"),
    "no k": (lambda: metrics.top_k(X, Y, k=()), ValueError, "k has no number"),
    "k of 0": (lambda: metrics.top_k(X, Y, k=0), ValueError, "k is 0"),
    "half k": (lambda: metrics.top_k(X, Y, k=1.5), TypeError, "k is 1.5"),
    "sets": (lambda: metrics.any_of_top_k(X, Y, k=1), TypeError, "candidates has dtype int64"),
    "no set": (
        lambda: metrics.any_of_top_k(X, ~(SETS | True), k=1), ValueError, "candidates is an empty",
    ),
    "bins": (lambda: metrics.calibration(X, Y, bins=0), ValueError, "bins is 0"),
    "binary target": (lambda: metrics.binary_outcomes(Z, B * 2), ValueError, "targets is 2"),
    "thresholds": (
        lambda: metrics.binary_outcomes(Z, B, axis=1, threshold=[0.1, 0.2]),
        ValueError, r"threshold has shape \(2,\); expected .*3 labels",
    ),
    "no labels": (
        lambda: metrics.binary_outcomes(Z, B, threshold=[0.1, 0.2, 0.3]),
        ValueError, "there are no label axis",
    ),
    "NaN": (lambda: metrics.binary_outcomes(Z, B, threshold=nan), ValueError, "threshold is NaN"),
    "text": (
        lambda: metrics.binary_outcomes(Z, B, threshold="0.5"), TypeError, "threshold is '0.5'",
    ),
    "best": (
        lambda: metrics.best_threshold(Z, B, best="auc"), ValueError, "best is 'auc'",
    ),
    "costs": (lambda: metrics.best_threshold(Z, B, costs=W), ValueError, r"costs has shape \(4,\)"),
    "gains": (
        lambda: metrics.best_threshold(Z, B, costs=-np.eye(2)), ValueError, "costs is -1.0 at",
    ),
    "NaN score": (
        lambda: metrics.best_threshold([0.5, nan], [0, 1]), ValueError, r"nan at position \(1,\)",
    ),
    "average": (
        lambda: metrics.outcomes(X, Y).f1("mean"), ValueError, "average is 'mean'",
    ),
    "empty": (lambda: metrics.outcomes(X, Y).f1(empty="zero"), TypeError, "empty is 'zero'"),
    "integers": (lambda: metrics.outcomes(Y, Y), TypeError, "predictions has dtype int64"),
    "another": (
        lambda: metrics.outcomes(X, Y) + metrics.outcomes(X[:, :3], Y % 3),
        ValueError, r"ClassOutcomes that is added has shape \(3,\)",
    ),
    "other sums": (
        lambda: metrics.outcomes(X, Y) + metrics.binary_outcomes(Z, B),
        TypeError, r"ClassOutcomes \+ BinaryOutcomes",
    ),
    "a number": (lambda: metrics.outcomes(X, Y) + 1, TypeError, r"ClassOutcomes \+ int"),
    "times": (lambda: metrics.outcomes(X, Y) * 2, TypeError, "ClassOutcomes times int"),
    "zero": (lambda: metrics.Hits.zero(X), TypeError, "like is ndarray; expected Hits"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str) -> None:
    call, kind, message = BAD[name]
    with pytest.raises(kind, match=message):
        call()


def test_sums_have_no_order() -> None:
    found = metrics.outcomes(X, Y)
    for compare in (
        lambda: found < found,
        lambda: found <= found,
        lambda: found > found,
        lambda: found >= found,
        lambda: max(found, found),
    ):
        with pytest.raises(TypeError, match="ClassOutcomes compared with ClassOutcomes"):
            compare()


def test_sums_are_named_tuples_and_can_be_pickled() -> None:
    found = metrics.binary_outcomes(Z, B)
    assert found._fields == ("tp", "fp", "fn", "tn")
    assert found == tuple(found)
    assert found._replace(tp=0.0).tp == 0.0
    copy = pickle.loads(pickle.dumps(found))
    assert type(copy) is metrics.BinaryOutcomes
    assert copy == found
