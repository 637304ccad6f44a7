"""Steps of logits before the softmax, in another order, with another sign, or forgotten."""

from __future__ import annotations

import numpy as np

from wce_conformance.wrong.logit_steps import LogitSteps
from wce_conformance.wrong.registry import Wrong, wrong


class _Added(LogitSteps):
    def lowered(self) -> np.ndarray:
        return np.asarray(self.z[..., None, :] + np.diag(self.margins))


class _OfTheOthers(LogitSteps):
    def lowered(self) -> np.ndarray:
        return np.asarray(self.z[..., None, :] - self.margins * (1 - np.eye(len(self.margins))))


class _OfAll(LogitSteps):
    def lowered(self) -> np.ndarray:
        return np.asarray(self.z[..., None, :] - np.ones((len(self.margins), 1)) * self.margins)


class _ThenCooled(LogitSteps):
    def lowered(self) -> np.ndarray:
        return np.asarray(self.z[..., None, :] - np.diag(self.cooled(self.margins)))


class _Subtracted(LogitSteps):
    def added(self) -> np.ndarray:
        return -super().added()


class _Cooled(LogitSteps):
    def added(self) -> np.ndarray:
        return self.cooled(super().added())


class _Multiplied(LogitSteps):
    def cooled(self, y: np.ndarray) -> np.ndarray:
        return y * self.given.temperature


class _CooledFirst(LogitSteps):
    def stepped(self, x: np.ndarray, top: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        z, level = self.capped(self.cooled(x), self.cooled(top))
        added = self.added()
        return z + (added - added.max()), level + added.max()


class _Clipped(LogitSteps):
    def capped(self, x: np.ndarray, top: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        cap = self.given.softcap
        if cap is None:
            return super().capped(x, top)
        largest = np.clip(top, -cap, cap)
        return np.clip(x, -cap, cap) - largest, largest


class _Flat(LogitSteps):
    def slope(self) -> np.ndarray:
        return self.cooled(np.ones_like(self.x))


class _SlopeOfTanh(LogitSteps):
    def slope(self) -> np.ndarray:
        cap = self.given.softcap
        if cap is None:
            return super().slope()
        return self.cooled(1 - np.tanh(self.x / cap).astype(np.float32).astype(np.float64) ** 2)


class _Unweighted(LogitSteps):
    def charged(self, d: np.ndarray, q: np.ndarray) -> np.ndarray:
        return np.asarray(q.sum(-1))


class _NotSquared(LogitSteps):
    def penalty(self, normalizer: np.ndarray) -> np.ndarray:
        return self.given.z_loss * normalizer


class _WithoutLevel(LogitSteps):
    def normalizer(self, rest: np.ndarray, top: np.ndarray) -> np.ndarray:
        return np.asarray((top + np.log1p(rest))[..., 0])


@wrong("margin")
class MarginAdded(Wrong):
    """The margin raises the logit of the class that is paid for."""

    logit_steps = _Added


@wrong("margin")
class MarginOfTheOthers(Wrong):
    """The margins lower all classes but the one that is paid for."""

    logit_steps = _OfTheOthers


@wrong("margins")
class MarginOfAllClasses(Wrong):
    """The margins lower every class, whichever is paid for: an adjustment."""

    logit_steps = _OfAll


@wrong("order")
class TemperatureAfterMargin(Wrong):
    """(z − Δ) / T: the margin is divided by the temperature, too."""

    logit_steps = _ThenCooled


@wrong("order")
class TemperatureAfterAdjustment(Wrong):
    """(x + a) / T: the adjustment is divided by the temperature, too."""

    logit_steps = _Cooled


@wrong("order")
class CapAfterTemperature(Wrong):
    """c·tanh(x / (T·c))."""

    logit_steps = _CooledFirst


@wrong("temperature")
class TemperatureMultiplied(Wrong):
    """x·T."""

    logit_steps = _Multiplied


@wrong("adjustment")
class AdjustmentSubtracted(Wrong):
    """x − τ·log π: frequent classes are held down."""

    logit_steps = _Subtracted


@wrong("softcap")
class CapThatClips(Wrong):
    """Logits are bounded to [−c, c]."""

    logit_steps = _Clipped


@wrong("softcap")
class SlopeOfCapForgotten(Wrong):
    """The gradient to the capped logits is passed on as it is."""

    logit_steps = _Flat


@wrong("softcap")
class SlopeOfCapByDifference(Wrong):
    """1 − tanh² of a rounded tanh, which is 0 where logits are far beyond the cap."""

    logit_steps = _SlopeOfTanh


@wrong("z_loss")
class UnweightedZLoss(Wrong):
    """The z-loss does not see the weights of the item."""

    logit_steps = _Unweighted


@wrong("z_loss")
class ZLossNotSquared(Wrong):
    """ζ·log Σ e^z."""

    logit_steps = _NotSquared


@wrong("z_loss")
class ZLossOfShiftedLogits(Wrong):
    """log Σ e^(z − largest): what was taken out for safety stays out."""

    logit_steps = _WithoutLevel
