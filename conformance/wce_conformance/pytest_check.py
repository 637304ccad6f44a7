"""One vector put to a function, or to an implementation: what a test of it asserts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import SkipTest

import numpy as np

from wce_conformance.implementation import Answer, Given, Implementation, NotOffered, Refused
from wce_conformance.judging.vectors import judged
from wce_conformance.vectors import Vector


def check(
    vector: Vector,
    function: Callable[[Vector], tuple[Any, Any]] | Implementation,
    *,
    exact: bool = False,
) -> None:
    """Compare what `function(vector)` gives with the answer; an AssertionError says what differs.

    The function returns the value and the gradient to the predictions, as NumPy arrays or what
    becomes one (the gradient None if it has none). It finds the arrays in `vector.arrays` and the
    other arguments in `vector.options`, which hold only what differs from its default. For what
    it does not offer it raises NotImplementedError with the reason, Python's own error for that,
    and is listed as skipped, never as passed. For an invalid vector it must raise the error that
    `vector.error` names.

    An :class:`~wce_conformance.implementation.Implementation` takes the function's place by its
    first route.
    """
    __tracebackhide__ = True
    given = _given(vector, function) if callable(function) else _by(function, vector, exact=exact)
    judgement = judged(vector, given, exact=exact)
    if isinstance(given, NotOffered):
        raise SkipTest(given.reason or "not offered")
    if judgement.status == "failed":
        raise AssertionError(
            "\n".join([f"{vector.id}: {vector.case.comment}", *judgement.failures])
        )


def _given(vector: Vector, function: Callable[[Vector], tuple[Any, Any]]) -> Given:
    try:
        value, gradient = function(vector)
    except NotImplementedError as error:  # how the caller's function says that it has no such loss
        return NotOffered(str(error))
    except Exception as error:
        if vector.error is None:
            raise
        return Refused(type(error).__name__, str(error))
    own = tuple(map(np.asarray, value)) if isinstance(value, tuple) else np.asarray(value)
    return Answer(own, None if gradient is None else np.asarray(gradient))


def _by(implementation: Implementation, vector: Vector, *, exact: bool) -> Given:
    if not implementation.offers(vector):
        return NotOffered(f"not offered by {implementation.name}")
    precision = "exact" if exact else "native"
    try:
        return implementation.run(vector, implementation.routes[0], precision)
    except Exception as error:
        if vector.error is None:
            raise
        return Refused(type(error).__name__, str(error))
