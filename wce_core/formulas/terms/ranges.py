"""Surprisals at whose ends a penalty is known, so that no derivative there is 0 · ∞."""

from __future__ import annotations

from wce_core.types import Array, Namespace

FAR = 800.0
"""A surprisal from which on p is 0 in every dtype."""


def certain(xp: Namespace, surprisal: Array) -> Array:
    """Is p as good as 1, or by a convention more?"""
    return surprisal < float(xp.finfo(surprisal.dtype).smallest_normal)


def not_negative(xp: Namespace, surprisal: Array) -> Array:
    """The surprisal, or 0 where a convention makes p more than 1; NaN stays."""
    return xp.where(surprisal < 0, 0.0, surprisal)


def within(xp: Namespace, surprisal: Array) -> Array:
    """The surprisal, which is multiplied by a p of 0 from :data:`FAR` on; NaN stays."""
    return xp.where(surprisal > FAR, FAR, surprisal)
