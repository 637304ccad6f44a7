"""Hidden states and a linear layer: through weightings and reductions, at the edges of blocks.

`chunk_bytes` is how much of the logits there may be at a time, which changes no number: those of
one item, of two, of all. Vocabularies are one shorter and one longer than lengths that blocks have.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from wce_conformance.cases import draw
from wce_conformance.cases.by_hand import INF, NAN, in_turn, of_loss
from wce_conformance.cases.case import Case, Tensor
from wce_conformance.cases.covering import Row, covering_rows
from wce_conformance.cases.steps import STEPS
from wce_conformance.cases.systematic import FREE, REDUCTIONS, goes_together, made
from wce_conformance.oracle import Grid, Logits

LOSS = "linear_cross_entropy"
SEED = 50257
ROWS = 27
MODES = ("class_weight", "sample_weight", "mask", "ignore_index")
ITEMSIZE = {"float64": 8, "float32": 4, "float16": 4, "bfloat16": 4}
"""Bytes of a logit, which of half types is a float32."""
_STEPS = ("none", "softcap", "none", "z_loss", "none", "all", "none")
_FREE: Mapping[str, Sequence[Any]] = {
    **FREE["cross_entropy"],
    "form": ("logits",),
    "steps": _STEPS,
    "bias": (True, False),
    "layer": ("as hidden states", "float32"),
    "width": (1, 2, 3),
    "chunk": (1, 2, 64),
    "layout": (
        ((5,), -1),
        ((4, 3), -1),
        ((3, 9), -1),
        ((5, 2), -1),
        ((2, 3, 4), -1),
        ((2, 2, 2, 3), -1),
    ),
}


def layer_cases() -> list[Case]:
    """All of them; ids are unique among all cases."""
    return [
        *_systematic(),
        *in_turn(_blocks),
        *_long_blocks("float32"),
        *in_turn(_chunks),
        *in_turn(_excluded),
        *in_turn(_edges),
        *_added_up(),
    ]


def _systematic() -> Iterator[Case]:
    random = Random(f"{SEED} rows")
    rows = covering_rows(list(_fixed()), _FREE, goes_together, random)
    yield from (_case(number, row) for number, row in enumerate(rows))


def _fixed() -> Iterator[Row]:
    """Every mode under every reduction, one and two at a time."""
    pairs = (MODES[:2], MODES[2:], ("class_weight", "mask"))
    for number in range(ROWS):
        yield {
            "modes": pairs[number // len(REDUCTIONS)],
            "reduction": REDUCTIONS[number % len(REDUCTIONS)],
        }


def _case(number: int, row: Row) -> Case:
    case, random = made(LOSS, number, row), Random(f"{SEED} {number}")
    *items, classes = row["layout"][0]
    wide = row["layer"] == "float32" and case.dtype in ("float16", "bfloat16")
    dtype = "float32" if wide else case.dtype
    layer = {"weight": _drawn((classes, row["width"]), dtype, random)}
    if row["bias"]:
        layer["bias"] = _drawn((classes,), dtype, random)
    if row["steps"] != "none":
        layer["form"] = STEPS[row["steps"]](classes, random)
    chunk_bytes = _bytes(case.dtype, row["chunk"], classes)
    return replace(
        case,
        predictions=_drawn((*items, row["width"]), case.dtype, random),
        arguments={**case.arguments, **layer, "chunk_bytes": chunk_bytes},
        comment=f"{row['targets']} as targets, {row['steps']}",
        flags=("systematic", "layer", *case.flags[1:]),
    )  # fmt: skip


def _drawn(shape: draw.Shape, dtype: str, random: Random) -> Any:
    return draw.filled(shape, dtype, lambda: random.gauss(0, 1.2))


def _bytes(dtype: str, items: int, classes: int) -> int:
    return items * ITEMSIZE[dtype] * classes


def _linear(
    name: str,
    dtype: str,
    layer: Mapping[str, Any],
    targets: Any,
    comment: str,
    *flags: str,
    chunk: int = 2,
    layer_dtype: str | None = None,
    **arguments: Any,
) -> Case:
    """A case with so many items a chunk; `layer` has the hidden states, too."""
    own = {
        key: Tensor.rounded(value, layer_dtype or dtype)
        for key, value in layer.items()
        if key != "hidden"
    }
    classes = own["weight"].shape[0]
    return of_loss(
        LOSS, name, dtype, layer["hidden"], targets, comment, "layer", *flags,
        **own, **arguments, chunk_bytes=_bytes(dtype, chunk, classes),
    )  # fmt: skip


def _layer(items: int, classes: int, width: int, *, level: float = 0.0) -> dict[str, Any]:
    """Numbers of a few bits; `level` is that of all logits."""
    hidden = [[((7 * i + 3 * j) % 9 - 4) / 4 for j in range(width)] for i in range(items)]
    weight = [[((5 * k + 11 * j) % 13 - 6) / 4 for j in range(width)] for k in range(classes)]
    bias = [level + ((3 * k) % 7 - 3) / 8 for k in range(classes)]
    return {"hidden": hidden, "weight": weight, "bias": bias}


def _blocks(dtype: str) -> Iterator[Case]:
    """All logits are below 0, so that a 0 in the place of a class that is not there shows."""
    for classes in (7, 8, 9, 15, 16, 17):
        yield _linear(
            f"{classes} classes, below 0", dtype, _layer(3, classes, 2, level=-6.0),
            [classes - 1, 0, classes // 2], "a vocabulary next to the length of a block",
            "vocabulary_block", label_smoothing=0.125,
            class_weight=[1.0 + k % 3 for k in range(classes)], reduction="weighted_mean",
        )  # fmt: skip


def _long_blocks(dtype: str) -> Iterator[Case]:
    for classes in (127, 128, 129):
        layer = _layer(2, classes, 1, level=-6.0)
        yield _linear(
            f"{classes} classes, below 0", dtype, layer, [classes - 1, 5],
            "a vocabulary next to the length of a block", "vocabulary_block", chunk=1,
        )  # fmt: skip


def _chunks(dtype: str) -> Iterator[Case]:
    """Nine items, of which a chunk has four, and chunks that differ in what is in them."""
    given: dict[str, Any] = {
        "class_weight": [0.5, 2.0, 1.0],
        "sample_weight": [4.0, 3.0, 0.5, 1.0, 0.0, 2.0, 0.25, 1.0, 8.0],
        "mask": [True, True, False, True, True, False, False, False, True],
    }
    labels = [0, 2, 1, 1, 0, 2, 2, 0, 1]
    for reduction in ("mean", "weighted_mean", "nonzero_mean", "none"):
        yield _linear(
            f"nine items in chunks of four, {reduction}", dtype, _layer(9, 3, 2), labels,
            "what is divided by is that of all chunks", "chunks",
            chunk=4, reduction=reduction, label_smoothing=0.25, **given,
        )  # fmt: skip
    yield _linear(
        "nine items in chunks of four, balanced", dtype, _layer(9, 3, 2), labels,
        "classes are counted in all chunks", "chunks", "balanced",
        chunk=4, mask=given["mask"], class_weight="balanced",
    )  # fmt: skip


def _excluded(dtype: str) -> Iterator[Case]:
    layer = _layer(4, 3, 2)
    for name, bad in (("NaN", NAN), ("infinity", INF)):
        hidden = [layer["hidden"][0], [bad, 1.0], [-INF, bad], layer["hidden"][3]]
        for smoothing in (0.0, 0.25):
            yield _linear(
                f"{name} in masked hidden states, smoothing {smoothing}", dtype,
                {**layer, "hidden": hidden}, [0, 1, 2, 1],
                "what is excluded is never multiplied", "excluded",
                mask=[True, False, False, True], label_smoothing=smoothing,
            )  # fmt: skip
    yield _linear(
        "NaN in ignored hidden states", dtype, {**layer, "hidden": hidden}, [0, -100, -100, 1],
        "what is excluded is never multiplied", "excluded",
        ignore_index=-100, reduction="none",
    )  # fmt: skip


def _edges(dtype: str) -> Iterator[Case]:
    layer = _layer(4, 5, 2)
    yield _linear(
        "padding of the vocabulary", dtype,
        {**layer, "bias": [*layer["bias"][:3], -INF, -INF]}, [0, 2, 1, 1],
        "a class that cannot be has the bias −∞, and no gradient", "padding",
    )  # fmt: skip
    far = [[512.0 * x for x in row] for row in layer["hidden"]]
    yield _linear(
        "logits far apart", dtype, {**layer, "hidden": far}, [0, 4, 2, 3],
        "finite logits have a finite loss", "saturation", reduction="none",
    )  # fmt: skip
    yield _linear(
        "NaN in hidden states", dtype,
        {**layer, "hidden": [[NAN, 1.0], *layer["hidden"][1:]]}, [0, 4, 2, 3],
        "NaN for its own item, and for the layer", "nonfinite", reduction="none",
    )  # fmt: skip
    yield _linear(
        "all excluded", dtype, layer, [0, 4, 2, 3], "a mean of nothing", "empty",
        mask=[False] * 4,
    )  # fmt: skip
    empty = {**layer, "hidden": Grid((0, 2), ())}
    yield _linear("no items", dtype, empty, Grid((0,), ()), "an empty batch", "empty")
    one = _layer(3, 1, 2)
    yield _linear("one class", dtype, one, [0, 0, 0], "nothing to tell apart", "one_class")
    yield _linear(
        "without a bias", dtype, {key: layer[key] for key in ("hidden", "weight")}, [0, 4, 2, 3],
        "logits are products alone", "bias", reduction="sum",
    )  # fmt: skip
    yield _linear(
        "steps of logits", dtype, layer, [[0.5, 0.25, 0.0, 0.25, 0.0]] * 3 + [[0.0] * 5],
        "steps come after the layer", "steps",
        form=Logits(temperature=0.5, softcap=2.0, z_loss=0.125), reduction="sum",
    )  # fmt: skip


def _added_up() -> Iterator[Case]:
    """Half hidden states: a sum of many parts is no business of their dtype."""
    for dtype in ("float16", "bfloat16"):
        yield _linear(
            "forty half items in chunks of one", dtype, _layer(40, 3, 2),
            [i % 3 for i in range(40)], "gradients to the layer are added up in float32",
            "accumulation", chunk=1, layer_dtype="float32", reduction="sum",
        )  # fmt: skip
