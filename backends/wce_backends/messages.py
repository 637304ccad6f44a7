"""How sums are sent to other processes: all of a dtype at once."""

from __future__ import annotations

from collections.abc import Callable

from wce_core.types import Array


def one_a_dtype(
    sums: tuple[Array, ...], send: Callable[[list[Array]], list[Array]]
) -> tuple[Array, ...]:
    """What becomes of each, those of one dtype sent together; the same order on every process."""
    found: dict[int, Array] = {}
    for dtype in dict.fromkeys(each.dtype for each in sums):
        places = [i for i, each in enumerate(sums) if each.dtype == dtype]
        found.update(zip(places, send([sums[i] for i in places]), strict=True))
    return tuple(found[i] for i in range(len(sums)))
