"""Probabilities and their logarithms at the ends of their range."""

from collections.abc import Iterator

from wce_conformance.cases.by_hand import INF, binary, each_dtype, in_turn, multiclass
from wce_conformance.cases.case import Case


def cases() -> Iterator[Case]:
    """All of this theme."""
    yield from each_dtype(_zero_and_one)
    yield from each_dtype(_clipped)
    yield from each_dtype(_logarithms)
    yield from each_dtype(_steep)
    yield from in_turn(_certain)


def _zero_and_one(dtype: str) -> Iterator[Case]:
    rows = [[1.0, 0.0, 0.0], [0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]
    yield multiclass(
        "probabilities 0 and 1, right",
        dtype,
        rows,
        [0, 2, 1],
        "0 · log 0 = 0, and log 1 = 0",
        "impossible",
        form="probabilities",
    )
    yield multiclass(
        "probability 0 under mass",
        dtype,
        rows,
        [1, 1, 0],
        "+inf, without a clamp",
        "impossible",
        "clamp",
        form="probabilities",
        reduction="none",
    )
    yield binary(
        "probabilities 0 and 1",
        dtype,
        [0.0, 1.0, 0.0, 1.0, 0.25],
        [0.0, 1.0, 1.0, 0.0, 1.0],
        "0 where the target agrees, else +inf",
        "impossible",
        "clamp",
        form="probabilities",
        reduction="none",
    )
    yield binary(
        "probabilities 0 and 1, right",
        dtype,
        [0.0, 1.0, 0.75],
        [0, 1, 1],
        "0 · log 0 = 0, forward and backward",
        "impossible",
        form="probabilities",
        pos_weight=3.0,
    )
    yield binary(
        "small probabilities",
        dtype,
        [0.001, 0.0002, 0.999],
        [0, 1, 0],
        "log(1 − p) for small p",
        "log1p",
        form="probabilities",
        reduction="none",
    )


def _clipped(dtype: str) -> Iterator[Case]:
    for clip in (0.0078125, 1e-7):
        yield multiclass(
            f"clipped at {clip:g}",
            dtype,
            [[1.0, 0.0, 0.0], [0.5, 0.25, 0.25], [0.0, 1.0, 0.0]],
            [1, 0, 1],
            "bounded to [ε, 1 − ε], gradient 0 where that changed it",
            "clip",
            form="probabilities",
            clip=clip,
            reduction="none",
        )
        yield binary(
            f"clipped at {clip:g}",
            dtype,
            [0.0, 1.0, 1.0, 0.75],
            [1, 1, 0, 0],
            "bounded to [ε, 1 − ε], gradient 0 where that changed it",
            "clip",
            form="probabilities",
            clip=clip,
            reduction="none",
        )


def _logarithms(dtype: str) -> Iterator[Case]:
    rows = [[0.0, -INF, -80.0], [-INF, -0.5, -1.0], [-0.001, -7.0, -INF]]
    yield multiclass(
        "log-probabilities 0 and −inf",
        dtype,
        rows,
        [0, 2, 0],
        "0 · log 0 = 0",
        "impossible",
        form="log_probabilities",
    )
    yield multiclass(
        "log-probability −inf under mass",
        dtype,
        rows,
        [1, 0, 2],
        "+inf, with a finite gradient",
        "impossible",
        form="log_probabilities",
        reduction="none",
    )
    yield binary(
        "log-probabilities 0 and −inf",
        dtype,
        [0.0, -INF, -0.001, -80.0],
        [1, 0, 0, 1],
        "log(1 − p) for p near 1 and for p = 0",
        "impossible",
        "log1p",
        form="log_probabilities",
        reduction="none",
    )
    yield binary(
        "log-probability 0 under mass of the other class",
        dtype,
        [0.0, 0.0, -1.0],
        [0.0, 0.25, 0.25],
        "+inf, with a gradient of +inf: 1 − e^x is +0",
        "impossible",
        form="log_probabilities",
        reduction="none",
    )
    for reduction in ("none", "mean"):
        yield binary(
            f"certain and wrong, {reduction}",
            dtype,
            [0.0, 0.0, -0.5, -0.0],
            [0.0, 1.0, 0.25, 0.25],
            "the loss of log p = 0 grows towards it: a gradient of +inf",
            "impossible",
            "zero_sign",
            form="log_probabilities",
            **({} if reduction == "mean" else {"reduction": reduction}),
        )
    near = [-1e-3, -0.125, -0.4375, -0.5, -0.625, -0.75, -4.0]
    tiny = [-(2.0**-14)] if dtype == "float16" else [-1e-7, -1e-9, -1e-30]
    for answer, name in ((0.0, "wrong"), (0.25, "soft")):
        yield binary(
            f"log-probabilities close to 0, {name}",
            dtype,
            [*tiny, *near],
            [answer] * len([*tiny, *near]),
            "1 − e^x by exp(x) − 1 is 0 for small x",
            "expm1",
            form="log_probabilities",
            reduction="none",
        )


def _steep(dtype: str) -> Iterator[Case]:
    yield binary(
        "slopes that overflow beside log p = 0",
        dtype,
        [-(2.0 ** {"float16": -14, "float64": -1022}.get(dtype, -126)), -0.5, -(2.0**-10)],
        [0.0, 0.0, 0.25],
        "+inf, and no NaN by what it is multiplied with",
        "impossible",
        form="log_probabilities",
        sample_weight=[16384.0, 1.0, 2.0],
        reduction="none",
    )


def _certain(dtype: str) -> Iterator[Case]:
    for form, values in (("probabilities", [0.0, 1.0, 0.5]), ("logits", [-INF, INF, 0.0])):
        for rule in ("per_class", "hard"):
            yield binary(
                f"soft targets where p is 0 or 1, smoothed, {rule}, {form}",
                dtype,
                values,
                [0.25, 0.75, 0.25],
                "mass of both classes is 1 for any target: no ∞ − ∞ in the gradient to targets",
                "impossible",
                class_weight=[2.0, 3.0],
                form=form,
                label_smoothing=0.125,
                soft_weighting=rule,
                reduction="none",
            )
