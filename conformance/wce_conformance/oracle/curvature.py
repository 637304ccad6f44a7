"""Second derivatives to the predictions: differences of first ones, at sixty digits."""

from collections.abc import Callable
from typing import Any

from wce_conformance.oracle.grid import Grid, Index, Nested, positions
from wce_conformance.oracle.real import Real, mp

STEP: Real = mp.mpf(2) ** -30
"""Its square is what a central difference is off by, some 10⁻¹⁸ of it."""


def curvature(
    gradient: Callable[[Grid[Any]], Nested], predictions: Grid[Any], axis: int | None
) -> Grid[Real]:
    """∂²Σℓ/∂x² of each prediction alone, given what makes ∂Σℓ/∂x of predictions.

    Items do not depend on each other, so one prediction of every item is moved at a time: with
    class axis `axis` that of one class; None: there is no other.
    """
    classes = 1 if axis is None else predictions.shape[axis]
    found: dict[Index, Real] = {}
    for chosen in range(classes):
        above, below = (
            Grid.of(gradient(_moved(predictions, axis, chosen, step))) for step in (STEP, -STEP)
        )
        for at in positions(predictions.shape):
            if axis is None or at[axis] == chosen:
                with mp.workdps(60):
                    found[at] = (above.at(at) - below.at(at)) / (2 * STEP)
    return Grid(predictions.shape, tuple(found[at] for at in positions(predictions.shape)))


def _moved(predictions: Grid[Any], axis: int | None, chosen: int, step: Real) -> Grid[Real]:
    """Exactly: a sum of a float64 number and a step has more digits than are set."""
    flat = (
        mp.fadd(x, step, exact=True) if axis is None or at[axis] == chosen else mp.convert(x)
        for at, x in zip(positions(predictions.shape), predictions.flat, strict=True)
    )
    return Grid(predictions.shape, tuple(flat))
