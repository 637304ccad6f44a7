"""Calibrated predictions back from a model that was trained with weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np

from .arrays.numerics import total
from .call.arguments import as_predictions
from .call.companions import check_predictions, layout_of, weight_array
from .compilers import do_not_convert
from .dtypes import FLOATING, at_least_float32
from .errors import shape_error
from .formulas.layout import Layout, Shape
from .formulas.weightings import WEIGHTINGS
from .formulas.weightings.base import raise_first, require_real
from .frameworks.backend import Backend
from .types import Array, ClassWeight

ROUNDED = 0.02
"""By how much a row of probabilities of a half type may miss 1."""


@do_not_convert
def unweight_probabilities(
    predictions: Array,
    *,
    class_weight: ClassWeight | None = None,
    pos_weight: Any = None,
    logit_adjustment: Any = None,
    binary: bool = False,
    axis: int | None = None,
) -> Array:
    """Undo class weights in the probabilities of a model that was trained with them.

    A weighted cross-entropy is least where the model says p̃_k = w_k·p_k / Σ_j w_j·p_j of classes
    whose true probabilities are p_k. Its probabilities are those of a world in which class k is w_k
    times as frequent. This function goes back,

        p_k = (p̃_k / w_k) / Σ_j (p̃_j / w_j);     binary: p = p̃ / (p̃ + (1 − p̃)·w₁/w₀).

    With logit adjustment the loss of a training step was that of x + a, where a = τ·log π for
    shares π of the classes. The model that is used without a says p̃_k ∝ p_k·exp(−a_k), so each p̃_k
    is multiplied by exp(a_k) = π_k^τ.

    Give it what the loss was given. Decisions by argmax or by a threshold of ½ become those of the
    unweighted loss: to decide by cost, compare calibrated probabilities with the costs themselves.
    Weights of samples need no undoing, unless they are class weights by another name. What a
    cost matrix, label smoothing or a mask does to probabilities is not undone.

    Parameters
    ----------
    predictions
        Probabilities of any framework, float64, float32, float16 or bfloat16; NumPy makes float64
        of lists. Rows that add up to 1 along ``axis``, or, ``binary``, probabilities of class 1.
    class_weight
        (C,), or a mapping that names every class; binary: (2,), ``{0: w0, 1: w1}``, or per label
        (L, 2).
    pos_weight
        Binary: a factor on w₁, a number, (L,), or of the predictions' rank with each axis equal
        or 1.
    logit_adjustment
        a, what was added to the logits in training and is not in the predictions: (C,), or, binary,
        a pair (a₀, a₁), for each label too, (L, 2).
    binary
        Are the predictions those of ``binary_cross_entropy``, of class 1 alone?
    axis
        That of classes, the last if None; binary: that of labels, the last of rank 2 or more.

    Returns
    -------
    array
        Of the predictions' shape, dtype and framework, on their device, differentiable by its means
        to predictions and weights. Half types are computed in float32. Within a few eps of each
        probability, however small.

    Raises
    ------
    TypeError
        For a dtype, or an array of another framework.
    ValueError
        For a shape, and where arrays can be read at once (eager, on the CPU): for a weight that is
        0, negative or not finite, for NaN, for numbers outside of [0, 1], and for rows that do not
        add up to 1. A class of weight 0 was never learned, so nothing tells its probability.
        Where nobody looked, such a row is NaN.

    See Also
    --------
    unweight_logits : the same of logits.

    Notes
    -----
    That priors can be exchanged afterwards is shown in [1]_, logit adjustment is that of [2]_.

    References
    ----------
    .. [1] M. Saerens, P. Latinne and C. Decaestecker, "Adjusting the outputs of a classifier to new
       a priori probabilities: a simple procedure", Neural Computation 14(1), 2002.
    .. [2] A. K. Menon, S. Jayasumana, A. S. Rawat, H. Jain, A. Veit and S. Kumar, "Long-tail
       learning via logit adjustment", ICLR 2021.

    Examples
    --------
    One positive in a hundred, weighed 99 times, looks as likely as not:

    >>> from wce_core import unweight_probabilities
    >>> unweight_probabilities([0.5, 0.9], pos_weight=99.0, binary=True).round(4)
    array([0.01  , 0.0833])

    >>> unweight_probabilities([[0.2, 0.3, 0.5]], class_weight=[1.0, 3.0, 10.0]).round(4)
    array([[0.5714, 0.2857, 0.1429]])

    """
    given = _given(class_weight, pos_weight, logit_adjustment, binary=binary)
    return _undone(_PROBABILITIES[binary], predictions, given, axis, binary=binary)


@do_not_convert
def unweight_logits(
    predictions: Array,
    *,
    class_weight: ClassWeight | None = None,
    pos_weight: Any = None,
    logit_adjustment: Any = None,
    binary: bool = False,
    axis: int | None = None,
) -> Array:
    """Undo class weights in the logits of a model that was trained with them.

    Their softmax, or σ, is what :func:`unweight_probabilities` makes of probabilities:

        x_k − log w_k + a_k;     binary: z − log(w₁/w₀) + a₁ − a₀.

    Log-probabilities are logits, too; the result is then to be normalized again.

    Parameters
    ----------
    predictions
        Logits of any framework, float64, float32, float16 or bfloat16; NumPy makes float64 of
        lists.
    class_weight, pos_weight, logit_adjustment, binary, axis
        As in :func:`unweight_probabilities`.

    Returns
    -------
    array
        Of the predictions' shape, dtype and framework, on their device, differentiable by its means
        to predictions and weights. Half types are computed in float32.

    Raises
    ------
    TypeError
        For a dtype, or an array of another framework.
    ValueError
        For a shape, and where arrays can be read at once: for a weight that is 0, negative or not
        finite, and for NaN.

    See Also
    --------
    unweight_probabilities : what is undone, and why it can be.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core import unweight_logits
    >>> unweight_logits([0.0, 2.0], pos_weight=99.0, binary=True).round(4)
    array([-4.5951, -2.5951])
    >>> unweight_logits([[0.0, 0.0]], logit_adjustment=np.log([0.9, 0.1])).round(4)
    array([[-0.1054, -2.3026]])

    """
    given = _given(class_weight, pos_weight, logit_adjustment, binary=binary)
    return _undone(_LOGITS, predictions, given, axis, binary=binary)


class _Weights(NamedTuple):
    """What is undone, laid out with the predictions' rank. None: nothing."""

    ratio: Array | None = None
    """w_k; binary: w₁/w₀."""
    adjustment: Array | None = None
    """a_k; binary: a₁ − a₀."""


