"""``wce_core.sklearn.scorer`` beside scikit-learn's own scorers, wherever it takes one."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn import metrics as theirs
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, RidgeClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from threadpoolctl import threadpool_limits

from wce_core import losses, metrics
from wce_core.sklearn import Scorer, scorer

X, _labels = make_classification(
    150, 6, n_informative=4, n_classes=3, weights=[0.6, 0.3, 0.1], flip_y=0.1, random_state=0
)
NAMES = np.array(["bird", "cat", "dog"])
Y = NAMES[_labels]
TWO = np.where(Y == "bird", "bird", "other")
S = np.random.default_rng(0).uniform(0.1, 3.0, len(Y))
F1 = scorer(metrics.outcomes, "f1", average="macro")
LOSS = scorer(metrics.log_loss, "weighted_mean")
PAIRS: dict[str, tuple[Scorer, Any]] = {
    "accuracy": (scorer(metrics.outcomes, "accuracy"), "accuracy"),
    "balanced accuracy": (scorer(metrics.outcomes, "balanced_accuracy"), "balanced_accuracy"),
    "f1": (F1, "f1_macro"),
    "iou": (scorer(metrics.outcomes, "iou", average="weighted"), "jaccard_weighted"),
    "top 2": (
        scorer(partial(metrics.top_k, k=2), "accuracy"),
        theirs.make_scorer(
            theirs.top_k_accuracy_score,
            k=2,
            response_method=("predict_proba", "decision_function"),
        ),
    ),
    "log loss": (LOSS, "neg_log_loss"),
    "loss": (scorer(losses.CrossEntropy()), "neg_log_loss"),
}
ESTIMATORS = {
    "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
    "trees": RandomForestClassifier(10, max_depth=2, random_state=0),
    "no probabilities": LinearSVC(random_state=0),
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Where several processes test at once, more only wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("name", PAIRS)
def test_cross_validation(name: str, estimator: str) -> None:
    own, their = PAIRS[name]
    if estimator == "no probabilities" and "loss" in name:
        with pytest.raises(TypeError, match="has no predict_proba"):
            cross_val_score(LinearSVC(), X, Y, scoring=own, cv=2, error_score="raise")
        return
    model = ESTIMATORS[estimator]
    found, wanted = (cross_val_score(model, X, Y, scoring=s, cv=2) for s in (own, their))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("positive", ["bird", "other"])
@pytest.mark.parametrize("model", [GaussianNB(), RidgeClassifier()], ids=["proba", "decision"])
def test_the_positive_class(positive: str, model: Any) -> None:
    """It has to be named where labels do not say it, and either may be it."""
    own = scorer(metrics.binary_outcomes, "f1", pos_label=positive)
    their = theirs.make_scorer(theirs.f1_score, pos_label=positive)
    model.fit(X, TWO)
    assert own(model, X, TWO) == pytest.approx(their(model, X, TWO), rel=1e-12)
    with pytest.raises(ValueError, match=r"pos_label is None; expected one of classes_, \['bird'"):
        scorer(metrics.binary_outcomes, "f1")(model, X, TWO)
    for labels in (np.array([0, 1]), np.array([-1, 1]), np.array([False, True])):
        y = labels[(TWO == "other").astype(int)]
        found = scorer(metrics.binary_outcomes, "f1")(model.fit(X, y), X, y)
        assert found == pytest.approx(theirs.f1_score(y, model.predict(X), pos_label=labels[1]))


def test_thresholds_and_probabilities_of_the_positive_class() -> None:
    model = LogisticRegression().fit(X, TWO)
    chance = model.predict_proba(X)[:, 0]
    own = scorer(partial(metrics.binary_outcomes, threshold=0.8), "precision", pos_label="bird")
    assert own(model, X, TWO) == pytest.approx(theirs.precision_score(TWO == "bird", chance >= 0.8))
    loss = partial(losses.binary_focal_cross_entropy, gamma=2.0, reduction="parts")
    wanted = losses.binary_focal_cross_entropy(chance, TWO == "bird", form="probabilities")
    assert scorer(loss, "mean", pos_label="bird")(model, X, TWO) == pytest.approx(-wanted)
    by_logits = scorer(loss, "mean", pos_label="bird", response="decision_function")
    assert by_logits(model, X, TWO) == pytest.approx(-wanted)
    error = scorer(metrics.binary_calibration, "expected_error", pos_label="bird")
    found = metrics.binary_calibration(chance, TWO == "bird", form="probabilities")
    assert error(model, X, TWO) == pytest.approx(-found.expected_error())


def test_a_grid_search() -> None:
    """Copied, pickled and cloned with the search; several at once; sample weights forwarded."""
    grid = {"C": [0.001, 1.0]}
    both = {"own": LOSS, "theirs": "neg_log_loss"}
    search = GridSearchCV(LogisticRegression(), grid, scoring=both, refit="own", cv=2)
    for each in (pickle.loads(pickle.dumps(clone(search))), copy.deepcopy(search)):
        each.fit(X, Y, sample_weight=S)
        found, wanted = (each.cv_results_[f"mean_test_{name}"] for name in both)
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
        assert found.min() < found.max()
    single = GridSearchCV(LogisticRegression(), grid, scoring=F1, cv=2).fit(X, Y)
    assert single.score(X, Y) == pytest.approx(
        theirs.f1_score(Y, single.predict(X), average="macro")
    )


def test_metadata_routing() -> None:
    own = scorer(metrics.outcomes, "accuracy")
    their = theirs.make_scorer(theirs.accuracy_score)
    options: dict[str, Any] = {"cv": 3, "params": {"sample_weight": S}}
    with sklearn.config_context(enable_metadata_routing=True):
        model = LogisticRegression().set_fit_request(sample_weight=True)
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            cross_validate(model, X, Y, scoring=own, **options)
        scores = {}
        for asked in (True, False):
            for s in (own, their):
                s.set_score_request(sample_weight=asked)
                scores[asked, s is own] = cross_val_score(model, X, Y, scoring=s, **options)
            np.testing.assert_allclose(scores[asked, True], scores[asked, False], rtol=1e-12)
        assert (scores[True, True] != scores[False, True]).any()
        own.set_score_request(sample_weight="w")
        options["params"] = {"w": S, "sample_weight": np.ones_like(S)}
        found = cross_validate(model, X, Y, scoring={"a": copy.deepcopy(own)}, **options)
        model = LogisticRegression()
        options["params"] = {"w": S}
        model.set_fit_request(sample_weight=None)
        found = cross_validate(model, X, Y, scoring={"a": own}, **options)["test_a"]
        their.set_score_request(sample_weight="w")
        wanted = cross_val_score(model, X, Y, scoring=their, **options)
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_class_weights_by_label() -> None:
    model = LogisticRegression().fit(X, Y)
    chance = model.predict_proba(X)
    weights = {"dog": 5.0, "bird": 1.0, "cat": 2.0}
    wanted = theirs.log_loss(Y, chance, sample_weight=[weights[label] for label in Y])
    for given in (weights, pd.Series(weights), [1.0, 2.0, 5.0]):
        own = scorer(partial(metrics.log_loss, class_weight=given), "weighted_mean")
        assert own(model, X, Y) == pytest.approx(-wanted)
    held = losses.CrossEntropy(class_weight=[1.0, 2.0, 5.0], reduction="weighted_mean")
    assert scorer(held)(model, X, Y) == pytest.approx(-wanted)
    balanced = scorer(partial(metrics.outcomes, class_weight="balanced"), "accuracy")
    assert balanced(model, X, Y) == pytest.approx(
        theirs.balanced_accuracy_score(Y, model.predict(X))
    )
    two = partial(metrics.binary_log_loss, class_weight={"bird": 3.0, "other": 1.0})
    model.fit(X, TWO)
    wanted = theirs.log_loss(TWO, model.predict_proba(X), sample_weight=1.0 + 2 * (TWO == "bird"))
    for positive in ("bird", "other"):
        found = scorer(two, "weighted_mean", pos_label=positive)(model, X, TWO)
        assert found == pytest.approx(-wanted)
    wrong = scorer(partial(metrics.outcomes, class_weight={0: 1.0, 1: 2.0}), "accuracy")
    with pytest.raises(ValueError, match=r"class_weight names \[0, 1\]; expected all of classes_"):
        wrong(model, X, TWO)


def test_pandas() -> None:
    """Rows count by their place, whatever their index; labels of every dtype."""
    index = np.random.default_rng(1).permutation(len(Y))
    frame, weights = pd.DataFrame(X, index=index), pd.Series(S, index=index)
    model = LogisticRegression().fit(frame, pd.Series(Y, index=index))
    wanted = LOSS(model, X, Y, sample_weight=S)
    assert wanted == pytest.approx(-theirs.log_loss(Y, model.predict_proba(frame), sample_weight=S))
    for dtype in (object, "category", "string", "str"):
        series = pd.Series(Y, index=index, dtype=dtype)
        for y in (series, series.to_frame()):
            assert LOSS(model, frame, y, sample_weight=weights) == wanted
    numbers = LogisticRegression().fit(frame, pd.Series(_labels + 7))
    for dtype in ("int64", "Int64", "float64", "int8"):
        series = pd.Series(_labels + 7, dtype=dtype)
        assert LOSS(numbers, frame, series, sample_weight=weights) == pytest.approx(wanted)
    with pytest.raises(ValueError, match=r"y is .* at position \(5,\); expected one of classes_"):
        missing = pd.Series(Y, dtype="string")
        missing[5] = pd.NA
        LOSS(model, frame, missing)


@pytest.mark.parametrize(
    "model",
    [RandomForestClassifier(10, random_state=0), OneVsRestClassifier(LogisticRegression())],
    ids=["arrays of each label", "one array"],
)
def test_labels_that_do_not_exclude_each_other(model: Any) -> None:
    x, y = make_multilabel_classification(100, 5, n_classes=3, random_state=0)
    own = scorer(partial(metrics.binary_outcomes, axis=1), "f1", average="macro")
    model.fit(x[:60], y[:60])
    chance = model.predict_proba(x)
    chance = np.stack([c[:, 1] for c in chance], 1) if isinstance(chance, list) else chance
    wanted = theirs.f1_score(y, chance >= 0.5, average="macro")
    assert own(model, x, y) == pytest.approx(wanted)
    assert own(model, x, pd.DataFrame(y)) == pytest.approx(wanted)
    with pytest.raises(ValueError, match=r"y has shape \(100, 3\); expected \(n,\), or a metric"):
        F1(model, x, y)


def test_where_else_a_scorer_is_taken() -> None:
    cv = LogisticRegressionCV(
        Cs=[0.01, 1.0], cv=2, scoring=LOSS, use_legacy_attributes=False, l1_ratios=(0.0,)
    )
    cv.fit(X, Y)
    wanted = clone(cv).set_params(scoring="neg_log_loss").fit(X, Y)
    np.testing.assert_allclose(cv.scores_, wanted.scores_, rtol=1e-6)
    trees = HistGradientBoostingClassifier(
        max_iter=2, early_stopping=True, scoring=F1, random_state=0
    ).fit(X, Y, sample_weight=S)
    wanted = clone(trees).set_params(scoring="f1_macro").fit(X, Y, sample_weight=S)
    np.testing.assert_allclose(trees.validation_score_, wanted.validation_score_, rtol=1e-12)


def test_equal_by_what_they_measure() -> None:
    assert scorer(metrics.outcomes, "f1", average="macro") == F1
    assert pickle.loads(pickle.dumps(F1)) == F1
    assert scorer(metrics.outcomes, "f1", average="micro") != F1
    assert repr(F1) == "scorer(outcomes, 'f1')"


def of(metric: Any, result: Any = None, **options: Any) -> Any:
    return lambda: scorer(metric, result, **options)


WRONG: dict[str, tuple[Any, type[Exception], str]] = {
    "no metric": (of(theirs.f1_score, "f1"), TypeError, "expected a function of wce_core.metrics"),
    "sets": (of(metrics.any_of_top_k, "accuracy"), TypeError, "with one target for each item"),
    "of regions": (of(losses.DiceLoss()), TypeError, "expected a function of wce_core.metrics"),
    "which is better": (of(metrics.outcomes, "tp"), ValueError, "result is 'tp', of which"),
    "no result": (of(metrics.log_loss), ValueError, "expected the name of one such as 'f1'"),
    "a word": (of(metrics.outcomes, "f1", response="predict"), ValueError, "response is 'predict'"),
    "ignored": (
        of(partial(metrics.outcomes, ignore_index=-1), "accuracy"),
        ValueError,
        "drop these rows, or give them sample_weight 0",
    ),
    "steps": (
        of(losses.CrossEntropy(form=losses.Logits(temperature=2.0))),
        ValueError,
        "expected none: the response has its own",
    ),
    "no reduction": (of(losses.CrossEntropy(reduction="none")), ValueError, "gives no number"),
    "fixed": (of(partial(metrics.outcomes, X), "f1"), TypeError, "fixes predictions or targets"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_is_no_scorer(case: Any) -> None:
    make, kind, message = case
    with pytest.raises(kind, match=message):
        make()


def test_what_an_estimator_cannot_answer() -> None:
    model = LogisticRegression().fit(X, Y)
    with pytest.raises(ValueError, match=r"y is cow at position \(1,\); expected one of classes_"):
        F1(model, X[:2], ["dog", "cow"])
    with pytest.raises(ValueError, match=r"classes_ are \['bird', 'cat', 'dog'\]; expected two"):
        scorer(metrics.binary_outcomes, "f1", pos_label="cat")(model, X, Y)
    with pytest.raises(ValueError, match="expected a single number, for example with average"):
        scorer(metrics.outcomes, "f1")(model, X, Y)
    with pytest.raises(ValueError, match="ClassOutcomes has no method 'mean'"):
        scorer(metrics.outcomes, "mean")(model, X, Y)
    with pytest.raises(TypeError, match="LinearSVC has no predict_proba, .*calibrate it"):
        LOSS(LinearSVC().fit(X, Y), X, Y)
    with pytest.raises(
        ValueError, match=r"the response has shape .*; expected a column for each of 4"
    ):
        four = SVC(decision_function_shape="ovo").fit(X, np.arange(len(Y)) % 4)
        F1(four, X, np.arange(len(Y)) % 4)
    with pytest.raises(TypeError, match="NoClasses has no classes_ of y"):
        F1(NoClasses(), X, Y)


class NoClasses:
    """Says something of each class, but not of which."""

    def predict_proba(self, x: Any) -> Any:
        return np.full((len(x), 3), 1 / 3)
