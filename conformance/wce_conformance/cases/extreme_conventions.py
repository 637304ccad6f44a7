"""Conventions of probabilities: their order, and what is left near 0 and 1."""

from collections.abc import Iterator
from typing import Any

from wce_conformance.cases.by_hand import binary, each_dtype, in_turn, multiclass
from wce_conformance.cases.case import Case
from wce_conformance.oracle import Probabilities

NEXT_TO_ONE = {
    "float64": 1 - 2.0**-53,
    "float32": 1 - 2.0**-24,
    "float16": 1 - 2.0**-11,
    "bfloat16": 1 - 2.0**-8,
}


def cases() -> Iterator[Case]:
    """All of this theme."""
    yield from in_turn(_order)
    yield from each_dtype(_offset_near_one)
    yield from in_turn(_offset_beyond_one)
    yield from each_dtype(_clip_between_two_numbers)
    yield from each_dtype(_certain_rows)
    yield from in_turn(_bounds_that_are_met)
    yield from in_turn(_beyond_float32)


def _order(dtype: str) -> Iterator[Case]:
    rows = [[0.25, 0.5, 0.125], [1.0, 0.0, 0.5], [0.0, 0.0625, 0.0625]]
    orders: dict[str, dict[str, Any]] = {
        "normalized, then an offset": {"normalize": "after", "offset": 0.125},
        "normalized, then clipped, then an offset": {
            "normalize": "before", "clip": 0.0625, "offset": 0.125,
        },
        "clipped, then normalized, then a floor": {
            "normalize": "after", "clip": 0.0625, "floor": -1.5,
        },
        "all of them": {"normalize": "after", "clip": 0.0625, "offset": 0.25, "floor": -1.0},
    }  # fmt: skip
    for name, options in orders.items():
        dense = [[0.5, 0.25, 0.25], [0.0, 1.0, 0.0], [2.0, 0.0, 1.0]]
        for kind, targets in (("indices", [0, 1, 2]), ("mass", dense)):
            yield multiclass(
                f"{name}, {kind}", dtype, rows, targets,
                "offset and floor belong to the logarithm, not to the sum of the row",
                "conventions", form=Probabilities(**options), reduction="none",
            )  # fmt: skip
    orders = {
        "clipped, then a floor": {"clip": 2.0**-23, "floor": -100.0},
        "clipped, then a floor above": {"clip": 2.0**-7, "floor": -3.0},
        "clipped, then an offset": {"clip": 2.0**-7, "offset": 2.0**-7},
        "an offset, then a floor": {"offset": 2.0**-7, "floor": -4.0},
    }
    for name, options in orders.items():
        yield binary(
            name, dtype, [0.0, 1.0, 0.0, 1.0, 0.25, 0.75], [1.0, 0.0, 0.0, 1.0, 0.5, 1.0],
            "the floor is looked at last",
            "conventions", form=Probabilities(**options), reduction="none",
        )  # fmt: skip


def _offset_near_one(dtype: str) -> Iterator[Case]:
    near = NEXT_TO_ONE[dtype]
    for offset in (1e-7, 1e-8, 1e-17):
        yield binary(
            f"certain mistakes, offset {offset:g}", dtype,
            [1.0, near, 0.0, 0.5, 0.99], [0.0, 0.0, 1.0, 0.0, 0.0],
            "log(1 − p + offset): the offset must not be lost in 1 + offset",
            "conventions", "offset_near_one", form=Probabilities(offset=offset), reduction="none",
        )  # fmt: skip
    yield binary(
        "certain mistakes, offset and mean", dtype, [1.0, near, 0.75], [0, 0, 1],
        "the default of TensorFlow's log_loss",
        "conventions", "offset_near_one", form=Probabilities(offset=1e-7),
    )  # fmt: skip