class _Way(NamedTuple):
    """How predictions of a kind are looked at, and brought back."""

    check: Callable[[Layout, np.ndarray], None]
    undo: Callable[[Backend, Layout, Array, _Weights], Array]


def _given(
    class_weight: Any, pos_weight: Any, logit_adjustment: Any, *, binary: bool
) -> dict[str, Any]:
    named = {
        "class_weight": class_weight,
        "pos_weight": pos_weight,
        "logit_adjustment": logit_adjustment,
    }
    given = {name: value for name, value in named.items() if value is not None}
    if not given:
        raise ValueError(f"there is nothing to undo; expected one of {', '.join(named)}")
    if isinstance(class_weight, str):
        raise ValueError(
            f"class_weight is {class_weight!r}; expected numbers: weights that each batch had of "
            "its own are about those of wce_core.class_weights.class_weights for all labels"
        )
    if "pos_weight" in given and not binary:
        raise ValueError("pos_weight is of probabilities or logits of class 1: pass binary=True")
    return given


def _undone(
    way: _Way, predictions: Any, given: dict[str, Any], axis: int | None, *, binary: bool
) -> Array:
    be, own = as_predictions(predictions)
    check_predictions(be, own, None)
    with be.scope():
        axis = -1 if axis is None and not binary else axis
        layout = layout_of(be, own, axis, categorical=not binary)
        if be.readable(own):
            way.check(layout, be.to_numpy(own))
        weights = _weights(be, layout, own, given)
        dtype = be.dtype_name(own)
        wide = be.cast(own, at_least_float32(dtype))
        return be.cast(way.undo(be, layout, wide, weights), dtype)


def _weights(be: Backend, layout: Layout, like: Array, given: dict[str, Any]) -> _Weights:
    laid = {name: _laid(be, layout, like, name, value) for name, value in given.items()}
    ratio = laid.get("class_weight")
    if ratio is not None and not layout.categorical:
        zero, one = be.xp.unstack(ratio, axis=-1)
        ratio = be.xp.divide(one, zero)
    if "pos_weight" in laid:
        ratio = laid["pos_weight"] if ratio is None else ratio * laid["pos_weight"]
    adjustment = laid.get("logit_adjustment")
    if adjustment is not None and not layout.categorical:
        zero, one = be.xp.unstack(adjustment, axis=-1)
        adjustment = one - zero
    return _Weights(ratio, adjustment)


