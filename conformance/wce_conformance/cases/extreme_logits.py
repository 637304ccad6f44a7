"""Finite logits where rounding, overflow, underflow or cancellation is near."""

from collections.abc import Iterator

from wce_conformance.cases.by_hand import binary, each_dtype, multiclass
from wce_conformance.cases.case import Case

MAXIMUM = {
    "float64": 1.7976931348623157e308,
    "float32": 3.4028234663852886e38,
    "float16": 65504.0,
    "bfloat16": 3.3895313892515355e38,
}
# The largest offset at which the dtype still tells 1 (float64) or its own spacing apart.
OFFSETS = {
    "float64": (1e8, 1.0),
    "float32": (16777216.0, 2.0),
    "float16": (2048.0, 2.0),
    "bfloat16": (256.0, 2.0),
}
SMALLEST = 5e-324


def cases() -> Iterator[Case]:
    """All of this theme."""
    yield from each_dtype(_far_apart)
    yield from each_dtype(_offset)
    yield from each_dtype(_largest)
    yield from each_dtype(_cancelling)
    yield from _subnormal()


def _far_apart(dtype: str) -> Iterator[Case]:
    for size in (88.7, 745.0, 1e4):
        x, mid = [size, -size, 0.0], [-size, size / 2, size / 2]
        for reduction in ("none", "mean"):
            yield multiclass(
                f"logits ±{size:g} {reduction}",
                dtype,
                [x, x, x, mid, mid],
                [0, 1, 2, 0, 1],
                "one class certain, the target right, wrong or between",
                "saturation",
                reduction=reduction,
            )
            yield binary(
                f"logits ±{size:g} {reduction}",
                dtype,
                [size, size, -size, -size, size, -size],
                [1.0, 0.0, 1.0, 0.0, 0.5, 0.25],
                "certain, and right, wrong or half right",
                "saturation",
                reduction=reduction,
            )


def _offset(dtype: str) -> Iterator[Case]:
    offset, step = OFFSETS[dtype]
    row = [offset + step, offset, offset - step]
    yield multiclass(
        "a large common offset",
        dtype,
        [row, row, row],
        [0, 1, 2],
        "only differences of logits count",
        "offset",
        reduction="none",
    )


def _largest(dtype: str) -> Iterator[Case]:
    top = MAXIMUM[dtype]
    yield multiclass(
        "half the largest number",
        dtype,
        [[top / 2, -top / 2, 0.0], [top / 2, -top / 2, 0.0]],
        [1, 0],
        "the difference is the largest number, and so is the loss",
        "overflow",
        reduction="none",
    )
    yield multiclass(
        "the largest number",
        dtype,
        [[top, -top], [-top, top], [top, top]],
        [1, 1, 0],
        "a difference beyond the dtype; the gradient is ordinary",
        "overflow",
        reduction="none",
    )
    yield binary(
        "the largest number",
        dtype,
        [top, -top, top, -top],
        [1, 1, 0, 0],
        "the loss is the largest number or 0",
        "overflow",
        reduction="none",
    )
    if dtype != "float64":
        yield binary(
            "a mean of large losses",
            dtype,
            [-top, -top, -top],
            [1, 1, 1],
            "the sum overflows the dtype, the mean does not",
            "overflow",
            "sum_overflow",
        )


def _cancelling(dtype: str) -> Iterator[Case]:
    yield multiclass(
        "uniform logits and shares",
        dtype,
        [[1.5] * 4, [-3.0] * 4],
        [[0.25] * 4, [0.25] * 4],
        "the gradient is exactly 0",
        "cancellation",
        reduction="sum",
    )
    yield multiclass(
        "a row of uniform logits and mass",
        dtype,
        [1.5, 1.5, 1.5],
        [1.0, 1.0, 1.0],
        "the gradient is exactly 0 although 1/3 is no number of the dtype",
        "cancellation",
    )
    yield multiclass(
        "shares next to the probabilities",
        dtype,
        [[0.0, 1.0, 2.0], [3.0, -1.0, 0.5]],
        [[0.09, 0.245, 0.665], [0.908, 0.0166, 0.0745]],
        "the gradient is a small difference of large terms",
        "cancellation",
    )
    yield binary(
        "an undecided target",
        dtype,
        [0.0, 0.001, -0.001],
        [0.5, 0.5, 0.5],
        "the gradient is z/4",
        "cancellation",
        reduction="sum",
    )


def _subnormal() -> Iterator[Case]:
    tiny = [SMALLEST, -SMALLEST, 2.2250738585072014e-308]
    for reduction in ("none", "mean"):
        yield multiclass(
            f"subnormal logits {reduction}",
            "float64",
            [tiny, tiny],
            [0, 2],
            "the loss is log 3",
            "subnormal",
            reduction=reduction,
        )
        yield multiclass(
            f"subnormal logits and even shares {reduction}",
            "float64",
            [[SMALLEST, 0.0], [0.0, 3e-310]],
            [[0.5, 0.5], [0.5, 0.5]],
            "the gradient is a quarter of the difference",
            "subnormal",
            "cancellation",
            reduction=reduction,
        )
        yield binary(
            f"subnormal logits {reduction}",
            "float64",
            [SMALLEST, -3e-310, 4e-308, SMALLEST],
            [0.5, 0.5, 0.5, 1.0],
            "the gradient is z/4",
            "subnormal",
            "cancellation",
            reduction=reduction,
        )
    yield multiclass(
        "a subnormal item loss",
        "float64",
        [[0.0, -740.0], [0.0, -744.4], [0.0, -746.0]],
        [0, 0, 0],
        "e^-740 and e^-744.4 are subnormal, e^-746 is 0",
        "subnormal",
        reduction="none",
    )
