"""From a call to its explanation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from wce_core.arrays.numerics import along, product
from wce_core.evaluation import counting, evaluate, items, weighing
from wce_core.evaluation.balancing import with_balance
from wce_core.evaluation.spec import LossSpec
from wce_core.evaluation.weighing import Weighed
from wce_core.formulas.layout import Layout
from wce_core.formulas.links import LINKS_OF_LOGITS
from wce_core.formulas.links.candidates import best
from wce_core.formulas.weightings import WEIGHTINGS
from wce_core.frameworks.registry import numpy_backend

from .recording import Asked, Followed, asked
from .result import ClassShare, Explanation, LabelShare
from .suggestion import Suggestion, suggested
from .warnings import Batch, warnings_of


def explain(loss: Callable[..., Any], *args: Any, **kwargs: Any) -> Explanation:
    """Say what the weights do to one batch: ``explain(losses.cross_entropy, logits, labels, …)``.

    ``loss`` is a loss of this library or of its dialects, a configured one, or a function that
    passes its first argument on to one; of several calls the first is explained. The arguments are
    those of the loss, in its order, arrays of any framework whose values can be read. Everything is
    computed in float64. Where item losses are weighed and reduced after the call, as dialects do it
    and functions may, that is followed by the rules of :func:`wce_core.value_and_grad`.

    The result holds each item's effective weight ω = factor · Σ_k w_k q_k, the item losses, and the
    denominator that the reduction uses. For each class it has its items, their Σω, and its shares
    of Σ|ℓ| and of Σ‖∂ℓ/∂x‖₂, the Euclidean norms of the items' gradients. For a multi-label loss it
    has the same for each label. Where another scheme of class weights would even out the classes'
    shares of the gradient, it has the scheme's name and what it would do. An item counts for the
    class of its index; with soft targets for the first class of largest mass; binary, for 1 if
    y ≥ ½. Warnings say what often goes unnoticed: weights that cancel, classes that never occur,
    weights that shrink the loss under ``"mean"``, one item that outweighs the rest, no item left at
    all, logits that look like probabilities.

    Raises
    ------
    TypeError
        If ``loss`` calls no loss of this library, or does something else with the predictions.
    ValueError, TypeError
        What the loss itself raises.

    Examples
    --------
    >>> import numpy as np
    >>> import wce_core
    >>> from wce_core import dialects, losses
    >>> loss = losses.CrossEntropy(class_weight=[1.0, 9.0, 1.0], reduction="weighted_mean")
    >>> found = wce_core.explain(loss, np.zeros((1, 3)), np.array([1]))
    >>> found.weights.tolist(), found.denominator
    ([9.0], 9.0)
    >>> for warning in found.warnings:
    ...     print(warning)
    the one item's weight cancels in a weighted mean
    classes 0 and 2 never occur
    >>> logits, labels = np.array([[2.0, 0.0], [1.0, 0.0], [0.0, 3.0]]), np.array([0, 0, 1])
    >>> print(wce_core.explain(dialects.torch.cross_entropy, logits, labels, weight=[1.0, 4.0]))
    3 items, 0 of them excluded; reduction "weighted_mean": 0.634539 / 6 = 0.105757
    <BLANKLINE>
    class  items  weight Σω  of the loss  of the gradient
    -----------------------------------------------------
        0      2          2        69.4%            67.2%
        1      1          4        30.6%            32.8%

    """
    call = asked(loss, args, kwargs)
    spec, be = call.spec, numpy_backend()
    with np.errstate(all="ignore"):
        arrays = with_balance(be, spec, call.arrays)
        call = call._replace(arrays=arrays)
        weighed = weighing.weigh(be, spec, arrays)
        batch = _batch(call, weighed)
        reduction, under, value = _division(call, weighed, batch)
    items = tuple(n for axis, n in enumerate(arrays["predictions"].shape) if axis != spec.axis)
    return Explanation(
        reduction=reduction,
        weights=batch.weights.reshape(items),
        losses=batch.losses.reshape(items),
        excluded=int((~batch.included).sum()),
        denominator=under,
        value=value,
        classes=_shares(batch),
        labels=_label_shares(batch, items, call.label_axis),
        suggestion=_suggestion(call, batch, items),
        warnings=warnings_of(batch, reduction, under),
    )


def _batch(call: Asked, weighed: Weighed) -> Batch:
    be, spec, arrays = numpy_backend(), call.spec, call.arrays
    rows = items.rows_of(be, spec, arrays, weighed)
    losses = items.item_losses(be, spec, weighed, items.loss_of_mass(be, spec, weighed, rows))
    scale = items.scale_of(be, spec, weighed, None, arrays)
    slopes = items.gradient_of_mass(be, spec, weighed, rows, scale)
    norms = np.abs(slopes) if spec.axis is None else np.linalg.norm(slopes, axis=spec.axis)
    shape = losses.shape
    included = np.ones(shape, bool) if weighed.included is None else weighed.included
    factors = _factors(call.followed, losses.size)
    return Batch(
        classes=spec.classes,
        labels=_labels(spec, arrays["targets"], arrays["predictions"]).reshape(-1),
        weights=factors * np.broadcast_to(weighing.omega(be, spec, weighed), shape).reshape(-1),
        losses=product(np, factors, losses.reshape(-1)),
        norms=product(np, np.abs(factors), norms.reshape(-1)),
        included=np.broadcast_to(included, shape).reshape(-1),
        logits=_logits(spec, arrays["predictions"]),
    )


def _suggestion(call: Asked, batch: Batch, items: tuple[int, ...]) -> Suggestion | None:
    """Which scheme would even out the gradient, all other weights as they are."""
    known = batch.included & (batch.labels >= 0) & (batch.labels < batch.classes)
    if not known.any():
        return None

    def laid(values: np.ndarray) -> np.ndarray:
        """In a row, or with a column for each label."""
        if call.label_axis is None:
            return values
        own = np.moveaxis(values.reshape(items), call.label_axis, -1)
        return own.reshape(-1, items[call.label_axis])

    def norms(weights: np.ndarray) -> np.ndarray:
        return laid(_batch(*_weighed_by(call, weights)).norms)

    with np.errstate(all="ignore"):
        return suggested(laid(batch.labels), laid(known), laid(batch.norms), norms)


def _weighed_by(call: Asked, weights: np.ndarray) -> tuple[Asked, Weighed]:
    """The same call with other class weights, and without weights of positives."""
    be, spec, predictions = numpy_backend(), call.spec, call.arrays["predictions"]
    axis = call.label_axis if spec.axis is None else spec.axis
    layout = Layout.of(predictions.shape, axis, categorical=spec.axis is not None)
    padded = weights if spec.axis is None else np.pad(weights, (0, spec.classes - len(weights)))
    laid = WEIGHTINGS["class_weight"].prepare(be, layout, padded)
    rest = {n: a for n, a in call.arrays.items() if n not in ("class_weight", "pos_weight")}
    own = call._replace(arrays={"class_weight": laid, **rest})
    return own, weighing.weigh(be, spec, own.arrays)


def _logits(spec: LossSpec, predictions: np.ndarray) -> np.ndarray | None:
    """A row for each item; None if the predictions are something else."""
    if not isinstance(spec.link, LINKS_OF_LOGITS):
        return None
    rows: np.ndarray = predictions if spec.axis is None else np.moveaxis(predictions, spec.axis, -1)
    return rows.reshape(-1, 1 if spec.axis is None else spec.classes)


def _labels(spec: LossSpec, targets: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """The class that an item counts for: of candidates the likeliest."""
    if spec.axis is None:
        return (targets >= 0.5).astype(np.int64)
    if spec.candidates:
        index: np.ndarray = best(numpy_backend(), predictions, targets, spec.axis)
        return index
    return targets if spec.index_targets else np.argmax(targets, axis=spec.axis)


def _factors(followed: Followed | None, items: int) -> np.ndarray:
    if followed is None or followed.factors is None:
        return np.ones(items)
    factors: np.ndarray = followed.factors
    return factors.reshape(-1)


def _division(call: Asked, weighed: Weighed, batch: Batch) -> tuple[str, float | None, float]:
    """The name of the reduction, what it divides by, and the value."""
    be, spec, arrays = numpy_backend(), call.spec, call.arrays
    if call.followed is not None and call.followed.value is not None:
        return _own_division(call.followed, batch)
    if spec.reduction in ("none", "parts"):
        return spec.reduction, None, float("nan")
    counts = counting.sums_over_items(be, spec, arrays, weighed)
    under = counting.denominator(be, spec, arrays, counts)
    (value,) = evaluate.fused(be, spec, arrays, gradient=False)[0]
    return spec.reduction, None if under is None else float(under), float(value)


def _own_division(followed: Followed, batch: Batch) -> tuple[str, float | None, float]:
    """The same of a function that reduces item losses by itself, named by what it divides by."""
    under, value = followed.denominator, followed.value
    assert value is not None
    if not under:
        return "custom", under, value
    kept = batch.weights[batch.included]
    known = {
        "mean": kept.size,
        "mean_over_all": batch.weights.size,
        "nonzero_mean": np.count_nonzero(kept),
        "weighted_mean": kept.sum(),
        "absolute_weighted_mean": np.abs(kept).sum(),
        "sum": 1,
    }
    total = batch.losses.sum()
    for name, count in known.items():
        if np.isclose(under, count, rtol=1e-9, atol=0):
            return (name, None, float(total)) if name == "sum" else (name, float(count), value)
    return "custom", under, float(total / under)


def _shares(batch: Batch) -> tuple[ClassShare, ...]:
    items, *sums = _sums(batch, batch.labels, batch.classes)
    columns = (range(batch.classes), items.tolist(), *(each.tolist() for each in sums))
    return tuple(map(ClassShare, *columns))


def _label_shares(batch: Batch, items: tuple[int, ...], axis: int | None) -> tuple[LabelShare, ...]:
    if axis is None:
        return ()
    count = items[axis]
    groups = np.broadcast_to(along(np, np.arange(count), axis, len(items)), items).reshape(-1)
    number, *sums = _sums(batch, groups, count)
    positive = np.bincount(groups[batch.included & (batch.labels == 1)], minlength=count)
    columns = (range(count), number.tolist(), positive.tolist(), *(each.tolist() for each in sums))
    return tuple(map(LabelShare, *columns))


def _sums(batch: Batch, groups: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """For each group its number of items, Σω, and shares of Σ|ℓ| and of the gradients."""
    own = batch.included & (groups >= 0) & (groups < count)
    yield np.bincount(groups[own], minlength=count)
    for values in (batch.weights, _portions(np.abs(batch.losses)), _portions(batch.norms)):
        yield np.bincount(groups[own], values[own], minlength=count)


def _portions(values: np.ndarray) -> np.ndarray:
    """Shares of the sum; equal shares of the infinite ones where there are any; NaN counts 0."""
    values = np.nan_to_num(values, nan=0.0, posinf=np.inf)
    if np.isinf(values).any():
        values = np.isinf(values).astype(np.float64)
    total = values.sum()
    return values / total if total else values
