"""Sets of candidates and costs of classes, nearly the right ones."""
# ruff: noqa: D102  # the class says what its one method does

from __future__ import annotations

import numpy as np

from wce_conformance.wrong import of_rows
from wce_conformance.wrong.reference import Call
from wce_conformance.wrong.registry import Wrong, wrong

Pair = tuple[np.ndarray, np.ndarray]


@wrong("share_of_set")
class MarginalAsBest(Wrong):
    """−log of the largest p among the candidates in the place of that of their sum."""

    def of_set(self, call: Call, x: np.ndarray, candidates: np.ndarray) -> Pair:
        if call.options["rule"] == "marginal":
            candidates = of_rows.likeliest(x, candidates)
        return super().of_set(call, x, candidates)


@wrong("share_of_set")
class MarginalAsMass(Wrong):
    """Every candidate is a target of its own: Σ −log p_k, not −log Σ p_k."""

    def of_set(self, call: Call, x: np.ndarray, candidates: np.ndarray) -> Pair:
        if call.options["rule"] != "marginal":
            return super().of_set(call, x, candidates)
        hot = np.eye(call.classes, dtype=bool)
        each = [of_rows.marginal(x, np.broadcast_to(row, x.shape), call.form) for row in hot]
        losses = np.stack([np.where(candidates[..., k], own[0], 0) for k, own in enumerate(each)])
        slopes = [np.where(candidates[..., k, None], own[1], 0) for k, own in enumerate(each)]
        return losses.sum(0), np.stack(slopes).sum(0)


@wrong("share_of_set")
class LogOfSummedSoftmax(Wrong):
    """log of the softmax, summed: 0 where the others are rounded away, −∞ where candidates are."""

    def of_set(self, call: Call, x: np.ndarray, candidates: np.ndarray) -> Pair:
        loss, gradient = super().of_set(call, x, candidates)
        if call.options["rule"] == "marginal" and call.form == "logits":
            loss = -np.log(np.where(candidates, self.softmax(x), 0.0).sum(-1))
        return loss, gradient


@wrong("ties")
class LastOfEqualCandidates(Wrong):
    """Of equal candidates the last is the likeliest."""

    def of_set(self, call: Call, x: np.ndarray, candidates: np.ndarray) -> Pair:
        loss, gradient = super().of_set(call, x[..., ::-1], candidates[..., ::-1])
        return loss, gradient[..., ::-1]


@wrong("pinned")
class PinnedToAConstant(Wrong):
    """The other candidates are set to the likeliest logit as a number, which takes no gradient."""

    def of_set(self, call: Call, x: np.ndarray, candidates: np.ndarray) -> Pair:
        loss, gradient = super().of_set(call, x, candidates)
        if call.options["rule"] == "pinned":
            n = candidates.sum(-1, keepdims=True)
            best = of_rows.likeliest(x, candidates)
            gradient = np.where(best, gradient / n, gradient)
        return loss, gradient


@wrong("pinned")
class PinnedOnce(Wrong):
    """Mass 1 on the set, not on each candidate."""

    def of_set(self, call: Call, x: np.ndarray, candidates: np.ndarray) -> Pair:
        loss, gradient = super().of_set(call, x, candidates)
        if call.options["rule"] == "pinned":
            n = candidates.sum(-1)
            return loss / n, gradient / n[..., None]
        return loss, gradient


@wrong("cost_of_row")
class CostsByColumn(Wrong):
    """A[j, t]: columns are taken for true classes."""

    def costed(self, call: Call, d: np.ndarray) -> np.ndarray:
        return np.asarray(d @ (call.arrays["costs"] * self.paid(call)).T)


@wrong("cost_of_row")
class TrueClassPays(Wrong):
    """The diagonal takes part in the pairwise cost."""

    def paid(self, call: Call) -> np.ndarray:
        return np.ones((call.classes, call.classes))


@wrong("cost_of_row")
class RightIsFree(Wrong):
    """The diagonal takes no part in the expected cost either."""

    def paid(self, call: Call) -> np.ndarray:
        return np.asarray(1.0 - np.eye(call.classes))


@wrong("cost_of_row")
class LogOfRoundedRest(Wrong):
    """log(1 − p) of a p that is rounded to 1 is −∞."""

    def of_costs(self, call: Call, x: np.ndarray, costs: np.ndarray) -> Pair:
        items, gradient = super().of_costs(call, x, costs)
        if call.vector.loss == "pairwise_cost" and call.form == "logits":
            rest = -np.log(1.0 - self.softmax(self.whole(call, x)))
            items = np.where(costs == 0, 0.0, costs * rest).sum(-1)
        return items, gradient


@wrong("cost_of_row")
class CostsAsWeights(Wrong):
    """Costs count in ω: a weighted mean of them is divided by themselves."""

    def weighted(self, call: Call, q: np.ndarray) -> Pair:
        d, omega = super().weighted(call, q)
        return d, self.costed(call, d).sum(-1) if "costs" in call.arrays else omega
