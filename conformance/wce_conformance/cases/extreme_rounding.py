"""What is rounded or flushed before anything can be done about it."""

from collections.abc import Iterator

from wce_conformance.cases.by_hand import binary, each_dtype, multiclass
from wce_conformance.cases.case import Case


def cases() -> Iterator[Case]:
    """All of this theme."""
    yield from each_dtype(_differences)
    yield from each_dtype(_weight_of_what_underflows)


def _differences(dtype: str) -> Iterator[Case]:
    """59.45 + 7.03 is no float32, and the loss is e to that: half a spacing is 32 eps of it."""
    rows = [
        [59.45, -7.03],
        [-7.03, 59.45],
        [-0.1, -66.48],
        [12.3456, -7.891],
        [3.21, -4.5678],
    ]
    labels = [0, 1, 0, 0, 0]
    for reduction in ("none", "mean"):
        yield multiclass(
            f"confident, and the differences no numbers of the dtype, {reduction}",
            dtype, rows, labels,
            "the loss is e to a difference, which is rounded: 4 eps, and |x − max x|/2 more",
            "difference", reduction=reduction,
        )  # fmt: skip
    yield multiclass(
        "confident, and the differences no numbers of the dtype, mass",
        dtype, rows, [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.75, 0.25], [0.25, 0.75]],
        "of dense mass likewise; where it is not with the largest logit nothing is lost",
        "difference", reduction="none",
    )  # fmt: skip


def _weight_of_what_underflows(dtype: str) -> Iterator[Case]:
    far = {"float64": 710.5}.get(dtype, 89.0)
    for reduction in ("none", "sum"):
        yield binary(
            f"a large weight of a loss below the normal numbers, {reduction}",
            dtype, [-far], [0],
            "the loss may be 0 before the weight of a million multiplies it",
            "underflow", sample_weight=[1e6], reduction=reduction,
        )  # fmt: skip
