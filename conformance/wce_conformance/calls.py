"""A case as a call of wce_core on a framework's arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wce_conformance.adapters.base import Adapter, Outcome
from wce_conformance.cases import Case, Tensor
from wce_conformance.oracle import Conventions
from wce_core import losses


def arrays_of(case: Case, adapter: Adapter) -> dict[str, Any]:
    """Every array of the case, made by the adapter, by argument name."""
    given = {name: a for name, a in case.arguments.items() if isinstance(a, Tensor)}
    tensors = {"predictions": case.predictions, "targets": case.targets, **given}
    return {name: adapter.tensor(tensor) for name, tensor in tensors.items()}


def function_of(case: Case, precision: str) -> Callable[..., Any]:
    """The case's loss, its options fixed, as a function of its arrays."""
    loss = getattr(losses, case.loss)
    options: dict[str, Any] = {"precision": precision}
    for name, argument in case.arguments.items():
        if isinstance(argument, Mapping):
            options[name] = {int(label): weight for label, weight in argument.items()}
        elif isinstance(argument, Conventions):
            options[name] = getattr(losses, type(argument).__name__)(**vars(argument))
        elif not isinstance(argument, Tensor):
            options[name] = argument

    def function(predictions: Any, targets: Any, **arrays: Any) -> Any:
        before = (arrays.pop("weight"),) if case.layered else ()
        return loss(predictions, *before, targets, **arrays, **options)

    return function


def outcome_of(case: Case, adapter: Adapter, route: str, precision: str) -> Outcome:
    """Value and gradient to the predictions."""
    value, gradient = adapter.differentiate(
        route, function_of(case, precision), arrays_of(case, adapter), "predictions"
    )
    return Outcome(adapter.to_numpy(value), None if gradient is None else adapter.numpy(gradient))


def supports(case: Case, adapter: Adapter) -> bool:
    """Does the framework have every dtype of the case?"""
    given = [a for a in case.arguments.values() if isinstance(a, Tensor)]
    dtypes = {tensor.dtype for tensor in (case.predictions, case.targets, *given)}
    return dtypes <= adapter.dtypes
