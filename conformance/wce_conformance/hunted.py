"""Rows whose results lie next to where rounding changes, made, not found.

A result is a weight times a number, and the weight of an item is float64: the weight that takes the
number to the middle between two float32 numbers is rounded to float64, and misses it by at most
half an ulp of float64. Of many such rows those are kept that miss it least. No float64 arithmetic
can tell to which side they lie; one that gets them right has looked with more digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, Literal

import numpy as np

from wce_conformance.oracle import exact_result, round_to
from wce_conformance.oracle.real import mp

CLASSES = 4
TRIES = 4
"""Rows that are made for one that is kept."""


@dataclass(frozen=True)
class Hunted:
    """Rows of logits, labels and weights, with their losses and the gradients of their sum."""

    logits: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    losses: np.ndarray
    gradients: np.ndarray


@dataclass(frozen=True)
class _Row:
    logits: list[float]
    label: int
    weight: float
    miss: Any
    """The distance from the middle, over that of float32 numbers there."""


def hunted_rows(seed: int, count: int, of: Literal["gradient", "loss"] = "gradient") -> Hunted:
    """So many rows, whose losses or an element of whose gradients is next to a middle."""
    random = Random(seed)
    with mp.workdps(60):
        made = [_row(random, of) for _ in range(count * TRIES)]
        kept = sorted(made, key=lambda row: row.miss)[:count]
        results = [_results(row) for row in kept]
    return Hunted(
        np.array([row.logits for row in kept], np.float32),
        np.array([row.label for row in kept]),
        np.array([row.weight for row in kept]),
        np.array([loss for loss, _ in results], np.float32),
        np.array([gradient for _, gradient in results], np.float32),
    )


def _row(random: Random, of: str) -> _Row:
    logits = [round_to(random.gauss(0, 3), "float32") for _ in range(CLASSES)]
    label, element = random.randrange(CLASSES), random.randrange(CLASSES)
    loss, slopes = _unweighted(logits, label)
    number = loss if of == "loss" else slopes[element]
    near = random.uniform(1, 2) * 2.0 ** random.randrange(-20, 20)
    spacing = mp.mpf(2) ** (mp.frexp(near)[1] - 24)
    middle = (mp.floor(near / spacing) + mp.mpf(1) / 2) * spacing
    weight = round_to(middle / abs(number), "float64")
    return _Row(logits, label, weight, abs(weight * abs(number) - middle) / spacing)


def _unweighted(logits: list[float], label: int) -> tuple[Any, list[Any]]:
    exponentials = [mp.exp(mp.mpf(each)) for each in logits]
    whole = mp.fsum(exponentials)
    slopes = [each / whole for each in exponentials]
    slopes[label] = -mp.fsum(e for k, e in enumerate(exponentials) if k != label) / whole
    return mp.log(whole) - mp.mpf(logits[label]), slopes


def _results(row: _Row) -> tuple[float, list[float]]:
    loss, slopes = _unweighted(row.logits, row.label)
    weight = mp.mpf(row.weight)
    return exact_result(weight * loss, "float32"), [
        exact_result(weight * slope, "float32") for slope in slopes
    ]
