"""``value_and_grad`` in ``scipy.optimize.minimize``: scikit-learn's logistic regression by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from wce_core import losses, value_and_grad

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
S = np.random.default_rng(0).uniform(0.5, 2.0, len(Y))
TIGHT = {"gtol": 1e-10, "ftol": 1e-16, "maxiter": 2000}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Where several processes test at once, more only wait for each other."""
    with threadpool_limits(1):
        yield


def fitted(loss: Any, x: np.ndarray, y: Any, outputs: int, s: Any) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and intercepts of the least Σ s·ℓ + ‖W‖² / 2."""
    both = value_and_grad(loss)

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat.reshape(outputs, x.shape[1] + 1)
        logits = x @ w[:, :-1].T + w[:, -1]
        value, slope = both(logits[:, 0] if outputs == 1 else logits, y, sample_weight=s)
        slope = slope.reshape(-1, outputs)
        gradient = np.concatenate([slope.T @ x + w[:, :-1], slope.sum(0)[:, None]], axis=1)
        return value + 0.5 * (w[:, :-1] ** 2).sum(), gradient.ravel()

    start = np.zeros(outputs * (x.shape[1] + 1))
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options=TIGHT)
    w = found.x.reshape(outputs, -1)
    return w[:, :-1], w[:, -1]


@pytest.mark.parametrize(("s", "labels"), [(None, np.asarray), (S, pd.Series)])
def test_logistic_regression(s: Any, labels: Any) -> None:
    their = LogisticRegression(class_weight={0: 1.0, 1: 3.0, 2: 0.5}, tol=1e-10, max_iter=2000)
    their.fit(X, Y, sample_weight=s)
    loss = losses.CrossEntropy(class_weight=[1.0, 3.0, 0.5], reduction="sum")
    coefficients, intercepts = fitted(loss, X, labels(Y), 3, s)
    np.testing.assert_allclose(coefficients, their.coef_, atol=1e-6)
    # A constant added to all three changes nothing but these.
    shift = intercepts.mean() - their.intercept_.mean()
    np.testing.assert_allclose(intercepts - shift, their.intercept_, atol=1e-6)
    two = labels(Y == 2)
    their = LogisticRegression(class_weight={False: 1.0, True: 4.0}, tol=1e-10, max_iter=2000)
    their.fit(X, two, sample_weight=s)
    binary = losses.BinaryCrossEntropy(pos_weight=4.0, reduction="sum")
    coefficients, intercepts = fitted(binary, X, two, 1, s)
    np.testing.assert_allclose(coefficients, their.coef_, atol=1e-6)
    np.testing.assert_allclose(intercepts, their.intercept_, atol=1e-6)
