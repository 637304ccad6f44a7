"""Schemes: from how often each class occurs to its weight, before normalization.

A scheme is a function of :class:`Frequencies` and its own parameters. All of them work along the
last axis, so that the two classes of each of L labels are weighed one label at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Frequencies(NamedTuple):
    """Counts of the classes that occur, 1 where one does not; ``occurs`` says where."""

    counts: np.ndarray
    """n_k."""
    occurs: np.ndarray
    around: np.ndarray
    """Labels in the images where the class occurs; n where there are no images."""

    @property
    def total(self) -> np.ndarray:
        """n = Σ_k n_k."""
        return np.asarray(np.where(self.occurs, self.counts, 0.0).sum(axis=-1, keepdims=True))

    @property
    def classes(self) -> np.ndarray:
        """K: how many classes occur."""
        return np.asarray(self.occurs.sum(axis=-1, keepdims=True))


def balanced(found: Frequencies) -> np.ndarray:
    """n / (K·n_k): every class has the same total weight, and the average weight of labels is 1.

    King and Zeng 2001; ``class_weight="balanced"`` of scikit-learn.
    """
    return np.asarray(found.total / (found.classes * found.counts))


def inverse_frequency(found: Frequencies) -> np.ndarray:
    """n / n_k."""
    return np.asarray(found.total / found.counts)


def sqrt_inverse(found: Frequencies) -> np.ndarray:
    """√(n / n_k): half-way, on a logarithmic scale, between no weights and inverse frequency."""
    return np.asarray(np.sqrt(found.total / found.counts))


def log(found: Frequencies, c: float = 1.02) -> np.ndarray:
    """1 / ln(c + n_k/n), c > 1: at most 1 / ln c, however rare. ENet, Paszke et al. 2016."""
    if not 1.0 < c < np.inf:
        raise ValueError(f"c is {c}; expected a finite number above 1")
    return np.asarray(1.0 / np.log(c + found.counts / found.total))


def median_frequency(found: Frequencies) -> np.ndarray:
    """median(f) / f_k, with f_k = n_k / labels in the images where k occurs.

    Eigen and Fergus 2015. Where there are no images, f_k = n_k / n.
    """
    frequency = np.where(found.occurs, found.counts / found.around, np.nan)
    return np.asarray(
        np.nanmedian(frequency, axis=-1, keepdims=True) / (found.counts / found.around)
    )


def effective_number(found: Frequencies, beta: float = 0.999) -> np.ndarray:
    """(1 − β) / (1 − β^n_k), 0 ≤ β < 1. Cui et al., CVPR 2019.

    β = 0 weighs all classes alike; towards 1 it becomes 1 / n_k.
    """
    if not 0.0 <= beta < 1.0:
        raise ValueError(f"beta is {beta}; expected a number in [0, 1)")
    if beta == 0.0:
        return np.ones(found.counts.shape)
    # 1 − β^n without the loss of digits when β^n is near 1.
    return np.asarray((1.0 - beta) / -np.expm1(found.counts * np.log(beta)))


def power(found: Frequencies, alpha: float = 0.5) -> np.ndarray:
    """(n / n_k)^α: α = 0 weighs all classes alike, ½ is ``sqrt_inverse``, 1 inverse frequency."""
    if not 0.0 <= alpha < np.inf:
        raise ValueError(f"alpha is {alpha}; expected a finite number from 0 on")
    return np.asarray((found.total / found.counts) ** alpha)


def max_ratio(found: Frequencies) -> np.ndarray:
    """max_j n_j / n_k: the most frequent class has weight 1."""
    most = np.max(np.where(found.occurs, found.counts, 0.0), axis=-1, keepdims=True)
    return np.asarray(most / found.counts)


SCHEMES: dict[str, Callable[..., np.ndarray]] = {
    scheme.__name__: scheme
    for scheme in (
        balanced,
        inverse_frequency,
        sqrt_inverse,
        log,
        median_frequency,
        effective_number,
        power,
        max_ratio,
    )
}
"""By name, as :func:`class_weights` takes them."""


def applied(scheme: str, found: Frequencies, options: dict[str, Any]) -> np.ndarray:
    """The weights of a scheme; a TypeError for an option that it has not."""
    try:
        return SCHEMES[scheme](found, **options)
    except TypeError as error:
        names = SCHEMES[scheme].__code__.co_varnames[1 : SCHEMES[scheme].__code__.co_argcount]
        raise TypeError(
            f"scheme {scheme!r} has the options {', '.join(names) or 'none'}; "
            f"got {', '.join(options)}"
        ) from error
