"""Is an outcome right? The tolerances of the suite, and how a difference is measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf, isinf
from typing import Any

import numpy as np

from wce_conformance.adapters.base import Outcome
from wce_conformance.cases import Case
from wce_conformance.judging.lost_digits import (
    NOTHING,
    Lost,
    denominator,
    divided,
    lost_of_items,
    lost_of_rows,
    lost_of_slopes,
    lost_of_sum,
)
from wce_conformance.oracle import Parts, Result, exact_result
from wce_conformance.oracle.real import Real, mp

EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
"""Distance from 1 to the next number."""
SMALLEST = {"float64": -1022, "float32": -126, "bfloat16": -126, "float16": -24}
"""Exponent of what may be flushed to zero; float16's subnormals are kept everywhere."""
BOUND = 4.0
"""Largest error of a native result, in eps of its scale."""


@dataclass
class Verdict:
    """The worst error of each quantity in eps of its scale, and what failed, in words."""

    worst: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def judge(
    case: Case, expected: Result, outcome: Outcome, *, exact: bool, slack: bool = False
) -> Verdict:
    """Compare value and gradient with the oracle's.

    ``exact``: bit for bit with the oracle's value rounded once, for a half type once more; float64
    predictions are always judged as native. With ``slack``, the bits of any number that float64
    arithmetic may have come to. Native: within :data:`BOUND` eps

    * of Σ|ℓ| over the denominator, for a reduced value;
    * of the item loss itself, for ``reduction="none"``;
    * of the largest term of the item's gradient, for each gradient element;

    each with what :mod:`wce_conformance.judging.lost_digits` says is lost of it.

    Infinities and NaN must agree as such, but where the bound is beyond the largest number of the
    dtype a result may overflow. A scale that is not finite would excuse anything: it is a failure.
    """
    verdict = Verdict()
    for quantity, got, want, (scale, smallest), dtype in _elements(case, expected, outcome):
        bits = exact and dtype != "float64"
        if bits and slack:
            _judge_between(verdict, quantity, got, want, scale, dtype)
        elif bits:
            judge_bits(verdict, quantity, got, exact_result(want, dtype))
        else:
            unit = EPS[dtype] * scale + smallest * mp.mpf(2) ** SMALLEST[dtype]
            judge_element(verdict, quantity, got, want, unit, dtype)
    return verdict


def judge_element(
    verdict: Verdict, quantity: str, got: float, want: Real, unit: Real, dtype: str
) -> None:
    """A native number: within :data:`BOUND` units, or the same infinity or NaN."""
    if not (mp.isfinite(want) and np.isfinite(got)):
        if not (mp.isfinite(want) and np.isinf(got) and _beyond(unit, dtype)):
            judge_bits(verdict, quantity, got, exact_result(want, dtype))
        return
    # Of a unit that is not finite every number would be within.
    error = float(abs(mp.mpf(got) - want) / unit) if mp.isfinite(unit) else inf
    name = quantity.partition("[")[0]
    verdict.worst[name] = max(verdict.worst.get(name, 0.0), error)
    if not error <= BOUND:
        verdict.failures.append(
            f"{quantity} is {got!r}, expected {mp.nstr(want, 17)}: off by {error:.3g} eps"
        )


def _beyond(unit: Real, dtype: str) -> bool:
    """Is every number of the dtype within the bound? Then so is one that has overflowed."""
    return bool(mp.isfinite(unit)) and isinf(exact_result(BOUND * unit, dtype))


def judge_bits(verdict: Verdict, quantity: str, got: float, want: float) -> None:
    """The same number, or NaN where NaN is right."""
    if got != want and not (got != got and want != want):
        verdict.failures.append(f"{quantity} is {got!r}, expected {want!r}")


def _judge_between(
    verdict: Verdict, quantity: str, got: float, want: Real, scale: Real, dtype: str
) -> None:
    """Rounding keeps the order: what float64 came to lies between its largest errors."""
    unit = EPS["float64"] * scale + mp.mpf(2) ** SMALLEST["float64"]
    error = BOUND * unit if mp.isfinite(want) and mp.isfinite(unit) else 0
    low, high = exact_result(want - error, dtype), exact_result(want + error, dtype)
    if not low <= got <= high:
        judge_bits(verdict, quantity, got, exact_result(want, dtype))


Scale = tuple[Real, Real]
"""In eps, and in smallest numbers of the dtype."""
Element = tuple[str, float, Real, Scale, str]


def _elements(case: Case, expected: Result, outcome: Outcome) -> Iterator[Element]:
    under = denominator(case, expected)
    items, total = lost_of_items(case, expected), lost_of_sum(case, expected)
    if isinstance(expected.value, Parts):
        yield from _parts(case, expected, outcome.value, total)
    elif case.arguments.get("reduction", "mean") == "none":
        wants, steep = flat(expected.items), flat(expected.steepness)
        scales = [_scale(abs(w) * k, lost) for w, k, lost in zip(wants, steep, items, strict=True)]
        yield from _zipped("item", outcome.value, wants, scales, case.dtype)
    else:
        scale = _scale(expected.loss_scale, divided(total, under))
        yield from _zipped("value", outcome.value, [expected.value], [scale], case.dtype)
    if outcome.gradient is not None:
        wants, scales = flat(expected.gradient), gradient_scales(case, expected)
        yield from _zipped("gradient", outcome.gradient, wants, scales, case.predictions.dtype)


def _scale(size: Real, lost: Lost) -> Scale:
    return size + lost.rounded, lost.flushed


def _parts(case: Case, expected: Result, value: Any, total: Lost) -> Iterator[Element]:
    dtype = "float64" if case.dtype == "float64" else "float32"
    for name, got in zip(Parts._fields, value, strict=True):
        want = mp.convert(getattr(expected.parts, name))
        # Weights with signs may cancel in their sum: its terms do not.
        size = expected.parts.absolute_weight if name == "weight" else abs(want)
        scale = _scale(size, NOTHING)
        if name == "total":  # Σ|ℓ|, by as much as each may be off more
            scale = _scale(expected.loss_scale, total)
        yield from _zipped(name, got, [want], [scale], dtype)


def _zipped(
    name: str, got: Any, wants: list[Real], scales: list[Scale], dtype: str
) -> Iterator[Element]:
    numbers = np.asarray(got).astype(np.float64).reshape(-1).tolist()
    for i, (number, want, scale) in enumerate(zip(numbers, wants, scales, strict=True)):
        yield f"{name}[{i}]", number, want, scale, dtype


def gradient_scales(case: Case, expected: Result) -> list[Scale]:
    """The scale of each gradient element: that of its item."""
    pairs = zip(flat(expected.gradient_scale), lost_of_rows(case, expected), strict=True)
    own = [_scale(size, lost) for size, lost in pairs]
    shape = list(case.predictions.shape)
    if case.categorical:
        axis = case.arguments.get("axis", -1)
        assert isinstance(axis, int)
        shape[axis] = 1
    places = np.arange(len(own)).reshape(shape)
    scales = [own[i] for i in np.broadcast_to(places, case.predictions.shape).flat]
    more = lost_of_slopes(case, flat(expected.gradient_sizes["predictions"]))
    return [(scale + lost, least) for (scale, least), lost in zip(scales, more, strict=True)]


def flat(nested: Any) -> list[Real]:
    """Nested lists in row-major order."""
    if not isinstance(nested, (list, tuple)):
        return [nested]
    return [number for part in nested for number in flat(part)]
