"""Losses of regions, nearly the right ones."""

from __future__ import annotations

import numpy as np

from wce_conformance.wrong.of_lovasz import LovaszRegions
from wce_conformance.wrong.of_regions import Laid, Regions, Sums
from wce_conformance.wrong.registry import Wrong, wrong

Derived = tuple[np.ndarray, np.ndarray, np.ndarray]


class _SmoothAbove(Regions):
    def loss(self, sums: Sums, v: np.ndarray) -> Derived:
        loss, to_wrong, to_hit = super().loss(sums, v)
        whole = sums.wrong + sums.hit
        missing = np.maximum(np.where(whole == 0, 1.0, (sums.wrong - self.smooth) / whole), 0.0)
        return np.where(np.isnan(loss), loss, v * missing**self.gamma), to_wrong, to_hit


class _SidesExchanged(Regions):
    def sides(self) -> tuple[float, float]:
        alpha, beta = super().sides()
        return beta, alpha


class _PerBatch(Regions):
    def per_batch(self) -> bool:
        return not super().per_batch()


class _AbsentFree(Regions):
    def absent(self) -> str:
        return "zero" if super().absent() == "count" else super().absent()


class _AbsentCounted(Regions):
    def counted(self, sums: Sums) -> np.ndarray:
        return np.ones(sums.present.shape, bool)


class _Squared(Regions):
    def squared(self) -> bool:
        return True


class _SquaredBelow(Regions):
    def squared(self) -> bool:
        return False


class _Together(Regions):
    def together(self) -> bool:
        return True


class _Difference(Regions):
    def loss(self, sums: Sums, v: np.ndarray) -> Derived:
        _, to_wrong, to_hit = super().loss(sums, v)
        right = sums.hit + self.smooth
        index = np.where(sums.wrong + right == 0, 1.0, right / (sums.wrong + right))
        return v * (1 - index) ** self.gamma, to_wrong, to_hit


