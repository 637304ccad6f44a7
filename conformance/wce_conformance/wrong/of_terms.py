"""Penalties and slopes of the losses that are not the surprise itself, in plain NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Term = Callable[[Mapping[str, Any], np.ndarray], tuple[np.ndarray, np.ndarray]]
"""(options, −log p) → what it costs, and the slope of that."""


def focal(options: Mapping[str, Any], surprise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(1 − p)^γ·s, and (1 − p)^γ + γ·(1 − p)^(γ − 1)·p·s."""
    gamma = options["gamma"]
    if gamma == 0:
        return surprise, np.ones_like(surprise)
    rest = -np.expm1(-np.maximum(surprise, 0.0))
    share = np.where(np.isinf(surprise), 0.0, np.exp(-surprise) * surprise)
    odds = np.where(surprise <= 0, 1.0, share / np.where(rest == 0, 1.0, rest))
    return rest**gamma * surprise, rest**gamma * (1.0 + gamma * odds)


def poly(options: Mapping[str, Any], surprise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """s + ε·(1 − p), by a series where ε = −1 leaves nothing of s."""
    epsilon, s = options["epsilon"], np.maximum(surprise, 0.0)
    rest = -np.expm1(-s)
    powers = sum((-s) ** n / math.factorial(n) for n in range(2, 14))
    beyond = np.where(s < 0.1, powers, s - rest)  # s − (1 − p)
    value = surprise + epsilon * rest
    if epsilon < 0:
        value = -epsilon * beyond + (0.0 if epsilon == -1 else (1 + epsilon) * s)
        value = value + np.minimum(surprise, 0.0)
    slope = (1 + epsilon) - epsilon * rest if epsilon < 0 else 1 + epsilon * np.exp(-s)
    return value, np.where(surprise < 0, 1.0, slope)


def generalized(options: Mapping[str, Any], surprise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(1 − p^q)/q."""
    q, s = options["q"], np.maximum(surprise, 0.0)
    return -np.expm1(-q * s) / q, np.where(surprise < 0, 0.0, np.exp(-q * s))


def asymmetric(options: Mapping[str, Any], surprise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of class 1 a focal penalty, of class 0 one of p − m."""
    zero, zero_slope = _shifted(options, surprise[..., 0])
    one, one_slope = focal({"gamma": options["gamma_positive"]}, surprise[..., 1])
    return np.stack([zero, one], -1), np.stack([zero_slope, one_slope], -1)


def _shifted(options: Mapping[str, Any], s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    gamma, margin = options["gamma_negative"], options["margin"]
    if margin == 0:
        return focal({"gamma": gamma}, s)
    u = np.maximum(-np.expm1(-s) - margin, 0.0)
    log_rest = np.where(u < 0.5, np.log1p(-u), np.log(np.exp(-s) + margin))
    inner = np.where(u == 0, 1.0, u)
    relative = 1 / (np.exp(-s) + margin) - gamma * log_rest / inner
    slope = np.where(u == 0, 0.0, np.exp(-s) * inner**gamma * relative)
    return np.where(u == 0, 0.0, -(u**gamma) * log_rest), slope


TERMS: Mapping[str, Term] = {
    "focal_cross_entropy": focal,
    "binary_focal_cross_entropy": focal,
    "poly_cross_entropy": poly,
    "generalized_cross_entropy": generalized,
    "asymmetric_loss": asymmetric,
}
"""By the name of the loss."""
