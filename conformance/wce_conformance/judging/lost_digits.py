"""What arithmetic in the dtype loses of an item before a later step could keep it.

* The difference of two logits is rounded: by up to half of its spacing, which is |x − max x|·eps/2.
  log Σ e^x inherits the mean of that over p, and a confident row, whose loss is tiny, nothing else.
* The shares of soft targets are rounded, and w^r inherits |r·log w| times that.
* Of several probabilities of candidates the sum is rounded, which beside 1 is all of its logarithm.
* Products of hidden states and a layer are rounded, and so are their sums.
* A region's sums are made of p of many rows, and inherit what each has lost: it is stored.
* What is below the smallest normal number may be flushed to 0 before a large weight multiplies it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from wce_conformance.cases import Case, Tensor
from wce_conformance.cases.case import LAYER
from wce_conformance.judging.lost_in_steps import form_of, logits_of, lost_in_steps, numbers_of
from wce_conformance.oracle import Result
from wce_conformance.oracle.grid import Grid, Nested
from wce_conformance.oracle.real import Real, mp


class Lost(NamedTuple):
    """Of a number: what is added to its scale, and how many of the smallest numbers may be gone."""

    rounded: Real
    flushed: Real

    def times(self, bend: Real) -> Lost:
        """Of a slope of a term, whose own error comes to that of the surprisal's."""
        return Lost(self.rounded * bend, self.flushed)


NOTHING = Lost(mp.mpf(0), mp.mpf(1))


def lost_of_items(case: Case, expected: Result) -> list[Lost]:
    """For the loss of each item, or of each region."""
    if case.of_regions:
        stored = expected.lost and expected.lost.items
        return _of_regions(case, expected.items, stored)
    return _of_items(case, expected)


def lost_of_rows(case: Case, expected: Result) -> list[Lost]:
    """For each element of the gradient to an item's predictions."""
    if case.of_regions:
        stored = expected.lost and expected.lost.gradient
        return _of_regions(case, expected.gradient_scale, stored, gradient=True)
    under, bends = denominator(case, expected), Grid.of(expected.bend).flat
    pairs = zip(_of_items(case, expected, gradient=True), bends, strict=True)
    each = [lost.times(bend * _largest_of_layer(case)) for lost, bend in pairs]
    return [divided(lost, under) for lost in each]


def _largest_of_layer(case: Case) -> float:
    """By what the layer multiplies what p of all classes loses; 1 where there is none."""
    weight = case.arguments.get("weight")
    if not (case.layered and isinstance(weight, Tensor)):
        return 1.0
    return 2.0 * float(np.abs(numbers_of(weight)).max(initial=0.0))


def _of_regions(
    case: Case, of: Nested, stored: Nested | None, *, gradient: bool = False
) -> list[Lost]:
    """What is stored, where differences of logits were rounded and it shows."""
    shows = stored is not None and _shows(case, gradient=gradient)
    rounded = Grid.of(stored).flat if shows else [mp.mpf(0)] * len(Grid.of(of).flat)
    return [Lost(number, mp.mpf(1)) for number in rounded]


def _of_items(case: Case, expected: Result, *, gradient: bool = False) -> list[Lost]:
    weights = [abs(w) if mp.isfinite(w) else mp.mpf(0) for w in Grid.of(expected.omega).flat]
    slopes = Grid.of(expected.slope).flat
    spreads = _per_unit(case, len(weights), gradient=gradient)
    sizes = [abs(x) if mp.isfinite(x) else mp.mpf(0) for x in Grid.of(expected.items).flat]
    powers = _powers(case) if _shares(case) else [0.0] * len(weights)
    each = zip(weights, slopes, spreads, sizes, powers, strict=True)
    return [Lost(w * (d * s + z) + size * p, max(mp.mpf(1), w)) for w, d, (s, z), size, p in each]


def _per_unit(case: Case, items: int, *, gradient: bool) -> list[tuple[float, float]]:
    """For each item, of one unit of its weight: of its surprisal, and of a z-loss."""
    steps = lost_in_steps(case)
    if steps is None:
        rounds = _rounds(case, gradient=gradient)
        spreads = _spreads(case) if rounds else _of_sums(case, items, gradient=gradient)
        return [(spread, 0.0) for spread in spreads]
    if not _shows(case, gradient=gradient):
        return [(0.0, 0.0)] * items
    pair = steps.gradient if gradient else steps.value
    return list(zip(*(own.reshape(-1).tolist() for own in pair), strict=True))


