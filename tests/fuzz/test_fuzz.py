"""A sample of random calls, the same every time, on every backend by every route."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from wce_conformance.adapters import Adapter, adapter
from wce_conformance.adapters.numpy import NumpyAdapter
from wce_conformance.oracle import LOSSES
from wce_core import losses
from wce_core.formulas.links import BINARY_LINKS, CATEGORICAL_LINKS
from wce_core.formulas.weightings import WEIGHTINGS

from .calls import ARRAYS, DRAWN_WITH_THE_SHAPE, Call, calls
from .kinds import FORMS
from .options import CONVENTIONS, MAKERS, STEPS, parameters
from .running import OF_THE_LIBRARY, failures
from .showing import shown

FEW = {
    ("torch", "compiled"): 3,
    ("jax", "eager"): 8,
    ("jax", "compiled"): 8,
    ("tensorflow", "compiled"): 4,
    ("tensorflow", "xla"): 4,
}
"""How many calls of a route that compiles each."""
MANY = 60


def test_every_parameter_is_drawn_for() -> None:
    assert set(LOSSES) == set(OF_THE_LIBRARY)
    for loss in LOSSES:
        assert set(parameters(loss)) <= {*MAKERS, *DRAWN_WITH_THE_SHAPE}
    assert set(WEIGHTINGS) <= set(MAKERS)
    assert set(ARRAYS) <= set(MAKERS)
    assert set(CONVENTIONS) == {field.name for field in fields(losses.Probabilities)}
    assert set(STEPS) == {field.name for field in fields(losses.Logits)}
    assert set(FORMS) == {*CATEGORICAL_LINKS, *BINARY_LINKS}


def test_calls_by_every_route(backend: str) -> None:
    own = adapter(backend)
    for route in own.routes:
        hold(own, route, FEW.get((backend, route), MANY))


def hold(own: Adapter, route: str, count: int, phases: Sequence[Phase] = tuple(Phase)) -> None:
    """So many calls by a route, the same every time; the simplest that fails is shown."""

    @settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        phases=phases,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(calls(own))
    def right(call: Call) -> None:
        wrong = failures(call, own, route)
        assert not wrong, "\n" + shown(call, own, route, wrong)

    right()


WRONG = {
    "another value": lambda value, gradient: (value * 1.001, gradient),
    "another gradient": lambda value, gradient: (value, gradient * 1.001),
    "no gradient where one is": lambda value, gradient: (value, gradient * 0),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name: str) -> None:
    class Wrong(NumpyAdapter):
        """NumPy, one number in a thousand off."""

        def differentiated(self, *call: Any) -> Callable[..., Any]:
            outcome = super().differentiated(*call)

            def changed(arrays: Any) -> Any:
                value, gradient = outcome(arrays)
                if isinstance(value, tuple) or gradient is None:
                    return value, gradient
                return WRONG[name](value, gradient)

            return changed

    with pytest.raises(AssertionError, match=r"losses\.\w+\("):
        hold(Wrong(), "eager", MANY, [Phase.generate])
