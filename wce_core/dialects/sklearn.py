"""scikit-learn 1.9: ``metrics.log_loss``, ``utils.class_weight``, and the losses of its models.

``HalfBinomialLoss`` and ``HalfMultinomialLoss`` are those of ``sklearn._loss``, which
``LogisticRegression`` and ``HistGradientBoostingClassifier`` minimise: private there, public here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wce_core import losses
from wce_core.arrays.numerics import complement_of_exp
from wce_core.formulas.links import Sigmoid, Softmax
from wce_core.frameworks.backend import Backend

from ..gradient import value_and_grad
from ..types import Array
from ._arrays import changed, companion, floating, owner, plain, readable
from ._items import weighed

__all__ = [
    "HalfBinomialLoss",
    "HalfMultinomialLoss",
    "compute_class_weight",
    "compute_sample_weight",
    "log_loss",
]


def log_loss(
    y_true: Any,
    y_proba: Any = None,
    *,
    normalize: bool = True,
    sample_weight: Array | None = None,
    labels: Any = None,
    y_pred: Any = "deprecated",
) -> Any:
    """``sklearn.metrics.log_loss``: −log p_y of probabilities bounded to [eps, 1 − eps].

    eps is that of the probabilities' dtype; rows are taken as they are, not renormalised.
    ``y_proba`` is (N, C), its columns in the order of the sorted ``labels``, or (N,) and (N, 1) for
    the second of two. Labels are those of ``y_true`` if they are not given, which only works where
    values can be read; numbers and strings. A (N, C) indicator matrix is taken as dense targets.
    Σ s·ℓ / Σ s, or with ``normalize=False`` Σ s·ℓ: an array, differentiable, where scikit-learn
    returns a float.

    Raises
    ------
    ValueError
        For fewer than two labels, a number of labels other than that of columns, a label that is
        none of ``labels``, or a probability outside [0, 1], where values can be read.

    Examples
    --------
    >>> from wce_core import dialects
    >>> dialects.sklearn.log_loss(
    ...     ["spam", "ham", "ham", "spam"], [[0.1, 0.9], [0.9, 0.1], [0.8, 0.2], [0.35, 0.65]]
    ... ).round(5)
    np.float64(0.21616)

    """
    if y_proba is None:
        y_proba = y_pred
    be, x = owner(y_proba)
    if len(be.shape(x)) == 2 and be.shape(x)[1] == 1:
        return changed(
            y_proba,
            lambda be, array: be.xp.squeeze(array, axis=-1),
            lambda be, gradient: be.xp.expand_dims(gradient, axis=-1),
            lambda own: log_loss(
                y_true, own, normalize=normalize, sample_weight=sample_weight, labels=labels
            ),
        )
    options: dict[str, Any] = {
        "form": losses.Probabilities(clip=float(be.xp.finfo(x.dtype).eps)),
        "sample_weight": sample_weight,
        "reduction": "weighted_mean" if normalize else "sum",
    }
    targets = _targets(be, x, y_true, labels)
    if len(be.shape(x)) == 1:
        return losses.binary_cross_entropy(y_proba, targets, **options)
    return losses.cross_entropy(y_proba, targets, **options)


def _targets(be: Backend, x: Array, y_true: Any, labels: Any) -> Array:
    """Class indices, or the indicator matrix."""
    own, y = plain(y_true)
    shape = be.shape(x)
    if len(own.shape(y)) == 2 and len(shape) == 2 and own.shape(y)[1] != 1:
        return floating(be, companion(be, y, x, "y_true"), x)
    if len(own.shape(y)) == 2:
        y = own.xp.squeeze(y, axis=-1)
    classes = _classes(own, y, labels)
    if len(classes) < 2:
        raise ValueError(
            f"y_true contains only one label ({classes[0]}). Please provide the list of all "
            "expected class labels explicitly through the labels argument."
        )
    columns = 2 if len(shape) == 1 else shape[1]
    if len(classes) != columns:
        raise ValueError(
            f"y_true and y_proba contain different number of classes: {len(classes)} vs {columns}"
        )
    with own.scope():
        places = _positions(own, y, classes)
    return companion(be, places, x, "y_true")


def _classes(be: Backend, y: Array, labels: Any) -> np.ndarray:
    """The sorted labels."""
    values = readable(*plain(labels)) if labels is not None else readable(be, y)
    if values is None:
        raise ValueError("labels of y_true cannot be read here; expected the argument labels")
    return np.unique(values)


def _positions(be: Backend, y: Array, classes: np.ndarray) -> Array:
    """The place of each label among the classes; of no place, one that no class has."""
    xp, numeric = be.xp, classes.dtype.kind in "biuf"
    ones = xp.ones_like(y, dtype=xp.int32) if numeric else np.ones(y.shape, np.int32)
    place = -ones
    for k, label in enumerate(classes.tolist()):
        place = xp.where(y == label, k * ones, place)
    values = readable(be, place)
    if values is not None and (values < 0).any():
        raise ValueError(f"y_true contains labels that are not among {classes.tolist()}")
    return place


# Weights by class ---------------------------------------------------------------------------------


def compute_class_weight(
    class_weight: Mapping[Any, float] | str | None,
    *,
    classes: Any,
    y: Any,
    sample_weight: Any = None,
) -> Array:
    """``sklearn.utils.class_weight.compute_class_weight``: a weight for each of ``classes``.

    ``"balanced"``: Σs / (K·Σ s_k) for K classes, with sample weights s (1 if None) and s_k those of
    class k. A mapping: its values, and 1 for a class that it does not name. None: 1. In the
    framework of ``y``, whose values are read.

    Raises
    ------
    ValueError
        For a label that is none of ``classes``; under ``"balanced"`` for a class that ``y`` lacks;
        for a mapping that names what is no class, if it leaves out a class too.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core import dialects
    >>> y = np.array([1, 1, 1, 1, 0, 0])
    >>> dialects.sklearn.compute_class_weight("balanced", classes=np.unique(y), y=y)
    array([1.5 , 0.75])

    """
    be, own = plain(y)
    values, names = _read(be, own, "y"), _read(*plain(classes), "classes")
    if set(values.tolist()) - set(names.tolist()):
        raise ValueError("classes should include all valid labels that can be in y")
    if class_weight is None or len(class_weight) == 0:
        weights = np.ones(len(names))
    elif isinstance(class_weight, str):
        weights = _balanced(class_weight, names, values, sample_weight)
    else:
        weights = _named(class_weight, names)
    return weights if be.name == "numpy" else be.asarray(weights, own)


def _read(be: Backend, array: Array, name: str) -> np.ndarray:
    values = readable(be, array)
    if values is None:
        raise ValueError(f"{name} cannot be read here (traced, or on an accelerator)")
    return values


def _balanced(rule: str, names: np.ndarray, values: np.ndarray, sample_weight: Any) -> np.ndarray:
    if rule != "balanced":
        raise ValueError(f"class_weight is {rule!r}; expected 'balanced', a mapping or None")
    if set(names.tolist()) - set(values.tolist()):
        raise ValueError("classes should have valid labels that are in y")
    own = np.ones(len(values)) if sample_weight is None else _read(*plain(sample_weight), "weights")
    counts = np.array([own[values == name].sum() for name in names])
    return np.asarray(own.sum() / (len(names) * counts))


def _named(class_weight: Mapping[Any, float], names: np.ndarray) -> np.ndarray:
    missing = [name for name in names.tolist() if name not in class_weight]
    if missing and len(names) - len(missing) != len(class_weight):
        raise ValueError(f"The classes, {missing}, are not in class_weight")
    return np.array([float(class_weight.get(name, 1.0)) for name in names.tolist()])


def compute_sample_weight(
    class_weight: Mapping[Any, float] | Sequence[Mapping[Any, float]] | str | None,
    y: Any,
    *,
    indices: Any = None,
) -> Array:
    """``sklearn.utils.class_weight.compute_sample_weight``: the weight of each sample's class.

    For ``y`` of rank 2 the weights of its columns are multiplied, so that multi-label weights do
    not stay with their labels; weights that do are ``losses.binary_cross_entropy(class_weight=…)``
    of shape (L, 2). ``class_weight`` is a mapping for each column then, or ``"balanced"``.
    ``indices`` chooses the samples that ``"balanced"`` counts; classes outside of them weigh 0.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> y = np.array([1, 1, 1, 1, 0, 0])
    >>> dialects.sklearn.compute_sample_weight("balanced", y)
    array([0.75, 0.75, 0.75, 0.75, 1.5 , 1.5 ])
    """
    be, own = plain(y)
    values = _read(be, own, "y")
    columns = values.reshape(len(values), -1)
    if indices is not None and class_weight != "balanced":
        raise ValueError(
            f"The only valid class_weight for subsampling is 'balanced'. Given {class_weight}."
        )
    rules = _rules(class_weight, columns.shape[1])
    chosen = slice(None) if indices is None else np.asarray(indices)
    weights = np.ones(len(columns))
    for rule, column in zip(rules, columns.T, strict=True):
        weights = weights * _column_weights(rule, column, column[chosen])
    return weights if be.name == "numpy" else be.asarray(weights, own)


def _rules(class_weight: Any, outputs: int) -> list[Any]:
    """One rule for each column of ``y``."""
    if outputs == 1 or isinstance(class_weight, str):
        return [class_weight] * outputs
    if class_weight is None or isinstance(class_weight, Mapping):
        raise ValueError(
            "For multi-output, class_weight should be a list of dicts, or the string 'balanced'."
        )
    if len(class_weight) != outputs:
        raise ValueError(
            f"For multi-output, class_weight has {len(class_weight)} elements for {outputs} outputs"
        )
    return list(class_weight)


def _column_weights(rule: Any, column: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    names = np.unique(chosen)
    weights = np.asarray(compute_class_weight(rule, classes=names, y=chosen))
    place = np.minimum(np.searchsorted(names, column), len(names) - 1)
    return np.where(names[place] == column, weights[place], 0.0)


# Losses of models ---------------------------------------------------------------------------------


class _HalfLoss(ABC):
    """What both are: a loss per sample, its gradient and the diagonal of its second derivative."""

    def __call__(self, y_true: Any, raw_prediction: Any, sample_weight: Any = None) -> Any:
        """Σ s·ℓ / Σ s."""
        return self._core(raw_prediction, y_true, sample_weight, "weighted_mean")

    def loss(self, y_true: Any, raw_prediction: Any, sample_weight: Any = None) -> Any:
        """s·ℓ of each sample."""
        return self._core(raw_prediction, y_true, sample_weight, "none")

    def gradient(self, y_true: Any, raw_prediction: Any, sample_weight: Any = None) -> Array:
        """∂ Σ s·ℓ / ∂ raw_prediction, in the dtype of ``raw_prediction``."""

        def total(raw: Any) -> Any:
            return self._core(raw, y_true, sample_weight, "sum")

        return value_and_grad(total)(raw_prediction)[1]

    def loss_gradient(
        self, y_true: Any, raw_prediction: Any, sample_weight: Any = None
    ) -> tuple[Any, Array]:
        """:meth:`loss` and :meth:`gradient`."""
        return (
            self.loss(y_true, raw_prediction, sample_weight),
            self.gradient(y_true, raw_prediction, sample_weight),
        )

    def gradient_hessian(
        self, y_true: Any, raw_prediction: Any, sample_weight: Any = None
    ) -> tuple[Array, Array]:
        """:meth:`gradient` and the diagonal of the second derivative."""
        be, x = owner(raw_prediction)
        hessian = self._curvature(be, x)
        if sample_weight is not None:
            s = companion(be, sample_weight, x, "sample_weight")
            for _ in range(len(be.shape(x)) - len(be.shape(s))):
                s = be.xp.expand_dims(s, axis=-1)
            hessian = weighed(hessian, s)
        return self.gradient(y_true, raw_prediction, sample_weight), hessian

    @abstractmethod
    def _core(self, raw: Any, y_true: Any, sample_weight: Any, reduction: Any) -> Any:
        """The loss by :mod:`wce_core.losses`."""

    @abstractmethod
    def _curvature(self, be: Backend, x: Array) -> Array:
        """The diagonal of the second derivative of each sample's loss, unweighed."""


