"""Metrics beside scikit-learn's, where both mean the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as theirs
from sklearn.calibration import calibration_curve

from wce_core import metrics

RNG = np.random.default_rng(3)
N, C, L = 200, 5, 4
X = RNG.normal(size=(N, C))
P = np.exp(X) / np.exp(X).sum(1, keepdims=True)
Y = RNG.integers(0, C, N)
Y[:C] = range(C)
Z = RNG.normal(size=(N, L))
B = (RNG.uniform(size=(N, L)) < 0.3).astype(int)
WEIGHTS = [None, RNG.uniform(0.1, 3.0, N)]
AVERAGES: tuple[metrics.Average, ...] = (None, "macro", "micro", "weighted")
SCORES = {
    "precision": theirs.precision_score,
    "recall": theirs.recall_score,
    "f1": theirs.f1_score,
    "iou": theirs.jaccard_score,
}


@pytest.mark.parametrize("weight", WEIGHTS, ids=["equal", "weighted"])
@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("name", SCORES)
def test_ratios(name: str, average: metrics.Average, weight: Any) -> None:
    options: dict[str, Any] = {"average": average, "sample_weight": weight}
    found = metrics.outcomes(X, Y, sample_weight=weight)
    wanted = SCORES[name](Y, X.argmax(1), **options)
    np.testing.assert_allclose(getattr(found, name)(average), wanted, rtol=1e-12)
    labels = metrics.binary_outcomes(Z, B, threshold=0.2, axis=1, sample_weight=weight)
    wanted = SCORES[name](B, (Z >= 0.2).astype(int), **options)
    np.testing.assert_allclose(getattr(labels, name)(average), wanted, rtol=1e-12)


@pytest.mark.parametrize("empty", [0.0, 1.0, np.nan])
def test_nothing_over_nothing(empty: float) -> None:
    """A class that is neither there nor called."""
    x, y = np.where(np.arange(C) == 2, -9.0, X), np.where(Y == 2, 0, Y)
    for name, score in SCORES.items():
        if name == "iou" and empty != empty:  # which their function does not take
            continue
        found = getattr(metrics.outcomes(x, y), name)
        for average in (None, "macro", "weighted"):
            options: dict[str, Any] = {"average": average, "zero_division": empty}
            wanted = score(y, x.argmax(1), labels=range(C), **options)
            np.testing.assert_allclose(found(average, empty=empty), wanted, rtol=1e-12)


@pytest.mark.parametrize("weight", WEIGHTS, ids=["equal", "weighted"])
def test_the_rest(weight: Any) -> None:
    called = X.argmax(1)
    own: dict[str, Any] = {"sample_weight": weight}
    found = metrics.outcomes(X, Y, **own)
    pairs = {
        "accuracy": (found.accuracy(), theirs.accuracy_score(Y, called, **own)),
        "balanced": (found.balanced_accuracy(), theirs.balanced_accuracy_score(Y, called, **own)),
        "matrix": (
            metrics.confusion_matrix(X, Y, **own),
            theirs.confusion_matrix(Y, called, **own),
        ),
        "top k": (
            metrics.top_k(X, Y, k=2, **own).accuracy(),
            theirs.top_k_accuracy_score(Y, X, k=2, **own),
        ),
        "log loss": (
            metrics.log_loss(P, Y, form="probabilities", **own).weighted_mean(),
            theirs.log_loss(Y, P, **own),
        ),
        "matrices": (
            metrics.binary_outcomes(Z, B, axis=1, **own).confusion_matrix(),
            theirs.multilabel_confusion_matrix(B, (Z >= 0).astype(int), **own),
        ),
        "one label": (
            metrics.binary_outcomes(Z[:, 0], B[:, 0], **own).balanced_accuracy(),
            theirs.balanced_accuracy_score(B[:, 0], Z[:, 0] >= 0, **own),
        ),
        "binary log loss": (
            metrics.binary_log_loss(P[:, 0], B[:, 0], form="probabilities", **own).weighted_mean(),
            theirs.log_loss(B[:, 0], P[:, 0], **own),
        ),
    }
    for name, (mine, wanted) in pairs.items():
        np.testing.assert_allclose(mine, wanted, rtol=1e-12, err_msg=name)


def test_calibration() -> None:
    """Their curve has the bins that have something in them."""
    p = RNG.uniform(size=N)
    y = (RNG.uniform(size=N) < p**2).astype(int)
    found = metrics.binary_calibration(p, y, form="probabilities", bins=40)
    some = found.weight > 0
    right, said = calibration_curve(y, p, n_bins=40)
    np.testing.assert_allclose(found.share_right()[some], right, rtol=1e-12)
    np.testing.assert_allclose(found.mean_confidence()[some], said, rtol=1e-12)


@pytest.mark.parametrize("weight", WEIGHTS, ids=["equal", "weighted"])
def test_the_best_threshold_is_on_their_curve(weight: Any) -> None:
    z, y = (Z[:, 0] + B[:, 0]).round(1), B[:, 0]
    precision, recall, cuts = theirs.precision_recall_curve(y, z, sample_weight=weight)
    f1 = 2 * precision * recall / np.where(precision + recall == 0, 1, precision + recall)
    found = metrics.best_threshold(z, y, sample_weight=weight)
    assert found.value == pytest.approx(f1.max())
    assert found.threshold == cuts[np.flatnonzero(f1[:-1] > f1.max() - 1e-12)[-1]]
