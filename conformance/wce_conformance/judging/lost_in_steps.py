"""What arithmetic in the dtype loses of logits on their way through the steps of a form.

Each step rounds what it adds, divides or bounds, and a softmax keeps the differences of what comes
out. So an item may lose some roundings of the sizes of all that went into them, and nothing else.
Logits that a linear layer makes are rounded once for each product and sum that they are made of.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from wce_conformance.cases import Case, Tensor
from wce_conformance.cases.case import LAYER
from wce_conformance.oracle.steps import Logits

ROUNDINGS = 3 / 8
"""Of each size, so that 4 eps of it are one and a half."""
CAPPED = 3.0
"""A capped logit has passed three times as many operations."""
TERM = 1 / 3
"""Of the sizes that a logit of a layer is the sum of, for each: 4 eps of ⅜ of it are half."""


class LostInSteps(NamedTuple):
    """Arrays in the items' shape, per unit of ω, and for each class how much its loss loses."""

    value: tuple[Any, Any]
    """Of the surprisal, and of a z-loss."""
    gradient: tuple[Any, Any]
    ratios: Any
    """Of each class, what is lost of its surprisal over that surprisal."""


class _Rows(NamedTuple):
    z: Any
    """Logits after the steps, less the largest, classes last."""
    sizes: Any
    """Of what each of them was made of."""
    level: Any
    """What was taken off all of a row, and the sizes of that."""
    level_size: Any


def lost_in_steps(case: Case) -> LostInSteps | None:
    """None for a case whose logits are given, and without steps."""
    form = form_of(case)
    if form is None:
        return None
    with np.errstate(all="ignore"):
        rows = _rows(case, form)
        margins = np.asarray(form.margins(rows.z.shape[-1]), np.float64)
        each = [_measure(rows, margins, k) for k in range(rows.z.shape[-1])]
        spread = np.stack([spread for spread, _ in each], -1)
        surprisal = np.stack([surprisal for _, surprisal in each], -1)
        normalizer, of_normalizer = _normalizer(rows)
        lost = ROUNDINGS * spread
        of_z = ROUNDINGS * 2.0 * form.z_loss * np.abs(normalizer) * of_normalizer
        value = np.where(_met(case), lost, 0.0).max(-1)
        slopes = 2.0 * form.z_loss * (ROUNDINGS * of_normalizer + np.abs(normalizer) * value)
        paid = surprisal + form.z_loss * (normalizer**2)[..., None]
        ratios = (lost + of_z[..., None]) / paid
    value, of_z, slopes, ratios = (
        np.nan_to_num(each, posinf=0.0) for each in (value, of_z, of_z + slopes, ratios)
    )
    gradient = value / form.temperature, slopes / form.temperature
    return LostInSteps((value, of_z), gradient, ratios)


def form_of(case: Case) -> Logits | None:
    """The steps between the numbers that are given and the softmax."""
    form = case.arguments.get("form", "logits")
    if isinstance(form, Logits):
        return form
    return Logits() if case.layered else None


def logits_of(case: Case) -> tuple[Any, Any]:
    """Those that the steps begin with, and the sizes that each was rounded to on the way there."""
    x = numbers_of(case.predictions)
    if not case.layered:
        return x, 0.0
    weight, bias = (case.arguments.get(name) for name in LAYER)
    assert isinstance(weight, Tensor)
    rows = numbers_of(weight).T
    own = numbers_of(bias) if isinstance(bias, Tensor) else np.zeros(rows.shape[1])
    terms = rows.shape[0] + isinstance(bias, Tensor)
    with np.errstate(invalid="ignore"):
        return x @ rows + own, TERM * terms * (np.abs(x) @ np.abs(rows) + np.abs(own))


def numbers_of(tensor: Tensor) -> Any:
    """In float64."""
    return np.array(tensor.data, np.float64).reshape(tensor.shape)


def _rows(case: Case, form: Logits) -> _Rows:
    x, rounded = logits_of(case)
    if case.categorical:
        axis = case.arguments.get("axis", -1)
        assert isinstance(axis, int)
        x = np.moveaxis(x, axis, -1)
        reference = x.max(-1, keepdims=True, initial=-np.inf)
    else:
        x = np.stack([np.zeros_like(x), x], -1)
        reference = np.zeros_like(x[..., :1])
    y, top, times = x, reference, 1.0
    if form.softcap is not None:
        y, top = (form.softcap * np.tanh(a / form.softcap) for a in (x, reference))
        times = CAPPED
    cooled, level = (y - top) / form.temperature, top / form.temperature
    added = np.zeros(x.shape[-1]) if form.adjustment is None else np.array(form.adjustment)
    offset = added.max()
    z = cooled + (added - offset)
    sizes = np.abs(cooled) * times + np.abs(added - offset) + rounded / form.temperature
    return _Rows(z, sizes, level + offset, np.abs(level) * times + abs(offset))


def _measure(rows: _Rows, margins: Any, k: int) -> tuple[Any, Any]:
    """Σ_{j≠b} p_j·(s_j + s_b), and s_k + s_b unless k is the likeliest class b; and −log p_k."""
    z, sizes = rows.z.copy(), rows.sizes.copy()
    z[..., k] -= margins[k]
    sizes[..., k] += margins[k]
    likeliest = z.argmax(-1)[..., None]
    below = z - np.take_along_axis(z, likeliest, -1)
    e = np.exp(below)
    both = sizes + np.take_along_axis(sizes, likeliest, -1)
    other = np.arange(z.shape[-1]) != likeliest
    rest = np.where(other, e, 0.0).sum(-1)
    mean = np.where(other & (e > 0), e * both, 0.0).sum(-1) / (1.0 + rest)
    own = np.where(other[..., k] & np.isfinite(both[..., k]), both[..., k], 0.0)
    return mean + own, np.log1p(rest) - below[..., k]


def _normalizer(rows: _Rows) -> tuple[Any, Any]:
    top = rows.z.max(-1, keepdims=True)
    e = np.exp(rows.z - top)
    whole = e.sum(-1)
    mean = np.where(e > 0, e * rows.sizes, 0.0).sum(-1) / whole
    value = (rows.level + top)[..., 0] + np.log(whole)
    return value, rows.level_size[..., 0] + np.abs(top[..., 0]) + mean + np.log(whole)


def _met(case: Case) -> Any:
    """Which classes may have mass."""
    if case.arguments.get("label_smoothing"):
        return True
    targets = numbers_of(case.targets)
    if not case.categorical:
        return np.stack([targets != 1, targets != 0], -1)
    axis = case.arguments.get("axis", -1)
    assert isinstance(axis, int)
    if len(case.targets.shape) == len(case.predictions.shape):
        return np.moveaxis(targets, axis, -1) != 0
    classes = logits_of(case)[0].shape[axis]
    return targets[..., None] == np.arange(classes)
