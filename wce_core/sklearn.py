"""Metrics as scorers of scikit-learn. Importing this module imports scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from sklearn.utils.metadata_routing import MetadataRequest

from wce_core import metrics
from wce_core.call.constants import unfreeze
from wce_core.errors import choice_error, shape_error, value_error
from wce_core.interchange import by_class
from wce_core.losses.registry import LOSSES
from wce_core.metrics.measure import Measure, measure
from wce_core.types import Array

__all__ = ["Scorer", "scorer"]

Response: TypeAlias = Literal["predict_proba", "decision_function"]
FORMS: dict[Response, str] = {"predict_proba": "probabilities", "decision_function": "logits"}
"""What an estimator is asked for, and how the metric reads it."""
NUMBERS = ({0, 1}, {-1, 1})
"""Pairs of labels of which it is known which one is positive."""
OF_ORDER = (metrics.outcomes, metrics.confusion_matrix, metrics.top_k, metrics.binary_outcomes)
"""Metrics that read no more than which prediction is larger: of any scale."""
OF_CLASSES: dict[Any, bool] = {
    **dict.fromkeys((metrics.outcomes, metrics.confusion_matrix, metrics.top_k), True),
    **dict.fromkeys((metrics.calibration, metrics.log_loss), True),
    **dict.fromkeys((metrics.binary_outcomes, metrics.binary_calibration), False),
    **dict.fromkeys((metrics.binary_log_loss,), False),
    **{kind._function: kind._categorical for name, kind in LOSSES.items() if "any_of" not in name},
}
"""What gives sums → of exclusive classes, or of one class and of labels."""


def scorer(
    metric: Callable[..., Any],
    result: str | Callable[..., Any] | None = None,
    *,
    response: Response | None = None,
    pos_label: Any = None,
    greater_is_better: bool | None = None,
    **arguments: Any,
) -> Scorer:
    """A scorer of scikit-learn, made of any metric or loss of this library.

    It is what ``scoring=`` of ``cross_val_score``, ``GridSearchCV`` and the like takes: called as
    ``scorer(estimator, X, y, sample_weight=None)`` it returns a number, of which more is better.
    What is better the less, as a loss or an error, is negated.

    Labels are those that the estimator was trained with, strings and all: ``estimator.classes_``
    has their order, which is the order of arrays of class weights. A mapping or Series of
    ``class_weight`` names the labels themselves.

    Parameters
    ----------
    metric
        A function of :mod:`wce_core.metrics`, with its options by ``functools.partial``, or a
        configured loss of items. Those of exclusive classes read all classes, those with
        ``binary_`` in front the positive one, or each label of an (n, L) target.
    result
        What its sums come to: the name of a method, as ``"f1"``, or a function of the sums that
        returns a number. None: of a loss its own reduction.
    response
        What the estimator is asked for: ``"predict_proba"``, read as probabilities, or
        ``"decision_function"``, read as logits. None: ``predict_proba``; where an estimator has
        none, ``decision_function`` for metrics that read only the order of predictions. Others need
        probabilities. A ``threshold`` is in the scale of the response.
    pos_label
        The positive class of a ``binary_`` metric. None: 1 of the labels 0 and 1, or −1 and 1;
        other labels do not say it.
    greater_is_better
        None: as the result is known. Of a function it has to be said.
    **arguments
        Of the method, as ``average="macro"``.

    Returns
    -------
    Scorer
        It can be copied, cloned and pickled. With metadata routing enabled it gets
        ``sample_weight`` after ``set_score_request(sample_weight=True)``.

    Raises
    ------
    TypeError
        For what is no metric of one class per item or of labels. When it is called: of an estimator
        that has no classes, or no response that the metric can read.
    ValueError
        For an option that does not fit; for ``ignore_index``, because estimators know no label that
        is none. When it is called: for a label that the estimator does not know, and for a result
        that is no single number; and what the metric raises.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from wce_core import metrics
    >>> from wce_core.sklearn import scorer
    >>> rng = np.random.default_rng(0)
    >>> y = np.array(["bird", "cat", "dog"])[labels := rng.integers(0, 3, 90)]
    >>> X = rng.normal(size=(90, 3)) + 2.0 * np.eye(3)[labels]
    >>> f1 = scorer(metrics.outcomes, "f1", average="macro")
    >>> cross_val_score(LogisticRegression(), X, y, scoring=f1, cv=3).round(3)
    array([0.838, 0.765, 0.794])

    Errors are negated, and class weights may name labels:

    >>> from functools import partial
    >>> weighted = partial(metrics.log_loss, class_weight={"bird": 1.0, "cat": 1.0, "dog": 5.0})
    >>> loss = scorer(weighted, "weighted_mean")
    >>> cross_val_score(LogisticRegression(), X, y, scoring=loss, cv=3).round(3)
    array([-0.245, -0.8  , -0.494])

    """
    if response not in (None, *FORMS):
        raise choice_error("response", response, (None, *FORMS))
    made = measure(metric, result, arguments)
    _check(made)
    better = made.greater_is_better if greater_is_better is None else greater_is_better
    if better is None:
        raise ValueError(
            f"result is {made.result!r}, of which it is not known whether more is better; expected "
            "the name of one such as 'f1', or greater_is_better=True or False"
        )
    return Scorer(made, 1 if better else -1, response, pos_label)


def _check(made: Measure) -> None:
    if made.function not in OF_CLASSES:
        raise TypeError(
            f"metric is {made.function!r}; expected a function of wce_core.metrics with one target "
            "for each item or label, or a configured loss of items"
        )
    options = unfreeze(made.options)
    if options.get("ignore_index") is not None:
        raise ValueError(
            "ignore_index is of class indices, and y has labels of the estimator; drop these rows, "
            "or give them sample_weight 0"
        )
    if not isinstance(options.get("form", ""), str):
        raise ValueError(f"form is {options['form']!r}; expected none: the response has its own")


@dataclass(repr=False, unsafe_hash=True)  # some estimators look their scorer up
class Scorer:
    """What :func:`scorer` makes: called as ``scorer(estimator, X, y, sample_weight=None)``."""

    measure: Measure
    """The metric, and what its sums come to."""
    sign: int
    """−1 of what is better the less."""
    response: Response | None
    """What the estimator is asked for; None: what it has."""
    pos_label: Any
    """The positive class; None: as labels say it."""
    requested: bool | str | None = field(default=None, compare=False)
    """Of metadata routing: whether it gets ``sample_weight``, or by which name."""

    def __call__(
        self,
        estimator: Any,
        X: Any,  # noqa: N803  # scikit-learn's own name
        y_true: Array,
        sample_weight: Array | None = None,
    ) -> float:
        """The number for this estimator on these data; more is better."""
        response = self._response(estimator)
        scores, labels = getattr(estimator, response)(X), _labels(y_true)
        given: dict[str, Any] = {"form": FORMS[response]}
        if sample_weight is not None:
            given["sample_weight"] = sample_weight
        if labels.ndim == 1:
            scores, labels, order = self._of_items(scores, labels, _classes(estimator))
            given |= self._class_weight(order)
        elif OF_CLASSES[self.measure.function]:
            raise shape_error("y", labels.shape, "(n,), or a metric of labels")
        elif isinstance(scores, list):  # an array of (n, 2) for each label
            scores = np.stack([_column(own, 1, 2) for own in scores], axis=1)
        return self.sign * self._number(self.measure.sums(scores, labels, **given))

    def set_score_request(self, *, sample_weight: bool | str | None) -> Scorer:
        """Has metadata routing pass ``sample_weight``, or what has another name, to this scorer."""
        self.requested = sample_weight
        return self

    def get_metadata_routing(self) -> Any:
        """What scikit-learn asks, with metadata routing enabled."""
        requests = MetadataRequest(owner=self)
        requests.score.add_request(param="sample_weight", alias=self.requested)
        return requests

    def _accept_sample_weight(self) -> bool:
        """What scikit-learn asks, without metadata routing, where several scorers are."""
        return True

    def _routing_repr(self) -> str:
        return repr(self)

    def __repr__(self) -> str:
        name = getattr(self.measure.function, "__name__", self.measure.function)
        return f"scorer({name}, {self.measure.result!r})"

    def _response(self, estimator: Any) -> Response:
        order = self.measure.function in OF_ORDER
        readable: tuple[Response, ...] = tuple(FORMS) if order else ("predict_proba",)
        for name in (self.response,) if self.response else readable:
            if hasattr(estimator, name):
                return name
        asked = self.response or " and no ".join(readable)
        raise TypeError(
            f"{type(estimator).__name__} has no {asked}, which {self!r} reads; calibrate it with "
            "CalibratedClassifierCV, or, if its decision function is a logit, pass "
            'response="decision_function"'
        )

    def _of_items(
        self, scores: Any, labels: np.ndarray, classes: list[Any]
    ) -> tuple[Any, np.ndarray, list[Any]]:
        """Scores and targets as the metric takes them, and labels in the order of its classes."""
        targets = _indices(labels, classes)
        if OF_CLASSES[self.measure.function]:
            return _rows(scores, len(classes)), targets, classes
        positive = self._positive(classes)
        order = [classes[1 - positive], classes[positive]]
        return _column(scores, positive, len(classes)), (targets == positive).astype(int), order

    def _positive(self, classes: list[Any]) -> int:
        """The index of the positive class."""
        if len(classes) != 2:
            raise ValueError(
                f"classes_ are {classes}; expected two, or a metric without binary_ in front"
            )
        if self.pos_label in classes and self.pos_label is not None:
            return classes.index(self.pos_label)
        if self.pos_label is None and set(classes) in NUMBERS:
            return 1
        raise ValueError(f"pos_label is {self.pos_label!r}; expected one of classes_, {classes}")

    def _class_weight(self, order: list[Any]) -> dict[str, Any]:
        """Weights that are named, in the order of classes."""
        weight = by_class(unfreeze(self.measure.options).get("class_weight"))
        if not isinstance(weight, Mapping):
            return {}
        if set(weight) != set(order):
            raise ValueError(
                f"class_weight names {list(weight)}; expected all of classes_, {order}"
            )
        return {"class_weight": [float(weight[label]) for label in order]}

    def _number(self, sums: Any) -> float:
        value = np.asarray(self.measure.of(sums))
        if value.ndim or value.dtype.kind not in "fiub":
            raise ValueError(
                f"{self!r} gives {value!r}; expected a single number, for example with "
                'average="macro"'
            )
        return float(value)


def _labels(y: Any) -> np.ndarray:
    """Of a list, an array, a Series, or a DataFrame with a column for each label."""
    labels = np.asarray(y)
    if labels.ndim not in (1, 2):
        raise shape_error("y", labels.shape, "(n,) or (n, labels)")
    return labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels


def _classes(estimator: Any) -> list[Any]:
    classes = getattr(estimator, "classes_", None)
    if classes is None or isinstance(classes, list):
        name = type(estimator).__name__
        raise TypeError(f"{name} has no classes_ of y; expected a classifier that was fitted")
    found: list[Any] = np.asarray(classes).tolist()
    return found


def _indices(labels: np.ndarray, classes: list[Any]) -> np.ndarray:
    """Each label's place among the classes."""
    places = {label: place for place, label in enumerate(classes)}
    found = np.array([places.get(label, -1) for label in labels.tolist()], dtype=np.int64)
    unknown = np.flatnonzero(found < 0)
    if unknown.size:
        raise value_error(
            "y", (int(unknown[0]),), labels[unknown[0]], f"one of classes_, {classes}"
        )
    return found


def _rows(scores: Any, classes: int) -> np.ndarray:
    """A column for each class."""
    rows: np.ndarray = np.asarray(scores)
    if rows.ndim == 1:  # a decision function: that of class 1 beside 0
        rows = np.stack([np.zeros_like(rows), rows], axis=1)
    if rows.shape[1:] != (classes,):
        raise shape_error("the response", rows.shape, f"a column for each of {classes} classes")
    return rows


def _column(scores: Any, positive: int, classes: int) -> np.ndarray:
    """That of the positive class."""
    if np.ndim(scores) == 1:
        return np.asarray(scores) if positive else -np.asarray(scores)
    column: np.ndarray = _rows(scores, classes)[:, positive]
    return column
