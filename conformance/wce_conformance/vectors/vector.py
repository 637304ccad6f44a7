"""A vector: a case, and its answer as it was stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

from wce_conformance.adapters.base import as_numpy
from wce_conformance.cases import Case, Tensor
from wce_conformance.oracle import Grid, Lost, Parts, Result
from wce_conformance.oracle.real import Real
from wce_conformance.vectors.numbers import read_digits

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Vector:
    """One call and what must come of it.

    `answer`: the stored answer, as JSON; empty if the call must be refused, with `error`.
    `of_values`: shapes and dtypes of the refused call are right, only its values are not.
    `line`: the whole vector, as JSON. `file`: the name of the file that it came from.
    `block`: of a case too long to write out, the part that is repeated `times` times.
    """

    case: Case
    answer: Mapping[str, Any]
    error: str | None
    of_values: bool
    line: Mapping[str, Any]
    file: str
    block: Case
    times: int

    def __str__(self) -> str:
        """Its id, so that `pytest.mark.parametrize(…, ids=str)` shows it."""
        return self.id

    @property
    def id(self) -> str:
        """Unique among all vectors."""
        return self.case.id

    @property
    def loss(self) -> str:
        """Which loss is called."""
        return self.case.loss

    @property
    def dtype(self) -> str:
        """That of the predictions and of the results."""
        return self.case.dtype

    @property
    def flags(self) -> tuple[str, ...]:
        """What the vector hunts."""
        return self.case.flags

    @property
    def reduction(self) -> str:
        """The reduction that is asked for."""
        return str(self.case.arguments.get("reduction", "mean"))

    @property
    def modes(self) -> tuple[str, ...]:
        """The weighting modes that are given, by argument name."""
        return tuple(name for name in self.case.arguments if name in MODES)

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """Every array as NumPy's, by argument name."""
        given = {n: a for n, a in self.case.arguments.items() if isinstance(a, Tensor)}
        tensors = {"predictions": self.case.predictions, "targets": self.case.targets, **given}
        return {name: as_numpy(tensor) for name, tensor in tensors.items()}

    @property
    def options(self) -> dict[str, Any]:
        """The arguments that are no arrays; weights by class have integers as keys.

        A `form` with conventions is :class:`wce_conformance.oracle.Probabilities` or `Logits`.
        """
        return {
            name: {int(k): v for k, v in value.items()} if isinstance(value, Mapping) else value
            for name, value in self.case.arguments.items()
            if not isinstance(value, Tensor)
        }

    @cached_property
    def expected(self) -> Result:
        """The stored answer, for the block where there is one."""
        return _result(self.block, self.answer)

    def bits(self, quantity: str) -> tuple[str, ...]:
        """The stored bits of the "value" or the "gradient"."""
        return tuple(self.answer[quantity]["bits"])


MODES = (
    "class_weight",
    "pos_weight",
    "sample_weight",
    "mask",
    "ignore_index",
    "cost_matrix",
    "costs",
)
"""The arguments that weigh or exclude."""


def _result(case: Case, answer: Mapping[str, Any]) -> Result:
    losses, shape = case.loss_shape, case.predictions.shape
    own = {n: _real(v) for n, v in answer["parts"].items()}
    parts = Parts(**{"absolute_weight": own["weight"], **own})
    values = answer["value"]["digits"] if "value" in answer else []
    own_items = _nested(answer.get("items", answer.get("value"))["digits"], losses)
    value = parts if "value" not in answer else own_items
    if len(values) == 1 and "items" in answer:
        value = read_digits(values[0])
    gradients = answer["gradients"]
    shapes = {name: array_shape(case, name) for name in gradients}
    term, ones = answer.get("term", {}), ["1"] * prod(losses)
    return Result(
        value=value,
        items=own_items,
        omega=_nested(answer["omega"]["digits"], losses),
        parts=parts,
        slope=_nested(term.get("slope", ones), losses),
        steepness=_nested(term.get("steepness", ones), losses),
        bend=_nested(term.get("bend", ones), losses),
        loss_scale=read_digits(answer["loss_scale"]),
        gradient=_nested(answer["gradient"]["digits"], shape),
        gradient_scale=_nested(answer["gradient_scale"], case.item_shape),
        gradients={n: _nested(g["digits"], shapes[n]) for n, g in gradients.items()},
        gradient_sizes={
            "predictions": _nested(answer["gradient"]["sizes"], shape),
            **{n: _nested(g["sizes"], shapes[n]) for n, g in gradients.items()},
        },
        lost=_lost(case, answer.get("lost")),
    )


def _lost(case: Case, answer: Mapping[str, Any] | None) -> Lost | None:
    if answer is None:
        return None
    return Lost(
        _nested(answer["items"], case.loss_shape), _nested(answer["gradient"], case.item_shape)
    )


def array_shape(case: Case, name: str) -> tuple[int, ...]:
    """The shape of an array of a case."""
    array = {**case.arguments, "targets": case.targets}[name]
    assert isinstance(array, Tensor)
    return array.shape


def _real(field: int | str) -> Real:
    return field if isinstance(field, int) else read_digits(field)


def _nested(texts: list[str], shape: tuple[int, ...]) -> Any:
    assert len(texts) == prod(shape)
    return Grid(shape, tuple(map(read_digits, texts))).nested()
