"""A call as Python that can be pasted, its arrays NumPy's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wce_conformance.adapters import Adapter
from wce_conformance.cases import Case, Tensor
from wce_conformance.oracle import Conventions

from .calls import Call


def shown(call: Call, adapter: Adapter, route: str, failures: list[str]) -> str:
    """What was found, and each set of numbers as a call."""
    lines = [f"# {adapter.name}, {route}: {failure}" for failure in failures[:3]]
    if call.configured:
        lines.append("# by a configured loss, which holds what it is not called with")
    for number, case in enumerate(call.cases, 1):
        lines += [f"# numbers {number}", python(case, call.options)]
    return "\n".join(lines)


def python(case: Case, options: Mapping[str, Any]) -> str:
    """The call of a case."""
    arguments = [array(case.predictions), array(case.targets), *_named(case, options)]
    return "\n".join([f"losses.{case.loss}(", *(f"    {each}," for each in arguments), ")"])


def _named(case: Case, options: Mapping[str, Any]) -> Iterator[str]:
    for name, value in {**case.arguments, **options}.items():
        yield f"{name}={value_of(value)}"


def value_of(value: Any) -> str:
    """An argument; mappings have class numbers as keys."""
    if isinstance(value, Tensor):
        return array(value)
    if isinstance(value, Conventions):
        return f"losses.{value!r}"
    if isinstance(value, Mapping):
        return repr({int(label): weight for label, weight in value.items()})
    return repr(value)


def array(tensor: Tensor) -> str:
    """With its dtype; NaN and infinities by the names of ``math``."""
    dtype = "ml_dtypes.bfloat16" if tensor.dtype == "bfloat16" else repr(tensor.dtype)
    data = f"np.array({list(tensor.data)!r}, dtype={dtype})"
    return data if len(tensor.shape) == 1 else f"{data}.reshape({tensor.shape!r})"
