"""Gradients to weights and soft targets, by each framework's autodiff, against the oracle."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from ways import forget

from wce_conformance.adapters import Adapter, adapter, as_numpy
from wce_conformance.calls import arrays_of, function_of, outcome_of
from wce_conformance.cases import Case, Tensor, small_cases
from wce_conformance.judging.lost_digits import widening
from wce_conformance.judging.numbers import EPS, flat, judge
from wce_conformance.oracle import Result
from wce_core.arrays import powers

EVERY = {"numpy": 0, "array_api_strict": 0, "torch": 1, "jax": 16, "tensorflow": 4}
"""Each how many cases: JAX compiles a program for each. NumPy has no gradients but one."""
POWERS = {"numpy": 0, "array_api_strict": 0, "torch": 1, "jax": 4, "tensorflow": 1}
"""The same of those with products of many powers, told by a hash of their ids."""
BOUND = 16.0
CASES = {case.id: case for case in small_cases() if case.differentiable()}


def kinked(case: Case) -> bool:
    """A row without mass has shares 0/0, and no gradient to its targets but with ``per_class``."""
    if not case.categorical or len(case.targets.shape) != len(case.predictions.shape):
        return False
    rows = as_numpy(case.targets).astype(np.float64).sum(int(case.arguments.get("axis", -1)))
    shares = "soft_weighting" in case.arguments or "cost_matrix" in case.arguments
    return shares and bool((rows == 0).any())


def many_powers(case: Case) -> bool:
    """Would it take another way if it had many classes?"""
    dense = len(case.targets.shape) == len(case.predictions.shape)
    geometric = case.arguments.get("soft_weighting") == "geometric"
    return case.categorical and dense and geometric and "class_weight" in case.arguments


@functools.cache
def expected(case_id: str) -> Result:
    case = CASES[case_id]
    return case.expected(case.differentiable())


@functools.cache
def made(name: str) -> Adapter:
    return adapter(name)


def arguments(case: Case) -> list[str]:
    """Floating arrays beside the predictions; a mapping of weights is no array."""
    given: Mapping[str, Any] = {"targets": case.targets, **case.arguments}
    return [
        name
        for name in case.differentiable()
        if isinstance(given[name], Tensor) and "float" in given[name].dtype
    ]


@pytest.mark.parametrize("number", range(len(CASES)), ids=list(CASES))
def test_gradient(backend: str, number: int) -> None:
    case = list(CASES.values())[number]
    every = EVERY[backend]
    if not every or number % every or np.isinf(float(expected(case.id).loss_scale)):
        return
    for name in arguments(case):
        if name == "targets" and kinked(case):
            continue
        check(made(backend), case, name)


@pytest.mark.parametrize("name", [n for n, c in CASES.items() if many_powers(c)])
def test_geometric_as_of_many_classes(
    backend: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By logarithms, as products of many powers are taken: value and gradients are the same."""
    if not POWERS[backend] or crc32(name.encode()) % POWERS[backend]:
        return
    monkeypatch.setattr(powers, "FEW_POWERS", -1)
    forget(backend)
    case, own = CASES[name], made(backend)
    assert not judge(
        case, expected(name), outcome_of(case, own, "eager", "native"), exact=False
    ).failures
    for argument in arguments(case):
        if argument != "targets" or not kinked(case):
            check(own, case, argument)
    forget(backend)


def check(own: Adapter, case: Case, name: str) -> None:
    _, gradient = own.differentiate(
        "eager", function_of(case, "native"), arrays_of(case, own), name
    )
    result = expected(case.id)
    got = own.numpy(gradient).astype(np.float64).reshape(-1)
    wants, sizes = flat(result.gradients[name]), flat(result.gradient_sizes[name])
    dtype = own.numpy(gradient).dtype.name
    # Mass and item losses are held in float32 or better, whatever the weights are.
    eps = max(EPS[dtype], EPS["float64" if case.dtype == "float64" else "float32"])
    floor = 1e-300 if dtype == "float64" else 1e-37 if dtype != "float16" else 2.0**-24
    if "underflow" in case.flags and case.dtype != "float64":  # what is lost may be 0, as stated
        floor = max(floor, 2.0**-126)
    more = widening(case, name)
    for i, (g, w, s) in enumerate(zip(got, wants, sizes, strict=True)):
        want, size = float(w), float(s) * more[i]
        if np.isnan(want):
            assert np.isnan(g), f"{name}[{i}]: {g} for NaN"
            continue
        if dtype == "float16" and np.isfinite(want) and abs(want) > 65520.0:
            assert g == np.copysign(np.inf, want), f"{name}[{i}]: {g} for {want}"
            continue
        if np.isinf(want) or np.isinf(size) or abs(want) > float(np.finfo(np.float32).max):
            continue
        assert abs(g - want) <= BOUND * eps * size + floor, f"{name}[{i}]: {g} for {want} ± {size}"
