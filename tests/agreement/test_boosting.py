"""XGBoost and LightGBM trained by losses of this library, and by their own objectives."""

from __future__ import annotations

import pickle
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.datasets import load_breast_cancer, load_digits

from wce_core import losses, objectives, unweight_logits

POSITIVE = 9.0


def cancer() -> tuple[np.ndarray, np.ndarray]:
    """One malignant tumor to nine benign ones."""
    x, benign = load_breast_cancer(return_X_y=True)
    kept = np.sort(np.concatenate([np.flatnonzero(benign == 1), np.flatnonzero(benign == 0)[:40]]))
    return x[kept], 1.0 - benign[kept]


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Is it an 8?"""
    x, y = load_digits(return_X_y=True)
    return x[:600], (y[:600] == 8).astype(float)


def few_digits() -> tuple[np.ndarray, np.ndarray]:
    """Four classes, 150 to 12 of each."""
    x, y = load_digits(return_X_y=True)
    counts = enumerate((150, 80, 30, 12))
    kept = np.concatenate([np.flatnonzero(y == c)[:n] for c, n in counts])
    return x[kept], y[kept]


BINARY = {"cancer": cancer(), "digits": digits()}
X, Y = few_digits()
W = np.array([1.0, 2.0, 5.0, 12.0])
XGBOOST: dict[str, Any] = {"eta": 0.3, "max_depth": 3, "nthread": 1, "verbosity": 0}
LIGHTGBM: dict[str, Any] = {
    "learning_rate": 0.3,
    "num_leaves": 7,
    "min_data_in_leaf": 5,
    "num_threads": 1,
    "verbosity": -1,
    "deterministic": True,
    "boost_from_average": False,
}


def boosted(
    x: np.ndarray, y: np.ndarray, params: dict[str, Any], objective: Any = None, weight: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """(probabilities, leaves of each item) of XGBoost."""
    data = xgboost.DMatrix(x, y, weight=weight)
    params = {**XGBOOST, "base_score": 0.5, **params}
    model = xgboost.train(params, data, 20, obj=objective)
    return model.predict(data), model.predict(data, pred_leaf=True)


def lightened(
    x: np.ndarray, y: np.ndarray, params: dict[str, Any], weight: Any = None
) -> np.ndarray:
    """Logits of LightGBM."""
    model = lightgbm.train({**LIGHTGBM, **params}, lightgbm.Dataset(x, y, weight=weight), 20)
    return np.asarray(model.predict(x, raw_score=True))


def weights(data: str, name: str) -> np.ndarray | None:
    """Row weights, of halves to doubles."""
    rows = BINARY[data][1].size
    return None if name == "no weights" else np.random.default_rng(5).uniform(0.5, 2.0, rows)


ALIKE = {
    "pos_weight": losses.BinaryCrossEntropy(pos_weight=POSITIVE),
    "class_weight": losses.BinaryCrossEntropy(class_weight={0: 1.0, 1: POSITIVE}),
}


@pytest.mark.parametrize("loss", ALIKE)
@pytest.mark.parametrize("rows", ["no weights", "weights"])
@pytest.mark.parametrize("data", BINARY)
def test_scale_pos_weight(data: str, rows: str, loss: str) -> None:
    x, y = BINARY[data]
    s, own = weights(data, rows), {"objective": "binary:logistic"}
    want, leaves = boosted(x, y, {**own, "scale_pos_weight": POSITIVE}, weight=s)
    got, reached = boosted(x, y, own, objectives.xgboost(ALIKE[loss]), weight=s)
    np.testing.assert_array_equal(reached, leaves)
    np.testing.assert_allclose(got, want, atol=1e-6)
    own = {"objective": "binary", "scale_pos_weight": POSITIVE}
    logits = lightened(x, y, {"objective": objectives.lightgbm(ALIKE[loss])}, s)
    np.testing.assert_allclose(logits, lightened(x, y, own, s), atol=1e-6)
    unweighted = boosted(x, y, {"objective": "binary:logistic"}, weight=s)[0]
    assert abs(got - unweighted).max() > 0.05


@pytest.mark.parametrize("data", BINARY)
def test_is_unbalance(data: str) -> None:
    """LightGBM's: negatives over positives, for the positives."""
    x, y = BINARY[data]
    loss = losses.BinaryCrossEntropy(pos_weight=(y == 0).sum() / (y == 1).sum())
    want = lightened(x, y, {"objective": "binary", "is_unbalance": True})
    np.testing.assert_allclose(
        lightened(x, y, {"objective": objectives.lightgbm(loss)}), want, atol=1e-6
    )


