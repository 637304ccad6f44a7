"""Calls on few numbers, replayed: the operations of a call, without the Python around them.

Checks, descriptions and the way through ``wce_core.evaluation`` take several times as long as the
arithmetic of a small batch, and depend on nothing but the options and on dtypes and shapes. So a
call that comes again and again is traced, once, with :class:`Traced` arrays in the place of NumPy
ones, and written down as one function of its operations. What was decided by values (checks, the
absence of NaN) is a guard in it: where one decides otherwise the call takes the usual way, which
also raises all errors. Numbers that cannot change, those of configured losses, are no parameters:
what is made of them alone, checks among it, is done once, in the trace.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from wce_core.call.constants import is_frozen
from wce_core.call.describe import described
from wce_core.evaluation.options import Options
from wce_core.evaluation.spec import LossSpec
from wce_core.frameworks.backend import Backend
from wce_core.types import Array, Arrays

from .fast import in_use
from .recent import Recent
from .tracing import NUMBERS, Trace, Traced, Untraceable

OFTEN = 8
"""Calls after which one is traced, which takes as long as a dozen calls."""
SELDOM = 100
"""Calls after which one is traced again whose values decided otherwise."""
NEVER = -math.inf
FIXED = (type(None), int, float, np.generic)
PLAIN = frozenset((type(None), bool, int, float))
"""Of options that are numbers. To look for a type takes less time than to ask for its bases."""
MANY = 256
"""Programs that are kept, if each is of one unit."""
UNIT = 2**18
"""Bytes of constants that a program may hold for one more unit."""
COUNTED = 16 * MANY
"""Kinds of calls whose number is known."""
PATIENCE = 4 * MANY
"""Calls that find no room for their program before programs that nobody used are given up."""
SHARE = 1 / 256
"""Of a trace that every other call allows, beside the first MANY: a few percent of the time."""

Outcome = tuple[LossSpec, tuple[Array, ...], Any]
"""What a call was, its outputs, and the gradient to the predictions if it was asked for."""


class Program(NamedTuple):
    """A traced call. ``run`` returns outputs and gradient; None where a guard fails."""

    spec: LossSpec
    run: Callable[..., tuple[tuple[Array, ...], Any] | None]
    size: int
    known: tuple[weakref.ref[np.ndarray], ...]
    """Arguments that cannot change. Its key holds their identities, so it ends with them."""


class Programs:
    """What has been traced so far; ``backend`` is that of traced arrays, ``evaluated`` its way."""

    def __init__(self, backend: Backend, evaluated: Callable[..., Any]) -> None:
        self._backend, self._evaluated = backend, evaluated
        self._programs: Recent[Program] = Recent(MANY, PATIENCE)
        self._seen: dict[int, float] = {}
        """How often a call without a program was seen, by the hash of its kind."""
        self._traces: float = MANY
        """How many traces are allowed: if its program is seldom used, one costs what it saves."""
        self._lock = threading.Lock()
        Traced.wce_backend = backend

    def anew(self) -> Programs:
        """The same, with nothing traced so far."""
        return Programs(self._backend, self._evaluated)

    def outcome(
        self, options: Options, arrays: Arrays, ignore_index: Any, *, gradient: bool
    ) -> Outcome | None:
        """The outcome of a call on NumPy arrays by its program, if it has one by now."""
        if options.region is not None:  # programs are of losses of items
            return None
        try:
            key = _key(options, arrays, ignore_index, gradient=gradient)
            program = self._programs.get(key)
        except TypeError:  # an option that cannot be hashed
            return None
        if program is None:
            program = self._at_last(key, options, arrays, ignore_index, gradient=gradient)
        if program is None:
            return None
        with np.errstate(all="ignore"):
            found = program.run(*arrays.values())
        if found is None:
            self._forget(key)
            return None
        return program.spec, *found

    def _at_last(
        self, key: Any, options: Options, arrays: Arrays, ignore_index: Any, *, gradient: bool
    ) -> Program | None:
        """The program of a call that was seen often enough."""
        if not self._allowed(hash(key)):
            return None
        program = self._traced(key, options, arrays, ignore_index, gradient=gradient)
        with self._lock:
            if program is None:
                self._count(hash(key), NEVER)
            elif self._programs.keep(key, program, program.size):
                self._seen.pop(hash(key), None)
            else:
                self._count(hash(key), -SELDOM)
        return program

    def _allowed(self, kind: int) -> bool:
        """May such a call be traced? One more of them was seen."""
        with self._lock:
            seen = self._seen.get(kind, 0) + 1
            self._count(kind, seen)
            self._traces = min(self._traces + SHARE, MANY)
            if seen <= OFTEN or self._traces < 1 or not self._programs.has_room():
                return False
            self._traces -= 1
            return True

    def _count(self, kind: int, seen: float) -> None:
        if kind not in self._seen and len(self._seen) >= COUNTED:
            del self._seen[next(iter(self._seen))]
        self._seen[kind] = seen

    def _forget(self, key: Any) -> None:
        """A program whose values were, perhaps, not like those of other calls."""
        with self._lock:
            self._programs.forget(key)
            self._count(hash(key), -SELDOM)

    def _traced(
        self, key: Any, options: Options, arrays: Arrays, ignore_index: Any, *, gradient: bool
    ) -> Program | None:
        """The program of a call; None if it is in error or needs what is no operation."""
        trace = Trace()
        own = {
            name: trace.fixed(array) if is_frozen(array) else trace.parameter(array)
            for name, array in arrays.items()
        }
        with np.errstate(all="ignore"):
            try:
                spec, laid = described(
                    self._backend, options, {**own, "ignore_index": ignore_index}
                )
                result = self._evaluated(spec, laid, gradient=gradient)
            except (Untraceable, TypeError, ValueError):
                return None
        ends = partial(_ended, self._programs, key)
        known = (weakref.ref(a, ends) for a in arrays.values() if is_frozen(a))
        run = trace.program(own.values(), result)
        held = (each.nbytes for each in run.__globals__.values() if isinstance(each, np.ndarray))
        return Program(spec, run, 1 + sum(held) // UNIT, tuple(known))


def _ended(programs: Recent[Program], key: Any, constant: Any) -> None:
    """An argument that could not change is gone, and another may be where it was."""
    del constant
    programs.forget(key)


def _key(options: Options, arrays: Arrays, ignore_index: Any, *, gradient: bool) -> Any:
    """All that decides which operations are run. 1, 1.0 and True are equal, but not alike."""
    kinds = [
        (name, a.dtype, a.shape, a.strides, is_frozen(a) and id(a)) for name, a in arrays.items()
    ]
    alike = (options.label_smoothing, options.axis, options.clip, options.validate, ignore_index)
    types = tuple(map(type, alike))
    if not PLAIN.issuperset(types) and not all(isinstance(each, FIXED) for each in alike):
        raise TypeError("an option is an array, which may change")
    return options, ignore_index, types, gradient, in_use(), tuple(kinds)


# Arguments -----------------------------------------------------------------------------------


def as_arrays(given: Mapping[str, Any]) -> dict[str, np.ndarray] | None:
    """The arguments that are arrays; None if one of them is none of NumPy's by a short look."""
    arrays: dict[str, Any] = {}
    for name, value in given.items():
        if value is not None and name != "ignore_index":
            own = value if type(value) is np.ndarray else _from_python(name, value)
            if own is None:
                return None
            arrays[name] = own
    return arrays


def as_constants(given: Mapping[str, Any]) -> dict[str, np.ndarray] | None:
    """The same, of memory that nobody else can change."""
    arrays = as_arrays(given)
    return arrays and {n: a if is_frozen(a) else a.copy() for n, a in arrays.items()}


def _from_python(name: str, value: Any) -> Any:
    """Numbers, flat or by class, as ``wce_core.call.arguments`` would read them."""
    kind = type(value)
    if name == "class_weight" and kind is dict and list(value) == list(range(len(value))):
        value, kind = list(value.values()), list
    flat = kind in (list, tuple) and all(type(number) in NUMBERS for number in value)
    return np.asarray(value) if flat or kind in NUMBERS else None
