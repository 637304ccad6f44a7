"""Regions without a smoothing term, of which nothing is left in the computing dtype: 0/0, or 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from wce_conformance.adapters import as_numpy
from wce_conformance.cases import Case

FACTORS = {"alpha": 0.5, "beta": 0.5}
"""Of what is predicted and no target, and of what is missed, where nothing else is said."""
IMPOSSIBLE = {"probabilities": 0.0}
"""What says that p is 0. Of logits and log-probabilities it is −∞."""


def may_vanish(case: Case) -> bool:
    """May the numerator and the denominator of a region have been rounded to 0?"""
    given: Any = case.arguments
    if "smooth" not in given:
        return False
    own = "float64" if case.predictions.dtype == "float64" else "float32"
    smallest = float(np.finfo(own).smallest_normal)
    if float(given["smooth"]) >= smallest:
        return False
    x = np.asarray(as_numpy(case.predictions), np.float64)
    form = given.get("form", "logits")
    p = _chances(case, x, form)
    factors = [float(given.get(name, usual)) for name, usual in FACTORS.items()]
    terms = p * p if given.get("squared") else p * min(*factors, 1.0)
    return bool(np.any((terms < smallest) & (x != IMPOSSIBLE.get(form, -np.inf))))


def _chances(case: Case, x: np.ndarray, form: str) -> Any:
    """p, or the smaller of p and 1 − p of a binary item."""
    with np.errstate(all="ignore"):
        if case.categorical and form == "logits":
            axis: Any = case.arguments.get("axis", -1)
            e = np.exp(x - x.max(axis, keepdims=True, initial=-np.inf))
            return e / e.sum(axis, keepdims=True)
        if form == "logits":
            return 1.0 / (1.0 + np.exp(np.abs(x)))
        return x if form == "probabilities" else np.exp(x)
