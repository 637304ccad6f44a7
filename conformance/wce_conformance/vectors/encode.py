"""From a case and the oracle's result to JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import prod
from typing import Any

from wce_conformance.cases import Argument, Case, Tensor
from wce_conformance.cases.long import PER_ITEM, LongCase
from wce_conformance.oracle import Conventions, Grid, Parts, Result
from wce_conformance.oracle.real import mp
from wce_conformance.vectors import numbers

VERSION = 1
"""That of the files' format."""
FLOATS = ("float64", "float32", "float16", "bfloat16")


def document(lines: Iterable[Mapping[str, Any]]) -> str:
    """A file: one vector on each line."""
    body = ",\n".join(
        json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        for line in lines
    )
    return f'{{"$schema":"schema.json","version":{VERSION},"vectors":[\n{body}\n]}}\n'


def encode(case: Case) -> dict[str, Any]:
    """A vector: what goes in, and what must come out."""
    if isinstance(case, LongCase):
        return _encode_long(case)
    return {**encode_input(case), "expected": encode_result(case, case.expected(wrt(case)))}


def wrt(case: Case) -> tuple[str, ...]:
    """The arrays beside the predictions that the vector has gradients to."""
    arrays = {**case.arguments, "targets": case.targets}
    found = ((name, arrays[name]) for name in case.differentiable())
    return tuple(n for n, a in found if isinstance(a, Tensor) and a.dtype in FLOATS)


def encode_input(case: Case) -> dict[str, Any]:
    """All but the answer."""
    return {
        "id": case.id,
        "loss": case.loss,
        "dtype": case.dtype,
        "predictions": tensor(case.predictions),
        "targets": tensor(case.targets),
        "arguments": {name: argument(value) for name, value in case.arguments.items()},
        "comment": case.comment,
        "flags": list(case.flags),
    }


def argument(value: Argument) -> Any:
    """An array, weights by class, conventions of predictions, or a plain value."""
    if isinstance(value, Tensor):
        return tensor(value)
    if isinstance(value, Conventions):
        given = {n: own for n, own in vars(value).items() if own != getattr(type(value), n)}
        return {n: list(own) if isinstance(own, tuple) else own for n, own in given.items()}
    if isinstance(value, Mapping):
        return dict(value)
    return value


def tensor(array: Tensor) -> dict[str, Any]:
    """Row-major data with its dtype and shape."""
    data = [numbers.plain(value) for value in array.data]
    return {"dtype": array.dtype, "shape": list(array.shape), "data": data}


def encode_result(case: Case, result: Result) -> dict[str, Any]:
    """Everything that the oracle says."""
    reduction = case.arguments.get("reduction", "mean")
    encoded: dict[str, Any] = {
        "parts": _parts(result.parts),
        "omega": _answer(result.omega),
        "loss_scale": numbers.size(result.loss_scale),
        "gradient": {
            **_answer(result.gradient, case.dtype),
            "sizes": _sizes(result.gradient_sizes["predictions"]),
        },
        "gradient_scale": _sizes(result.gradient_scale),
        "gradients": {name: _gradient(case, result, name) for name in result.gradients},
    }
    if reduction == "parts":
        wide = "float64" if case.dtype == "float64" else "float32"
        names = ("total", "weight", *(["absolute_weight"] if _signed(result.parts) else []))
        of = {name: getattr(result.parts, name) for name in names}
        encoded["parts_bits"] = {name: numbers.bits(value, wide) for name, value in of.items()}
    else:
        encoded["value"] = _answer(result.value, case.dtype)
    if reduction != "none":
        encoded["items"] = _answer(result.items)
    term = {name: _sizes(getattr(result, name)) for name in ("slope", "steepness", "bend")}
    if not any(text != "1" for text in term["bend"]):
        del term["bend"]
    if any(text != "1" for texts in term.values() for text in texts):
        encoded["term"] = term
    if result.lost is not None:
        encoded["lost"] = {name: _sizes(own) for name, own in result.lost._asdict().items()}
    return encoded


def _gradient(case: Case, result: Result, name: str) -> dict[str, Any]:
    array = case.targets if name == "targets" else case.arguments[name]
    assert isinstance(array, Tensor)
    answer = _answer(result.gradients[name], array.dtype)
    for i in _undefined(case, result, name, array):
        answer["digits"][i] = answer["bits"][i] = numbers.UNDEFINED
    return {**answer, "sizes": _sizes(result.gradient_sizes[name])}


def _undefined(case: Case, result: Result, name: str, array: Tensor) -> list[int]:
    """Elements where there is no derivative.

    A weight of 0 silences an infinite loss, which jumps to infinity beside it. A row without mass
    has no shares, and comes near those of any row.
    """
    if name != "targets":
        slopes = Grid.of(result.gradients[name]).flat
        return [i for i, w in enumerate(array.data) if w == 0 and mp.isinf(slopes[i])]
    if not case.categorical:
        return []
    axis = case.arguments.get("axis", -1)
    assert isinstance(axis, int)
    length, inner = array.shape[axis], prod(array.shape[axis % len(array.shape) + 1 :])
    rows = [
        [k * inner + i % inner + i // (inner * length) * inner * length for k in range(length)]
        for i in range(len(array.data))
    ]
    return [i for i, row in enumerate(rows) if not any(array.data[k] for k in row)]


def _signed(parts: Parts) -> bool:
    """Is Σ|ω| another number than Σω? It is left out where it is not."""
    same = parts.absolute_weight == parts.weight
    return not (same or mp.isnan(parts.weight))


def _parts(parts: Parts) -> dict[str, Any]:
    fields = parts._asdict()
    if not _signed(parts):
        del fields["absolute_weight"]
    return {n: v if isinstance(v, int) else numbers.digits(v) for n, v in fields.items()}


def _answer(nested: Any, dtype: str | None = None) -> dict[str, Any]:
    flat = Grid.of(nested).flat
    answer: dict[str, Any] = {"digits": [numbers.digits(number) for number in flat]}
    if dtype is not None:
        answer["bits"] = [numbers.bits(number, dtype) for number in flat]
    return answer


def _sizes(nested: Any) -> list[str]:
    return [numbers.size(number) for number in Grid.of(nested).flat]


def _encode_long(case: LongCase) -> dict[str, Any]:
    """The block's arrays with how often they are repeated."""
    encoded = encode_input(case.block)
    arrays = [encoded, encoded, *(encoded["arguments"] for _ in PER_ITEM)]
    for holder, name in zip(arrays, ("predictions", "targets", *PER_ITEM), strict=True):
        if name in holder:
            array = holder[name]
            shape = [array["shape"][0] * case.times, *array["shape"][1:]]
            holder[name] = {**array, "shape": shape, "times": case.times}
    answer = encode_result(case, _first_block(case))
    return {**encoded, "id": case.id, "expected": {**answer, "times": case.times}}


def _first_block(case: LongCase) -> Result:
    """The answer, its arrays cut to the first block."""
    whole, length = case.expected(), case.block.predictions.shape[0]
    return replace(
        whole,
        items=whole.items[:length],
        omega=whole.omega[:length],
        slope=whole.slope[:length],
        steepness=whole.steepness[:length],
        bend=whole.bend[:length],
        gradient=whole.gradient[:length],
        gradient_scale=whole.gradient_scale[:length],
        gradient_sizes={n: sizes[:length] for n, sizes in whole.gradient_sizes.items()},
    )
