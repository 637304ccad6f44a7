"""Sums over processes and devices, by the means of the arrays' framework: of whatever adds up."""

from __future__ import annotations

from typing import Any, TypeVar

from wce_core.compilers import do_not_convert
from wce_core.errors import range_error
from wce_core.frameworks.backend import Backend
from wce_core.frameworks.registry import backend_of
from wce_core.scalars import number

T = TypeVar("T", bound=tuple[Any, ...])

STEPS = {
    "all_reduce": "use all_reduce(group)",
    "psum": "use psum(axis_name)",
    None: "gather those of all processes, as by allgather(sums) of mpi4py, and add them by sum()",
}
"""By the method that a framework has."""


@do_not_convert
def all_reduced(sums: T, group: Any, averaged_over: Any) -> T:
    """Each field added up over the ranks of a group; what flows back is times ``averaged_over``."""
    factor = number("averaged_over", averaged_over, "the number of ranks")
    if not 0 < factor < float("inf"):
        raise range_error("averaged_over", factor, "the number of ranks, 1 or more")
    return _everywhere(sums, "all_reduce", group, factor)


@do_not_convert
def psummed(sums: T, axis_name: Any) -> T:
    """Each field added up over a named axis of devices."""
    return _everywhere(sums, "psum", axis_name, 1)


def _everywhere(sums: T, method: str, over: Any, factor: float) -> T:
    be = _backend(sums)
    if be.collective != method:
        raise TypeError(f"{method}() of {be.name} arrays; {STEPS[be.collective]}")
    return type(sums)(*be.all_summed(tuple(sums), over, factor))


def _backend(sums: tuple[Any, ...]) -> Backend:
    """That of all fields. Python's zeros would leave the ranks that have arrays waiting."""
    owners = [backend_of(each) for each in sums]
    be = owners[0]
    if be is None or None in owners:
        kind = type(sums).__name__
        raise TypeError(
            f"{kind} that hold no arrays belong to no framework; begin with {kind}.zero(like=...), "
            "so that a rank without items takes part, too"
        )
    return be
