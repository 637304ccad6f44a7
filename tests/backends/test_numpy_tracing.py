"""Traces: what stands in for an array does what an array does, and writes it down."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wce_backends import tracing


@pytest.mark.parametrize(
    "use", [np.asarray, np.ascontiguousarray, float, int, lambda a: a.T, memoryview]
)
def test_values_cannot_leave_a_trace(use: Any) -> None:
    """They would be the same in every later call."""
    traced = tracing.Trace().parameter(np.array([[2.0, 1.0]]))
    with pytest.raises((tracing.Untraceable, TypeError)):
        use(traced[0, 0] if use in (float, int) else traced)


def test_what_is_known_is_no_part_of_a_program() -> None:
    trace = tracing.Trace()
    a, known = trace.parameter(np.array([1.0, 2.0])), trace.constant(np.array([3.0, 5.0]))
    assert bool(np.add.reduce(known * 2.0) == 16)
    assert not trace.lines
    with pytest.raises(ValueError, match="read-only"):
        known[0] = 1.0
    doubled = known + known
    (found,) = trace.program([a, known], ((a * doubled),))(np.array([1.0, 1.0]), None)
    np.testing.assert_array_equal(found, [6.0, 10.0])


@pytest.mark.parametrize("write", ["setitem", "out"])
def test_a_sum_is_taken_once_until_something_is_written(write: str) -> None:
    trace = tracing.Trace()
    a = trace.parameter(np.array([1.0, 2.0]))
    first, second = np.add.reduce(a), np.add.reduce(a)
    assert second is first
    if write == "setitem":
        a[0] = 5.0
    else:
        np.multiply(a, 2.0, out=a)
    program = trace.program([a], (first, np.add.reduce(a)))
    assert program(np.array([1.0, 2.0])) == (3.0, 7.0 if write == "setitem" else 6.0)


def test_sums_of_rows_are_arrays_of_their_own() -> None:
    """One of them may be written to."""
    trace = tracing.Trace()
    a = trace.parameter(np.array([[1.0, 2.0]]))
    first, second = np.add.reduce(a, 1), np.add.reduce(a, 1)
    np.negative(first, out=first)
    found = trace.program([a], (first, second))(np.array([[1.0, 2.0]]))
    assert [each.tolist() for each in found] == [[-3.0], [3.0]]


def test_a_program_is_what_was_traced() -> None:
    trace = tracing.Trace()
    a, b = (trace.parameter(np.array(numbers)) for numbers in ([1.0, 2.0], [3.0, 5.0]))
    product = np.maximum.reduce(np.stack([a * b, -a]), axis=0) - 1.0
    product[0] = (a >= b).sum()
    assert bool(np.add.reduce(a) > 0)
    run = trace.program([a, b], (product, None))
    found, _ = run(np.array([2.0, -3.0]) + 2, np.array([4.0, 1.0]))
    np.testing.assert_array_equal(found, [1.0, 0.0])
    assert run(np.array([-2.0, 1.0]), np.array([4.0, 1.0])) is None
