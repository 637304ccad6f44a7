"""What the rounding of x − max x comes to in a region, which is made of p of many rows.

A difference d is rounded by up to |d|·eps/2, and p inherits that as a relative error. Eight times
of a number are meant by what is lost of it, of which four eps are half.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from wce_conformance.oracle.autodiff import Var, derivatives
from wce_conformance.oracle.conventions import Chance
from wce_conformance.oracle.lovasz import Lovasz
from wce_conformance.oracle.overlap import Counted, Overlap
from wce_conformance.oracle.real import Real, from_limit, mp

EIGHTH: Real = mp.mpf(1) / 8


@dataclass
class Row:
    """The logits of an item, its p, how far they are below the largest, and its regions' unrest."""

    logits: Sequence[Var]
    chances: Sequence[Chance]
    unrest: Real = mp.zero
    """The largest relative error of what the derivatives of its p are multiplied with."""

    def distances(self) -> list[Real]:
        """How far each logit is below the largest."""
        largest = max((x.value for x in self.logits), default=mp.zero)
        return [_finite(from_limit(largest - x.value)) for x in self.logits]

    def lost(self) -> Real:
        """Of its derivatives, of which the sizes are known by now."""
        sizes = [_finite(x.size) for x in self.logits]
        below, p = self.distances(), [_finite(own.p.value) for own in self.chances]
        mean = sum((a * b for a, b in zip(p, below, strict=True)), mp.zero)
        own = sum((a * b for a, b in zip(sizes, below, strict=True)), mp.zero)
        pairs = zip(sizes, below, strict=True)
        return EIGHTH * (own + max(size * (d + mean + self.unrest) for size, d in pairs))


@dataclass
class RegionRoundings:
    """Of all regions, and of all rows of which they are made."""

    rows: Sequence[Row]
    regions: list[Real] = field(default_factory=list)

    def add(
        self, loss: Var, overlap: Overlap | Lovasz, counted: Counted, rows: Sequence[Row]
    ) -> None:
        """The next region, with its rows."""
        self.regions.append(EIGHTH * _error(loss, rows))
        unrest = mp.zero
        if isinstance(overlap, Overlap):
            unrest = _unrest(overlap, counted, rows)
        for row in rows:
            row.unrest = max(row.unrest, unrest)

    def of_items(self) -> list[Real]:
        """Of each region's loss."""
        return self.regions

    def of_rows(self) -> list[Real]:
        """Of the derivatives of each row."""
        return [row.lost() for row in self.rows]


def _unrest(overlap: Overlap, counted: Counted, rows: Sequence[Row]) -> Real:
    """The relative error of ∂ℓ/∂N or ∂ℓ/∂S, whichever is larger."""
    wrong, right = counted.wrong.value, counted.hit.value + mp.mpf(overlap.smooth)
    if not (mp.isfinite(wrong + right) and wrong > 0):
        return mp.zero
    of_wrong, of_right = _error(counted.wrong, rows), _error(counted.hit, rows)
    gamma, whole = mp.mpf(overlap.gamma), (of_wrong + of_right) / (wrong + right)
    to_wrong = abs(gamma - 1) * of_wrong / wrong + 2 * whole
    to_wrong += of_right / right if right > 0 else 0
    to_right = gamma * of_wrong / wrong + (gamma + 1) * whole
    return max(to_wrong, to_right) * (2 if overlap.squared else 1)


def _error(of: Var, rows: Sequence[Row]) -> Real:
    """Σ |∂/∂x|·|x − max x|."""
    logits = [x for row in rows for x in row.logits]
    below = [d for row in rows for d in row.distances()]
    pairs = zip(derivatives(of, logits), below, strict=True)
    return _finite(sum((abs(slope) * d for slope, d in pairs), mp.zero))


def _finite(number: Real) -> Real:
    return number if mp.isfinite(number) else mp.zero
