"""Steps of logits before the softmax, in NumPy: what a wrong implementation changes one of."""

from __future__ import annotations

import numpy as np

from wce_conformance.oracle import Logits


class LogitSteps:
    """Logits x, float64, classes last; of the binary loss those of class 1.

    `z`: after all steps but the margin, less `level`, by which no softmax is changed.
    """

    def __init__(self, given: Logits, x: np.ndarray, *, binary: bool) -> None:
        self.given, self.binary = given, binary
        self.x = np.stack([np.zeros_like(x), x], -1) if binary else x
        self.z, self.level = self.stepped(self.x, self.x.max(-1, keepdims=True))
        self.margins = np.asarray(given.margins(self.x.shape[-1]), np.float64)

    def stepped(self, x: np.ndarray, top: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A cap, a temperature, an adjustment."""
        z, level = self.capped(x, top)
        z, level = self.cooled(z), self.cooled(level)
        added = self.added()
        return z + (added - added.max()), level + added.max()

    def capped(self, x: np.ndarray, top: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The difference to the largest, and that: tanh a − tanh b without subtracting them."""
        cap = self.given.softcap
        if cap is None:
            return x - top, top
        bounded, largest = np.clip(x, -400 * cap, 400 * cap), np.clip(top, -400 * cap, 400 * cap)
        u, t = 2 * bounded / cap, 2 * largest / cap
        difference = np.expm1(2 * (bounded - largest) / cap) / (1 + np.exp(u)) / (1 + np.exp(-t))
        return np.asarray(2 * cap * difference), np.asarray(cap * np.tanh(largest / cap))

    def cooled(self, y: np.ndarray) -> np.ndarray:
        """Over the temperature."""
        return y / self.given.temperature

    def added(self) -> np.ndarray:
        """What is added to each class."""
        given = self.given.adjustment
        return np.zeros(self.x.shape[-1]) if given is None else np.asarray(given, np.float64)

    def lowered(self) -> np.ndarray:
        """(…, k, C): the logits as class k is paid for, its own less its margin."""
        return np.asarray(self.z[..., None, :] - np.diag(self.margins))

    def normalizer(self, rest: np.ndarray, top: np.ndarray) -> np.ndarray:
        """log Σ e^z, from Σ e^(z − top) over all but the largest."""
        return np.asarray((self.level + top + np.log1p(rest))[..., 0])

    def penalty(self, normalizer: np.ndarray) -> np.ndarray:
        """What each unit of mass pays beside −log p."""
        return np.asarray(self.given.z_loss * normalizer**2)

    def charged(self, d: np.ndarray, q: np.ndarray) -> np.ndarray:
        """What that is multiplied with: `d` are masses with their weights, `q` without."""
        del q
        return np.asarray(d.sum(-1))

    def slope(self) -> np.ndarray:
        """Of z to x."""
        cap = self.given.softcap
        if cap is None:
            return self.cooled(np.ones_like(self.x))
        decay = np.exp(-2 * np.abs(self.x) / cap)
        return self.cooled(4 * decay / (1 + decay) ** 2)