def lost_of_slopes(case: Case, sizes: list[Real]) -> list[Real]:
    """For each element of the gradient, by its size: the exponent of a cap's slope is rounded."""
    form = form_of(case)
    if form is None or form.softcap is None or not _shows(case, gradient=True):
        return [mp.mpf(0)] * len(sizes)
    x, _ = logits_of(case)
    if case.layered:  # each hidden state has a part in every logit of its item
        x = np.broadcast_to(np.abs(x).max(-1, keepdims=True), case.predictions.shape)
    caps = [abs(each) / form.softcap for each in x.reshape(-1).tolist()]
    found = zip(sizes, caps, strict=True)
    return [size * cap / 2 if size and mp.isfinite(size) else mp.mpf(0) for size, cap in found]


def lost_of_sum(case: Case, expected: Result) -> Lost:
    """For Σℓ: an item's as often as the case repeats it."""
    items = lost_of_items(case, expected)
    times = mp.mpf(expected.parts.all_items) / max(1, len(items))
    rounded = sum((item.rounded for item in items), mp.mpf(0)) * times
    flushed = sum((item.flushed for item in items if item.flushed > 1), mp.mpf(0)) * times
    return Lost(rounded, max(mp.mpf(1), flushed))


def divided(lost: Lost, under: Real) -> Lost:
    """Of a number that is divided then."""
    under = abs(under)
    if not (mp.isfinite(under) and under > 0):
        return NOTHING
    return Lost(lost.rounded / under, max(mp.mpf(1), lost.flushed / under))


def denominator(case: Case, expected: Result) -> Real:
    """What Σℓ is divided by; 1 for "none" and "parts"."""
    parts, normalizer = expected.parts, case.arguments.get("normalizer", 1.0)
    if isinstance(normalizer, Tensor):
        (normalizer,) = normalizer.data
    known = {
        "mean": parts.items,
        "mean_over_all": parts.all_items,
        "weighted_mean": parts.weight,
        "absolute_weighted_mean": parts.absolute_weight,
        "nonzero_mean": parts.nonzero,
        "batch_mean": parts.batch,
        "sum": normalizer,
    }
    return mp.mpf(known.get(str(case.arguments.get("reduction", "mean")), 1))


def widening(case: Case, name: str) -> list[float]:
    """By how much a surprisal of a row may be off more, for each element of an array.

    A gradient to targets or weights is made of surprisals, of which that of the likeliest class is
    off most: of the row of a target, or of any row.
    """
    array = case.targets if name == "targets" else case.arguments[name]
    assert isinstance(array, Tensor)
    if name == "costs" and _rounds(case):
        return [_widening_of_chances(case)] * len(array.data)
    if case.of_regions:
        return [_widening_of_regions(case)] * len(array.data)
    if name in LAYER:
        return [_widening_of_layer(case)] * len(array.data)
    own = _widening_of_rows(case) if case.predictions.data else None
    if own is None:
        return [1.0] * len(array.data)
    if name != "targets":
        return [float(own.max())] * len(array.data)
    axis = case.arguments.get("axis", -1)
    assert isinstance(axis, int)
    laid = own if not case.categorical else np.expand_dims(own, axis)
    rows = np.broadcast_to(laid, array.shape)
    found: list[float] = rows.reshape(-1).tolist()
    return found


def _widening_of_chances(case: Case) -> float:
    """By how much a p may be off more, which is e to a rounded difference: any of any row."""
    below, _ = _below(case)
    return 1.0 + float(below[np.isfinite(below)].max(initial=0.0)) / 8


def _widening_of_layer(case: Case) -> float:
    """What p of any class of any item may be off more, by its logit and by their sum."""
    form = form_of(case)
    assert form is not None
    x, rounded = logits_of(case)
    with np.errstate(all="ignore"):
        sizes = np.abs(x - x.max(-1, keepdims=True, initial=-np.inf)) + 3 * rounded
        if form.softcap is not None:
            sizes = sizes + 2 * np.abs(x) / form.softcap
    largest = float(sizes[np.isfinite(sizes)].max(initial=0.0)) / min(1.0, form.temperature)
    return 1.0 + largest / 4


def _widening_of_regions(case: Case) -> float:
    """A slope of a quotient of sums is off by four times what each p may be."""
    return 4.0 * _widening_of_chances(case) - 3.0 if _rounds(case) else 1.0


def _widening_of_rows(case: Case) -> Any:
    """For each row; None: by nothing."""
    steps = lost_in_steps(case)
    if steps is not None:
        return 1.0 + steps.ratios.max(-1) if case.layered or _shows(case) else None
    if not _rounds(case):
        return _widening_of_sums(case)
    below, _ = _below(case)
    others = np.exp(-below)
    np.put_along_axis(others, below.argmin(-1)[..., None], 0.0, -1)
    least = np.log1p(others.sum(-1))
    return 1.0 + _ratios(np.array(_spreads(case)).reshape(least.shape), least)