def _laid(be: Backend, layout: Layout, like: Array, name: str, value: Any) -> Array:
    array = weight_array(be, like, name, value, layout.classes if layout.categorical else 2)
    require_real(be, name, array)
    if be.readable(array):
        _check_weights(name, be.to_numpy(array))
    dtype = be.dtype_name(array)
    widest = "float64" if be.has_float64(like) else "float32"
    array = be.cast(array, at_least_float32(dtype) if dtype in FLOATING else widest)
    if name in WEIGHTINGS:
        return WEIGHTINGS[name].prepare(be, layout, array)
    _check_adjustment(be, layout, array)
    return WEIGHTINGS["class_weight"].prepare(be, layout, array)


def _check_adjustment(be: Backend, layout: Layout, array: Array) -> None:
    """It has the shape of class weights."""
    classes = None if layout.axis is None else layout.classes
    fitting: list[Shape] = [(classes,)] if layout.categorical else [(2,), (classes, 2)]
    pairs = "(2,), of class 0 and class 1, or a row per label"
    expected = f"({classes},), one per class" if layout.categorical else pairs
    if be.shape(array) not in fitting:
        raise shape_error("logit_adjustment", be.shape(array), expected)


def _check_weights(name: str, values: np.ndarray) -> None:
    if name == "logit_adjustment":
        _refuse(name, values, ~np.isfinite(values), "finite numbers")
    else:
        wrong = ~((values > 0) & (values < np.inf))
        _refuse(name, values, wrong, "a positive finite weight: 0 cannot be undone")


def _check_rows(layout: Layout, values: np.ndarray) -> None:
    _check_probabilities(layout, values)
    whole = values.astype(np.float64).sum(axis=layout.axis)
    expected = "1, the sum of its probabilities; those of class 1 alone need binary=True"
    _refuse("a row of predictions", whole, abs(whole - 1.0) > ROUNDED, expected)


def _check_probabilities(layout: Layout, values: np.ndarray) -> None:
    del layout
    wrong = ~((values >= 0) & (values <= 1))
    _refuse("predictions", values, wrong, "a probability in [0, 1]")


def _check_logits(layout: Layout, values: np.ndarray) -> None:
    del layout
    _refuse("predictions", values, values != values, "logits without NaN")


def _refuse(name: str, values: np.ndarray, wrong: np.ndarray, expected: str) -> None:
    if wrong.any():
        raise_first(name, values, wrong, expected)


def _rows(be: Backend, layout: Layout, p: Array, weights: _Weights) -> Array:
    """Nothing that is multiplied becomes smaller, so that no small probability is lost."""
    xp, axis = be.xp, cast(int, layout.axis)
    if weights.ratio is not None:
        largest = xp.max(be.constant(weights.ratio), axis=axis, keepdims=True)
        p = xp.divide(p, _beside(be, weights.ratio / largest, p))
    if weights.adjustment is not None:
        least = xp.min(be.constant(weights.adjustment), axis=axis, keepdims=True)
        p = p * _beside(be, xp.exp(weights.adjustment - least), p)
    return xp.divide(p, total(xp, p, axis))


def _binary_probabilities(be: Backend, layout: Layout, p: Array, weights: _Weights) -> Array:
    del layout
    rest = 1.0 - p
    if weights.ratio is not None:
        rest = rest * _beside(be, weights.ratio, p)
    if weights.adjustment is not None:
        rest = rest * _beside(be, be.xp.exp(-weights.adjustment), p)
    return be.xp.divide(p, p + rest)


def _logits(be: Backend, layout: Layout, x: Array, weights: _Weights) -> Array:
    del layout
    if weights.ratio is not None:
        x = x - _beside(be, be.xp.log(weights.ratio), x)
    if weights.adjustment is not None:
        x = x + _beside(be, weights.adjustment, x)
    return x


def _beside(be: Backend, array: Array, predictions: Array) -> Array:
    return be.cast(array, be.dtype_name(predictions))


_PROBABILITIES = {
    False: _Way(_check_rows, _rows),
    True: _Way(_check_probabilities, _binary_probabilities),
}
"""By whether they are of class 1 alone."""
_LOGITS = _Way(_check_logits, _logits)
