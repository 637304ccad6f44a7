"""Lovász losses in plain NumPy, region by region."""

from __future__ import annotations

import numpy as np

from wce_conformance.wrong.of_regions import Answered, Laid, Regions


class LovaszRegions(Regions):
    """Errors, sorted, times what each adds to Jaccard loss."""

    def answer(
        self, x: np.ndarray, target: np.ndarray, weight: np.ndarray, class_weight: np.ndarray
    ) -> Answered:
        """Of the same arrays."""
        laid, single = self.laid(x, target, weight)
        errors = np.where(laid.target == 1, laid.rest, laid.p)
        weights = np.broadcast_to(laid.weight, errors.shape)
        gains = np.zeros_like(errors)
        for sample in range(errors.shape[0]):
            for k in range(errors.shape[2]):
                at = (sample, slice(None), k)
                gains[at] = self.gains(errors[at], weights[at], laid.target[at])
        present = (weights * laid.target).sum(1)
        v = np.broadcast_to(class_weight, present.shape)
        reading = np.where((present == 0) & (self.absent() != "count"), 0.0, v)
        felt = np.where((gains == 0) & np.isinf(errors), 0.0, errors)  # 0 · ∞ = 0
        losses = reading * (felt * gains).sum(1)
        slopes = np.where(laid.target == 1, -gains, gains) * reading[:, None, :]
        slopes = np.where(np.asarray(np.isnan(errors).any(1))[:, None, :], np.nan, slopes)
        counted = np.asarray((self.absent() != "skip") | (present != 0))
        if single:
            losses, v, counted = losses[0], v[0], counted[0]
        return Answered(losses, v, counted, self.pulled(laid, slopes).reshape(x.shape))

    def order(self, errors: np.ndarray) -> np.ndarray:
        """The largest first, of equal ones the first."""
        return np.argsort(-errors, kind="stable")

    def gains(self, errors: np.ndarray, weights: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Of one region: what Jaccard loss gains as each becomes wrong, in the order of errors."""
        order = self.order(errors)
        found, false = np.zeros_like(errors), 0.0
        present = (weights * target).sum()
        for place, i in enumerate(order):
            if target[i] == 1:
                found[i] = weights[i] / (present + false) if weights[i] else 0.0
                continue
            later = order[place + 1 :]
            right = (weights[later] * target[later]).sum()
            before, false = present + false, false + weights[i]
            if before == 0:
                found[i] = float(weights[i] > 0)
            else:
                found[i] = weights[i] * right / (before * (present + false))
        return found

    def chances(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """p and 1 − p, or errors beyond a margin."""
        if self.categorical:
            return super().chances(x)
        return np.where(x <= -1, 0.0, 1 + x), np.where(x >= 1, 0.0, 1 - x)

    def pulled(self, laid: Laid, slopes: np.ndarray) -> np.ndarray:
        """No slope where there is no error."""
        if self.categorical:
            return super().pulled(laid, slopes)
        return np.where(np.where(laid.target == 1, laid.rest, laid.p) == 0, 0.0, slopes)
