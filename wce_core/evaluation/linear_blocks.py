"""A linear layer before the loss, in chunks, for frameworks that run operations as they are called.

The logits of a chunk have one place in memory, which the next chunk gets, and their gradient is
written over them a block at a time, while they are in cache.
"""

from __future__ import annotations

from collections.abc import Collection

from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array, Arrays, Cut

from .blocks import Blocks
from .cuts import Each, part_of
from .linear import (
    Ahead,
    Layer,
    ahead,
    finished,
    hidden_states,
    outputs_of,
    rows_at_once,
    to_hidden,
)
from .spec import LossSpec


def in_place(
    ops: ArrayOps,
    spec: LossSpec,
    arrays: Arrays,
    wanted: Collection[str],
    *,
    size: int,
    each: Each = map,
) -> tuple[tuple[Array, ...], Arrays]:
    """What :func:`wce_core.evaluation.linear.evaluated` gives; ``size`` and ``each`` of blocks."""
    known = ahead(ops, spec, arrays)
    chunks = _Chunks(Layer.of(ops, spec, arrays), known, wanted, size, each)
    made = chunks.made()
    return (
        outputs_of(ops, spec, arrays, known, made),
        finished(ops, spec, arrays, chunks.gradients),
    )


class _Chunks:
    """The chunks of a call, and the arrays that they fill."""

    def __init__(
        self, layer: Layer, known: Ahead, wanted: Collection[str], size: int, each: Each
    ) -> None:
        self.layer, self.known, self.size, self.each = layer, known, size, each
        self.ops, self.spec = layer.ops, known.spec
        self.hidden = known.arrays["predictions"]
        self.count = self.hidden.shape[0]
        self.rows = rows_at_once(self.spec, self.count)
        self.place = self._empty(min(self.rows, self.count), self.spec.classes)
        self.gradients: Arrays = {}
        if "predictions" in wanted:
            self.gradients["predictions"] = self._empty(*self.hidden.shape)
        for name, own in (("projection", layer.projection), ("bias", layer.bias)):
            if name in wanted:
                self.gradients[name] = self.ops.xp.zeros_like(own)

    def _empty(self, *shape: int) -> Array:
        return self.ops.empty(shape, self.spec.compute, self.hidden)

    def made(self) -> Array:
        """All chunks done: the losses of items, or their sum."""
        starts = range(0, max(self.count, 1), self.rows)
        cuts = [(slice(s, min(s + self.rows, self.count)), slice(None)) for s in starts]
        found = [self._evaluated(cut) for cut in cuts]
        if self.spec.reduction == "none":
            return found[0] if len(found) == 1 else self.ops.xp.concat(found)
        total = found[0]
        for more in found[1:]:
            total = total + more
        return total

    def _evaluated(self, cut: Cut) -> Array:
        ops, layer = self.ops, self.layer
        part = part_of(self.known.arrays, cut)
        hidden = hidden_states(ops, self.spec, part)
        logits = layer.logits(hidden, self.place[: hidden.shape[0]])
        blocks = Blocks(
            ops,
            self.spec,
            {**part, "predictions": logits},
            self.size,
            self.each,
            gradient=bool(self.gradients),
            known=(self.known.counts, self.known.under),
            slopes=logits,
        )
        made = blocks.made()
        if self.gradients:
            self._add(cut, part, hidden, logits)
        return made

    def _add(self, cut: Cut, part: Arrays, hidden: Array, slopes: Array) -> None:
        ops, gradients = self.ops, self.gradients
        if "projection" in gradients:
            gradients["projection"] = ops.plus_product(gradients["projection"], slopes, hidden)
        if "bias" in gradients:
            gradients["bias"] += ops.xp.sum(slopes, axis=0, dtype=slopes.dtype)
        if "predictions" in gradients:
            gradients["predictions"][cut] = to_hidden(self.layer, self.spec, part, slopes)