def test_weights_of_classes_are_weights_of_rows() -> None:
    """Neither library has class weights of more than two classes."""
    loss = losses.CrossEntropy(class_weight=W)
    own = {"objective": "multi:softprob", "num_class": 4}
    want, leaves = boosted(X, Y, own, weight=W[Y])
    got, reached = boosted(X, Y, own, objectives.xgboost(loss))
    np.testing.assert_array_equal(reached, leaves)
    np.testing.assert_allclose(got, want, atol=1e-6)
    own = {"objective": "multiclass", "num_class": 4}
    want = lightened(X, Y, own, W[Y])
    got = lightened(X, Y, {**own, "objective": objectives.lightgbm(loss)})
    np.testing.assert_allclose(got, want, atol=1e-6)
    rows = objectives.lightgbm(losses.cross_entropy)
    np.testing.assert_allclose(lightened(X, Y, {**own, "objective": rows}, W[Y]), want, atol=1e-6)


def test_several_labels() -> None:
    y = (X[:, [20, 30, 43]] > 8).astype(float)
    own = {"objective": "binary:logistic"}
    want, leaves = boosted(X, y, own)
    loss = losses.BinaryCrossEntropy()
    got, reached = boosted(X, y, own, objectives.xgboost(loss))
    np.testing.assert_array_equal(reached, leaves)
    np.testing.assert_allclose(got, want, atol=1e-6)
    weighed = objectives.xgboost(losses.binary_cross_entropy, pos_weight=[1.0, 1.0, 9.0])
    changed = boosted(X, y, own, weighed)[0]
    np.testing.assert_allclose(changed[:, :2], want[:, :2], atol=1e-6)
    assert (changed[:, 2] - want[:, 2]).mean() > 0.001


def leaf(params: dict[str, Any], label: float, margin: Any, weight: float, ridge: float) -> Any:
    """−g/(h + λ), the only leaf of a tree over one row, with XGBoost's own g and h."""
    single = np.zeros((1, 1))
    data = xgboost.DMatrix(single, [label], weight=[weight], base_margin=margin)
    own = {"eta": 1.0, "lambda": ridge, "min_child_weight": 0.0, "base_score": 0.5}
    if "num_class" in params:
        own["base_score"] = 0.0  # a logit there, not a probability
    model = xgboost.train({**XGBOOST, **own, **params}, data, 1)
    return model.predict(xgboost.DMatrix(single), output_margin=True)


RIDGES = (0.0, 0.5, 10.0)
"""Of two of which alone g and h can be told."""


@pytest.mark.parametrize("ridge", RIDGES)
@pytest.mark.parametrize("margin", [-9.0, -0.7, 0.0, 3.0, 8.0])
@pytest.mark.parametrize("label", [0.0, 0.3, 1.0])
def test_derivatives_of_the_logistic_objective(label: float, margin: float, ridge: float) -> None:
    params = {"objective": "binary:logistic", "scale_pos_weight": 4.0 if label == 1.0 else 1.0}
    z = np.array([margin], np.float32)
    loss = losses.BinaryCrossEntropy(pos_weight=params["scale_pos_weight"])
    g, h = objectives.xgboost(loss)(np.array([label]), z, np.array([1.5]))
    want = leaf(params, label, z, 1.5, ridge)
    np.testing.assert_allclose(-g / (h + ridge), want, rtol=2e-6 + 1e-6 / (1e-4 + h.min()))


@pytest.mark.parametrize("ridge", RIDGES)
def test_derivatives_of_the_softmax_objective(ridge: float) -> None:
    params = {"objective": "multi:softprob", "num_class": 4}
    logits = np.random.default_rng(3).normal(scale=2.0, size=(4, 1, 4)).astype(np.float32)
    for label, x in enumerate(logits):
        objective = objectives.xgboost(losses.CrossEntropy(class_weight=W))
        g, h = objective(np.array([label]), x)
        want = leaf(params, label, x, W[label], ridge)
        np.testing.assert_allclose(-g / (h + ridge), want, rtol=1e-4)


def estimators(loss: Any, **options: Any) -> tuple[Any, Any]:
    """Both libraries' of scikit-learn's kind."""
    first = xgboost.XGBClassifier(
        objective=objectives.xgboost(loss, **options), base_score=0.5, n_estimators=20, **XGBOOST
    )
    settings = {**LIGHTGBM, "min_child_samples": LIGHTGBM["min_data_in_leaf"]}
    del settings["min_data_in_leaf"]
    second = lightgbm.LGBMClassifier(
        objective=objectives.lightgbm(loss, **options), n_estimators=20, **settings
    )
    return first, second