def _widening_of_sums(case: Case) -> Any:
    """Of several probabilities, ½ in the scale of each loss; None: there are no sums."""
    if case.loss != "any_of_cross_entropy" or not _shows(case):
        return None
    axis = case.arguments.get("axis", -1)
    assert isinstance(axis, int)
    x = np.array(case.predictions.data, np.float64).reshape(case.predictions.shape)
    sets = np.array(case.targets.data, bool).reshape(case.targets.shape)
    with np.errstate(all="ignore"):
        p = np.exp(x) if case.arguments.get("form") == "log_probabilities" else x
        losses = -np.log(np.where(sets, p, 0.0).sum(axis))
    return 1.0 + _ratios(np.where(sets.sum(axis) > 1, 0.5, 0.0), losses)


def _ratios(spreads: Any, least: Any) -> Any:
    return np.divide(spreads, least, out=np.zeros_like(least), where=least > 0)


def _shows(case: Case, *, gradient: bool = False) -> bool:
    """Is what the arithmetic loses seen in the result, or in the gradient?

    Half types are computed in float32, and both float32 and float64 in float64: it shows in what
    has the dtype of the arithmetic.
    """
    dtypes = (case.predictions.dtype, case.dtype)
    computed = "float64" if "float64" in dtypes else "float32"
    return computed == dtypes[0 if gradient else 1]


def _rounds(case: Case, *, gradient: bool = False) -> bool:
    """Are logits subtracted from each other, which shows?"""
    logits = case.arguments.get("form", "logits") == "logits"
    return case.categorical and logits and _shows(case, gradient=gradient)


def _shares(case: Case) -> bool:
    """Are class weights raised to shares that are rounded in the dtype of the case?"""
    geometric = case.arguments.get("soft_weighting") == "geometric"
    dense = len(case.targets.shape) == len(case.predictions.shape)
    given = isinstance(case.arguments.get("class_weight"), Tensor | Mapping)
    return case.categorical and geometric and dense and given and case.dtype == "float64"


def _powers(case: Case) -> list[float]:
    """⅛·Σ_k r_k·|log(w_k / max w)| of each item, so that 4 eps of it are half of the logarithm."""
    axis, given = case.arguments.get("axis", -1), case.arguments["class_weight"]
    assert isinstance(axis, int)
    weights = np.array(_by_class(given), np.float64)
    mass = np.array(case.targets.data, np.float64).reshape(case.targets.shape)
    mass = np.moveaxis(mass, axis, -1)
    positive = np.where(weights > 0, weights, weights.max(initial=1.0))
    with np.errstate(all="ignore"):
        logarithms = np.abs(np.log(positive) - np.log(positive.max()))
        found = (mass * logarithms).sum(-1) / mass.sum(-1) / 8
    powers: list[float] = np.where(np.isfinite(found), found, 0.0).reshape(-1).tolist()
    return powers


def _by_class(weights: Any) -> Any:
    """Class weights as they were given, as a sequence."""
    if isinstance(weights, Tensor):
        return weights.data
    return [weights[label] for label in sorted(weights, key=int)]


def _of_sums(case: Case, items: int, *, gradient: bool) -> list[float]:
    """½ for each sum of several probabilities: beside 1 it is rounded by 2 eps of 1."""
    if case.loss != "any_of_cross_entropy" or not _shows(case, gradient=gradient):
        return [0.0] * items
    axis = case.arguments.get("axis", -1)
    assert isinstance(axis, int)
    counts = np.array(case.targets.data, bool).reshape(case.targets.shape).sum(axis)
    halves: list[float] = np.where(counts > 1, 0.5, 0.0).reshape(-1).tolist()
    return halves


def _below(case: Case) -> tuple[Any, int]:
    """max x − x with the classes last, and where they stood; 0 in a row without a largest logit."""
    axis = case.arguments.get("axis", -1)
    assert isinstance(axis, int)
    x = np.array(case.predictions.data, np.float64).reshape(case.predictions.shape)
    x = np.moveaxis(x, axis, -1)
    largest = np.max(x, axis=-1, keepdims=True, initial=-np.inf)
    with np.errstate(all="ignore"):
        return np.where(np.isfinite(largest), largest - x, 0.0), axis


def _spreads(case: Case) -> list[float]:
    """⅛·Σ_j p_j·|x_j − max x| of each item, so that 4 eps of it are half the spacing."""
    below, _ = _below(case)
    e = np.exp(-below)
    mean = np.where(e > 0, e * np.where(e > 0, below, 0.0), 0.0).sum(-1) / e.sum(-1)
    spreads: list[float] = (mean / 8).reshape(-1).tolist()
    return spreads
