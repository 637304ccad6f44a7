"""Objectives of gradient boosting: XGBoost's and LightGBM's callbacks, made of any loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any, Literal, TypeAlias

import numpy as np

from .call.derivatives import first_and_second
from .errors import choice_error
from .evaluation.options import Options
from .formulas.weightings.base import raise_first
from .types import Array

Hessian: TypeAlias = Literal["positive", "diagonal"]
HESSIANS: tuple[Hessian, ...] = ("positive", "diagonal")
Loss: TypeAlias = Callable[..., Any]


def derivatives(
    loss: Loss,
    predictions: Array,
    targets: Array,
    *,
    hessian: Hessian = "positive",
    **arguments: Any,
) -> tuple[Array, Array]:
    """First and second derivatives of item losses to logits, for optimizers that take Newton steps.

    Items do not depend on each other, so these are ∂ℓ/∂x_j and ∂²ℓ/∂x_j² of each item, with all of
    its weights, divided by nothing: the loss's reduction is not asked. With the masses d_k of
    classes, all weights included, probabilities p, and cross-entropy's term, that is

        ∂²ℓ/∂x_j² = p_j·(1 − p_j)·Σ_k d_k;     binary: (d₀ + d₁)·p·(1 − p).

    For a penalty φ(−log p_k) of another term, with u = −log p_k,

        ∂²ℓ/∂x_j² = Σ_k d_k·(φ'(u_k)·∂²u_k/∂x_j² + φ''(u_k)·(∂u_k/∂x_j)²),

    which is negative where φ is concave enough. The positive surrogate leaves out what is
    negative: it has max(d_k·φ', 0) and max(d_k·φ'', 0) in the place of d_k·φ' and d_k·φ''. So it is
    never below 0 nor below the diagonal, and it is the diagonal of every convex term with weights
    that are not negative. A term whose φ'' is not known counts as straight, φ'' = 0.

    Parameters
    ----------
    loss
        A loss of wce_core, configured or a function, or a function that returns one as it is.
    predictions, targets
        As the loss takes them; predictions are logits, of any framework.
    hessian
        ``"positive"``: the surrogate. ``"diagonal"``: the second derivatives as they are.
    **arguments
        Of the loss: ``class_weight``, ``sample_weight``, ``mask``, and so on.

    Returns
    -------
    tuple
        (gradient, hessian) in the predictions' shape and framework, float32, or float64 for float64
        predictions. Neither can be differentiated further.

    Raises
    ------
    TypeError, ValueError
        What the loss raises; for predictions that are no logits, and for
        ``hessian="diagonal"`` of a term whose second derivative is not known.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core import losses, objectives
    >>> loss = losses.BinaryCrossEntropy(pos_weight=9.0)
    >>> gradient, hessian = objectives.derivatives(loss, np.array([0.0, 0.0]), np.array([0, 1]))
    >>> gradient, hessian
    (array([ 0.5, -4.5]), array([0.25, 2.25]))

    """
    _check_hessian(hessian)
    return first_and_second(loss, predictions, targets, arguments, positive=hessian == "positive")


@dataclass(frozen=True)
class Objective:
    """A callback that gives a boosting library first and second derivatives of a loss.

    :func:`xgboost` and :func:`lightgbm` make it. It can be copied and pickled if its loss can.
    """

    library: Literal["xgboost", "lightgbm"]
    loss: Loss
    hessian: Hessian

    def __call__(
        self, first: Any, second: Any, sample_weight: Any = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """(gradient, hessian), in the shape of the predictions.

        Called as ``(predictions, data)`` by functions named ``train``, and by estimators as
        ``(targets, predictions, sample_weight)``.
        """
        if not hasattr(second, "get_label"):
            return self._of(np.asarray(second), np.asarray(first), sample_weight)
        return self._of(np.asarray(first), np.asarray(second.get_label()), second.get_weight())

    def _of(
        self, predictions: np.ndarray, labels: np.ndarray, weights: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        classes = predictions.shape[1] if predictions.ndim == 2 else 1
        categorical = False

        def check(options: Options) -> None:
            nonlocal categorical
            categorical = options.categorical
            if categorical and classes == 1:
                raise ValueError(
                    f"predictions have shape {predictions.shape}; of more than two classes tell "
                    f"{self.library} num_class, of two use binary_cross_entropy"
                )

        gradient, curved = first_and_second(
            self.loss,
            predictions,
            _targets(labels, predictions.shape),
            {} if weights is None or not len(weights) else {"sample_weight": np.asarray(weights)},
            positive=self.hessian == "positive",
            check=check,
        )
        scaled = categorical and self.hessian == "positive"
        return gradient, curved * _FACTORS[self.library](classes) if scaled else curved


def xgboost(loss: Loss, *, hessian: Hessian = "positive", **options: Any) -> Objective:
    """What ``xgboost.train(obj=…)`` and ``XGBClassifier(objective=…)`` call.

    XGBoost adds up items: gradient and second derivatives are those of each item's ℓ, with all of
    its weights, row weights of the ``DMatrix`` among them, and are divided by nothing. Of several
    classes the second derivatives are doubled, as those of XGBoost's own ``multi:softprob`` are:
    2·p_j·(1 − p_j) bounds the whole matrix of them. So ``eta``, ``lambda`` and ``min_child_weight``
    mean what they mean there.

    Predictions are logits: of one item (n,), of several labels (n, L), of classes (n, K), for which
    XGBoost wants ``num_class``. Labels are those of the ``DMatrix``: numbers in [0, 1], class
    indices, or a matrix of shares. Training starts at logits of ``base_score`` unless the objective
    that is named beside ``obj=`` reads it as a probability, as ``"binary:logistic"`` does.

    Parameters
    ----------
    loss
        A loss of wce_core for logits, configured or a function.
    hessian
        ``"positive"``: as :func:`derivatives` defines it. ``"diagonal"``: the second derivatives as
        they are, not doubled; XGBoost takes no split where their sum is not positive.
    **options
        Of the loss.

    Returns
    -------
    Objective
        For both ways to call it.

    Raises
    ------
    TypeError, ValueError
        When it is called, what the loss raises; for a multi-class loss of predictions of one class.

    Examples
    --------
    >>> from wce_core import losses, objectives
    >>> objective = objectives.xgboost(losses.binary_cross_entropy, class_weight={0: 1.0, 1: 9.0})
    >>> objective([0.0, 1.0], [0.0, 0.0])
    (array([ 0.5, -4.5]), array([0.25, 2.25]))

    """
    return _objective("xgboost", loss, hessian, options)


def lightgbm(loss: Loss, *, hessian: Hessian = "positive", **options: Any) -> Objective:
    """What ``lightgbm.train({"objective": …})`` and ``LGBMClassifier(objective=…)`` call.

    The same as :func:`xgboost`, with row weights of the ``Dataset``. Of K classes the second
    derivatives are multiplied by K/(K − 1), as those of LightGBM's own ``multiclass`` are.
    LightGBM starts a custom objective at 0 (``boost_from_average`` is for its own ones), unless
    the ``Dataset`` has an ``init_score``.

    Parameters
    ----------
    loss
        A loss of wce_core for logits, configured or a function.
    hessian
        ``"positive"``: as :func:`derivatives` defines it. ``"diagonal"``: the second derivatives as
        they are, multiplied by nothing.
    **options
        Of the loss.

    Returns
    -------
    Objective
        For both ways to call it.

    Raises
    ------
    TypeError, ValueError
        When it is called, what the loss raises; for a multi-class loss of predictions of one class.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core import losses, objectives
    >>> objective = objectives.lightgbm(losses.CrossEntropy(class_weight=[1.0, 1.0, 4.0]))
    >>> gradient, hessian = objective(np.array([0, 2]), np.zeros((2, 3)))
    >>> gradient.round(3).tolist()
    [[-0.667, 0.333, 0.333], [1.333, 1.333, -2.667]]
    >>> hessian.round(3).tolist()
    [[0.333, 0.333, 0.333], [1.333, 1.333, 1.333]]

    """
    return _objective("lightgbm", loss, hessian, options)


_FACTORS: dict[str, Callable[[int], float]] = {
    "xgboost": lambda classes: 2.0,
    "lightgbm": lambda classes: classes / (classes - 1.0),
}
"""Of second derivatives of so many classes, as the library's own objective has it."""


def _objective(
    library: Literal["xgboost", "lightgbm"], loss: Loss, hessian: Hessian, options: dict[str, Any]
) -> Objective:
    _check_hessian(hessian)
    return Objective(library, partial(loss, **options) if options else loss, hessian)


def _check_hessian(hessian: Hessian) -> None:
    if hessian not in HESSIANS:
        raise choice_error("hessian", hessian, HESSIANS)


def _targets(labels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of the predictions' shape as they are; one for each row as a class index."""
    if labels.size == prod(shape):
        return labels.reshape(shape)
    wrong = labels != np.floor(labels)
    if wrong.any():
        raise_first("targets", labels, wrong, "a class index")
    return labels.astype(np.int64)
