"""A call made by a framework, as often as it takes to be replayed, and judged by the oracle."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from wce_backends import programs
from wce_backends.sums import FEW
from wce_conformance.adapters import Adapter, Outcome, as_numpy
from wce_conformance.calls import arrays_of, function_of
from wce_conformance.cases import Case, Tensor
from wce_conformance.implementation import Answer
from wce_conformance.judging.numbers import judge
from wce_conformance.judging.vectors import judged
from wce_conformance.oracle import Conventions, Result
from wce_conformance.vectors import Vector
from wce_conformance.vectors.encode import encode
from wce_conformance.vectors.reading import decode
from wce_core import losses
from wce_core.losses.registry import LOSSES, REGIONS

from .calls import Call
from .ties import nearly_tied
from .vanishing import may_vanish

OF_THE_LIBRARY = {**LOSSES, **REGIONS}
FEW_OF_REGIONS = 8
"""Equal numbers, of which the rounding of a sum in any order is nothing beside the bound."""
TAPES = ("torch", "tensorflow", "jax")
"""They have gradients to weights and soft targets."""


def failures(call: Call, adapter: Adapter, route: str) -> list[str]:
    """What is wrong with any of the outcomes, in words."""
    try:
        with replayed_from_the_second():
            found = [*_of_predictions(call, adapter, route)]
            if route == "eager" and adapter.name in TAPES:
                found += _of_others(call, adapter)
            return found
    except Exception as error:  # every call is a right one
        line = traceback.extract_tb(error.__traceback__)[-1]
        return [f"{type(error).__name__} in {line.name}, {Path(line.filename).name}: {error}"]


@contextmanager
def replayed_from_the_second() -> Iterator[None]:
    """Calls are recorded when they come the second time, not after many."""
    often = programs.OFTEN
    programs.OFTEN = 1
    try:
        yield
    finally:
        programs.OFTEN = often


def _of_predictions(call: Call, adapter: Adapter, route: str) -> Iterator[str]:
    """Values, and gradients to the predictions."""
    outcomes = _outcomes(call, adapter, route)
    expected = [case.expected() for case in call.cases]
    for number in _order(len(call.cases), route):
        case = call.cases[number]
        if may_vanish(case):
            continue
        value, gradient = outcomes[number](arrays_of(_called(call, case), adapter))
        unjudged = gradient is None or _summed_by_framework(case, route)
        unjudged = unjudged or _divided_by_nan(case, expected[number]) or nearly_tied(case)
        own = Outcome(adapter.to_numpy(value), None if unjudged else adapter.numpy(gradient))
        exact = call.precision == "exact"
        verdict = judge(case, expected[number], own, exact=exact, slack=True)
        yield from (f"numbers {number + 1}: {failure}" for failure in verdict.failures)


def _summed_by_framework(case: Case, route: str) -> bool:
    """Where a gradient has a sum over many classes in the framework's order, by autodiff.

    The specification says where: ``torch.func``, and the losses of single regions.
    """
    if not case.categorical:
        return False
    count = case.predictions.shape[cast(int, case.arguments.get("axis", -1))]
    single = case.loss in REGIONS and case.arguments.get("reduction") == "none"
    return (route == "functional" and count > FEW) or (single and count > FEW_OF_REGIONS)


def _divided_by_nan(case: Case, expected: Result) -> bool:
    """Where a row predicts no class, and what has no part in the loss may have a gradient of 0."""
    costs = "cost_matrix" in case.arguments and case.arguments.get("form", "logits") != "logits"
    return costs and bool(np.isnan(float(expected.parts.weight)))


def _outcomes(call: Call, adapter: Adapter, route: str) -> list[Callable[..., Any]]:
    """One function for all sets of numbers; a configured loss holds some, so it is one of many."""
    functions = [function(call, case) for case in call.cases[: None if call.configured else 1]]
    found = [adapter.differentiated(route, own, "predictions") for own in functions]
    return found if call.configured else found * len(call.cases)


def _order(count: int, route: str) -> list[int]:
    """Eager calls: twice the first set of numbers, the others, and the first once more."""
    others = list(range(1, count))
    return [0, 0, *others, 0] if route == "eager" else [0, *others]


def _of_others(call: Call, adapter: Adapter) -> Iterator[str]:
    """Gradients to weights and soft targets."""
    case = call.cases[0]
    if nearly_tied(case) or may_vanish(case):
        return
    case = replace(case, dtype=case.predictions.dtype)
    options = {name: given for name, given in call.options.items() if name != "dtype"}
    plain = replace(call, cases=(case,), options=options, configured=False)
    vector = decode(encode(case)) if call.wrt else None
    for name in call.wrt:
        if name == "targets" and _infinitely_costly(vector):
            continue
        arrays = arrays_of(case, adapter)
        value, gradient = adapter.differentiate("eager", function(plain, case), arrays, name)
        shape = vector.arrays[name].shape
        own = np.zeros(shape) if gradient is None else adapter.numpy(gradient)
        answer = Answer(adapter.to_numpy(value), None, {name: own})
        yield from judged(vector, answer, exact=False).failures


def _infinitely_costly(vector: Vector) -> bool:
    """Where the specification leaves the gradient to dense targets open: 0 times infinity."""
    total = float(vector.answer["parts"]["total"])
    return vector.loss == "pairwise_cost" and not np.isfinite(total)


def function(call: Call, case: Case) -> Callable[..., Any]:
    """The loss with all that is no array of the call, as a function of its arrays."""
    if not call.configured:
        options = {n: given for n, given in call.options.items() if n != "precision"}
        own = replace(case, arguments={**case.arguments, **options})
        return function_of(own, call.precision)
    held = {n: _plain(case.arguments[n]) for n in case.arguments if n in _held(case)}
    loss = OF_THE_LIBRARY[case.loss](**held, **call.options)
    rest = {n: a for n, a in _called(call, case).arguments.items() if not isinstance(a, Tensor)}
    return lambda predictions, targets, **arrays: loss(predictions, targets, **arrays, **rest)


def _called(call: Call, case: Case) -> Case:
    """With the arguments that the call takes: not those that a configured loss holds."""
    if not call.configured:
        return case
    held = _held(case)
    return replace(case, arguments={n: a for n, a in case.arguments.items() if n not in held})


def _held(case: Case) -> set[str]:
    return {field.name for field in fields(OF_THE_LIBRARY[case.loss])}


def _plain(argument: Any) -> Any:
    if isinstance(argument, Tensor):
        return as_numpy(argument)
    if isinstance(argument, Conventions):
        return getattr(losses, type(argument).__name__)(**vars(argument))
    if isinstance(argument, dict):
        return {int(label): weight for label, weight in argument.items()}
    return argument