@pytest.mark.parametrize("data", BINARY)
def test_estimators(data: str) -> None:
    x, y = BINARY[data]
    s = weights(data, "weights")
    first, second = estimators(losses.binary_cross_entropy, pos_weight=POSITIVE)
    own = {"objective": "binary:logistic", "scale_pos_weight": POSITIVE}
    want = boosted(x, y, own, weight=s)[0]
    got = first.fit(x, y, sample_weight=s).predict_proba(x)[:, 1]
    np.testing.assert_allclose(got, want, atol=1e-6)
    own = {"objective": "binary", "scale_pos_weight": POSITIVE}
    got = second.fit(x, y, sample_weight=s).predict(x, raw_score=True)
    np.testing.assert_allclose(got, lightened(x, y, own, s), atol=1e-6)


def test_estimators_of_several_classes() -> None:
    first, second = estimators(losses.CrossEntropy(class_weight=W))
    own = {"objective": "multi:softprob", "num_class": 4}
    want = boosted(X, Y, own, weight=W[Y])[0]
    np.testing.assert_allclose(first.fit(X, Y).predict_proba(X), want, atol=1e-6)
    own = {"objective": "multiclass", "num_class": 4}
    got = second.fit(X, Y).predict(X, raw_score=True)
    np.testing.assert_allclose(got, lightened(X, Y, own, W[Y]), atol=1e-6)


def test_smoothed_labels_are_shares() -> None:
    """LightGBM's cross_entropy takes shares, which label smoothing makes of labels."""
    x, y = BINARY["cancer"]
    loss = losses.BinaryCrossEntropy(label_smoothing=0.2)
    want = lightened(x, 0.8 * y + 0.1, {"objective": "cross_entropy"})
    got = lightened(x, y, {"objective": objectives.lightgbm(loss)})
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_shares_of_classes() -> None:
    """XGBoost's labels as a matrix: of one-hot rows it is what class indices give."""
    objective = objectives.xgboost(losses.CrossEntropy(class_weight=W))
    own = {"base_score": 0.0, "disable_default_eval_metric": True}
    want = boosted(X, Y, {**own, "num_class": 4}, objective)[1]
    np.testing.assert_array_equal(boosted(X, np.eye(4)[Y], own, objective)[1], want)


@pytest.mark.parametrize("hessian", objectives.HESSIANS)
def test_a_focal_loss_is_trained(hessian: objectives.Hessian) -> None:
    """Its second derivatives are negative where an item is far from right."""
    loss = losses.FocalCrossEntropy(gamma=2.0, class_weight=W)
    objective = objectives.xgboost(loss, hessian=hessian)
    own = {"objective": "multi:softprob", "num_class": 4, "base_score": 0.0}
    p = boosted(X, Y, own, objective)[0]
    assert loss(np.log(p), Y) < 0.1 * loss(np.zeros_like(p), Y)
    own = {"objective": objectives.lightgbm(loss, hessian=hessian), "num_class": 4}
    x = lightened(X, Y, own)
    assert loss(x, Y) < 0.1 * loss(np.zeros_like(x), Y)


def test_what_is_trained_with_weights_can_be_undone() -> None:
    """The mean probability is the share of positives again."""
    x, y = BINARY["cancer"]
    objective = objectives.lightgbm(losses.binary_cross_entropy, pos_weight=POSITIVE)
    params = {"objective": objective, "num_leaves": 2, "lambda_l2": 20.0, "learning_rate": 0.1}
    logits = lightened(x, y, params)
    back = unweight_logits(logits, pos_weight=POSITIVE, binary=True)
    means = [float((1 / (1 + np.exp(-z))).mean()) for z in (logits, back)]
    assert abs(means[1] - y.mean()) < abs(means[0] - y.mean()) / 2


def test_a_model_is_pickled_with_its_objective() -> None:
    x, y = BINARY["cancer"]
    for model in estimators(losses.BinaryCrossEntropy(pos_weight=POSITIVE)):
        again = pickle.loads(pickle.dumps(model.fit(x, y)))
        assert again.objective == model.objective
        raw = {"raw_score": True} if isinstance(model, lightgbm.LGBMClassifier) else {}
        found = again.fit(x, y).predict(x, **raw)
        np.testing.assert_array_equal(found, model.predict(x, **raw))


@pytest.mark.parametrize("library", [objectives.xgboost, objectives.lightgbm])
def test_a_loss_of_several_classes_wants_them(library: Any) -> None:
    with pytest.raises(ValueError, match="num_class"):
        library(losses.cross_entropy)(np.array([0.0, 1.0]), np.zeros(2))
    with pytest.raises(ValueError, match=r"targets is 0.5 at position \(1,\).*a class index"):
        library(losses.cross_entropy)(np.array([0.0, 0.5]), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="targets is 3"):
        library(losses.cross_entropy)(np.array([0.0, 3.0]), np.zeros((2, 3)))