class _RoundedRest(Regions):
    def chances(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p, _ = super().chances(x)
        return p, 1 - p


class _BelowNothing(Regions):
    def chances(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p, rest = super().chances(x)
        return p, np.where(p > 1, 1 - p, rest)


class _Fixed(Regions):
    def loss(self, sums: Sums, v: np.ndarray) -> Derived:
        loss, to_wrong, to_hit = super().loss(sums, v)
        return loss, to_wrong, np.zeros_like(to_hit)


class _Inverted(Regions):
    def loss(self, sums: Sums, v: np.ndarray) -> Derived:
        self.gamma = 1 / self.gamma
        return super().loss(sums, v)


class _OneForTwo(Regions):
    def hits(self) -> float:
        return 1.0


class _BySize(Regions):
    def of_size(self, present: np.ndarray) -> np.ndarray:
        return np.asarray(1 / present)


class _AbsentUnweighted(Regions):
    def inverse(self, sums: Sums) -> np.ndarray:
        return np.where(sums.present == 0, 1.0, super().inverse(sums))


class _WithoutDerivative(Regions):
    def loss(self, sums: Sums, v: np.ndarray) -> Derived:
        loss, to_wrong, to_hit = super().loss(sums, v)
        return loss, np.where(sums.wrong == 0, 0.0, to_wrong), to_hit


class _Undefined(Regions):
    def loss(self, sums: Sums, v: np.ndarray) -> Derived:
        loss, to_wrong, to_hit = super().loss(sums, v)
        nothing = sums.wrong + sums.hit + self.smooth == 0
        return np.where(nothing, np.nan, loss), to_wrong, to_hit


class _Unweighted(Regions):
    def sums(self, laid: Laid) -> Sums:
        return super().sums(laid._replace(weight=np.where(laid.weight == 0, 0.0, 1.0)))


class _Unsorted(LovaszRegions):
    def order(self, errors: np.ndarray) -> np.ndarray:
        return np.arange(errors.size)


class _LastOfEqual(LovaszRegions):
    def order(self, errors: np.ndarray) -> np.ndarray:
        return np.argsort(errors, kind="stable")[::-1]


class _Counting(LovaszRegions):
    def gains(self, errors: np.ndarray, weights: np.ndarray, target: np.ndarray) -> np.ndarray:
        return super().gains(errors, np.where(weights == 0, 0.0, 1.0), target)


class _SubtractedGains(LovaszRegions):
    def gains(self, errors: np.ndarray, weights: np.ndarray, target: np.ndarray) -> np.ndarray:
        order = self.order(errors)
        w, t = weights[order], target[order]
        union = (w * t).sum() + np.cumsum(w * (1 - t))
        jaccard = 1 - ((w * t).sum() - np.cumsum(w * t)) / union
        found = np.zeros_like(errors)
        found[order] = np.diff(np.nan_to_num(jaccard), prepend=0.0)
        return found


@wrong("region")
class SmoothInNumeratorOnly(Wrong):
    """1 − (2·TP + σ) / (2·TP + FP + FN): σ is not below the line."""

    regions = _SmoothAbove


@wrong("sides_of_region")
class AlphaForBeta(Wrong):
    """α is of what is missed, β of what is no target."""

    regions = _SidesExchanged


@wrong("shape_of_regions")
class BatchForSample(Wrong):
    """One region of all samples, and of each where one of all is asked for."""

    regions = _PerBatch


@wrong("shape_of_regions")
class TogetherForApart(Wrong):
    """Sums over all classes in the place of a loss of each."""

    regions = _Together


@wrong("absent_region")
class AbsentIsRight(Wrong):
    """A class without targets costs nothing, whatever is predicted."""

    regions = _AbsentFree


@wrong("absent_region")
class SkippedIsCounted(Wrong):
    """A mean is over all regions, those that are skipped, too."""

    regions = _AbsentCounted


@wrong("region")
class SquaredForPlain(Wrong):
    """(p − t)² where FP + FN is asked for."""

    regions = _Squared


@wrong("region")
class PlainForSquared(Wrong):
    """FP + FN where (p − t)² is asked for."""

    regions = _SquaredBelow


@wrong("nearly_right_region")
class DifferenceFromOne(Wrong):
    """1 − index, of which nothing is left where the index is next to 1."""

    regions = _Difference


@wrong("nearly_right_region")
class RestOfRounded(Wrong):
    """1 − p of a p that is rounded to 1."""

    regions = _RoundedRest


@wrong("nearly_right_region")
class MoreThanCertain(Wrong):
    """1 − p below 0, of a log-probability above 0."""

    regions = _BelowNothing


@wrong("region")
class DenominatorFixed(Wrong):
    """No gradient to the overlap below the line."""

    regions = _Fixed


@wrong("sides_of_region")
class OneOverGamma(Wrong):
    """The power 1/γ, as the paper of the focal Tversky loss writes it."""

    regions = _Inverted


@wrong("region")
class DiceAsJaccard(Wrong):
    """TP once, not twice."""

    regions = _OneForTwo


@wrong("size_of_class")
class InverseOfSize(Wrong):
    """1/T of each class, not 1/T²."""

    regions = _BySize


@wrong("size_of_class")
class AbsentWithoutWeight(Wrong):
    """The weight 1 for a class without targets, not the largest of all."""

    regions = _AbsentUnweighted


@wrong("absent_region")
class RightWithoutDerivative(Wrong):
    """No gradient where nothing is wrong, though it is a step away."""

    regions = _WithoutDerivative


@wrong("absent_region")
class NothingOverNothing(Wrong):
    """0/0."""

    regions = _Undefined


@wrong("region")
class PixelsUnweighted(Wrong):
    """Sample weights leave out what is 0 and weigh nothing."""

    regions = _Unweighted


@wrong("sorted_region")
class ErrorsUnsorted(Wrong):
    """Errors in the order of the pixels."""

    lovasz = _Unsorted


@wrong("sorted_region")
class LastOfEqualErrors(Wrong):
    """Of equal errors the last is the larger one."""

    lovasz = _LastOfEqual


@wrong("sorted_region")
class PixelsCounted(Wrong):
    """Weights leave out what is 0, and are 1 in what a pixel adds."""

    lovasz = _Counting


@wrong("sorted_region")
class DifferencesOfJaccard(Wrong):
    """J_i − J_{i−1} as a difference, of which nothing is left beside a heavy pixel."""

    lovasz = _SubtractedGains