def _offset_beyond_one(dtype: str) -> Iterator[Case]:
    tiny = 2.0**-14 if dtype == "float16" else 1e-20
    for offset in (1e-7, 0.25, 0.75, 1.5):
        yield binary(
            f"certain and right, offset {offset:g}", dtype,
            [1.0, NEXT_TO_ONE[dtype], 0.0, tiny, 0.75, 0.25], [1.0, 1.0, 0.0, 0.0, 1.0, 0.0],
            "p + offset may be a little more than 1, and the loss a little less than 0",
            "conventions", "offset_near_one", form=Probabilities(offset=offset), reduction="none",
        )  # fmt: skip
        yield multiclass(
            f"certain rows, offset {offset:g}", dtype,
            [[1.0, 0.0, 0.0], [0.75, 0.25, 0.0]], [0, 0],
            "p + offset may be a little more than 1, and the loss a little less than 0",
            "conventions", "offset_near_one", form=Probabilities(offset=offset), reduction="none",
        )  # fmt: skip


def _clip_between_two_numbers(dtype: str) -> Iterator[Case]:
    """1 − clip is between two floats: which side of it p is on, only 1 − p tells."""
    near = NEXT_TO_ONE[dtype]
    clip = 1.25 * (1 - near)
    yield binary(
        "clipped next to 1", dtype, [near, near, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0],
        "1 − clip rounds to p, and yet p is beyond it",
        "conventions", "clip", form=Probabilities(clip=clip), reduction="none",
    )  # fmt: skip
    yield multiclass(
        "clipped next to 1", dtype, [[near, 0.0], [0.0, 1.0]], [0, 1],
        "1 − clip rounds to p, and yet p is beyond it",
        "conventions", "clip", form=Probabilities(clip=clip), reduction="none",
    )  # fmt: skip


def _certain_rows(dtype: str) -> Iterator[Case]:
    rows = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [3.0, 2.0**-13, 0.0], [0.25, 0.25, 2.0**-12]]
    for when in ("before", "after"):
        for kind, targets in (
            ("indices", [0, 1, 0, 1]),
            ("mass", [[1.0, 0.0, 0.0], [0.0, 0.5, 0.0], [1.0, 1.0, 0.0], [0.25, 0.5, 0.25]]),
        ):
            yield multiclass(
                f"certain rows, normalized {when}, {kind}", dtype, rows, targets,
                "1 − p is the sum of the others",
                "conventions", "normalize",
                form=Probabilities(clip=1e-7, normalize=when), reduction="none",
            )  # fmt: skip
    yield multiclass(
        "rows of any sum, not clipped", dtype, rows, [0, 1, 1, 2],
        "an entry of 0 beside the target is ordinary",
        "conventions", "normalize", form=Probabilities(normalize="before"), reduction="none",
    )  # fmt: skip


def _bounds_that_are_met(dtype: str) -> Iterator[Case]:
    options: dict[str, Any] = {"reduction": "none"}
    yield binary(
        "mistakes at the floor", dtype, [0.0, 1.0, 1.0, 0.0, 0.5], [1.0, 0.0, 1.0, 0.0, 1.0],
        "constant there: gradient 0",
        "conventions", "clamp", form=Probabilities(floor=-100.0), **options,
    )  # fmt: skip
    yield multiclass(
        "mistakes at the floor", dtype, [[0.0, 1.0], [0.5, 0.5]], [[0.5, 0.5], [1.0, 0.0]],
        "constant there: gradient 0",
        "conventions", "clamp", form=Probabilities(floor=-100.0), **options,
    )  # fmt: skip
    yield multiclass(
        "weighted conventions", dtype, [[0.5, 0.25, 0.125], [1.0, 0.0, 0.0]], [2, 0],
        "weights stand outside of the logarithm",
        "conventions", form=Probabilities(clip=0.0625, normalize="after"),
        class_weight=[1.0, 2.0, 4.0], sample_weight=[0.5, 3.0], label_smoothing=0.25,
        reduction="weighted_mean",
    )  # fmt: skip


def _beyond_float32(dtype: str) -> Iterator[Case]:
    bounds: list[tuple[str, float]] = [
        (name, number) for number in (1e-50, 1e-40) for name in ("offset", "clip")
    ]
    for name, number in bounds:
        options: dict[str, Any] = {name: number}
        yield binary(
            f"{name} {number:g}", dtype, [0.0, 1.0, 0.5], [1.0, 0.0, 1.0],
            "float32 has no such number, and its logarithm is 115 or 92",
            "conventions", "clamp", form=Probabilities(**options), reduction="none",
        )  # fmt: skip
