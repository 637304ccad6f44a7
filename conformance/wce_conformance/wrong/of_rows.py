"""Sets of candidates and costs of classes in plain NumPy: what other losses read of a row.

Classes are last. Each function gives a loss per item, of a factor of 1, and its gradient to the
predictions. Predictions are logits, whose rows without a distribution are NaN, probabilities, or
log-probabilities.
"""

from __future__ import annotations

import numpy as np

from wce_conformance.wrong.steps import quotient

INF = float("inf")
Pair = tuple[np.ndarray, np.ndarray]


def part(x: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The largest of the members, Σ e^(x − largest), and the share of each, alike if all are −∞.

    1 in the place of a sum of none, which is e^−∞ of what is the largest of all.
    """
    inner = np.where(members, x, -INF)
    top = inner.max(-1, keepdims=True)
    e = np.where(members & (top == -INF), 1.0, np.exp(inner - np.where(top == -INF, 0.0, top)))
    whole = np.maximum(e.sum(-1, keepdims=True), 1.0)
    return top, whole, e / whole


def against(x: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """−log of the share of the members, that of all others, and the difference of their shares."""
    (inner, inside, own), (outer, outside, others) = part(x, members), part(x, ~members)
    distance = outer - inner
    odds = (outside / inside) * np.exp(np.minimum(distance, 30.0))
    far = distance + np.log(outside / inside)
    loss = np.where(distance > 30.0, far, np.log1p(odds))
    rest = np.where(distance > 30.0, 1.0, odds / (1.0 + odds))
    return loss, rest, others - own


def likeliest(x: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """1 at the largest of the candidates, of equal ones the first."""
    least = np.nan_to_num(x, nan=0.0, posinf=1e308, neginf=-1e308)
    index = np.where(candidates, least, -INF).argmax(-1)
    return np.asarray(index[..., None] == np.arange(x.shape[-1]))


def marginal(x: np.ndarray, candidates: np.ndarray, form: str) -> Pair:
    """−log Σ p over the candidates."""
    if form == "logits":
        loss, rest, difference = against(x, candidates)
        return loss[..., 0], rest * difference
    if form == "probabilities":
        p = np.where(candidates, x, 0.0)
        best = np.where(likeliest(x, candidates), p, 0.0).sum(-1, keepdims=True)
        others = (p * ~likeliest(x, candidates)).sum(-1, keepdims=True)
        excess, whole = others - (1.0 - best), others + best
        loss = np.where(np.abs(excess) < 0.25, -np.log1p(excess), -np.log(whole))
        return loss[..., 0], -quotient(candidates * 1.0, whole)
    top, whole, own = part(x, candidates)
    return -(top + np.log(whole))[..., 0], -own


def pinned(x: np.ndarray, candidates: np.ndarray, form: str) -> Pair:
    """Mass 1 on each candidate, all of them as likely as the likeliest."""
    best, n = likeliest(x, candidates), candidates.sum(-1, keepdims=True)
    if form == "logits":
        # The likeliest stands for all: n times as much, log n higher.
        level = np.where(candidates & ~best, -INF, np.where(best, x + np.log(n), x))
        loss, rest, difference = against(level, best)
        return (n * (np.log(n) + loss))[..., 0], n * rest * difference
    p = np.where(candidates, np.exp(x) if form == "log_probabilities" else x, 0.0)
    own = np.where(best, x, 0.0).sum(-1, keepdims=True)
    at_best = np.where(best, p, 0.0).sum(-1, keepdims=True)
    if form == "probabilities":
        surprise = np.where(own > 0.75, -np.log1p(own - 1.0), -np.log(own))
    else:
        surprise = -own
    gap = np.where(candidates, at_best - p, 0.0).sum(-1, keepdims=True)
    rest = 1.0 - np.where(best, 0.0, p).sum(-1, keepdims=True)
    to_others = -n * candidates / (1.0 + gap) * (p if form == "log_probabilities" else 1.0)
    to_best = -n * rest / (1.0 + gap) / (1.0 if form == "log_probabilities" else at_best)
    return (n * (np.log1p(gap) + surprise))[..., 0], np.where(best, to_best, to_others)


def chances(x: np.ndarray, form: str) -> tuple[np.ndarray, np.ndarray]:
    """p of every class, and its derivatives (…, class, prediction)."""
    eye = np.eye(x.shape[-1])
    if form == "logits":
        rest = np.stack([against(x, row > 0)[1][..., 0] for row in eye], -1)
        p = part(x, np.ones_like(x, bool))[2]
        return p, p[..., :, None] * (eye * rest[..., :, None] - (1 - eye) * p[..., None, :])
    p = np.exp(x) if form == "log_probabilities" else x
    return p, along(p if form == "log_probabilities" else np.ones_like(p))


def complements(x: np.ndarray, form: str) -> tuple[np.ndarray, np.ndarray]:
    """−log(1 − p) of every class, and its derivatives (…, class, prediction)."""
    eye = np.eye(x.shape[-1])
    if form == "logits":
        found = [against(x, row == 0) for row in eye]
        loss = np.stack([own[0][..., 0] for own in found], -1)
        return loss, np.stack([own[1] * own[2] for own in found], -2)
    if form == "probabilities":
        return -np.log1p(-x), along(1.0 / (1.0 - x))
    x = np.minimum(x, 0.0)
    loss = np.where(x > -1, -np.log(-np.expm1(x)), -np.log1p(-np.exp(x)))
    return loss, along(1.0 / np.expm1(0.0 - x))


def along(slopes: np.ndarray) -> np.ndarray:
    """Of what depends on its own prediction alone."""
    return np.where(np.eye(slopes.shape[-1]) > 0, slopes[..., :, None], 0.0)
