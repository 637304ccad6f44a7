"""The answer: a loss, what it is made of, and its derivatives, to at least thirty digits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from wce_conformance.oracle.autodiff import Var, backward
from wce_conformance.oracle.grid import Grid, Index, Nested
from wce_conformance.oracle.real import ONE, Real, from_limit, mp
from wce_conformance.oracle.reduction import Batch, Parts, Reduction

# A derivative that cancels beyond the last precision is 0: whatever it is, for inputs and
# weights of float64 it is below the smallest float64.
PRECISIONS = (60, 400, 800)
RIGHT_DIGITS = 30


@dataclass(frozen=True)
class Result:
    """What a call gives.

    `value`: the reduced loss, the items for reduction "none", `Parts` for "parts".
    `items`, `omega`: ℓ and ω in the items' shape, 0 where excluded. `parts`: sums and counts.
    `slope`, `steepness`, `bend`: of each item's terms, 1 for cross-entropy: what an absolute error
    of −log p is multiplied with, a relative one in the loss, and in its gradient. `loss_scale`:
    Σ|ℓ| times the steepness, over the denominator, 0 over a denominator of 0.
    `gradient`: of the reduced loss (of Σℓ for "none" and "parts") to the predictions.
    `gradient_scale`: per item, the largest finite size of its gradient elements; for logits and
    class masses d (weights, factors and denominator included)
    max_j |d_j|(1 − p_j) + p_j Σ_{k≠j} |d_k|; times the bend.
    `gradients`: to each further argument asked for, in its shape; weights given as a mapping
    are in the order of the classes. `gradient_sizes`: for "predictions" and each of those, the
    sum of the magnitudes of the terms of every element before they cancel; but for "predictions"
    times the largest steepness of all items.
    `lost`: where more is lost of logits than the items themselves tell.
    """

    value: Nested
    items: Nested
    omega: Nested
    parts: Parts
    slope: Nested
    steepness: Nested
    bend: Nested
    loss_scale: Real
    gradient: Nested
    gradient_scale: Nested
    gradients: Mapping[str, Nested]
    gradient_sizes: Mapping[str, Nested]
    lost: Lost | None = None


class Lost(NamedTuple):
    """What the rounding of differences of logits comes to, in eps.

    `items`: of the loss of each item; `gradient`: of what each row of predictions has a derivative
    of, over the denominator.
    """

    items: Nested
    gradient: Nested


class Roundings(Protocol):
    """What knows of a loss what its :class:`Lost` is, once it was differentiated."""

    def of_items(self) -> Sequence[Real]:
        """One for each item."""
        ...

    def of_rows(self) -> Sequence[Real]:
        """One for each row of predictions."""
        ...


@dataclass(frozen=True)
class Graph:
    """A loss written out.

    Its items, in `shape`, rows of predictions, one for each of them unless they have `places` of
    their own, and every argument that it can be differentiated to.
    """

    shape: Index
    batch: Batch
    rows: Sequence[Sequence[Var]]
    leaves: Mapping[str, Grid[Var]]
    places: Index | None = None
    roundings: Roundings | None = None


def evaluated(build: Callable[[], Graph], reduction: Reduction, wrt: Collection[str]) -> Result:
    """The result, computed with as many digits as its derivatives need.

    `build` writes the loss out at the precision of the moment.
    """
    for digits in PRECISIONS[:-1]:
        with mp.workdps(digits):
            graph = _differentiated(build(), reduction, wrt)
            if not any(_cancelled(leaf) for name in wrt for leaf in graph.leaves[name].flat):
                return _collected(graph, reduction, wrt)
    with mp.workdps(PRECISIONS[-1]):
        return _collected(_differentiated(build(), reduction, wrt), reduction, wrt)


def _differentiated(graph: Graph, reduction: Reduction, wrt: Collection[str]) -> Graph:
    missing = set(wrt) - set(graph.leaves)
    if missing:
        raise ValueError(f"wrt: nothing to differentiate to in {sorted(missing)}")
    backward(reduction.reduced(graph.batch))
    return graph


def _cancelled(leaf: Var) -> bool:
    """Whether cancellation left fewer than RIGHT_DIGITS digits of the derivative."""
    if not (mp.isfinite(leaf.grad) and mp.isfinite(leaf.size)):
        return False
    return bool(abs(leaf.grad) < leaf.size * mp.mpf(10) ** (RIGHT_DIGITS - mp.dps))


def _collected(graph: Graph, reduction: Reduction, wrt: Collection[str]) -> Result:
    items = Grid(graph.shape, tuple(item.loss.value for item in graph.batch.items)).nested()
    omega = Grid(graph.shape, tuple(item.omega.value for item in graph.batch.items)).nested()
    bends = tuple(item.bend for item in graph.batch.items)
    places = graph.shape if graph.places is None else graph.places
    steepest = max((item.steepest for item in graph.batch.items), default=ONE)
    scales = tuple(
        largest([_size(leaf) for leaf in row]) * times
        for row, times in zip(graph.rows, _bends_of_rows(graph), strict=True)
    )
    sizes = {name: graph.leaves[name].map(_size) for name in wrt}
    parts = graph.batch.parts()
    values = {"none": items, "parts": parts}
    derivatives = {name: graph.leaves[name].map(_derivative).nested() for name in wrt}
    return Result(
        value=values.get(reduction.name, reduction.reduced(graph.batch).value),
        items=items,
        omega=omega,
        parts=parts,
        slope=Grid(graph.shape, tuple(item.slope for item in graph.batch.items)).nested(),
        steepness=Grid(graph.shape, tuple(item.steepness for item in graph.batch.items)).nested(),
        bend=Grid(graph.shape, bends).nested(),
        loss_scale=_loss_scale(graph.batch, reduction),
        gradient=derivatives.pop("predictions"),
        gradient_scale=Grid(places, scales).nested(),
        gradients=derivatives,
        gradient_sizes={
            name: own.nested()
            if name == "predictions"
            else own.map(lambda s: s * steepest).nested()
            for name, own in sizes.items()
        },
        lost=_lost(graph, places),
    )


def _bends_of_rows(graph: Graph) -> list[Real]:
    bends = [item.bend for item in graph.batch.items]
    return bends if graph.places is None else [ONE] * len(graph.rows)


def _lost(graph: Graph, places: Index) -> Lost | None:
    if graph.roundings is None:
        return None
    of_items, of_rows = graph.roundings.of_items(), graph.roundings.of_rows()
    return Lost(Grid(graph.shape, tuple(of_items)).nested(), Grid(places, tuple(of_rows)).nested())


def _derivative(leaf: Var) -> Real:
    return mp.zero if _cancelled(leaf) else from_limit(leaf.grad)


def _size(leaf: Var) -> Real:
    return from_limit(leaf.size)


def _loss_scale(batch: Batch, reduction: Reduction) -> Real:
    denominator = reduction.denominator(batch).value
    if denominator == 0:
        return mp.zero
    sizes = (abs(item.loss.value) * item.steepness for item in batch.items)
    return sum(sizes, mp.zero) / abs(denominator)


def largest(sizes: Sequence[Real]) -> Real:
    """The largest that is finite, if any is: beside infinity every error would be small."""
    return max([size for size in sizes if mp.isfinite(size)] or sizes)
