"""The conventions of probabilities in plain NumPy, step by step, each with its derivative."""

from __future__ import annotations

import numpy as np

from wce_conformance.oracle import Probabilities


class Steps:
    """Probabilities x, float64, classes last; of the binary loss p of class 1."""

    def __init__(self, given: Probabilities, x: np.ndarray, *, binary: bool) -> None:
        self.given, self.x, self.binary = given, x, binary
        self.clip = -1.0 if given.clip is None else given.clip
        p, rest = x, 1 - x
        if given.normalize == "before":
            p, rest = self.divided(p)
        self.bound = (p < self.clip) | (rest < self.clip)
        p, rest = self.clipped(p, rest)
        self.masses = p
        if given.normalize == "after":
            p, rest = self.divided(p)
        self.p, self.rest = p, rest

    def divided(self, masses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """p and 1 − p of rows divided by their sums."""
        whole = masses.sum(-1, keepdims=True)
        return masses / whole, others(masses) / whole

    def clipped(self, p: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Both within [clip, 1 − clip]."""
        low, high = p < self.clip, rest < self.clip
        return (
            np.where(low, self.clip, np.where(high, 1 - self.clip, p)),
            np.where(low, 1 - self.clip, np.where(high, self.clip, rest)),
        )

    def logarithms(self) -> np.ndarray:
        """Of every class; of the binary loss of 1 − p and of p."""
        one = self.bounded(self.log_plus(self.p, self.rest), self.x)
        if not self.binary:
            return one
        return np.stack([self.bounded(self.log_plus(self.rest, self.p), 1 - self.x), one], -1)

    def log_plus(self, p: np.ndarray, rest: np.ndarray) -> np.ndarray:
        """log(p + offset)."""
        offset = self.given.offset
        excess = np.where(p >= 0.5, offset - rest, p + (offset - 1))
        return np.where(np.abs(excess) < 0.25, np.log1p(excess), np.log(p + offset))

    def bounded(self, logarithm: np.ndarray, given: np.ndarray) -> np.ndarray:
        """Not below the floor; `given` is the probability before all steps."""
        del given
        if self.given.floor is None:
            return logarithm
        return np.where(logarithm < self.given.floor, self.given.floor, logarithm)

    def gradient(self, d: np.ndarray) -> np.ndarray:
        """Of Σ −d·log, to x."""
        slopes = np.where(self.logarithms() == self.given.floor, 0.0, d)
        if self.binary:
            rest, p = self.rest + self.given.offset, self.p + self.given.offset
            to_p = quotient(slopes[..., 0], rest) - quotient(slopes[..., 1], p)
        else:
            to_p = -quotient(slopes, self.p + self.given.offset)
        if self.given.normalize == "after":
            to_p = self.undivided(to_p, self.masses)
        to_p = np.where(self.bound, 0.0, to_p)
        return self.undivided(to_p, self.x) if self.given.normalize == "before" else to_p

    def undivided(self, slopes: np.ndarray, masses: np.ndarray) -> np.ndarray:
        """The way back through the sum of a row."""
        whole = masses.sum(-1, keepdims=True)
        p, rest = masses / whole, others(masses) / whole
        shares = np.where(p == 0, 0.0, slopes * p)
        return np.asarray((slopes * rest - others(shares)) / whole)


def others(d: np.ndarray) -> np.ndarray:
    """Σ_{k≠j} d_k, added up without taking a difference."""
    classes = d.shape[-1]
    return np.asarray(d @ (1.0 - np.eye(classes)))


def quotient(d: np.ndarray, p: np.ndarray) -> np.ndarray:
    """What no mass stands on has no gradient, not even 0/0."""
    return np.where(d == 0, 0.0, d / p)
