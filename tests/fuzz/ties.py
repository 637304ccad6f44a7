"""Sorted errors that differ by no more than rounding: their order, and the gradient, is free."""

from __future__ import annotations

from typing import Any

import numpy as np

from wce_conformance.adapters import as_numpy
from wce_conformance.cases import Case

NEAR = 1e-4
"""Of the larger error; more than bfloat16 predictions lose on their way through float32."""


def nearly_tied(case: Case) -> bool:
    """Is there a pair of nearly equal errors of predictions that are not equal?"""
    if not case.loss.startswith("lovasz"):
        return False
    x = np.asarray(as_numpy(case.predictions), np.float64)
    if case.loss == "lovasz_hinge_loss":
        hard = np.asarray(as_numpy(case.targets), np.float64) > 0.5
        errors = np.maximum(np.where(hard, 1.0 - x, 1.0 + x), 0.0)
        wrong = errors > 0  # what is right has no slope, wherever it is sorted
        return _close(errors[wrong], x[wrong], hard[wrong])
    axis = case.arguments.get("axis", -1)
    assert isinstance(axis, int)
    rows = np.moveaxis(x, axis, -1)
    count = rows.shape[-1]
    rows, hard = rows.reshape(-1, count), _classes(case, axis, count)
    p, rest = _chances(rows, str(case.arguments.get("form", "logits")))
    keys = [hash(row.tobytes()) for row in rows]
    return any(
        _close(np.where(hard[:, k], rest[:, k], p[:, k]), np.array(keys), hard[:, k])
        for k in range(count)
    )


def _classes(case: Case, axis: int, count: int) -> np.ndarray:
    """Of each row, which classes are right."""
    targets = np.asarray(as_numpy(case.targets), np.float64)
    if len(case.targets.shape) == len(case.predictions.shape):
        return np.moveaxis(targets, axis, -1).reshape(-1, count) > 0.5
    return targets.reshape(-1, 1) == np.arange(count)


def _chances(rows: np.ndarray, form: str) -> tuple[np.ndarray, np.ndarray]:
    """p, and 1 − p."""
    with np.errstate(all="ignore"):
        p = rows if form == "probabilities" else np.exp(rows - _level(rows, form))
        p = p / p.sum(-1, keepdims=True) if form == "logits" else p
        return p, 1.0 - p


def _level(rows: np.ndarray, form: str) -> Any:
    return rows.max(-1, keepdims=True, initial=-np.inf) if form == "logits" else 0.0


def _close(errors: np.ndarray, keys: np.ndarray, hard: np.ndarray) -> bool:
    """Two that are next to each other when sorted, of different keys."""
    order = np.argsort(errors, kind="stable")
    own, key, side = errors[order], keys[order], hard[order]
    with np.errstate(all="ignore"):
        near = np.diff(own) <= NEAR * own[1:]
    return bool((near & ((key[1:] != key[:-1]) | (side[1:] != side[:-1]))).any())
