"""Cases too long to write out: a block of items repeated, and many classes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wce_conformance.cases import Case, Tensor
from wce_conformance.cases.by_hand import binary, multiclass
from wce_conformance.cases.case import LAYER
from wce_conformance.oracle import Lost, Parts, Result, map_nested
from wce_conformance.oracle.real import mp
from wce_conformance.oracle.reduction import DENOMINATORS

_KEEP_VALUE = tuple(DENOMINATORS)


class Tiled(Tensor):
    """An array whose values were looked at when the block that it repeats was made."""

    def __post_init__(self) -> None:
        """Nothing to check."""


@dataclass(frozen=True)
class LongCase(Case):
    """`block` over and over, `times` times along the leading axis of its items."""

    block: Case
    times: int

    def expected(self, wrt: Collection[str] = ()) -> Result:
        """From the block: a mean is that of the block, and each item's part in it 1/times."""
        if wrt:
            raise ValueError("wrt: a long case has a gradient to the predictions only")
        return scaled(self.block.expected(), self.block, self.times)


def long(block: Case, times: int, case_id: str) -> LongCase:
    """The items of a case `times` times over; class weights stay as they are."""
    return LongCase(
        id=case_id,
        loss=block.loss,
        dtype=block.dtype,
        predictions=tiled(block.predictions, times),
        targets=tiled(block.targets, times),
        arguments={
            name: tiled(value, times) if isinstance(value, Tensor) and name in PER_ITEM else value
            for name, value in block.arguments.items()
        },
        comment=block.comment,
        flags=block.flags,
        block=block,
        times=times,
    )


PER_ITEM = ("sample_weight", "mask")
"""The arguments that have a leading axis of items."""


def tiled(tensor: Tensor, times: int) -> Tensor:
    """The rows of an array over and over."""
    return Tiled(tensor.dtype, (tensor.shape[0] * times, *tensor.shape[1:]), tensor.data * times)


def more_cases() -> list[Case]:
    """What `small_cases()` lacks."""
    return list(_counts_beyond_half_types())


def large_cases() -> list[Case]:
    """A million items, and a hundred thousand classes: made when asked for, not stored."""
    return [*_a_million_items(), *_many_classes()]


def scaled(result: Result, block: Case, times: int) -> Result:
    """The answer to a block of items that is repeated."""
    mean = block.arguments.get("reduction", "mean") in _KEEP_VALUE
    count = times if mean else 1
    with mp.workdps(60):
        parts = Parts(*(number * times for number in result.parts))
        value = result.value if mean else _summed(result, parts, block, times)
    return replace(
        result,
        value=value,
        items=result.items * times,
        omega=result.omega * times,
        slope=result.slope * times,
        steepness=result.steepness * times,
        bend=result.bend * times,
        parts=parts,
        loss_scale=result.loss_scale * (1 if mean else times),
        gradient=_divided(result.gradient, count) * times,
        gradient_scale=_divided(result.gradient_scale, count) * times,
        gradients=_of_layer(result.gradients, mp.mpf(times) / count),
        gradient_sizes={
            "predictions": _divided(result.gradient_sizes["predictions"], count) * times,
            **_of_layer(result.gradient_sizes, mp.mpf(times) / count),
        },
        lost=None if result.lost is None else _lost(result.lost, count, times),
    )


def _of_layer(gradients: Mapping[str, Any], factor: Any) -> dict[str, Any]:
    """To what all items have in common."""
    own = {name: gradients[name] for name in LAYER if name in gradients}
    return {n: map_nested(lambda number: number * factor, nested) for n, nested in own.items()}


def _lost(lost: Lost, count: int, times: int) -> Lost:
    return Lost(lost.items * times, _divided(lost.gradient, count) * times)


def _summed(result: Result, parts: Parts, block: Case, times: int) -> Any:
    """The value of a reduction that divides by no number of items."""
    values = {"parts": parts, "none": result.items * times}
    return values.get(str(block.arguments["reduction"]), result.value * times)


def _divided(nested: Any, count: int) -> Any:
    with mp.workdps(60):
        return map_nested(lambda number: mp.fdiv(number, count), nested)


def _counts_beyond_half_types() -> Iterator[Case]:
    """65,536 items are no float16, 257 no bfloat16."""
    logits = [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5], [2.0, 1.5, -3.0], [0.0, 0.25, 0.0]]
    answers = [[1, 0, 1], [0, 0, 1], [1, 1, 0], [0, 1, 0]]
    weights = {"class_weight": [0.5, 2.0, 1.0]}
    for dtype, times in (("float16", 16_384), ("bfloat16", 16_384), ("float32", 16_384)):
        for reduction in ("mean", "weighted_mean", "parts"):
            block = multiclass(
                "block",
                dtype,
                logits,
                [2, 0, 1, 1],
                _COUNT,
                "count_dtype",
                reduction=reduction,
                **weights,
            )
            yield _named(block, times, reduction)
        block = binary("block", dtype, logits, answers, _COUNT, "count_dtype", pos_weight=3.0)
        yield _named(block, times, "mean")
    for reduction in ("mean", "nonzero_mean"):
        block = multiclass(
            "block",
            "bfloat16",
            [[0.5, -1.0, 2.0]],
            [0],
            _COUNT,
            "count_dtype",
            reduction=reduction,
            **weights,
        )
        yield _named(block, 257, reduction)


_COUNT = "more items than the dtype can count: counts and sums are not its business"


def _named(block: Case, times: int, reduction: str) -> LongCase:
    items = times * block.predictions.shape[0]
    return long(block, times, f"{block.loss}/{items} items, {reduction}/{block.dtype}")


def _a_million_items() -> Iterator[Case]:
    for dtype in ("float64", "float32", "float16", "bfloat16"):
        options: Mapping[str, Any] = {"sample_weight": [0.5, 2.0], "reduction": "weighted_mean"}
        block = multiclass(
            "block",
            dtype,
            [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]],
            [2, 1],
            "a million items",
            "large",
            **options,
        )
        yield long(block, 500_000, f"cross_entropy/a million items/{dtype}")


def _many_classes() -> Iterator[Case]:
    row = [((37 * k) % 101) / 16 - 3 for k in range(100_000)]
    for dtype in ("float32", "bfloat16"):
        yield multiclass(
            "a hundred thousand classes",
            dtype,
            [row],
            [65_537],
            "a sum over many classes",
            "large",
        )
