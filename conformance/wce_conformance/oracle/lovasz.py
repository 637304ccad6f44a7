"""The Lovász extension of Jaccard loss: errors, sorted, times what each of them adds to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wce_conformance.oracle.autodiff import Var, total
from wce_conformance.oracle.conventions import Chance
from wce_conformance.oracle.overlap import Counted, Pixel
from wce_conformance.oracle.real import NAN, ONE, Real, mp


@dataclass(frozen=True)
class Lovasz:
    """Σ_i e_i·(J_i − J_{i−1}), the errors e from the largest down, of equal ones in their order.

    J_i is the Jaccard loss of a prediction that is wrong at the first i pixels and right elsewhere.
    """

    generalized = False

    def counted(self, pixels: Sequence[Pixel]) -> Counted:
        """As all that is wrong, with T."""
        present = total(pixel.weight * pixel.target for pixel in pixels)
        return Counted(_extension(pixels, present), Var(0), present, mp.zero)

    def loss(self, counted: Counted) -> Var:
        """It is what was counted."""
        return counted.wrong

    def steepness(self, counted: Counted) -> Real:
        """An error is as good as its p."""
        del counted
        return ONE


def _extension(pixels: Sequence[Pixel], present: Var) -> Var:
    errors = [pixel.chance.rest if pixel.target.value == 1 else pixel.chance.p for pixel in pixels]
    if any(mp.isnan(error.value) for error in errors):
        return Var(NAN)
    order = sorted(range(len(errors)), key=lambda i: -errors[i].value)
    gains = _gains([pixels[i] for i in order], present)
    return total(errors[i] * gain for i, gain in zip(order, gains, strict=True))


def _gains(pixels: Sequence[Pixel], present: Var) -> Iterator[Var]:
    """J_i − J_{i−1}, J = 1 − (T − missed) / (T + false), without the difference.

    That would leave what rounding does of two quotients which are equal.
    """
    owned = [pixel.weight * pixel.target for pixel in pixels]
    union = present
    for place, pixel in enumerate(pixels):
        other = pixel.weight * (Var(1) - pixel.target)
        if union.value == 0:
            yield Var(int(other.value > 0))
        else:
            right = total(owned[place + 1 :])
            yield owned[place] / union + other * right / (union * (union + other))
        union += other


def margin_errors(z: Var) -> Chance:
    """The errors max(1 + z, 0) and max(1 − z, 0) of a hinge if the target is 0, and if it is 1."""
    return Chance(_above(Var(1) + z), _above(Var(1) - z))


def _above(margin: Var) -> Var:
    return Var(0) if margin.value <= 0 else margin