class HalfBinomialLoss(_HalfLoss):
    """``sklearn._loss.HalfBinomialLoss``: log(1 + e^x) − y·x of logits x and y in [0, 1].

    ``gradient`` is s·(p − y) and ``hessian`` s·p·(1 − p), per sample, with sample weights s.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> loss = dialects.sklearn.HalfBinomialLoss()
    >>> y, x, s = np.array([1.0, 0.0]), np.array([0.0, 2.0]), np.array([1.0, 3.0])
    >>> loss(y, x, s).round(4)
    np.float64(1.7685)
    >>> gradient, hessian = loss.gradient_hessian(y, x, s)
    >>> gradient.round(4), hessian.round(4)
    (array([-0.5   ,  2.6424]), array([0.25 , 0.315]))
    """

    def _core(self, raw: Any, y_true: Any, sample_weight: Any, reduction: Any) -> Any:
        return losses.binary_cross_entropy(
            raw, y_true, sample_weight=sample_weight, reduction=reduction
        )

    def _curvature(self, be: Backend, x: Array) -> Array:
        """p·(1 − p), from the link's two surprisals: nothing cancels."""
        one, zero = Sigmoid().rows(be, x).pair(x, x)
        return be.xp.exp(-(one + zero))


class HalfMultinomialLoss(_HalfLoss):
    """``sklearn._loss.HalfMultinomialLoss``: −log softmax(x)_y of (N, C) logits x.

    ``gradient`` is s·(p_k − [k = y]) and ``hessian`` its diagonal s·p_k·(1 − p_k), both (N, C).
    ``y_true`` are class indices, of an integer dtype or whole floats.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> loss = dialects.sklearn.HalfMultinomialLoss(n_classes=3)
    >>> y, x = np.array([0.0, 2.0]), np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 0.0]])
    >>> loss.loss(y, x).round(4)
    array([0.4076, 3.0949])
    >>> loss.gradient_hessian(y, x)[1].round(4)
    array([[0.2227, 0.0819, 0.1848],
           [0.0432, 0.0824, 0.0432]])
    """

    def __init__(self, sample_weight: Any = None, n_classes: int = 3) -> None:
        del sample_weight
        self.n_classes = n_classes

    def _core(self, raw: Any, y_true: Any, sample_weight: Any, reduction: Any) -> Any:
        be, x = owner(raw)
        y = companion(be, y_true, x, "y_true")
        if "float" in be.dtype_name(y):
            whole = be.xp.floor(y) == y
            y = be.xp.astype(be.xp.where(whole, y, -1.0), be.dtype(be.index_dtype))
        return losses.cross_entropy(raw, y, sample_weight=sample_weight, reduction=reduction)

    def _curvature(self, be: Backend, x: Array) -> Array:
        xp = be.xp
        log_p = -Softmax().rows(be, x, len(be.shape(x)) - 1).every(x)
        return xp.exp(log_p) * complement_of_exp(xp, log_p)
