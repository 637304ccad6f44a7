"""The formulas of a call as they stand, on sums of two float64 arrays, against the oracle."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from wce_backends import numpy as backend
from wce_conformance.adapters import adapter
from wce_conformance.calls import outcome_of
from wce_conformance.cases import Case, small_cases
from wce_conformance.cases.systematic import MODES
from wce_conformance.oracle import Grid
from wce_core.arrays.double.array import Double
from wce_core.arrays.double.ops import DoubleOps
from wce_core.evaluation.evaluate import deferred
from wce_core.evaluation.spec import LossSpec
from wce_core.types import Arrays

mp: Any = mpmath.mp
CASES = [
    case
    for case in small_cases()
    if case.loss in MODES
    and "systematic" in case.flags
    and case.dtype == "float64"
    # Of 1 − p of a log-probability, and of smoothing, constants are rounded to float64.
    and (case.categorical or case.arguments.get("form") != "log_probabilities")
    and not case.arguments.get("label_smoothing")
]


def numbers(array: Any) -> list[Any]:
    """Both parts together, or a plain array's."""
    lower = array.lo if isinstance(array, Double) else np.zeros(np.shape(array))
    upper = array.hi if isinstance(array, Double) else array
    pairs = zip(np.ravel(upper), np.ravel(lower), strict=True)
    return [mp.mpf(float(hi)) + mp.mpf(float(lo)) for hi, lo in pairs]


def error(found: list[Any], wanted: list[Any]) -> Any:
    """Of the largest."""
    pairs = zip(found, wanted, strict=True)
    largest = max(map(abs, wanted), default=0)
    return max((abs(a - b) for a, b in pairs), default=0) / (largest or 1)


@pytest.mark.chosen
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_106_bits(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[tuple[LossSpec, Arrays]] = []
    usual = backend.evaluated

    def evaluated(spec: LossSpec, arrays: Arrays, *, gradient: bool) -> Any:
        found.append((spec, arrays))
        return usual(spec, arrays, gradient=gradient)

    monkeypatch.setattr(backend, "evaluated", evaluated)
    monkeypatch.setattr(backend, "few", lambda precision="native": -1)
    outcome_of(case, adapter("numpy"), "eager", "native")
    (output, *parts), later = deferred(DoubleOps(backend.BACKEND.host), *found[0])
    gradient = later()
    known = case.expected()
    value = known.parts.total if parts else known.value
    with mp.workprec(300):
        assert isinstance(gradient, Double)
        assert error(numbers(output), list(Grid.of(value).flat)) < mp.mpf(2) ** -96
        assert error(numbers(gradient), list(Grid.of(known.gradient).flat)) < mp.mpf(2) ** -96
