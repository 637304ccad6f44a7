"""What was measured over several seeds: its spread, its table, and which setting won."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from scipy import stats

Scores = dict[str, list[dict[str, float]]]
"""Setting → what was measured, once for each seed. The first setting is the usual one."""


class Measure(NamedTuple):
    """One number about a trained model."""

    name: str
    higher: bool = True
    """Is more of it better?"""
    percent: bool = True
    digits: int = 1

    def shown(self, values: Sequence[float], unit: str = " %") -> str:
        """Mean ± standard deviation over seeds."""
        scale, digits = 100.0 if self.percent else 1.0, self.digits
        mean, deviation = scale * statistics.fmean(values), scale * statistics.stdev(values)
        return f"{mean:.{digits}f} ± {deviation:.{digits}f}{unit if self.percent else ''}"


def values(scores: Scores, setting: str, measure: Measure) -> list[float]:
    """One number per seed."""
    return [each[measure.name] for each in scores[setting]]


def table(scores: Scores, measures: Sequence[Measure]) -> list[list[str]]:
    """Its head, and a row for each setting."""
    head = ["setting", *(measure.name for measure in measures)]
    rows = [[s, *(m.shown(values(scores, s, m)) for m in measures)] for s in scores]
    return [head, *rows]


def verdict(scores: Scores, measure: Measure) -> str:
    """Which setting won, by how much, and whether these seeds can tell.

    A lead counts if the 95 % interval of its mean, by Student's t, is above 0. Settings share the
    data of a seed, so leads are taken seed by seed.
    """
    sign = 1 if measure.higher else -1
    usual = next(iter(scores))
    means = {
        setting: sign * statistics.fmean(values(scores, setting, measure)) for setting in scores
    }
    best, *others = sorted(means, key=lambda setting: means[setting], reverse=True)
    leads = {other: _lead(scores, measure, best, other) for other in others}
    equal = [other for other in others if not _counts(leads[other])]
    own = f"{measure.name} {measure.shown(values(scores, best, measure))}"
    seeds = f"{len(scores[best])} seeds"
    if not equal:
        what = f"“{best}” won: {own}, over {seeds}"
    else:
        tied = " and ".join(f"“{other}”" for other in equal)
        what = f"Nothing won: “{best}” is first, {own}, but {seeds} cannot tell it from {tied}"
    nearest = equal[0] if equal else others[0]
    named = [nearest] if usual in (best, nearest, *equal) else [nearest, usual]
    ahead = " and ".join(f"{measure.shown(leads[o], ' points')} ahead of “{o}”" for o in named)
    return f"{what}. Seed by seed it is {ahead}."


def _lead(scores: Scores, measure: Measure, best: str, other: str) -> list[float]:
    sign = 1 if measure.higher else -1
    pairs = zip(values(scores, best, measure), values(scores, other, measure), strict=True)
    return [sign * (own - theirs) for own, theirs in pairs]


def _counts(lead: Sequence[float]) -> bool:
    error = statistics.stdev(lead) / len(lead) ** 0.5
    return bool(statistics.fmean(lead) > float(stats.t.ppf(0.975, len(lead) - 1)) * error)
