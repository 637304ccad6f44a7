"""Logits with steps before the softmax: through all weightings and reductions, and at extremes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import cycle, islice
from math import log
from random import Random

from wce_conformance.cases.by_hand import INF, NAN, binary, each_dtype, in_turn, multiclass
from wce_conformance.cases.case import Case
from wce_conformance.cases.covering import Row, covering_rows
from wce_conformance.cases.systematic import FREE, REDUCTIONS, SEED, goes_together, made
from wce_conformance.oracle import Logits

MODES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "cross_entropy": (
        (),
        ("class_weight",),
        ("sample_weight",),
        ("mask",),
        ("ignore_index",),
        ("cost_matrix",),
        ("class_weight", "sample_weight"),
    ),
    "binary_cross_entropy": (
        (),
        ("class_weight",),
        ("class_weight per label",),
        ("pos_weight",),
        ("pos_weight per label",),
        ("sample_weight",),
        ("mask",),
        ("ignore_index",),
    ),
}
COUNTS = {"cross_entropy": 21, "binary_cross_entropy": 16}
Made = Callable[[int, Random], Logits]


def _priors(classes: int, random: Random) -> list[float]:
    """Logarithms of how often classes occur, by hand-sized numbers."""
    return [log(random.choice((0.01, 0.1, 0.25, 0.5))) for _ in range(classes)]


def _margins(classes: int, random: Random) -> list[float]:
    return [random.choice((0.0, 0.25, 0.7, 2.0)) for _ in range(classes)]


STEPS: Mapping[str, Made] = {
    "temperature": lambda classes, random: Logits(temperature=0.7),
    "softcap": lambda classes, random: Logits(softcap=2.5),
    "adjustment": lambda classes, random: Logits(adjustment=_priors(classes, random)),
    "margins": lambda classes, random: Logits(margin=_margins(classes, random)),
    "one margin": lambda classes, random: Logits(margin=0.35, temperature=1.3),
    "z_loss": lambda classes, random: Logits(z_loss=0.05),
    "all": lambda classes, random: Logits(
        1.7, 3.0, _priors(classes, random), _margins(classes, random), 0.03
    ),
}


def step_cases() -> list[Case]:
    """All of them; ids are unique among all cases."""
    return [
        *_systematic(),
        *in_turn(_order),
        *in_turn(_offsets),
        *each_dtype(_caps),
        *in_turn(_infinite),
        *in_turn(_margins_at_extremes),
        *in_turn(_adjustments),
        *in_turn(_z_losses),
        *in_turn(_binary),
    ]


def _systematic() -> Iterator[Case]:
    for loss, modes in MODES.items():
        fixed = [
            {"modes": mode, "reduction": reduction}
            for mode, reduction in islice(
                zip(cycle(modes), cycle(REDUCTIONS), strict=False), COUNTS[loss]
            )
        ]
        free = {**FREE[loss], "form": ("logits",), "steps": _named(loss)}
        random = Random(f"{SEED} steps of {loss}")
        for number, row in enumerate(covering_rows(fixed, free, goes_together, random)):
            yield _case(loss, number, row)


def _named(loss: str) -> tuple[str, ...]:
    return tuple(name for name in STEPS if loss == "cross_entropy" or name != "z_loss")


def _case(loss: str, number: int, row: Row) -> Case:
    random = Random(f"{SEED} steps {loss} {number}")
    rows = loss == "cross_entropy"
    form = STEPS[row["steps"]](row["layout"][0][row["layout"][1]] if rows else 2, random)
    case = made(loss, number, row)
    return replace(
        case,
        id=case.id.replace("/", "/steps/", 1),
        arguments={**case.arguments, "form": form if rows else replace(form, z_loss=0.0)},
        comment=f"{row['targets']} as targets, {row['steps']}",
        flags=("steps", row["steps"].split()[-1], *case.flags[1:]),
    )


ROWS = [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5], [2.0, 1.5, -3.0]]
LABELS = [2, 1, 0]
MASS = [[0.5, 0.25, 0.25], [0.0, 1.0, 0.0], [2.0, 0.0, 1.0]]


def _order(dtype: str) -> Iterator[Case]:
    """Steps of which each order gives another number."""
    forms = {
        "all steps": Logits(0.5, 1.5, (0.5, -1.0, 0.25), (0.25, 1.0, 0.5), 0.125),
        "a cap, then a temperature": Logits(temperature=0.5, softcap=1.5),
        "a temperature, then an adjustment": Logits(temperature=4.0, adjustment=(1.0, 0.0, -2.0)),
        "a temperature, then a margin": Logits(temperature=4.0, margin=(0.5, 1.0, 2.0)),
    }
    for name, form in forms.items():
        for kind, targets in (("indices", LABELS), ("mass", MASS)):
            yield multiclass(
                f"{name}, {kind}", dtype, ROWS, targets, "the order of steps is fixed",
                "steps", "order", form=form, class_weight=[0.5, 2.0, 1.5], reduction="none",
            )  # fmt: skip


def _offsets(dtype: str) -> Iterator[Case]:
    """A large number that all logits of a row share cancels, whatever they are divided by."""
    rows = [[1024.0, 1023.0, 1022.0], [-1024.0, -1023.0, -1028.0]]
    for form in (Logits(temperature=3.0), Logits(temperature=3.0, adjustment=(-0.5, -3.0, -1.0))):
        for kind, targets in (("indices", [1, 0]), ("mass", [[0.5, 0.25, 0.25], [0.0, 1.0, 2.0]])):
            adjusted = "adjusted, " if form.adjustment else ""
            yield multiclass(
                f"a shared offset over a temperature, {adjusted}{kind}", dtype, rows, targets,
                "differences are taken before anything is divided",
                "steps", "offset", form=form, reduction="none",
            )  # fmt: skip


def _caps(dtype: str) -> Iterator[Case]:
    rows = [[0.0, 0.0, 0.0], [60.0, 75.0, -75.0], [0.001953125, -0.0078125, 0.0], [240.0, 1.0, 2.0]]
    for kind, targets in (("indices", [0, 0, 1, 2]), ("mass", [*MASS, [0.5, 0.5, 0.0]])):
        yield multiclass(
            f"capped logits, {kind}", dtype, rows, targets,
            "logits of 0, next to 0, and far beyond the cap, whose slope is not 1 − 1",
            "steps", "softcap", form=Logits(softcap=30.0), reduction="none",
        )  # fmt: skip
    yield binary(
        "capped logits", dtype, [0.0, 60.0, -75.0, 0.001953125, -240.0, 1.0],
        [0.0, 0.0, 1.0, 0.5, 1.0, 0.25],
        "logits of 0, next to 0, and far beyond the cap",
        "steps", "softcap", form=Logits(softcap=30.0), reduction="none",
    )  # fmt: skip


def _infinite(dtype: str) -> Iterator[Case]:
    rows = [[INF, 0.0, -INF], [-INF, -INF, -INF], [NAN, 0.0, 1.0], [-INF, 0.5, 1.0]]
    yield multiclass(
        "infinite logits under a cap", dtype, rows, [0, 1, 1, 0],
        "a cap bounds infinite logits, too; NaN stays",
        "steps", "nonfinite", form=Logits(softcap=4.0), reduction="none",
    )  # fmt: skip
    form = Logits(temperature=2.0, adjustment=(0.5, 0.0, -1.0), margin=0.5, z_loss=0.25)
    yield multiclass(
        "infinite logits without a cap", dtype, rows, [0, 1, 1, 0],
        "a class that cannot be costs infinity; a row without a largest logit is NaN",
        "steps", "nonfinite", form=form, reduction="none",
    )  # fmt: skip
    yield multiclass(
        "infinite logits without a cap, mass", dtype, rows[-1:], [[0.0, 0.25, 1.0]],
        "no mass stands on the class that cannot be",
        "steps", "nonfinite", form=form, reduction="none",
    )  # fmt: skip
    yield multiclass(
        "a hidden row with a z-loss", dtype, [*rows[2:3], [0.5, 1.0, 2.0]], [0, 1],
        "an excluded item pays no z-loss",
        "steps", "z_loss", "excluded", form=Logits(z_loss=0.5), mask=[False, True],
    )  # fmt: skip
    yield binary(
        "infinite logits under a cap", dtype, [INF, -INF, INF, NAN], [0.0, 0.0, 1.0, 1.0],
        "a cap bounds infinite logits, too; NaN stays",
        "steps", "nonfinite", form=Logits(softcap=4.0, margin=(0.5, 1.0)), reduction="none",
    )  # fmt: skip


def _margins_at_extremes(dtype: str) -> Iterator[Case]:
    rows = [[40.0, 0.0, -8.0], [0.0, 40.0, 40.0], [0.25, 0.0, 0.5]]
    for kind, targets in (("indices", [0, 0, 1]), ("mass", MASS)):
        for margin in (64.0, (8.0, 0.5, 0.0)):
            yield multiclass(
                f"margins at extremes, {margin}, {kind}", dtype, rows, targets,
                "a margin larger than any distance, and rows that are right by more than it",
                "steps", "margin", form=Logits(margin=margin), reduction="none",
            )  # fmt: skip
    yield multiclass(
        "a margin to one class", dtype, [[3.0], [-5.0]], [0, 0],
        "there is no other class to stay away from",
        "steps", "margin", form=Logits(margin=2.0), reduction="sum",
    )  # fmt: skip


def _adjustments(dtype: str) -> Iterator[Case]:
    rows = [[12.0, 0.0, -8.0], [0.0, -20.0, 20.0]]
    for kind, targets in (("indices", [2, 1]), ("mass", [[0.5, 0.25, 0.25], [0.0, 1.0, 2.0]])):
        yield multiclass(
            f"adjustments far apart, {kind}", dtype, rows, targets,
            "the largest logit is not the one of the likeliest class",
            "steps", "adjustment", form=Logits(adjustment=(-20.0, 0.0, 20.0)), reduction="none",
        )  # fmt: skip


def _z_losses(dtype: str) -> Iterator[Case]:
    rows = [[-1.0, -2.0, -0.5], [512.0, 511.0, 500.0], [-256.0, -256.0, -258.0]]
    for kind, targets in (("indices", [0, 1, 2]), ("mass", MASS)):
        yield multiclass(
            f"large normalizers, {kind}", dtype, rows, targets,
            "each unit of mass pays, by the weight of its class",
            "steps", "z_loss", form=Logits(z_loss=0.125), class_weight=[0.5, 2.0, 0.0],
            reduction="none",
        )  # fmt: skip
    yield multiclass(
        "a z-loss over effective weights", dtype, ROWS, LABELS,
        "a z-loss has no denominator of its own",
        "steps", "z_loss", "denominator", form=Logits(z_loss=2.0, margin=(0.5, 1.0, 2.0)),
        class_weight=[0.5, 3.0, 1.0], sample_weight=[2.0, 0.0, 1.5], reduction="weighted_mean",
    )  # fmt: skip


def _binary(dtype: str) -> Iterator[Case]:
    logits, targets = [[0.5, -1.0, 8.0], [-0.25, 2.0, -30.0]], [[1.0, 0.0, 1.0], [0.25, 0.5, 0.0]]
    forms = {
        "all steps": Logits(0.5, 4.0, (0.5, -1.0), (0.25, 1.0)),
        "an adjustment": Logits(adjustment=(-0.25, -1.5)),
        "margins": Logits(margin=(2.0, 0.5)),
        "a temperature": Logits(temperature=3.0),
    }
    for name, form in forms.items():
        for kind, own in (("soft", targets), ("labels", [[1, 0, 1], [0, 1, 0]])):
            yield binary(
                f"{name}, {kind}", dtype, logits, own,
                "the logits 0 of class 0 and x of class 1, each with its own numbers",
                "steps", "order", form=form, class_weight=[0.5, 2.0], reduction="none",
            )  # fmt: skip
